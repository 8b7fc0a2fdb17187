"""Forgets deletions that are old enough (EI-7.4)."""

from collections.abc import Sequence

from sqlalchemy import delete, exists
from sqlalchemy.ext.asyncio import AsyncConnection

from vaxel.store.tables import changes, engagements


async def forget(connection: AsyncConnection, before: Sequence[int]) -> int:
    """Forget changes before that time (seconds since the epoch) of residents who have nothing left; how many."""
    resident = engagements.c.registered_resident_identification == changes.c.registered_resident_identification
    left = exists().where(resident, engagements.c.service_domain == changes.c.service_domain)
    return (await connection.execute(delete(changes).where(changes.c.changed_at < min(before), ~left))).rowcount
