"""Changes fetched from a source (EI-7.6, EI-7.7): what its answer says, and what that changes here. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from vaxel.engagements import read
from vaxel.engagements.model import Engagement, Transaction

FIRST = "19700101000000"
"""The time mark before the first run."""
OVERLAP_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """One answer of GetUpdates: residents in order, each with all it has in the domain."""

    complete: bool
    residents: tuple[tuple[str, tuple[Engagement, ...]], ...]

    @property
    def last(self) -> str:
        """The resident to go on after; empty where there is none."""
        return self.residents[-1][0] if self.residents else ""


def portion(payload: Any) -> Portion:
    """What an answer says."""
    complete = next((each.text or "" for each in payload.iterchildren("{*}responseIsComplete")), "")
    residents = []
    for element in payload.iterchildren("{*}registeredResidentEngagement"):
        name = next((each.text or "" for each in element.iterchildren("{*}registeredResidentIdentification")), "")
        residents.append((name, read.engagements(element)))
    return Portion(complete=complete.strip() in {"true", "1"}, residents=tuple(residents))


def stuck(found: Portion, after: str) -> bool:
    """Whether going on would never end (EI-7.6)."""
    return not found.complete and found.last in {"", after}


def since(mark: str) -> str:
    """The time to ask from: the last complete run, a little earlier."""
    if mark <= FIRST:
        return FIRST
    earlier = datetime.strptime(mark, "%Y%m%d%H%M%S") - timedelta(seconds=OVERLAP_S)  # noqa: DTZ007 - text to text
    return f"{earlier:%Y%m%d%H%M%S}"


def differences(
    found: Portion, held: Mapping[str, Sequence[Engagement]], *, source: str, own: str
) -> tuple[Transaction, ...]:
    """What a source's answer changes: what it lists is there, what is held of it and it does not list is not."""
    told: list[Transaction] = []
    for resident, listed in found.residents:
        mine = [replace(each, owner=own) for each in listed]
        identities = {each.identity for each in mine}
        told += (Transaction(engagement=each) for each in mine)
        told += (
            Transaction(engagement=each, delete=True)
            for each in held.get(resident, ())
            if each.owner == own and each.source_system.lower() == source.lower() and each.identity not in identities
        )
    return tuple(told)
