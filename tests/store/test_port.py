"""The index as an aggregation asks it: the store and its twin in memory answer alike (EI-6.8)."""

from pathlib import Path

import pytest
from rows import DOMAIN, RESIDENT, row
from stored import apply, arrived

from vaxel.adapters.memory_index import MemoryIndex
from vaxel.engagements.port import Index
from vaxel.errors import IndexFailed
from vaxel.store.address import address
from vaxel.store.port import StoreIndex
from vaxel.store.store import Store


async def test_both_answer_alike(store: Store) -> None:
    found = [
        row(categorization=name, creation_time="20261124120000", update_time="20261124120000")
        for name in ("voo", "dia")
    ]
    await apply(store, arrived(*found))
    for index in (StoreIndex(store), MemoryIndex(found)):
        asked: Index = index
        assert [each.categorization for each in await asked.find(RESIDENT, DOMAIN)] == ["dia", "voo"]
        assert await asked.find(RESIDENT, DOMAIN, "voo") == (found[0],)
        assert await asked.find(RESIDENT, "riv:other") == ()


async def test_both_fail_alike(tmp_path: Path) -> None:
    """AG-4.4."""
    twin = MemoryIndex()
    twin.failing = "index.unreachable"
    gone = StoreIndex(Store(address("postgresql+asyncpg://vaxel@127.0.0.1:1/none", tmp_path)))
    for index in (twin, gone):
        with pytest.raises(IndexFailed) as caught:
            await index.find(RESIDENT, DOMAIN)
        assert (caught.value.code, caught.value.cause) == ("VX010", "index.unreachable")


async def test_a_slow_store_is_a_timeout(postgresql_server: str, tmp_path: Path) -> None:
    """SQLite answers on the spot; what is waited for is PostgreSQL."""
    store = Store(address(postgresql_server, tmp_path))
    await store.open()
    with pytest.raises(IndexFailed) as caught:
        await StoreIndex(store, timeout_s=-1).find(RESIDENT, DOMAIN)
    assert caught.value.cause == "index.timeout"
    await store.close()
