"""What becomes of collected transactions about the same engagement (EI-4.10). Pure."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from vaxel.engagements.model import Identity, Transaction

Carrier = TypeVar("Carrier")


def collapse(arrived: Iterable[Carrier], of: Callable[[Carrier], Transaction]) -> tuple[Carrier, ...]:
    """One for each identity, in the order of first arrival; `of` tells the transaction that one carries.

    A deletion beats all, else the larger `mostRecentContent`; where that is equal or missing, the later arrival.
    """
    kept: dict[Identity, Carrier] = {}
    for each in arrived:
        identity = of(each).engagement.identity
        former = kept.get(identity)
        kept[identity] = each if former is None or _yields(of(former), of(each)) else former
    return tuple(kept.values())


def _yields(former: Transaction, later: Transaction) -> bool:
    if former.delete != later.delete:
        return later.delete
    one, other = former.engagement.most_recent_content, later.engagement.most_recent_content
    return not (one and other and one > other)
