"""Rows of the index: look up, write, delete, many at a time within the writer's transaction."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from vaxel.engagements.model import Engagement, Identity
from vaxel.store.codec import COLUMNS, IDENTITY, LISTED, engagement, given, values


async def look_up(connection: AsyncConnection, identities: Sequence[Identity]) -> dict[Identity, Engagement]:
    """The rows of these identities."""
    found = await connection.execute(_look_up(connection.dialect.name), {"given": _json(identities)})
    return {row.identity: row for row in map(engagement, found)}


async def put(connection: AsyncConnection, rows: Sequence[Engagement]) -> None:
    """Insert rows, or update those whose identities are there."""
    if rows:
        await connection.execute(_put(connection.dialect.name), {"given": _json(map(values, rows))})


async def remove(connection: AsyncConnection, identities: Sequence[Identity]) -> None:
    """Delete rows."""
    if identities:
        await connection.execute(_remove(connection.dialect.name), {"given": _json(identities)})


async def touch(connection: AsyncConnection, residents: Iterable[tuple[str, str]], now: int) -> None:
    """Remember that something of (domain, resident) changed, at seconds since the epoch (EI-7.1)."""
    pairs = sorted(set(residents))
    if pairs:
        await connection.execute(_touch(connection.dialect.name), {"given": _json(pairs), "now": now})


def _json(rows: Iterable[Any]) -> str:
    return orjson.dumps(list(rows)).decode()


@lru_cache
def _look_up(dialect: str) -> TextClause:
    on = " AND ".join(f"e.{name} = g.c{number}" for number, name in enumerate(IDENTITY))
    listed = ", ".join(f"e.{name}" for name in COLUMNS)
    return text(f"WITH {given(dialect, len(IDENTITY))} SELECT {listed} FROM given g JOIN engagements e ON {on}")


@lru_cache
def _put(dialect: str) -> TextClause:
    source = ", ".join(f"c{number}" for number in range(len(COLUMNS)))
    changing = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS[9:])
    return text(
        f"WITH {given(dialect, len(COLUMNS))} INSERT INTO engagements ({LISTED}) SELECT {source} FROM given WHERE true "
        f"ON CONFLICT ({', '.join(IDENTITY)}) DO UPDATE SET {changing}"
    )


@lru_cache
def _remove(dialect: str) -> TextClause:
    listed = ", ".join(IDENTITY)
    source = ", ".join(f"c{number}" for number in range(len(IDENTITY)))
    return text(
        f"WITH {given(dialect, len(IDENTITY))} DELETE FROM engagements WHERE ({listed}) IN (SELECT {source} FROM given)"
    )


@lru_cache
def _touch(dialect: str) -> TextClause:
    number = "CAST(:now AS BIGINT)"
    return text(
        f"WITH {given(dialect, 2)} INSERT INTO index_changes (service_domain, registered_resident_identification, "
        f"changed_at) SELECT c0, c1, {number} FROM given WHERE true "
        "ON CONFLICT (service_domain, registered_resident_identification) "
        "DO UPDATE SET changed_at = excluded.changed_at"
    )
