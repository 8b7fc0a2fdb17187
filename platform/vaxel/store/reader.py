"""Reads beside the writer: SQLite by a synchronous connection (tens of µs, DESIGN section 8), PostgreSQL by a pool."""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from vaxel.store.engine import BUSY_MS, unavailable

Row = Sequence[Any]


class Reader(Protocol):
    """Answers statements whose parameters are named `:name`; raises `IndexTechnical` (`store.unavailable`)."""

    async def rows(self, statement: str, parameters: Mapping[str, Any]) -> Sequence[Row]:
        """Every row."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class SqliteReader:
    """One read-only connection on the event loop's own thread."""

    def __init__(self, path: Path) -> None:
        with unavailable():
            self._connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
            self._connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
            self._connection.execute("PRAGMA cache_size=-65536")  # 64 MiB: the upper levels of a large B-tree stay

    async def rows(self, statement: str, parameters: Mapping[str, Any]) -> Sequence[Row]:
        """Every row."""
        with unavailable():
            return self._connection.execute(statement, parameters).fetchall()

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


class PooledReader:
    """Connections of the engine's pool."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def rows(self, statement: str, parameters: Mapping[str, Any]) -> Sequence[Row]:
        """Every row."""
        with unavailable():
            async with self._engine.connect() as connection:
                found = await connection.execute(text(statement), dict(parameters))
                return found.all()

    def close(self) -> None:
        """Nothing: the engine is disposed of by who made it."""
