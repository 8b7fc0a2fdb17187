"""Migrations, on both databases."""

import asyncio
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from vaxel.store.address import address
from vaxel.store.engine import opened
from vaxel.store.store import Store
from vaxel.store.tables import HEAD, metadata


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
