"""Valid messages made from a contract's schema: plausible, seeded, repeatable. For people and tests, not the data path.

The values are Swedish test data: identity numbers only as given, names and ids invented.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import xmlschema
from lxml import etree

from vaxel.contracts.entry import Contract
from vaxel.contracts.schema import WSDL, XSD

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
MAX_DEPTH = 14
_WORDS = ("Bronkit", "Astma", "Uppföljning", "Hypertoni", "Kontroll", "Provsvar", "Vårdplan")
_VALUES = (
    "20260115103000",
    "20260115",
    "2026-01-15T10:30:00",
    "2026-01-15",
    "true",
    "1",
    "1.5",
    "1.2.752.129.2.1.4.1",
    "SE2321000016-1003",
    "urn:riv:demo",
    "aGVq",
    "5b2ffb9a-7a1e-4b1c-9a38-3e5b2f6f0f11",
    "text/plain",
    "sv",
    "10:30:00",
    "2026",
    "10",
    "2026.001.002.003",
)
_PATIENTS = {"patientid", "originalpatientid", "patientpersonid", "subjectofcare"}
_ACTOR = (
    '<h:Actor xmlns:h="urn:riv:interoperability:headers:1"><h:actorId>{}</h:actorId>'
    "<h:actorType>subject_of_care</h:actorType></h:Actor>"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a sample says: the patient (personal identity number), and the system it comes from."""

    patient: str = "191212121212"
    system: str = "SE2321000016-TC01"
    seed: int = 1


class Sampler:
    """Makes messages of one contract from its WSDL on disk."""

    def __init__(self, contract: Contract, wsdl: Path) -> None:
        self._contract = contract
        self._schema = _schema(wsdl)

    def request(self, facts: Facts, receiver: str, *, profile: str = "rivtabp21") -> bytes:
        """A request in its envelope that many sources can answer; where it says who acts, the patient does."""
        actor = _ACTOR.format(escape(facts.patient)) if "Actor" in self._contract.headers else ""
        stated = self._contract.aggregation
        narrow = (stated.source_filter or "", *stated.refuse) if stated else ()
        without = frozenset(path.partition("/")[0] for path in narrow)
        return envelope(self._payload(self._contract.request, facts, without), receiver, profile, actor)

    def response(self, facts: Facts) -> bytes:
        """An answer in its envelope."""
        return envelope(self._payload(self._contract.response, facts))

    def _payload(self, name: str, facts: Facts, without: frozenset[str] = frozenset()) -> str:
        element = self._schema.maps.elements[f"{{{self._contract.namespace}}}{name}"]
        return "".join(_Writer(facts, without).element(element, ()))


def envelope(payload: str, receiver: str | None = None, profile: str = "rivtabp21", headers: str = "") -> bytes:
    """A SOAP envelope around a payload, with the profile's address header where there is a receiver, then `headers`."""
    header = ""
    if receiver is not None and profile == "rivtabp20":
        header = f'<wsa:To xmlns:wsa="http://www.w3.org/2005/08/addressing">{escape(receiver)}</wsa:To>'
    elif receiver is not None:
        address = f"<r:LogicalAddress>{escape(receiver)}</r:LogicalAddress>"
        header = address.replace("<r:LogicalAddress>", '<r:LogicalAddress xmlns:r="urn:riv:itintegration:registry:1">')
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="{SOAP}"><soap:Header>{header}{headers}'
        f"</soap:Header><soap:Body>{payload}</soap:Body></soap:Envelope>"
    ).encode()


def _schema(wsdl: Path) -> Any:
    """The WSDL's inline schema, with what it imports from its package."""
    tree = etree.parse(wsdl, etree.XMLParser(resolve_entities=False, no_network=True))
    inline: Any = tree.find(f"{{{WSDL}}}types/{{{XSD}}}schema")
    return xmlschema.XMLSchema10(
        etree.tostring(inline, encoding="unicode"), base_url=wsdl.parent.as_uri(), allow="local", defuse="always"
    )


class _Writer:
    """Walks a schema's components and writes one instance."""

    def __init__(self, facts: Facts, without: frozenset[str]) -> None:
        self._facts, self._without = facts, without
        self._random = random.Random(facts.seed)  # noqa: S311 - samples are to be repeatable, not secret

    def element(self, element: Any, path: tuple[str, ...]) -> Iterator[str]:
        namespace = element.target_namespace if element.qualified or not path else ""
        name = element.local_name
        yield f'<{name} xmlns="{namespace}"' + "".join(self._attributes(element, path)) + ">"
        if element.type.has_simple_content() or element.type.is_simple():
            yield escape(self._value(element.type, (*path, name)))
        else:
            yield from self._group(element.type.content, (*path, name))
        yield f"</{name}>"

    def _attributes(self, element: Any, path: tuple[str, ...]) -> Iterator[str]:
        for name, attribute in element.attributes.items():
            if name and attribute.use == "required":
                yield f' {name}="{escape(self._value(attribute.type, (*path, name)))}"'

    def _group(self, group: Any, path: tuple[str, ...]) -> Iterator[str]:
        if group.model == "choice":
            named = [particle for particle in group if not isinstance(particle, xmlschema.validators.XsdAnyElement)]
            yield from self._particle(named[0], path) if named else ()
            return
        for particle in group:
            yield from self._particle(particle, path)

    def _particle(self, particle: Any, path: tuple[str, ...]) -> Iterator[str]:
        if isinstance(particle, xmlschema.validators.XsdAnyElement):
            return
        if isinstance(particle, xmlschema.validators.XsdGroup):
            yield from self._group(particle, path)
            return
        optional = particle.min_occurs == 0
        if optional and (len(path) > MAX_DEPTH or particle.local_name in path or self._unsaid(particle.local_name)):
            return
        for _ in range(max(1, particle.min_occurs)):
            yield from self.element(particle, path)

    def _unsaid(self, name: str) -> bool:
        return name in self._without or _left_out(name)

    def _value(self, kind: Any, path: tuple[str, ...]) -> str:
        for candidate in self._candidates(kind, path):
            if _takes(kind if kind.is_simple() else kind.content, candidate):
                return candidate
        raise ValueError(f"no sample value is known for {'/'.join(path)}")

    def _candidates(self, kind: Any, path: tuple[str, ...]) -> Iterator[str]:
        simple = kind if kind.is_simple() else kind.content
        if simple.enumeration:
            yield str(simple.enumeration[0])
        hint = _hint(path, self._facts)
        if hint:
            yield hint
        if getattr(simple, "primitive_type", simple).local_name == "string":
            yield self._random.choice(_WORDS)
        yield from _VALUES
        yield from (self._facts.patient, "A", "", "ABCDEFGHIJ")


def _takes(kind: Any, value: str) -> bool:
    """Whether a type takes a value; literal anchors in its pattern are read as anchors, as when validating (CO-7.7)."""
    patterns = getattr(kind.patterns, "regexps", ())
    anchored = any(pattern.startswith("^") and pattern.endswith("$") for pattern in patterns)
    return bool(kind.is_valid(f"^{value}$" if anchored else value))


def _left_out(name: str) -> bool:
    """Optional parts that would say something special of a record, or hide it."""
    return name in {"nullified", "nullifiedReason", "hasMore", "errorCode", "filter"}


def _hint(path: tuple[str, ...], facts: Facts) -> str:
    """A plausible value by the element's name."""
    name = path[-1].lower()
    parent = path[-2].lower() if len(path) > 1 else ""
    rules: tuple[tuple[Callable[[], bool], str], ...] = (
        (
            lambda: name in {"id", "extension"} and (parent in _PATIENTS or path[-3:-1] == ("patient", "id")),
            facts.patient,
        ),
        (lambda: name in {"subject_of_care", "subjectofcare"}, facts.patient),
        (lambda: name in {"type", "root"} and parent in {"patientid", "patientpersonid"}, "1.2.752.129.2.1.3.1"),
        (lambda: name == "sourcesystemhsaid", facts.system),
        (lambda: name.endswith("hsaid"), "SE2321000016-1003"),
        (lambda: name.endswith("name"), "Testa Testsson"),
        (lambda: name == "approvedforpatient", "true"),
        (lambda: name == "resultcode", "OK"),
        (lambda: name == "documentid", f"dok-{facts.seed}"),
    )
    return next((value for holds, value in rules if holds()), "")
