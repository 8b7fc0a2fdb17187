"""Opens the store: engine, pragmas, and the migration where one is due (DESIGN section 6)."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from vaxel.errors import IndexTechnical
from vaxel.store.address import Address
from vaxel.store.tables import HEAD

BUSY_MS = 10_000
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # what was answered survives a power cut (EI-4.8)
    f"PRAGMA busy_timeout={BUSY_MS}",
    "PRAGMA cache_size=-65536",
)
_MIGRATING = 0x5641584C
"""PostgreSQL's advisory lock of whoever migrates."""


async def opened(address: Address) -> AsyncEngine:
    """An engine over a database of the newest structure; raises what `unavailable` translates."""
    if address.path is not None:
        address.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        engine = create_async_engine(address.url, connect_args={"timeout": BUSY_MS / 1000})
        _prepare_sqlite(engine)
    else:
        engine = create_async_engine(address.url, pool_size=5, max_overflow=5, pool_pre_ping=True)
    try:
        await _migrate(engine)
    except BaseException:
        await engine.dispose()
        raise
    if address.path is not None:
        address.path.chmod(0o600)
    return engine


@contextmanager
def unavailable() -> Iterator[None]:
    """Errors of the database as `store.unavailable` (EI-9.3, EI-11.6)."""
    try:
        yield
    except (DBAPIError, PoolTimeout, sqlite3.OperationalError, OSError) as error:
        if isinstance(error, IntegrityError | ProgrammingError | DataError):
            raise  # ours to mend, not the database's
        raise IndexTechnical("the store cannot be reached", cause="store.unavailable") from error


def _prepare_sqlite(engine: AsyncEngine) -> None:
    """Pragmas for each connection, and transactions that take the write lock when they begin."""

    @event.listens_for(engine.sync_engine, "connect")
    def connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begun(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


async def _migrate(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})
        if await _version(connection) != HEAD:
            from vaxel.store.migrate import upgrade  # alembic only where a migration is due

            await connection.run_sync(upgrade)


async def _version(connection: AsyncConnection) -> str:
    """The database's version of the structure; empty where it has none yet."""
    try:
        async with connection.begin_nested():
            found = await connection.execute(text("SELECT version_num FROM alembic_version"))
            return str(found.scalar() or "")
    except DBAPIError:
        return ""
