"""Notifications on their way, queue by queue, and those that nobody took (EI-8.3 to EI-8.9)."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vaxel.engagements.batch import Letter
from vaxel.engagements.model import Transaction
from vaxel.store import rows
from vaxel.store.codec import packed, unpacked
from vaxel.store.tables import dead, outbox, queues

HOLD_S = 60
"""How long a node holds a queue without a word, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A notification that is to be delivered."""

    seq: int
    correlation_id: str
    told: Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A node's hold on a queue: who, and until when (seconds since the epoch)."""

    subscriber: str
    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """Where a queue stands after an attempt: what goes off it, and what operators see."""

    held: Held
    sent: tuple[Waiting, ...] = ()
    dead: bool = False
    delivered: bool = False
    paused: bool = False
    attempts: int = 0
    error: str = ""


async def post(connection: AsyncConnection, letters: Sequence[Letter]) -> int:
    """Put notifications into their queues; how many."""
    now = time.time()
    if letters:
        await connection.execute(
            insert(outbox),
            [
                {
                    "subscriber": each.subscriber,
                    "correlation_id": each.correlation_id,
                    "created_at": now,
                    "content": packed([each.told]),
                }
                for each in letters
            ],
        )
    return len(letters)


def waiting(row: Sequence[object]) -> Waiting:
    """A notification from its number, correlation id and content."""
    return Waiting(seq=int(str(row[0])), correlation_id=str(row[1]), told=unpacked(str(row[2]))[0])


async def hold(connection: AsyncConnection, wanted: Sequence[Held]) -> set[str]:
    """Take or prolong the hold on queues; those that this node has now."""
    taken = set()
    for each in wanted:
        if await _hold(connection, each):
            taken.add(each.subscriber)
    return taken


async def stand(connection: AsyncConnection, stands: Sequence[Stand]) -> None:
    """Note what became of attempts: delivered notifications go, dead ones become dead letters."""
    now = time.time()
    for each in stands:
        if each.dead:
            reason, to = each.error, each.held.subscriber
            await connection.execute(
                insert(dead),
                [
                    {
                        "subscriber": to,
                        "correlation_id": letter.correlation_id,
                        "died_at": now,
                        "reason": reason,
                        "mended": 0,
                        "content": packed([letter.told]),
                    }
                    for letter in each.sent
                ],
            )
        if each.dead or each.delivered:
            await connection.execute(delete(outbox).where(outbox.c.seq.in_([letter.seq for letter in each.sent])))
        seen = {"paused": int(each.paused), "attempts": each.attempts, "last_error": each.error}
        if each.delivered:
            seen["delivered_at"] = now
        await connection.execute(
            update(queues)
            .where(queues.c.subscriber == each.held.subscriber)
            .values(**seen, held_by=each.held.node, held_until=now + HOLD_S)
        )


async def mend(connection: AsyncConnection, mended: Sequence[tuple[int, Transaction]]) -> int:
    """Put other content into dead letters; how many there were."""
    count = 0
    for seq, told in mended:
        done = await connection.execute(update(dead).where(dead.c.seq == seq).values(content=packed([told]), mended=1))
        count += done.rowcount
    return count


async def resend(connection: AsyncConnection, numbers: Sequence[Sequence[int]]) -> int:
    """Put dead letters back at the end of their queues; how many.

    One that was not mended tells what the row is now, so that an old letter does not undo a newer one (EI-8.6).
    """
    wanted = [seq for each in numbers for seq in each]
    found = (await connection.execute(select(dead).where(dead.c.seq.in_(wanted)).order_by(dead.c.seq))).all()
    told = {row.seq: unpacked(row.content)[0] for row in found}
    current = await rows.look_up(connection, [each.engagement.identity for each in told.values()])
    letters = []
    for row in found:
        letter = told[row.seq]
        if not row.mended:
            now = current.get(letter.engagement.identity)
            letter = Transaction(engagement=now or letter.engagement, delete=now is None)
        letters.append(Letter(subscriber=row.subscriber, correlation_id=row.correlation_id, told=letter))
    await post(connection, letters)
    await connection.execute(delete(dead).where(dead.c.seq.in_([row.seq for row in found])))
    return len(found)


async def drop(connection: AsyncConnection, numbers: Sequence[Sequence[int]]) -> int:
    """Throw dead letters away; how many there were."""
    wanted = [seq for each in numbers for seq in each]
    return (await connection.execute(delete(dead).where(dead.c.seq.in_(wanted)))).rowcount


async def _hold(connection: AsyncConnection, wanted: Held) -> bool:
    now = time.time()
    mine = {"held_by": wanted.node, "held_until": now + HOLD_S}
    free = (queues.c.held_until < now) | (queues.c.held_by == wanted.node)
    here = queues.c.subscriber == wanted.subscriber
    if (await connection.execute(update(queues).where(here, free).values(**mine))).rowcount:
        return True
    if (await connection.execute(select(queues.c.subscriber).where(here))).first() is not None:
        return False
    fresh = {"subscriber": wanted.subscriber, "paused": 0, "attempts": 0, "last_error": "", "delivered_at": 0.0}
    await connection.execute(insert(queues), fresh | mine)
    return True
