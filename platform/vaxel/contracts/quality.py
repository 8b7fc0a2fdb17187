"""The quality report: how well consumers and producers keep to their contracts (CO-7.9). Pure; never a value.

Held in memory, bounded: past a bound the count goes to the party `(others)`, or to `other_violations`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from vaxel.contracts.validate import NEWER_MINOR, Violation, refuses

Message = Literal["request", "response"]
Outcome = Literal["valid", "newer-minor", "violating"]
OTHERS = "(others)"
MAX_PATH = 300
_POSITION = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much is kept: parties of a contract's requests or answers and in all, kinds of violation likewise."""

    parties: int = 200
    all_parties: int = 10_000
    kinds: int = 100
    all_kinds: int = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whose messages: a contract's namespace, and the consumer of requests or the producer of answers."""

    contract: str
    message: Message
    party: str


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Kind:
    """One kind of violation; `path` is without positions, so that every repetition of an element is the same."""

    path: str
    rule: str
    reason: str


@dataclass(slots=True)
class Count:
    """How often, and when first and last (UTC)."""

    first: datetime
    last: datetime
    count: int = 0


@dataclass(slots=True)
class Tally:
    """Messages of a subject: seen = checked + skipped + those under way; `kinds` of what was wrong with them."""

    seen: int = 0
    checked: int = 0
    skipped: int = 0
    violating: int = 0
    other_violations: int = 0
    kinds: dict[Kind, Count] = field(default_factory=dict)


class Quality:
    """Tallies by subject. Not safe for threads: one thread tells it everything."""

    def __init__(self, bounds: Bounds | None = None) -> None:
        self._bounds = bounds or Bounds()
        self._tallies: dict[Subject, Tally] = {}
        self._parties: dict[tuple[str, str], int] = {}
        self._kinds = 0
        self.changed = False

    def seen(self, subject: Subject) -> None:
        """A message passes that is to be checked, in its call or beside it."""
        self._tally(subject).seen += 1
        self.changed = True

    def skipped(self, subject: Subject) -> None:
        """It was not checked after all."""
        self._tally(subject).skipped += 1
        self.changed = True

    def checked(self, subject: Subject, violations: tuple[Violation, ...], at: datetime) -> Outcome:
        """It was checked, with these violations, at that time (UTC)."""
        tally = self._tally(subject)
        tally.checked += 1
        self.changed = True
        for violation in violations:
            count = self._count(tally, kind(violation), at)
            if count is None:
                tally.other_violations += 1
            else:
                count.count, count.last = count.count + 1, at
        if not refuses(violations):
            return NEWER_MINOR if violations else "valid"
        tally.violating += 1
        return "violating"

    def rows(self, contract: str = "", party: str = "", message: str = "") -> list[dict[str, Any]]:
        """Every tally as JSON can carry it, in stable order; those of a contract, party or message where named."""
        chosen = (
            subject
            for subject in self._tallies
            if contract.lower() in {"", subject.contract.lower()}
            and party.lower() in {"", subject.party.lower()}
            and message in {"", subject.message}
        )
        ordered = sorted(chosen, key=lambda each: (each.contract.lower(), each.message, each.party.lower(), each.party))
        return [_row(subject, self._tallies[subject]) for subject in ordered]

    def restore(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take up what `rows` gave before; raises `ValueError`, `KeyError` or `TypeError` where it is not that."""
        for row in rows:
            subject = Subject(contract=str(row["contract"]), message=_message(row["message"]), party=str(row["party"]))
            tally = self._tally(subject)
            for name in _NUMBERS:
                setattr(tally, name, int(row[name]))
            for each in row["violations"]:
                first, last = (datetime.fromisoformat(each[name]) for name in ("first", "last"))
                found = Kind(path=str(each["path"]), rule=str(each["rule"]), reason=str(each["reason"]))
                count = self._count(tally, found, first)
                if count is not None:
                    count.count, count.last = int(each["count"]), last

    def _tally(self, subject: Subject) -> Tally:
        tally = self._tallies.get(subject)
        if tally is not None:
            return tally
        of_contract = (subject.contract, subject.message)
        full = len(self._tallies) >= self._bounds.all_parties
        if subject.party != OTHERS and (full or self._parties.get(of_contract, 0) >= self._bounds.parties):
            return self._tally(Subject(contract=subject.contract, message=subject.message, party=OTHERS))
        self._parties[of_contract] = self._parties.get(of_contract, 0) + 1
        tally = self._tallies[subject] = Tally()
        return tally

    def _count(self, tally: Tally, found: Kind, at: datetime) -> Count | None:
        count = tally.kinds.get(found)
        if count is None and len(tally.kinds) < self._bounds.kinds and self._kinds < self._bounds.all_kinds:
            count = tally.kinds[found] = Count(first=at, last=at)
            self._kinds += 1
        return count


_NUMBERS = ("seen", "checked", "skipped", "violating", "other_violations")


def kind(violation: Violation) -> Kind:
    """A violation without what is of its message only: line and positions."""
    return Kind(path=_POSITION.sub("", violation.path)[:MAX_PATH], rule=violation.rule, reason=violation.reason)


def totals(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """The numbers of rows added up, for requests and for answers."""
    added = {message: dict.fromkeys(_NUMBERS, 0) for message in ("request", "response")}
    for row in rows:
        for name in _NUMBERS:
            added[row["message"]][name] += row[name]
    return added


def _row(subject: Subject, tally: Tally) -> dict[str, Any]:
    return {
        "contract": subject.contract,
        "message": subject.message,
        "party": subject.party,
        **{name: getattr(tally, name) for name in _NUMBERS},
        "violations": list(_kinds(tally)),
    }


def _kinds(tally: Tally) -> Iterator[dict[str, Any]]:
    """The kinds of violation, the most frequent first."""
    for each, count in sorted(tally.kinds.items(), key=lambda item: (-item[1].count, item[0])):
        yield {
            "path": each.path,
            "rule": each.rule,
            "reason": each.reason,
            "count": count.count,
            "first": count.first.isoformat(timespec="seconds"),
            "last": count.last.isoformat(timespec="seconds"),
        }


def _message(text: Any) -> Message:
    if text == "request":
        return "request"
    if text == "response":
        return "response"
    raise ValueError(f"{text!r} is neither request nor response")
