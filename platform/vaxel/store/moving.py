"""All rows out and in again, and rows removed for good (EI-11.5, EI-12.4)."""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from vaxel.engagements.batch import Arrived, Letter, Pending, letters
from vaxel.engagements.change import Change
from vaxel.engagements.model import Engagement, Transaction
from vaxel.engagements.subscribers import Subscriber
from vaxel.store import outbox, rows
from vaxel.store.codec import COLUMNS, LISTED, engagement
from vaxel.store.reader import Reader
from vaxel.store.tables import ORDERED, engagements

REMOVABLE = ("registered_resident_identification", "source_system", "owner")
PORTION = 1000
Place = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """Rows to take in; `to` are told of them where they are to be."""

    rows: tuple[Engagement, ...]
    to: tuple[Subscriber, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Rows to remove: those whose `field` holds `text`; `to` are told of it where they are to be."""

    field: str
    text: str
    to: tuple[Subscriber, ...] = ()


def place(found: Engagement) -> Place:
    """Where a row stands in the order of all rows."""
    return tuple(getattr(found, name) for name in ORDERED)


async def rows_after(reader: Reader, after: Place | None, limit: int) -> list[Engagement]:
    """The next rows in the order of the identity."""
    ordered = ", ".join(ORDERED)
    parameters: dict[str, Any] = {"most": limit}
    beyond = ""
    if after is not None:
        beyond = f"WHERE ({ordered}) > ({', '.join(f':k{number}' for number in range(len(after)))}) "
        parameters |= {f"k{number}": text for number, text in enumerate(after)}
    statement = f"SELECT {LISTED} FROM engagements {beyond}ORDER BY {ordered} LIMIT :most"
    return [engagement(row) for row in await reader.rows(statement, parameters)]


async def take(connection: AsyncConnection, portions: Sequence[Portion]) -> int:
    """Write rows as they are, times and owners too; how many."""
    count = 0
    for each in portions:
        await rows.put(connection, each.rows)
        await _touch(connection, each.rows)
        await outbox.post(connection, _told(each.rows, each.to, delete=False))
        count += len(each.rows)
    return count


async def tell(connection: AsyncConnection, portions: Sequence[Portion]) -> int:
    """Put rows into the queues of who is to be told, and change none of them; how many notifications."""
    return sum([await outbox.post(connection, _told(each.rows, each.to, delete=False)) for each in portions])


async def remove(connection: AsyncConnection, removals: Sequence[Removal]) -> int:
    """Remove a portion of the rows; how many, 0 when there are no more."""
    count = 0
    for each in removals:
        columns = [engagements.c[name] for name in COLUMNS]
        wanted = select(*columns).where(engagements.c[each.field] == each.text).limit(PORTION)
        gone = tuple(map(engagement, (await connection.execute(wanted)).all()))
        await rows.remove(connection, [row.identity for row in gone])
        await _touch(connection, gone)
        await outbox.post(connection, _told(gone, each.to, delete=True))
        count += len(gone)
    return count


async def _touch(connection: AsyncConnection, found: Sequence[Engagement]) -> None:
    pairs = [(each.service_domain, each.registered_resident_identification) for each in found]
    await rows.touch(connection, pairs, int(time.time()))


def _told(found: Sequence[Engagement], to: Sequence[Subscriber], *, delete: bool) -> list[Letter]:
    cause = Arrived(correlation_id=str(uuid.uuid4()), sender="", transactions=())
    told = (Transaction(engagement=each, delete=delete) for each in found)
    return list(letters(((Pending(transaction=each, cause=cause), Change(told=each)) for each in told), to))
