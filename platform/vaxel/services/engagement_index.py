"""`vaxel:engagement-index`: Update, ProcessNotification, FindContent and GetUpdates (engagement_index.md)."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from vaxel.adapters.index_telemetry import IndexEvents
from vaxel.call import Body, Call, Handler, Reply
from vaxel.contracts.catalogue import Catalogue
from vaxel.contracts.validate import validate
from vaxel.directory.model import Directory, IndexFilter
from vaxel.engagements import checks, read, write
from vaxel.engagements.batch import Arrived
from vaxel.engagements.cursor import Key, after, cursor, key
from vaxel.engagements.fields import CHANGES, FIND, NOTIFY, UPDATE
from vaxel.engagements.model import Engagement, Transaction
from vaxel.engagements.rules import breaches
from vaxel.engagements.subscribers import wanted
from vaxel.errors import AddressUnusable, IndexField, IndexSchema, IndexTechnical, Refusal
from vaxel.services.applying import Applier
from vaxel.settings import SWEDEN
from vaxel.soap import charset, tree
from vaxel.store import asking, inbox
from vaxel.store.reader import Reader
from vaxel.store.store import Store

NAMES = {UPDATE: "Update", NOTIFY: "ProcessNotification", FIND: "FindContent", CHANGES: "GetUpdates"}
PORTION = 1000
"""Rows of a long answer that are read and sent at a time (EI-6.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What settings say of answering (section 14)."""

    sync: bool = False
    check_sender: str = "off"
    domain_rules: str = "warn"
    locked: str = "queue"
    updates_page: int = 500
    updates_days: int = 90
    own_pattern: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What holds for one directory release: who the index is, what it is asked by, what its callers may see."""

    rules: checks.Rules
    catalogue: Catalogue
    directory: Directory
    filters: Callable[[Call], Sequence[IndexFilter]]


class EngagementIndex:
    """Answers the four contracts; `handler` binds it to a release."""

    def __init__(self, store: Store, applier: Applier, behaviour: Behaviour, events: IndexEvents) -> None:
        self._store = store
        self._applier = applier
        self._behaviour = behaviour
        self._events = events

    def handler(self, now: Situation) -> Handler:
        """The service as calls of a release meet it."""
        answers: dict[str, Callable[[Call, Any, Situation], Awaitable[Reply]]] = {
            UPDATE: self._change,
            NOTIFY: self._change,
            FIND: self._find,
            CHANGES: self._changes,
        }

        async def answer(call: Call) -> Reply:
            answering = answers.get(call.contract)
            if answering is None:
                fields = {"serviceNamespace": call.contract, "receiverId": call.receiver}
                raise AddressUnusable("the index has no such contract", cause="routing.address-invalid", fields=fields)
            return await answering(call, await _payload(call), now)

        return answer

    # Update and ProcessNotification

    async def _change(self, call: Call, payload: Any, now: Situation) -> Reply:
        found = read.transactions(payload)
        try:
            found = self._checked(call, payload, found, now)
            await self._refuse_if_locked()
            await self._store.write(inbox.keep, _arrived(call, found))
        except Refusal as refusal:
            self._count(call, found, refusal.code)
            raise
        self._count(call, found, "ok")
        self._applier.arrived(len(found))
        if self._behaviour.sync:
            await self._applier.apply()
        return _reply(call, write.result(call.contract, NAMES[call.contract]))

    def _checked(
        self, call: Call, payload: Any, found: tuple[Transaction, ...], now: Situation
    ) -> tuple[Transaction, ...]:
        """The transactions as they are to be kept; the index's own codes come before the schema's (EI-4.5)."""
        rules = now.rules
        checks.check_count(len(found), rules)
        checks.check_receiver(call.receiver, rules)
        if call.contract == UPDATE:
            found = tuple(replace(each, engagement=replace(each.engagement, owner=rules.own)) for each in found)
        checks.check_transactions(found, rules)
        self._check_schema(call, payload, now)
        for each in found:
            checks.check_resident(each.engagement.registered_resident_identification, rules)
        if call.contract == UPDATE:
            self._check_rules(call, found, now)
            self._check_sender(call, found, now)
            return found
        return tuple(each for each in found if each.engagement.owner.lower() not in rules.addresses)

    def _check_schema(self, call: Call, payload: Any, now: Situation) -> None:
        """EI001; a resident is judged by the operator's pattern where there is one (EI-3.2)."""
        entry = now.catalogue.get(call.contract)
        found = validate(now.catalogue, entry, payload, response=False) if entry else ()
        if self._behaviour.own_pattern:
            found = tuple(each for each in found if "registeredResidentIdentification" not in each.path)
        if found:
            raise IndexSchema("; ".join(map(str, found)))

    def _check_rules(self, call: Call, found: Sequence[Transaction], now: Situation) -> None:
        """The domain's rules: counted by sender, or refused (EI-10.1)."""
        if self._behaviour.domain_rules == "off":
            return
        broken = 0
        for number, each in enumerate(found, 1):
            field = next(breaches(each.engagement, now.catalogue.index_rules), None)
            if field is None:
                continue
            broken += 1
            if self._behaviour.domain_rules == "enforce":
                fields = {"number": str(number), "field": field}
                raise IndexField("the domain's rules are broken", cause="request.domain-rule", fields=fields)
        if broken:
            self._events.broken(call.sender, broken)
            call.trail.notes["domainRules"] = str(broken)

    def _check_sender(self, call: Call, found: Sequence[Transaction], now: Situation) -> None:
        """Whether the sender speaks for its sources: is one, or answers for it by a route (EI-4.14)."""
        if self._behaviour.check_sender == "off":
            return
        sender = call.sender.lower()
        sources = {each.engagement.source_system.lower() for each in found} - {sender}
        strange = sources - {
            to.lower() for route in now.directory.routes if route.producer.lower() == sender for to in route.to
        }
        if strange and self._behaviour.check_sender == "enforce":
            fields = {"senderId": call.sender, "sourceSystem": min(strange)}
            raise IndexTechnical("the sender is not the source", cause="request.sender-not-source", fields=fields)
        if strange:
            call.trail.notes["strangeSources"] = str(len(strange))

    async def _refuse_if_locked(self) -> None:
        if self._behaviour.locked == "refuse" and (await asking.counts(await self._store.reader()))["locked"]:
            raise IndexTechnical("the index is locked", cause="index.locked")

    def _count(self, call: Call, found: Sequence[Transaction], outcome: str) -> None:
        """Domains are counted only where something was taken: a caller cannot make up labels."""
        if outcome != "ok":
            self._events.received(NAMES[call.contract], "", outcome, len(found))
            return
        for domain in {each.engagement.service_domain for each in found}:
            count = sum(each.engagement.service_domain == domain for each in found)
            self._events.received(NAMES[call.contract], domain, outcome, count)

    # FindContent

    async def _find(self, call: Call, payload: Any, now: Situation) -> Reply:
        begun = time.perf_counter()
        query = read.query(payload)
        checks.check_query(query.wanted)
        self._check_schema(call, payload, now)
        place = after(query.wanted, query.cursor)
        reader = await self._store.reader()
        most = query.page or PORTION
        rows = await asking.find(reader, query.wanted, place, most + 1)
        call.trail.rows = min(len(rows), most)
        self._events.found(call.trail.rows, time.perf_counter() - begun)
        if query.page is None and len(rows) > most:
            return await _streamed(call, _portions(call, reader, query.wanted, rows))
        more = cursor(query.wanted, rows[most - 1]) if len(rows) > most else ""
        content = write.FIND_HEAD + write.engagements(rows[:most]) + write.next_page(more) + write.FIND_TAIL
        return _reply(call, content)

    # GetUpdates

    async def _changes(self, call: Call, payload: Any, now: Situation) -> Reply:
        asked = read.changes(payload)
        checks.check_receiver(call.receiver, now.rules)
        oldest = datetime.now(SWEDEN) - timedelta(days=self._behaviour.updates_days)
        checks.check_changes(asked, f"{oldest:%Y%m%d%H%M%S}")
        self._check_schema(call, payload, now)
        filters = now.filters(call)
        if filters and not any(each.service_domain.lower() == asked.service_domain.lower() for each in filters):
            return _reply(call, write.updates((), complete=True))
        reader, page = await self._store.reader(), self._behaviour.updates_page
        domain, since = asked.service_domain, epoch(asked.since)
        residents = await asking.changed_residents(reader, domain, since, asked.after, page + 1)
        held = await asking.of_residents(reader, self._store.dialect, domain, residents[:page])
        seen = [
            (resident, tuple(each for each in held[resident] if wanted(filters, each))) for resident in residents[:page]
        ]
        call.trail.rows = sum(len(each) for _, each in seen)
        return _reply(call, write.updates(seen, complete=len(residents) <= page))


def epoch(text: str) -> int:
    """Seconds since the epoch of a Swedish `YYYYMMDDhhmmss`; the earlier one where the clock was put back."""
    return int(datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=SWEDEN).astimezone(UTC).timestamp())


def _arrived(call: Call, found: tuple[Transaction, ...]) -> Arrived:
    return Arrived(
        correlation_id=call.correlation_id,
        sender=call.sender,
        transactions=found,
        notified=call.contract == NOTIFY,
    )


async def _payload(call: Call) -> Any:
    """The parsed payload; a message that was let through unparsed is parsed here."""
    if call.envelope.payload is not None:
        return call.envelope.payload
    content = bytearray(call.body.start)
    if call.body.rest is not None:
        async for chunk in call.body.rest:
            content += chunk
    return tree.parse(bytes(content)).payload


def _reply(call: Call, content: bytes) -> Reply:
    if call.encoding != "utf-8":
        content = charset.from_utf8(content, call.encoding)
    return Reply(status=200, headers=(), body=Body.whole(content))


async def _streamed(call: Call, portions: AsyncIterator[bytes]) -> Reply:
    if call.encoding != "utf-8":
        return _reply(call, b"".join([each async for each in portions]))
    return Reply(status=200, headers=(), body=Body(start=write.FIND_HEAD, rest=portions))


async def _portions(
    call: Call, reader: Reader, asked: Engagement, rows: tuple[Engagement, ...]
) -> AsyncIterator[bytes]:
    """All rows, portion by portion, each beginning where the former ended."""
    if call.encoding != "utf-8":
        yield write.FIND_HEAD
    place: Key | None = None
    while rows:
        part = rows[:PORTION]
        if place is not None:
            call.trail.rows = (call.trail.rows or 0) + len(part)
        yield write.engagements(part)
        place = key(part[-1])
        rows = await asking.find(reader, asked, place, PORTION + 1) if len(rows) > PORTION else ()
    yield write.FIND_TAIL
