"""The store on both databases: structure, writing in batches, reading beside it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from vaxel.errors import IndexTechnical, SettingsError
from vaxel.store.address import address
from vaxel.store.engine import opened
from vaxel.store.store import Store
from vaxel.store.tables import HEAD, metadata


@pytest.fixture
async def store(store_url: str, tmp_path: Path) -> AsyncIterator[Store]:
    made = Store(address(store_url, tmp_path))
    yield made
    await made.close()


async def test_migrations_make_the_tables(store_url: str, tmp_path: Path) -> None:
    engine = await opened(address(store_url, tmp_path))

    def differences(connection: Connection) -> list[object]:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    async with engine.begin() as connection:
        assert (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar() == HEAD
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_a_migration_runs_once_though_two_open(store_url: str, tmp_path: Path) -> None:
    both = [Store(address(store_url, tmp_path)) for _ in range(2)]
    await asyncio.gather(*(each.open() for each in both))
    for each in both:
        assert len(await (await each.reader()).rows("SELECT * FROM alembic_version", {})) == 1
        await each.close()


async def test_what_waits_together_is_written_together(store: Store) -> None:
    seen: list[int] = []

    async def work(connection: object, items: object) -> int:
        seen.append(len(items))  # type: ignore[arg-type]
        return len(seen)

    results = await asyncio.gather(*(store.write(work, number) for number in range(50)))
    assert sum(seen) == 50
    assert len(seen) < 50
    assert len(results) == 50


async def test_a_job_that_fails_fails_alone(store: Store) -> None:
    async def good(connection: object, items: list[str]) -> None:
        for item in items:
            insert = text("INSERT INTO index_facts (name, value) VALUES (:name, 'x')")
            await connection.execute(insert, {"name": item})  # type: ignore[attr-defined]

    outcomes = await asyncio.gather(*(store.write(good, name) for name in ("a", "b", "a", "c")), return_exceptions=True)
    assert [type(each).__name__ for each in outcomes] == ["NoneType", "NoneType", "IntegrityError", "NoneType"]
    found = await (await store.reader()).rows("SELECT name FROM index_facts ORDER BY name", {})
    assert [row[0] for row in found] == ["a", "b", "c"]


async def test_a_database_that_cannot_be_reached(tmp_path: Path) -> None:
    """EI-9.3, EI-11.6."""
    (tmp_path / "file").write_text("")
    for url in ("postgresql+asyncpg://vaxel@127.0.0.1:1/none", f"sqlite:///{tmp_path}/file/vaxel.db"):
        gone = Store(address(url, tmp_path))
        with pytest.raises(IndexTechnical) as caught:
            await gone.reader()
        assert (caught.value.cause, caught.value.retryable) == ("store.unavailable", True)


def test_addresses(tmp_path: Path) -> None:
    default = address("", tmp_path)
    assert default.path == tmp_path / "vaxel.db"
    assert default.url.drivername == "sqlite+aiosqlite"
    other = address("postgresql://vaxel:secret@db/vaxel", tmp_path)
    assert (other.path, other.url.drivername) == (None, "postgresql+asyncpg")
    assert "secret" not in other.shown
    for wrong in ("mysql://x/y", "nonsense", "sqlite://"):
        with pytest.raises(SettingsError):
            address(wrong, tmp_path)


async def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    store = Store(address("", tmp_path / "var"))
    await store.open()
    assert (tmp_path / "var/vaxel.db").stat().st_mode & 0o777 == 0o600
    await store.close()
