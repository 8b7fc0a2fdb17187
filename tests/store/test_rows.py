"""Inbox, rows, outbox and what is read of them, on both databases."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rows import DOMAIN, OWN, RESIDENT, row, transactions, wanted
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vaxel.directory.model import IndexFilter
from vaxel.engagements.batch import Applying, Arrived
from vaxel.engagements.cursor import key
from vaxel.engagements.model import Engagement, Transaction
from vaxel.engagements.subscribers import Subscriber
from vaxel.store import asking, facts, inbox, outbox
from vaxel.store.address import address
from vaxel.store.outbox import Held, Stand
from vaxel.store.store import Store

NOW = "20261124120000"
LISTENERS = (
    Subscriber(address="SE-ALL"),
    Subscriber(address="SE-DIA", filters=(IndexFilter(service_domain=DOMAIN, categorizations=("dia",)),)),
)


@pytest.fixture
async def store(store_url: str, tmp_path: Path) -> AsyncIterator[Store]:
    made = Store(address(store_url, tmp_path))
    yield made
    await made.close()


TURN = inbox.Turn(rules=Applying(own=OWN), subscribers=lambda: LISTENERS, now=lambda: NOW)


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


async def test_a_locked_index_queues(store: Store) -> None:
    """EI-11.3."""
    await store.write(facts.lock, True)
    await apply(store, arrived(row()))
    assert await found(store) == ()
    counts = await asking.counts(await store.reader(), rows=True)
    assert (counts["waiting"], counts["locked"], counts["rows"]) == (1, True, 0)
    await store.write(facts.lock, False)
    await store.write(TURN)
    assert len(await found(store)) == 1


async def test_filters_of_a_query(store: Store) -> None:
    """EI-6.2."""
    await apply(store, arrived(row(), row(categorization="voo", most_recent_content=""), row(source_system="SE-B")))
    for stated, count in (
        ({}, 3),
        ({"categorization": "voo"}, 1),
        ({"source_system": "SE-B"}, 1),
        ({"owner": OWN}, 3),
        ({"owner": "SE-X"}, 0),
        ({"data_controller": "SE2321000016-0000", "logical_address": "SE2321000016-39KJ"}, 3),
        ({"clinical_process_interest_id": "NA", "business_object_instance_identifier": "NA"}, 3),
        ({"most_recent_content": "20260102030405"}, 2),
        ({"most_recent_content": "20260102030406"}, 0),
        ({"service_domain": "riv:other"}, 0),
    ):
        assert len(await found(store, **stated)) == count, stated


async def test_pages_in_order(store: Store) -> None:
    """EI-6.3, EI-6.5: no row comes twice; upper case before lower on both databases."""
    names = ["b", "B", "a", "å", "A", "NA"]
    await apply(store, arrived(*(row(categorization=name) for name in names)))
    reader, seen, place = await store.reader(), [], None
    while page := await asking.find(reader, wanted(), place, 2):
        seen += [each.categorization for each in page]
        place = key(page[-1])
    assert seen == ["A", "B", "NA", "a", "b", "å"]


async def test_changes_since(store: Store) -> None:
    """EI-7.1, EI-7.2."""
    other = "191001239803"
    await apply(store, arrived(row(), row(registered_resident_identification=other)))
    await apply(store, arrived(row(), delete=True))
    reader = await store.reader()
    assert await asking.changed_residents(reader, DOMAIN, 0, "", 10) == (other, RESIDENT)
    assert await asking.changed_residents(reader, DOMAIN, 0, other, 10) == (RESIDENT,)
    assert await asking.changed_residents(reader, DOMAIN, 2**40, "", 10) == ()
    rows_of = await asking.of_residents(reader, store.dialect, DOMAIN, (other, RESIDENT))
    assert {resident: len(rows) for resident, rows in rows_of.items()} == {other: 1, RESIDENT: 0}


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


async def test_dead_letters(store: Store) -> None:
    """EI-8.9: listed, mended, resent as the row is now, dropped."""
    await apply(store, arrived(row(), row(categorization="voo"), row(categorization="upp")))
    reader, held = await store.reader(), Held(subscriber="SE-ALL", node="n1")
    assert await store.write(outbox.hold, held) == {"SE-ALL"}
    sent = await asking.head(reader, "SE-ALL", 10)
    await store.write(outbox.stand, Stand(held=held, sent=sent, dead=True, paused=True, attempts=5, error="VP009"))
    assert await queue(store, "SE-ALL") == []
    stand = next(each for each in await asking.queues(reader) if each.subscriber == "SE-ALL")
    assert (stand.length, stand.paused, stand.last_error, stand.dead) == (0, True, "VP009", 3)
    letters = await asking.dead_letters(reader, "SE-ALL", limit=2)
    assert len(letters) == 2
    assert len(await asking.dead_letters(reader, after=letters[-1].seq)) == 1
    await apply(store, arrived(row(), delete=True))
    mended = Transaction(engagement=row(categorization="voo", most_recent_content="20200101000000"))
    assert await store.write(outbox.mend, (letters[1].seq, mended)) == 1
    assert await store.write(outbox.resend, [each.seq for each in letters]) == 2
    assert [(each.delete, each.engagement.most_recent_content) for each in await queue(store, "SE-ALL")][1:] == [
        (True, "20260102030405"),
        (False, "20200101000000"),
    ]
    (left,) = await asking.dead_letters(reader)
    assert await asking.dead_letter(reader, left.seq) == left
    assert await store.write(outbox.drop, [left.seq]) == 1
    assert await asking.dead_letter(reader, left.seq) is None


async def test_one_node_holds_a_queue(store: Store) -> None:
    """EI-8.6: in order, so by one node at a time."""
    first, second = Held(subscriber="SE-ALL", node="n1"), Held(subscriber="SE-ALL", node="n2")
    assert await store.write(outbox.hold, first) == {"SE-ALL"}
    assert await store.write(outbox.hold, second) == set()
    assert await store.write(outbox.hold, first) == {"SE-ALL"}


async def test_a_search_uses_an_index(store: Store) -> None:
    """EI-6.7."""
    await apply(store, arrived(row()))
    statement, parameters = asking.found_by(wanted(categorization="dia"), None, None)
    reader = await store.reader()
    if store.dialect == "sqlite":
        plan = await reader.rows("EXPLAIN QUERY PLAN " + statement, parameters)
        assert "SEARCH engagements USING PRIMARY KEY" in str(plan)
    else:
        others = [row(registered_resident_identification=f"resident-{number}") for number in range(1000)]
        await apply(store, arrived(*others))
        await store.write(_analyse)
        plan = await reader.rows("EXPLAIN " + statement, parameters)
        assert "Index Scan using engagements_pkey" in str(plan)
    assert "Sort" not in str(plan)
    assert "TEMP B-TREE" not in str(plan)


async def _analyse(connection: AsyncConnection, _: object) -> None:
    await connection.execute(text("ANALYZE engagements"))
