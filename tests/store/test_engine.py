"""Opening the database."""

import subprocess
import sys
from pathlib import Path

import pytest

from vaxel.errors import IndexTechnical
from vaxel.store.address import address
from vaxel.store.engine import opened
from vaxel.store.store import Store


async def test_a_database_that_cannot_be_reached(tmp_path: Path) -> None:
    """EI-9.3, EI-11.6."""
    (tmp_path / "file").write_text("")
    for url in ("postgresql+asyncpg://vaxel@127.0.0.1:1/none", f"sqlite:///{tmp_path}/file/vaxel.db"):
        gone = Store(address(url, tmp_path))
        with pytest.raises(IndexTechnical) as caught:
            await gone.reader()
        assert (caught.value.cause, caught.value.retryable) == ("store.unavailable", True)


async def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    store = Store(address("", tmp_path / "var"))
    await store.open()
    assert (tmp_path / "var/vaxel.db").stat().st_mode & 0o777 == 0o600
    await store.close()


def test_alembic_is_imported_only_where_a_migration_is_due(store_url: str, tmp_path: Path) -> None:
    """DESIGN section 6."""
    code = (
        "import asyncio, sys, pathlib; from vaxel.store.address import address; from vaxel.store.store import Store\n"
        "async def main():\n"
        f"    store = Store(address({store_url!r}, pathlib.Path({str(tmp_path)!r}))); await store.open(); await store.close()\n"
        "asyncio.run(main()); print('alembic' in sys.modules)"
    )
    said = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() for _ in "12"]
    assert said == ["True", "False"]


async def test_sqlite_syncs_each_commit(tmp_path: Path) -> None:
    """EI-4.8: WAL, and FULL, so that what was answered survives a power cut."""
    engine = await opened(address("", tmp_path))
    async with engine.connect() as connection:
        assert (await connection.exec_driver_sql("PRAGMA synchronous")).scalar() == 2
        assert (await connection.exec_driver_sql("PRAGMA journal_mode")).scalar() == "wal"
    await engine.dispose()
