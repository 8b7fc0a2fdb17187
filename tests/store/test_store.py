"""The store's life."""

import pytest

from vaxel.store.store import Store


async def test_a_store_is_opened_when_it_is_needed_and_can_be_opened_again(store: Store) -> None:
    assert not store.is_open
    await store.close()
    for _ in range(2):
        assert len(await (await store.reader()).rows("SELECT * FROM alembic_version", {})) == 1
        assert store.is_open
        await store.close()
        assert not store.is_open


async def test_what_waits_when_it_closes_is_told(store: Store) -> None:
    import asyncio

    begun, hold = asyncio.Event(), asyncio.Event()

    async def slow(connection: object, items: object) -> None:
        begun.set()
        await hold.wait()

    async def other(connection: object, items: object) -> None: ...

    waiting = [asyncio.create_task(store.write(work)) for work in (slow, other)]
    await begun.wait()
    await store.close()
    for each in waiting:
        with pytest.raises(asyncio.CancelledError):
            await each
