"""Requests between their answer and their effect: durable first, applied in order (EI-4.8, EI-4.9, EI-8.6)."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from vaxel.engagements.batch import Applying, Arrived, changed, letters, sought, steps
from vaxel.engagements.subscribers import Subscriber
from vaxel.store import facts, outbox, rows
from vaxel.store.codec import packed, unpacked
from vaxel.store.tables import inbox

APPLYING = 0x5641584D
"""PostgreSQL's advisory lock of the node that applies: one at a time, so that order holds."""
MOST = 500
"""Most requests that are applied in one transaction."""
MOST_TRANSACTIONS = 5000
"""About how many transactions these may hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What one turn did; `oldest_at` is when the first of its requests came, `more` where others wait."""

    requests: int = 0
    transactions: int = 0
    told: int = 0
    oldest_at: float = 0.0
    more: bool = False


async def keep(connection: AsyncConnection, arrived: Sequence[Arrived]) -> None:
    """Keep requests until they are applied; once durable they may be answered."""
    now = time.time()
    await connection.execute(
        insert(inbox),
        [
            {
                "kind": "notification" if each.notified else "update",
                "sender": each.sender,
                "correlation_id": each.correlation_id,
                "received_at": now,
                "size": len(each.transactions),
                "content": packed(each.transactions),
            }
            for each in arrived
        ],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """How requests are applied now: `now` is Swedish time as the index writes it."""

    rules: Applying
    subscribers: Callable[[], Sequence[Subscriber]]
    now: Callable[[], str]

    async def __call__(self, connection: AsyncConnection, _: Sequence[None]) -> Applied:
        """Apply what waits, unless the index is locked: rows and notifications in one transaction (EI-8.6, EI-11.3)."""
        if connection.dialect.name == "postgresql":
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": APPLYING})
        if await facts.locked(connection):
            return Applied()
        found = (await connection.execute(select(inbox).order_by(inbox.c.seq).limit(MOST))).all()
        taken: list[Any] = []
        size = 0
        for row in found:
            if taken and size + row.size > MOST_TRANSACTIONS:
                break
            taken.append(row)
            size += row.size
        if not taken:
            return Applied()
        told = await self._apply(connection, [_arrived(row) for row in taken])
        await connection.execute(delete(inbox).where(inbox.c.seq.in_([row.seq for row in taken])))
        return Applied(
            requests=len(taken),
            transactions=size,
            told=told,
            oldest_at=taken[0].received_at,
            more=len(taken) < len(found) or len(found) == MOST,
        )

    async def _apply(self, connection: AsyncConnection, arrived: Sequence[Arrived]) -> int:
        to, told = self.subscribers(), 0
        for step in steps(arrived, self.rules):
            former = await rows.look_up(connection, sought(step, self.rules.own))
            changes = list(changed(step, former, self.rules, self.now()))
            effective = [each for _, each in changes if each.row is not None or each.delete]
            written = [each.row for each in effective if each.row is not None]
            gone = [each.told.engagement for each in effective if each.delete and each.told is not None]
            await rows.remove(connection, [each.identity for each in gone])
            await rows.put(connection, written)
            touched = [(each.service_domain, each.registered_resident_identification) for each in (*written, *gone)]
            await rows.touch(connection, touched, int(time.time()))
            told += await outbox.post(connection, list(letters(changes, to)))
        return told


def _arrived(row: Any) -> Arrived:
    return Arrived(
        correlation_id=row.correlation_id,
        sender=row.sender,
        transactions=unpacked(row.content),
        notified=row.kind == "notification",
    )
