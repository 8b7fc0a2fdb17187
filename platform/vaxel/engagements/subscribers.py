"""Who hears of changes, and of which (EI-5.4, EI-8.1, EI-8.2). Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from vaxel.directory.model import ANY, Directory, IndexFilter
from vaxel.engagements.fields import NOTIFY
from vaxel.engagements.model import Engagement


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """A logical address that is notified; no filters: of everything."""

    address: str
    filters: tuple[IndexFilter, ...] = ()

    def wants(self, engagement: Engagement) -> bool:
        """Whether an engagement is within the filters, compared without case (EI-8.2)."""
        return wanted(self.filters, engagement)


def wanted(filters: Iterable[IndexFilter], engagement: Engagement) -> bool:
    """Whether an engagement is within any of the filters; none at all: everything."""
    stated = tuple(filters)
    return not stated or any(_within(each, engagement) for each in stated)


def subscribers(directory: Directory, own: str, day: date, besides: frozenset[str]) -> tuple[Subscriber, ...]:
    """The addresses where `own` may call ProcessNotification on that day, without those `besides` (lower case).

    A permission for `*` means every address that has a route for that contract.
    """
    found: dict[str, Subscriber] = {}
    for row in directory.permissions:
        if not row.valid.on(day) or not _names(row.consumer, own) or not _names(row.contract, NOTIFY):
            continue
        for address in row.to if ANY not in row.to else _routed(directory, day):
            if address.lower() in besides:
                continue
            former = found.get(address.lower())
            found[address.lower()] = _joined(former, Subscriber(address=address, filters=row.index_filters))
    return tuple(found.values())


def passes(subscriber: Subscriber, engagement: Engagement, sender: str) -> bool:
    """Whether a subscriber is told: within its filter, and neither the owner nor who told us (EI-5.4)."""
    address = subscriber.address.lower()
    return address not in {engagement.owner.lower(), sender.lower()} and subscriber.wants(engagement)


def _within(stated: IndexFilter, engagement: Engagement) -> bool:
    if stated.service_domain.lower() != engagement.service_domain.lower():
        return False
    categorizations = {each.lower() for each in stated.categorizations}
    return not categorizations or engagement.categorization.lower() in categorizations


def _joined(former: Subscriber | None, other: Subscriber) -> Subscriber:
    """Both rows' filters; a row without any wants everything."""
    if former is None:
        return other
    filters = former.filters + other.filters if former.filters and other.filters else ()
    return Subscriber(address=former.address, filters=filters)


def _names(stated: Iterable[str], name: str) -> bool:
    return any(each.lower() == name.lower() for each in stated)


def _routed(directory: Directory, day: date) -> tuple[str, ...]:
    return tuple(
        address
        for row in directory.routes
        if row.valid.on(day) and _names(row.contract, NOTIFY)
        for address in row.to
        if address != ANY
    )
