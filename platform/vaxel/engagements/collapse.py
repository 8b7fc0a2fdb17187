"""What becomes of collected transactions about the same engagement (EI-4.10). Pure."""

from collections.abc import Iterable

from vaxel.engagements.model import Identity, Transaction


def collapse(arrived: Iterable[Transaction]) -> tuple[Transaction, ...]:
    """One transaction for each identity, in the order of first arrival.

    A deletion beats all, else the larger `mostRecentContent`; where that is equal or missing, the later arrival.
    """
    kept: dict[Identity, Transaction] = {}
    for each in arrived:
        identity = each.engagement.identity
        former = kept.get(identity)
        kept[identity] = each if former is None else _stronger(former, each)
    return tuple(kept.values())


def _stronger(former: Transaction, later: Transaction) -> Transaction:
    if former.delete != later.delete:
        return former if former.delete else later
    one, other = former.engagement.most_recent_content, later.engagement.most_recent_content
    return former if one and other and one > other else later
