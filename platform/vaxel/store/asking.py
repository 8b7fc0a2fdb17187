"""What is read of the index beside the writer: FindContent, GetUpdates, queues, dead letters, counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from vaxel.engagements.cursor import ORDER, Key
from vaxel.engagements.fields import FILTERS, value
from vaxel.engagements.model import Engagement
from vaxel.store.codec import LISTED, engagement, given
from vaxel.store.outbox import Waiting, waiting
from vaxel.store.reader import Reader

_ORDERED = ", ".join(ORDER)
_AFTER = ", ".join(f":k{number}" for number in range(len(ORDER)))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A notification that nobody took; `died_at` in seconds since the epoch."""

    seq: int
    subscriber: str
    correlation_id: str
    died_at: float
    reason: str
    mended: bool
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStand:
    """A subscriber's queue as operators see it; times in seconds since the epoch, 0 where never."""

    subscriber: str
    length: int
    oldest_at: float
    paused: bool
    attempts: int
    last_error: str
    delivered_at: float
    dead: int


def found_by(wanted: Engagement, after: Key | None, limit: int | None) -> tuple[str, dict[str, Any]]:
    """The statement of a FindContent with its parameters (EI-6.2, EI-6.3)."""
    stated = {each.attribute: text for each in FILTERS if (text := value(wanted, each))}
    words = [f"{name} {'>=' if name == 'most_recent_content' else '='} :{name}" for name in stated]
    parameters: dict[str, Any] = dict(stated)
    if after is not None:
        words.append(f"({_ORDERED}) > ({_AFTER})")
        parameters |= {f"k{number}": text for number, text in enumerate(after)}
    statement = f"SELECT {LISTED} FROM engagements WHERE {' AND '.join(words)} ORDER BY {_ORDERED}"
    if limit is not None:
        statement += " LIMIT :most"
        parameters["most"] = limit
    return statement, parameters


async def find(
    reader: Reader, wanted: Engagement, after: Key | None = None, limit: int | None = None
) -> tuple[Engagement, ...]:
    """The rows of a query in order, after a place in that order, at most `limit` of them."""
    return tuple(map(engagement, await reader.rows(*found_by(wanted, after, limit))))


async def changed_residents(reader: Reader, domain: str, since: int, after: str, limit: int) -> tuple[str, ...]:
    """Residents with a change in a domain since then (seconds since the epoch), in order (EI-7.1)."""
    statement = (
        "SELECT registered_resident_identification FROM index_changes WHERE service_domain = :domain "
        "AND registered_resident_identification > :after AND changed_at >= :since "
        "ORDER BY registered_resident_identification LIMIT :most"
    )
    found = await reader.rows(statement, {"domain": domain, "after": after, "since": since, "most": limit})
    return tuple(row[0] for row in found)


async def of_residents(
    reader: Reader, dialect: str, domain: str, residents: Sequence[str]
) -> Mapping[str, list[Engagement]]:
    """All engagements of these residents in a domain (EI-7.2)."""
    listed = ", ".join(f"e.{name.strip()}" for name in LISTED.split(","))
    statement = (
        f"WITH {given(dialect, 1)} SELECT {listed} FROM given g JOIN engagements e "
        "ON e.registered_resident_identification = g.c0 AND e.service_domain = :domain "
        f"ORDER BY e.registered_resident_identification, {', '.join('e.' + name for name in ORDER)}"
    )
    parameters = {"given": orjson.dumps([[each] for each in residents]).decode(), "domain": domain}
    found: dict[str, list[Engagement]] = {each: [] for each in residents}
    for row in await reader.rows(statement, parameters):
        found[row[0]].append(engagement(row))
    return found


async def head(reader: Reader, subscriber: str, limit: int) -> tuple[Waiting, ...]:
    """The first notifications of a queue."""
    statement = (
        "SELECT seq, correlation_id, content FROM index_outbox WHERE subscriber = :subscriber ORDER BY seq LIMIT :most"
    )
    return tuple(map(waiting, await reader.rows(statement, {"subscriber": subscriber, "most": limit})))


async def queued(reader: Reader) -> tuple[str, ...]:
    """The subscribers for whom something waits."""
    return tuple(row[0] for row in await reader.rows("SELECT DISTINCT subscriber FROM index_outbox", {}))


async def queues(reader: Reader) -> tuple[QueueStand, ...]:
    """Every queue that was ever used, by subscriber (EI-11.1)."""
    statement = (
        "SELECT q.subscriber, coalesce(o.length, 0), coalesce(o.oldest, 0), q.paused, q.attempts, q.last_error, "
        "q.delivered_at, coalesce(d.dead, 0) FROM (SELECT subscriber, paused, attempts, last_error, delivered_at "
        "FROM index_queues UNION ALL SELECT subscriber, 0, 0, '', 0.0 FROM index_outbox WHERE subscriber NOT IN "
        "(SELECT subscriber FROM index_queues) GROUP BY subscriber) q "
        "LEFT JOIN (SELECT subscriber, count(*) AS length, min(created_at) AS oldest FROM index_outbox "
        "GROUP BY subscriber) o ON o.subscriber = q.subscriber "
        "LEFT JOIN (SELECT subscriber, count(*) AS dead FROM index_dead GROUP BY subscriber) d "
        "ON d.subscriber = q.subscriber ORDER BY q.subscriber"
    )
    return tuple(
        QueueStand(
            subscriber=row[0],
            length=row[1],
            oldest_at=row[2],
            paused=bool(row[3]),
            attempts=row[4],
            last_error=row[5],
            delivered_at=row[6],
            dead=row[7],
        )
        for row in await reader.rows(statement, {})
    )


async def dead_letters(
    reader: Reader, subscriber: str = "", after: int = 0, limit: int = 100
) -> tuple[DeadLetter, ...]:
    """Dead letters in order, of one subscriber or of all, after a number (EI-8.9)."""
    of_one = "AND subscriber = :subscriber " if subscriber else ""
    statement = (
        "SELECT seq, subscriber, correlation_id, died_at, reason, mended, content FROM index_dead "
        f"WHERE seq > :after {of_one}ORDER BY seq LIMIT :most"
    )
    parameters: dict[str, Any] = {"after": after, "most": limit}
    if subscriber:
        parameters["subscriber"] = subscriber
    return tuple(
        DeadLetter(
            seq=row[0],
            subscriber=row[1],
            correlation_id=row[2],
            died_at=row[3],
            reason=row[4],
            mended=bool(row[5]),
            content=row[6],
        )
        for row in await reader.rows(statement, parameters)
    )


async def dead_letter(reader: Reader, seq: int) -> DeadLetter | None:
    """One dead letter; None where there is none of that number."""
    found = await dead_letters(reader, after=seq - 1, limit=1)
    return found[0] if found and found[0].seq == seq else None


async def counts(reader: Reader, *, rows: bool = False) -> dict[str, float]:
    """Requests not applied, when the oldest came (0: none), dead letters, the lock; `rows` are slow to count."""
    ((waiting_now, oldest),) = await reader.rows("SELECT count(*), coalesce(min(received_at), 0) FROM index_inbox", {})
    ((dead,),) = await reader.rows("SELECT count(*) FROM index_dead", {})
    lock = await reader.rows("SELECT value FROM index_facts WHERE name = 'write-lock'", {})
    found = {"waiting": waiting_now, "oldest_at": oldest, "dead": dead, "locked": bool(lock and lock[0][0] == "on")}
    if rows:
        ((found["rows"],),) = await reader.rows("SELECT count(*) FROM engagements", {})
    return found
