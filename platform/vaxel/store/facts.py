"""Single facts of the index: the write lock, how far each pull has come."""

from collections.abc import Sequence

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vaxel.store.tables import facts

LOCK = "write-lock"


async def locked(connection: AsyncConnection) -> bool:
    """Whether no row may change now (EI-11.3)."""
    return await fact(connection, LOCK) == "on"


async def lock(connection: AsyncConnection, wanted: Sequence[bool]) -> None:
    """Set or take away the write lock."""
    await note(connection, [(LOCK, "on" if wanted[-1] else "off")])


async def fact(connection: AsyncConnection, name: str) -> str:
    """A fact; empty where it is not known."""
    return (await connection.execute(select(facts.c.value).where(facts.c.name == name))).scalar() or ""


async def note(connection: AsyncConnection, known: Sequence[tuple[str, str]]) -> None:
    """Set facts."""
    for name, value in known:
        await connection.execute(delete(facts).where(facts.c.name == name))
        await connection.execute(insert(facts), {"name": name, "value": value})
