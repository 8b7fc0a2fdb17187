"""Rows many at a time, on both databases."""

from rows import DOMAIN, RESIDENT, row
from sqlalchemy.ext.asyncio import AsyncConnection

from vaxel.store import rows
from vaxel.store.store import Store


async def test_rows_are_put_found_and_removed(store: Store) -> None:
    """EI-3.3, EI-3.5: by the nine fields; the same identity again is the same row."""
    two = [row(), row(categorization="voo", source_system="SE-'; \"å")]

    async def work(connection: AsyncConnection, _: object) -> list[int]:
        await rows.put(connection, two)
        await rows.put(connection, [row(most_recent_content="20270101000000")])
        held = await rows.look_up(connection, [each.identity for each in (*two, row(owner="SE-X"))])
        await rows.remove(connection, [two[0].identity])
        left = await rows.look_up(connection, [each.identity for each in two])
        assert held[two[0].identity].most_recent_content == "20270101000000"
        assert left == {two[1].identity: two[1]}
        return [len(held), len(left)]

    assert await store.write(work) == [2, 1]


async def test_touching_keeps_the_last_time(store: Store) -> None:
    async def work(connection: AsyncConnection, _: object) -> None:
        for now in (5, 7):
            await rows.touch(connection, [(DOMAIN, RESIDENT), (DOMAIN, RESIDENT)], now)

    await store.write(work)
    found = await (await store.reader()).rows("SELECT changed_at FROM index_changes", {})
    assert [row[0] for row in found] == [7]
