"""Patterns of XML Schema as small trees: a text that matches can be made of one, and a text be held against it. Pure.

Python's own expressions differ in categories, anchors and what `.` means, so a pattern is read here. A set of
characters is what it takes of a repertoire that Swedish test data needs; other characters match nothing.
"""

import random
import re
import string
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

REPERTOIRE = string.ascii_letters + string.digits + string.punctuation + " åäöÅÄÖé"
PLAIN = frozenset(string.ascii_letters + string.digits + "åäöÅÄÖ")
"""Preferred where a set takes them: what a reader expects to see."""
MORE = 4
"""How often something may come beyond its least number where no most is stated."""
_CLASSES = {
    "d": frozenset(string.digits),
    "s": frozenset(" "),
    "w": frozenset(each for each in REPERTOIRE if unicodedata.category(each)[0] not in "PZC"),
    "i": frozenset(string.ascii_letters + "åäöÅÄÖé_:"),
    "c": frozenset(string.ascii_letters + string.digits + "åäöÅÄÖé_:.-"),
}
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t"}
_EVERY = frozenset(REPERTOIRE)


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part that comes from `least` to `most` times; None is without end."""

    part: "Part"
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Sequence:
    """Parts one after the other."""

    parts: tuple["Part", ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several."""

    branches: tuple["Part", ...]


Part = frozenset[str] | Repeat | Sequence | Choice


@lru_cache(maxsize=1024)
def parse(pattern: str) -> Part:
    """The tree of a pattern; `ValueError` where it is not one."""
    reader = _Reader(pattern)
    part = reader.choice()
    if reader.rest:
        raise ValueError(f"not a pattern of XML Schema: {pattern!r}")
    return part


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text matches."""
    return _expression(pattern).fullmatch(text) is not None


def generate(pattern: str, chance: random.Random) -> str:
    """A text that matches; the same for the same state of `chance`."""
    return _text(parse(pattern), chance)


@lru_cache(maxsize=1024)
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(_python(parse(pattern)))


def _python(part: Part) -> str:
    match part:
        case Repeat(inner, least, most):
            return f"(?:{_python(inner)}){{{least},{'' if most is None else most}}}"
        case Sequence(parts):
            return "".join(map(_python, parts))
        case Choice(branches):
            return f"(?:{'|'.join(map(_python, branches))})"
        case _:
            return f"[{''.join(map(re.escape, sorted(part)))}]" if part else "(?!)"


def _text(part: Part, chance: random.Random) -> str:
    match part:
        case Repeat(inner, least, most):
            times = chance.randint(least, least + MORE if most is None else most)
            return "".join(_text(inner, chance) for _ in range(times))
        case Sequence(parts):
            return "".join(_text(each, chance) for each in parts)
        case Choice(branches):
            return _text(chance.choice(branches), chance)
        case _:
            if not part:
                raise ValueError("nothing in the repertoire matches")
            return chance.choice(sorted(part & PLAIN) or sorted(part))


class _Reader:
    """Reads one pattern from left to right."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0

    @property
    def rest(self) -> str:
        return self._pattern[self._at :]

    def choice(self) -> Part:
        branches = [self._sequence()]
        while self._took("|"):
            branches.append(self._sequence())
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    def _sequence(self) -> Part:
        parts = []
        while self.rest and self.rest[0] not in "|)":
            parts.append(self._repeated(self._atom()))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _repeated(self, part: Part) -> Part:
        for sign, least, most in (("?", 0, 1), ("*", 0, None), ("+", 1, None)):
            if self._took(sign):
                return Repeat(part, least, most)
        counted = re.match(r"\{(\d+)(,(\d*))?\}", self.rest)
        if counted is None:
            return part
        self._at += counted.end()
        least = int(counted[1])
        most = least if counted[2] is None else int(counted[3]) if counted[3] else None
        return Repeat(part, least, most)

    def _atom(self) -> Part:
        if self._took("("):
            part = self.choice()
            self._must(")")
            return part
        if self._took("["):
            return self._set()
        if self._took("."):
            return _EVERY
        return self._escaped() if self._took("\\") else frozenset(self._one())

    def _set(self) -> frozenset[str]:
        negative = self._took("^")
        found: frozenset[str] = frozenset()
        while not self._took("]"):
            if self._took("-["):
                found -= self._set()
            else:
                found |= self._member()
        return _EVERY - found if negative else found

    def _member(self) -> frozenset[str]:
        first = self._escaped() if self._took("\\") else frozenset(self._one())
        if len(first) == 1 and self.rest[:1] == "-" and self.rest[1:2] not in {"]", "["}:
            self._at += 1
            last = self._escaped() if self._took("\\") else frozenset(self._one())
            return frozenset(map(chr, range(ord(*first), ord(*last) + 1)))
        return first

    def _escaped(self) -> frozenset[str]:
        letter = self._one()
        if letter in "pP":
            self._must("{")
            name = ""
            while not self._took("}"):
                name += self._one()
            found = frozenset(each for each in REPERTOIRE if unicodedata.category(each).startswith(name))
            return found if letter == "p" else _EVERY - found
        if letter.lower() in _CLASSES:
            return _CLASSES[letter] if letter.islower() else _EVERY - _CLASSES[letter.lower()]
        return frozenset(_CONTROLS.get(letter, letter))

    def _one(self) -> str:
        if not self.rest:
            raise ValueError(f"not a pattern of XML Schema: {self._pattern!r}")
        self._at += 1
        return self._pattern[self._at - 1]

    def _took(self, text: str) -> bool:
        taken = self._pattern.startswith(text, self._at)
        self._at += len(text) if taken else 0
        return taken

    def _must(self, text: str) -> None:
        if not self._took(text):
            raise ValueError(f"not a pattern of XML Schema: {self._pattern!r}")
