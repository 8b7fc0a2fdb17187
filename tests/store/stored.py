"""What tests of the store share: requests that arrive, who listens, what is found."""

from collections.abc import Sequence

from rows import DOMAIN, OWN, wanted

from vaxel.directory.model import IndexFilter
from vaxel.engagements.batch import Applying, Arrived
from vaxel.engagements.model import Engagement, Transaction
from vaxel.engagements.subscribers import Subscriber
from vaxel.store import asking, inbox
from vaxel.store.store import Store

NOW = "20261124120000"
LISTENERS = (
    Subscriber(address="SE-ALL"),
    Subscriber(address="SE-DIA", filters=(IndexFilter(service_domain=DOMAIN, categorizations=("dia",)),)),
)


def listeners() -> Sequence[Subscriber]:
    return LISTENERS


def now() -> str:
    return NOW


TURN = inbox.Turn(rules=Applying(own=OWN), subscribers=listeners, now=now)


def arrived(*found: Engagement, delete: bool = False, sender: str = "SE-SOURCE", notified: bool = False) -> Arrived:
    told = tuple(Transaction(engagement=each, delete=delete) for each in found)
    return Arrived(correlation_id="c-1", sender=sender, transactions=told, notified=notified)


async def apply(store: Store, *requests: Arrived) -> inbox.Applied:
    for each in requests:
        await store.write(inbox.keep, each)
    done: inbox.Applied = await store.write(TURN)
    return done


async def found(store: Store, **stated: str) -> tuple[Engagement, ...]:
    return await asking.find(await store.reader(), wanted(**stated))


async def queue(store: Store, subscriber: str) -> list[Transaction]:
    return [each.told for each in await asking.head(await store.reader(), subscriber, 1000)]
