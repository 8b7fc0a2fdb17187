"""Plausible texts for the simple types of a schema: invented Swedish test data. Pure."""

import base64
import random
from collections.abc import Callable, Iterator
from typing import Final

from vaxel.contracts import patterns
from vaxel.contracts.components import Simple

WORDS = ("Bronkit", "Astma", "Uppföljning", "Hypertoni", "Kontroll", "Provsvar", "Vårdplan")
_TRIES = 200
_PERSONAL = frozenset(
    {"patient", "patientpersonid", "personid", "personalidentitynumber", "subjectofcare", "subjectofcareid"}
)
_UNITS = ("SE2321000016-1003", "SE2321000016-39KJ", "SE2321000016-4B7A")
_INTEGERS: Final = {
    "byte": 127, "short": 32_767, "int": 2_147_483_647, "long": 10**12, "integer": 10**9, "positiveInteger": 10**9,
    "nonNegativeInteger": 10**9, "unsignedByte": 255, "unsignedShort": 65_535, "unsignedInt": 10**9,
    "unsignedLong": 10**12, "nonPositiveInteger": 0, "negativeInteger": -1,
}  # fmt: skip
_TIMES = (
    "20260115103000", "20260115", "202601151030", "2026-01-15T10:30:00", "2026-01-15", "10:30:00", "103000", "2026",
    "202601",
)  # fmt: skip


class Values:
    """Writes texts; the same ones for the same state of `chance`."""

    def __init__(self, chance: random.Random, *, patient: str, system: str) -> None:
        self._random = chance
        self._patient = patient
        self._system = system

    def text(self, kind: Simple, path: tuple[str, ...]) -> str:
        """A text of a type, by what its element is called; `ValueError` where none is found."""
        if kind.members:
            return self.text(self._random.choice(kind.members), path)
        if kind.item is not None:
            return self.text(kind.item, path)
        for candidate in self._candidates(kind, path):
            if kind.within(candidate) and _bounded(kind, candidate):
                return candidate
        raise ValueError(f"no value is found for {'/'.join(path)}")

    def _candidates(self, kind: Simple, path: tuple[str, ...]) -> Iterator[str]:
        if kind.enumeration:
            yield _preferred(kind.enumeration) or self._random.choice(kind.enumeration)
            yield from kind.enumeration
        yield from self._by_type(kind, path)
        for _ in range(_TRIES if kind.patterns else 0):
            yield patterns.generate(self._random.choice(kind.patterns[-1]), self._random)

    def _by_type(self, kind: Simple, path: tuple[str, ...]) -> Iterator[str]:
        made = _BUILT_IN.get(kind.primitive)
        if made is not None:
            yield made(self._random)
        elif kind.primitive in _INTEGERS:
            yield self._integer(kind)
        else:
            yield from self._named(path)
            yield from self._sized(kind)

    def _integer(self, kind: Simple) -> str:
        most = _INTEGERS[kind.primitive]
        facets = dict(kind.facets)
        least = int(facets.get("minInclusive", 1 if most > 0 else most))
        most = int(facets.get("maxInclusive", min(most, max(least, 1) * 100)))
        return str(self._random.randint(min(least, most), most))

    def _named(self, path: tuple[str, ...]) -> Iterator[str]:
        """Texts that an element's name asks for, then such as suit many."""
        name = path[-1].lower()
        parent = next((step for step in map(str.lower, reversed(path[:-1])) if step != "id"), "")
        yield from self._identity(name, parent)
        if "time" in name or "date" in name or name in {"start", "end", "timestamp"}:
            yield from _TIMES
        if name == "resultcode":
            yield "OK"
        if name == "documentid":
            yield f"dok-{self._random.randint(1, 9999)}"
        if name.endswith(("uuid", "agreementid")):
            yield _uuid(self._random)
        yield ("Testa Testsson" if name.endswith("name") else self._random.choice(WORDS))
        yield from (*_TIMES, "1", "1.2.752.129.2.1.4.1", self._random.choice(_UNITS), "urn:riv:demo")

    def _identity(self, name: str, parent: str) -> Iterator[str]:
        """Ids, by an element's own name or, where it is part of an id, by that of its parent."""
        if name in {"root", "type"} and parent:
            yield "1.2.752.129.2.1.3.1" if _personal(parent) else "1.2.752.129.2.1.4.1"
        named = parent if name in {"id", "extension"} else name
        if _personal(named):
            yield self._patient
        if named.startswith("sourcesystem"):
            yield self._system
        if any(
            word in named for word in ("hsaid", "careunit", "caregiver", "provider", "unitid", "giverid", "orgunit")
        ):
            yield self._random.choice(_UNITS)

    def _sized(self, kind: Simple) -> Iterator[str]:
        """A word cut or lengthened to what the type wants."""
        word = self._random.choice(WORDS)
        least = kind.facet("length") or kind.facet("minLength") or 0
        most = kind.facet("length") or kind.facet("maxLength")
        long = (word * (least // len(word) + 1))[: max(least, len(word))]
        yield long if most is None else long[:most]
        yield "1" * max(least, 1)
        yield ""


def _personal(name: str) -> bool:
    """Whether an element of that name identifies the patient."""
    return name.replace("_", "") in _PERSONAL or name.endswith(("patientid", "residentidentification"))


def _preferred(enumeration: tuple[str, ...]) -> str:
    return next((value for value in enumeration if value in {"OK", "true"}), "")


def _bounded(kind: Simple, text: str) -> bool:
    """Whether a number keeps to its bounds and digits; other texts have none."""
    facets = dict(kind.facets)
    try:
        number = float(text)
        inside = float(facets.get("minInclusive", number)) <= number <= float(facets.get("maxInclusive", number))
        between = float(facets.get("minExclusive", number - 1)) < number < float(facets.get("maxExclusive", number + 1))
    except ValueError:
        return True
    return inside and between


def _uuid(chance: random.Random) -> str:
    digits = f"{chance.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def _day(chance: random.Random) -> str:
    return f"2026-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"


def _clock(chance: random.Random) -> str:
    return f"{chance.randint(7, 18):02}:{chance.randint(0, 59):02}:00"


_BUILT_IN: dict[str, Callable[[random.Random], str]] = {
    "boolean": lambda chance: "true",
    "dateTime": lambda chance: f"{_day(chance)}T{_clock(chance)}",
    "date": _day,
    "time": _clock,
    "gYear": lambda chance: "2026",
    "gYearMonth": lambda chance: "2026-01",
    "gMonthDay": lambda chance: "--01-15",
    "gMonth": lambda chance: "--01",
    "gDay": lambda chance: "---15",
    "duration": lambda chance: f"P{chance.randint(1, 30)}D",
    "decimal": lambda chance: f"{chance.randint(1, 99)}.5",
    "double": lambda chance: f"{chance.randint(1, 99)}.5",
    "float": lambda chance: f"{chance.randint(1, 99)}.5",
    "base64Binary": lambda chance: base64.b64encode(chance.choice(WORDS).encode()).decode(),
    "hexBinary": lambda chance: f"{chance.getrandbits(32):08X}",
    "language": lambda chance: "sv",
    "QName": lambda chance: "demo",
}
