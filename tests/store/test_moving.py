from rows import RESIDENT, row
from stored import LISTENERS, apply, arrived, found, queue

from vaxel.store import moving
from vaxel.store.moving import Portion, Removal
from vaxel.store.store import Store


async def test_all_rows_in_order(store: Store) -> None:
    """EI-11.5."""
    await apply(store, arrived(*(row(categorization=name) for name in "dacb")))
    reader, seen, place = await store.reader(), [], None
    while rows := await moving.rows_after(reader, place, 3):
        seen += [each.categorization for each in rows]
        place = moving.place(rows[-1])
    assert seen == ["a", "b", "c", "d"]


async def test_rows_are_taken_as_they_are(store: Store) -> None:
    """EI-11.5: nobody is told unless they are to be."""
    old = row(creation_time="20200101000000", update_time="20200101000000", owner="SE-X")
    assert await store.write(moving.take, Portion(rows=(old,))) == 1
    assert await found(store) == (old,)
    assert await queue(store, "SE-ALL") == []
    await store.write(moving.take, Portion(rows=(old,), to=LISTENERS))
    assert [each.engagement for each in await queue(store, "SE-ALL")] == [old]


async def test_rows_are_removed(store: Store) -> None:
    """EI-12.4."""
    await apply(
        store, arrived(row(), row(source_system="SE-B"), row(registered_resident_identification="191001239803"))
    )
    assert await store.write(moving.remove, Removal(field="source_system", text="SE-B")) == 1
    removal = Removal(field="registered_resident_identification", text=RESIDENT, to=LISTENERS)
    assert await store.write(moving.remove, removal) == 1
    assert await store.write(moving.remove, removal) == 0
    assert await found(store) == ()
    assert [each.delete for each in await queue(store, "SE-ALL")] == [False, False, False, True]
