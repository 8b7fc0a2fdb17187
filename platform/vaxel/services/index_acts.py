"""What operators do to the index: look, lock, deal with dead letters; each act is in the journal (EI-8.9, EI-11)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from vaxel.engagements import checks
from vaxel.engagements.fields import BY_NAME, FIELDS, value
from vaxel.engagements.model import Engagement, Transaction
from vaxel.engagements.subscribers import Subscriber
from vaxel.errors import IndexField
from vaxel.exchange.audit import Journal
from vaxel.store import asking, facts, moving, outbox
from vaxel.store.asking import DeadLetter
from vaxel.store.codec import unpacked
from vaxel.store.store import Store

Note = Callable[[dict[str, Any]], Awaitable[None]]
"""Writes an `admin` record that is durable before the act, with `patient` sealed."""
PORTION = 1000
MOST = 10_000


def noting(journal: Journal) -> Note:
    """Writes such records to the journal (P-120)."""

    async def note(fields: dict[str, Any]) -> None:
        patient = {"patient": journal.seal(fields["patient"])} if "patient" in fields else {}
        await journal.durable("admin", fields | patient)

    return note


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which dead letters an act is about: single numbers, or all of a subscriber."""

    numbers: tuple[int, ...] = ()
    subscriber: str = ""


class IndexActs:
    """Acts on a store; `note` records who did what before it is done, `subscribers` are who may be told.

    `wake` tells a running platform that there is something to do.
    """

    def __init__(
        self,
        store: Store,
        note: Note,
        subscribers: Callable[[], Sequence[Subscriber]],
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._note = note
        self._subscribers = subscribers
        self._wake = wake

    async def status(self) -> dict[str, Any]:
        """Rows, what waits and since when, the lock, and each subscriber's queue (EI-11.1)."""
        reader = await self._store.reader()
        counts = await asking.counts(reader, rows=True)
        queues = await asking.queues(reader)
        return {
            "store": self._store.address.shown,
            "rows": counts["rows"],
            "notApplied": counts["waiting"],
            "oldestNotApplied": _when(counts["oldest_at"]),
            "deadLetters": counts["dead"],
            "writeLock": bool(counts["locked"]),
            "queues": [
                {
                    "name": f"EI.NOTIFICATION.{each.subscriber}",
                    "subscriber": each.subscriber,
                    "length": each.length,
                    "oldest": _when(each.oldest_at),
                    "state": "paused" if each.paused else "retrying" if each.attempts else "running",
                    "lastError": each.last_error,
                    "lastDelivered": _when(each.delivered_at),
                    "deadLetters": each.dead,
                }
                for each in queues
            ],
        }

    async def lock(self, *, on: bool, by: str) -> None:
        """Let no row change, or let them change again (EI-11.3)."""
        await self._note({"action": "index.write-lock", "by": by, "on": on})
        await self._store.write(facts.lock, on)
        self._wake()

    async def dead_letters(self, subscriber: str = "", after: int = 0, limit: int = 100) -> list[dict[str, Any]]:
        """A page of dead letters without what they say; the next begins after the last number."""
        found = await asking.dead_letters(await self._store.reader(), subscriber, after, min(limit, MOST))
        return [_shown(each) for each in found]

    async def dead_letter(self, seq: int, *, by: str) -> dict[str, Any] | None:
        """One dead letter with what it says about whom: reading it is recorded; None where there is none."""
        found = await asking.dead_letter(await self._store.reader(), seq)
        if found is None:
            return None
        (told,) = unpacked(found.content)
        fields = {"letter": seq, "subscriber": found.subscriber}
        patient = told.engagement.registered_resident_identification
        await self._note({"action": "index.dead-letter.show", "by": by, **fields, "patient": patient})
        return _shown(found) | {"deleteFlag": told.delete, "engagement": as_fields(told.engagement)}

    async def mend(self, seq: int, changed: dict[str, str], *, by: str) -> bool:
        """Change fields of a dead letter; False where there is none. Raises EI004 for what would be refused."""
        found = await asking.dead_letter(await self._store.reader(), seq)
        if found is None:
            return False
        (told,) = unpacked(found.content)
        mended = Transaction(engagement=_changed(told.engagement, changed), delete=told.delete)
        names = sorted(changed)
        await self._note({"action": "index.dead-letter.mend", "by": by, "letter": seq, "fields": names})
        return bool(await self._store.write(outbox.mend, (seq, mended)))

    async def resend(self, chosen: Chosen, *, by: str) -> int:
        """Put dead letters back into their queues; how many."""
        count = await self._each("resend", chosen, outbox.resend, by)
        self._wake()
        return count

    async def drop(self, chosen: Chosen, *, by: str) -> int:
        """Throw dead letters away; how many."""
        return await self._each("drop", chosen, outbox.drop, by)

    async def export(self, *, by: str) -> AsyncIterator[dict[str, Any]]:
        """Every row with its exchange key, in order of the identity (EI-11.5)."""
        await self._note({"action": "index.export", "by": by})
        reader, place = await self._store.reader(), None
        while rows := await moving.rows_after(reader, place, PORTION):
            for each in rows:
                yield {"key": each.exchange_key, **as_fields(each)}
            place = moving.place(rows[-1])

    async def take(self, lines: Iterable[dict[str, Any]], *, by: str, notify: bool = False) -> int:
        """Import rows as they are; how many. Raises a refusal for the first that cannot be kept (EI-11.5)."""
        await self._note({"action": "index.import", "by": by, "notify": notify})
        count, portion = 0, list[Engagement]()
        for line in lines:
            portion.append(_imported(line))
            if len(portion) == PORTION:
                count += await self._store.write(moving.take, moving.Portion(rows=tuple(portion), to=self._to(notify)))
                portion = []
        last = moving.Portion(rows=tuple(portion), to=self._to(notify))
        return count + int(await self._store.write(moving.take, last))

    async def remove(self, field: str, text: str, *, by: str, notify: bool = False) -> int:
        """Remove all rows of a resident, source system or owner; how many (EI-12.4)."""
        if field not in moving.REMOVABLE:
            raise IndexField("rows are removed by another field", fields={"field": field, "number": "1"})
        subject = {"patient" if field == moving.REMOVABLE[0] else "value": text}
        await self._note({"action": "index.remove", "by": by, "field": field, "notify": notify, **subject})
        count = 0
        removal = moving.Removal(field=field, text=text, to=self._to(notify))
        while done := await self._store.write(moving.remove, removal):
            count += int(done)
        return count

    def _to(self, notify: bool) -> tuple[Subscriber, ...]:  # noqa: FBT001 - private
        return tuple(self._subscribers()) if notify else ()

    async def refill(self, address: str, *, by: str) -> int:
        """Queue all current rows within a subscriber's filter for it; how many. EI004 where it is none (EI-8.11)."""
        to = tuple(each for each in self._subscribers() if each.address.lower() == address.lower())
        if not to:
            raise IndexField("no such subscriber", fields={"field": "subscriber", "number": "1"})
        await self._note({"action": "index.refill", "by": by, "subscriber": to[0].address})
        reader, place, count = await self._store.reader(), None, 0
        while rows := await moving.rows_after(reader, place, PORTION):
            count += int(await self._store.write(moving.tell, moving.Portion(rows=tuple(rows), to=to)))
            place = moving.place(rows[-1])
        self._wake()
        return count

    async def _each(self, action: str, chosen: Chosen, work: Any, by: str) -> int:
        fields = {"letters": list(chosen.numbers), "subscriber": chosen.subscriber}
        await self._note({"action": f"index.dead-letter.{action}", "by": by, **fields})
        if chosen.numbers:
            return int(await self._store.write(work, chosen.numbers))
        count = 0
        while numbers := await self._of(chosen.subscriber):
            count += int(await self._store.write(work, numbers))
        return count

    async def _of(self, subscriber: str) -> Sequence[int]:
        found = await asking.dead_letters(await self._store.reader(), subscriber, limit=PORTION)
        return [each.seq for each in found]


def as_fields(engagement: Engagement) -> dict[str, str]:
    """An engagement by the names of its elements."""
    return {field.name: value(engagement, field) for field in FIELDS}


def _shown(letter: DeadLetter) -> dict[str, Any]:
    shown = asdict(letter) | {"died": _when(letter.died_at)}
    del shown["content"], shown["died_at"]
    return shown


def _changed(engagement: Engagement, changed: dict[str, str]) -> Engagement:
    fields = as_fields(engagement) | changed
    return _checked(fields)


def _imported(line: dict[str, Any]) -> Engagement:
    return _checked({name: text for name, text in line.items() if name != "key"})


def _checked(fields: dict[str, Any]) -> Engagement:
    unknown = sorted(name for name, text in fields.items() if name not in BY_NAME or not isinstance(text, str))
    if unknown:
        raise IndexField("no field of an engagement", fields={"field": unknown[0], "number": "1"})
    found = Engagement(**{field.attribute: fields.get(field.name, "") for field in FIELDS})
    rules = checks.Rules(own="", addresses=frozenset(), reserved=frozenset())
    checks.check_transactions([Transaction(engagement=found)], rules)
    return found


def _when(seconds: float) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds") if seconds else None
