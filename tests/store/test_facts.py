"""The write lock, on both databases."""

from rows import row
from stored import TURN, apply, arrived, found

from vaxel.store import asking, facts
from vaxel.store.store import Store


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
