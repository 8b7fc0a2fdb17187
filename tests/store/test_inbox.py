"""Between answer and effect, on both databases."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rows import OWN, RESIDENT, row, transactions
from stored import NOW, TURN, apply, arrived, found, queue

from vaxel.engagements.batch import Arrived
from vaxel.engagements.model import Engagement, Transaction
from vaxel.store import inbox
from vaxel.store.store import Store


async def test_what_is_kept_is_applied(store: Store) -> None:
    """EI-4.8, EI-4.11, EI-3.6."""
    await store.write(inbox.keep, arrived(row()))
    assert await found(store) == ()
    done = await store.write(TURN)
    assert (done.requests, done.transactions, done.told) == (1, 1, 2)
    assert await found(store) == (row(creation_time=NOW, update_time=NOW),)
    await apply(store, arrived(row(), delete=True))
    assert await found(store) == ()
    assert [each.delete for each in await queue(store, "SE-ALL")] == [False, True]


async def test_subscribers_hear_within_their_filters(store: Store) -> None:
    """EI-4.12, EI-8.2."""
    await apply(store, arrived(row(), row(categorization="voo")))
    await apply(store, arrived(row(), row(categorization="voo", most_recent_content="20261001000000")))
    assert [each.engagement.categorization for each in await queue(store, "SE-ALL")] == ["dia", "voo", "voo"]
    assert [each.engagement.categorization for each in await queue(store, "SE-DIA")] == ["dia"]


async def test_a_change_of_owner(store: Store) -> None:
    """EI-5.3, EI-5.4: the row that was ours goes, and neither owner nor sender are told."""
    await apply(store, arrived(row()))
    theirs = row(owner="SE-DIA")
    await apply(store, arrived(theirs, sender="SE-X", notified=True))
    assert [each.owner for each in await found(store)] == ["SE-DIA"]
    assert [(each.engagement.owner, each.delete) for each in await queue(store, "SE-ALL")] == [
        (OWN, False),
        (OWN, True),
        ("SE-DIA", False),
    ]
    assert [each.engagement.owner for each in await queue(store, "SE-DIA")] == [OWN, OWN]


async def test_single_requests_collapse_and_large_ones_do_not(store: Store) -> None:
    """EI-4.9, EI-4.10: a deletion beats all that is collected with it; a request of two goes straight on."""
    await apply(store, arrived(row(), delete=True), arrived(row()))
    assert await found(store) == ()
    other = row(categorization="voo")
    await apply(store, arrived(row(), other, delete=True), arrived(row(), other))
    assert len(await found(store)) == 2


@given(st.lists(st.lists(transactions, max_size=4, unique_by=lambda each: each.engagement.identity), max_size=6))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_store_does_as_a_dictionary_does(store: Store, requests: list[list[Transaction]]) -> None:
    """Requests of two or more, in any order, leave what a dictionary would hold."""
    everything = [Transaction(engagement=each, delete=True) for each in await _all(store)]
    await apply(store, *([Arrived(correlation_id="", sender="", transactions=tuple(everything))] if everything else []))
    held: dict[Any, str] = {}
    for request in requests:
        pair = [*request, *(Transaction(engagement=row(categorization=name)) for name in ("x1", "x2"))]
        await store.write(inbox.keep, Arrived(correlation_id="", sender="", transactions=tuple(pair)))
        for each in pair:
            if each.delete:
                held.pop(each.engagement.identity, None)
            else:
                held[each.engagement.identity] = each.engagement.most_recent_content
    await store.write(TURN)
    assert {each.identity: each.most_recent_content for each in await _all(store)} == held


async def _all(store: Store) -> list[Engagement]:
    residents = (RESIDENT, "191001239803", "191001309812")
    return [each for one in residents for each in await found(store, registered_resident_identification=one)]
