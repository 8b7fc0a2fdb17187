import pytest

from vaxel.store.store import Store
from vaxel.store.writer import Work


async def test_a_reader_sees_what_is_durable(store: Store) -> None:
    from vaxel.store import facts

    reader = await store.reader()
    work: Work = facts.note
    await store.write(work, ("a", "1"))
    assert [tuple(each) for each in await reader.rows("SELECT value FROM index_facts WHERE name = :n", {"n": "a"})] == [
        ("1",)
    ]


async def test_a_reader_of_sqlite_writes_nothing(store: Store) -> None:
    reader = await store.reader()
    if store.dialect == "sqlite":
        with pytest.raises(Exception, match="store cannot be reached"):
            await reader.rows("DELETE FROM index_facts", {})
