"""Notifications on their way, on both databases."""

from rows import row
from stored import apply, arrived, queue

from vaxel.engagements.model import Transaction
from vaxel.store import asking, outbox
from vaxel.store.outbox import Held, Stand
from vaxel.store.store import Store


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
