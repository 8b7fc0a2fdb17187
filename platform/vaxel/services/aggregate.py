"""`vaxel:aggregate`: one question to every source that holds something, one answer (spec/aggregation.md).

    request → question → index → plan → a call to each source, at once → records joined as they come → status → answer

What is said of a contract stands in its catalogue entry; nothing here knows one (AG-11.1).
"""

import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from vaxel.aggregation import plan, question, status
from vaxel.aggregation.merge import Merge, ShelfFull, Taken
from vaxel.aggregation.plan import Asker
from vaxel.call import Body, Call, Handler, Reply
from vaxel.contracts.catalogue import Catalogue
from vaxel.contracts.entry import Contract
from vaxel.directory.model import Directory
from vaxel.engagements.model import Engagement
from vaxel.engagements.port import Index
from vaxel.errors import MessageMalformed, NoDirectory, QuestionRefused
from vaxel.services.answer import Writer
from vaxel.services.asked import Aggregating, Asked, Tally
from vaxel.services.sources import Outcome, Round, Until
from vaxel.services.spool import Spool
from vaxel.services.subcall import Cutting, SubCalls
from vaxel.soap import tree

STREAM, WITHIN = b"x-vaxel-stream", b"x-vaxel-answer-within"


class Events(Protocol):
    """Told how aggregations went: log and metrics (section 13)."""

    def aggregated(self, call: Call, tally: Tally) -> None:
        """It is over."""
        ...

    def source_failed(self, call: Call, error: BaseException) -> None:
        """A call to a source failed in a way that nobody foresaw."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What an aggregation needs of the platform: the release it belongs to, the journey, the index, the time.

    `index` gives the port for one call and a deadline in monotonic seconds; `now` is Swedish local time.
    """

    directory: Directory | None
    catalogue: Catalogue
    handler: Handler
    index: Callable[[Call, float], Index]
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    events: Events


class Aggregate:
    """A platform service: a `Handler` that answers for all sources."""

    def __init__(self, around: Surroundings, how: Aggregating) -> None:
        self._around, self._how = around, how
        self._writer = Writer(around.catalogue, how, around.now)

    async def __call__(self, call: Call) -> Reply:
        """The joined answer with status 200, whatever the sources did (AG-3.2); VP008, VX010."""
        asked = await self.prepare(call)
        if asked.streamed:
            return Reply(status=200, headers=(), body=Body(start=b"", rest=self._stream(asked)))
        shelf = self._spool()
        merging = asked.merge(shelf)
        try:
            async for _ in self.answers(asked, merging):
                pass
            return self._writer.reply(asked, merging, shelf)
        except BaseException:
            shelf.close()
            raise
        finally:
            self._around.events.aggregated(call, asked.tally)

    async def prepare(self, call: Call) -> Asked:
        """What is asked, and of whom: steps 1 to 3 of section 3."""
        directory, entry = self._around.directory, self._around.catalogue.get(call.contract)
        if directory is None:
            raise NoDirectory("no directory has been loaded")
        if entry is None or entry.records is None:
            raise QuestionRefused("the contract is not aggregated here", cause="request.unknown-element")
        content = await _whole(call)
        payload = call.envelope.payload
        if payload is None:  # a contract whose requests are not validated
            payload = tree.parse(content).payload
        asks = question.read(payload, call.envelope.operation, entry)
        deadline = min(call.deadline, call.started + (entry.total_timeout_s or self._how.timeout_s))
        begun = time.monotonic()
        found = await self._engagements(call, asks, entry, deadline)
        asker, day = self._asker(call, directory), self._around.now().date()
        planned = plan.plan(found, asks, asker, entry, directory, self._how.rules, day)
        asked = Asked(
            call=call,
            content=content,
            entry=entry,
            question=asks,
            until=Until(deadline=deadline - self._how.margin_s, early=_early(call, entry)),
            streamed=_header(call, STREAM).lower() == "on" and call.encoding == "utf-8",
            duplicates=self._how.duplicates,
            tally=Tally(plan=planned, asked_s=time.monotonic() - begun),
        )
        if asked.streamed and not self._writer.open_ended(asked, asked.merge(self._spool())):
            reason = "the contract's answer has no extension point, so it cannot be streamed"
            raise QuestionRefused(reason, cause="request.stream-not-possible")
        return asked

    async def answers(self, asked: Asked, merging: Merge) -> AsyncGenerator[tuple[Outcome, Taken | None], None]:
        """Each source's outcome as it comes, with what was taken of it (AG-8.14); every answer is made of this.

        An item comes when the source's own record in the journal is closed.
        """
        calls = self._calls(asked, merging)
        round_ = self._round(asked, calls)
        asked.call.trail.sent_at = time.monotonic()
        try:
            async for arrived in round_:
                outcome, taken = _take(arrived, merging)
                calls.release(outcome.size_bytes)
                asked.tally.outcomes.append(outcome)
                if taken is not None:
                    asked.tally.taken[outcome.source.address] = taken
                yield outcome, taken
        finally:
            asked.call.trail.answered_at = time.monotonic()
            await round_.aclose()
            asked.tally.replaced = merging.replaced

    async def _stream(self, asked: Asked) -> AsyncGenerator[bytes, None]:
        """Records as each source finishes, and the status last (AG-8.13)."""
        shelf = self._spool()
        merging = asked.merge(shelf, resend=False)
        answers = self.answers(asked, merging)
        opened = False
        try:
            async for _, taken in answers:
                if taken is None:
                    continue
                if not opened:
                    opened = True
                    yield self._writer.opening(asked, merging)
                for chunk in self._writer.records(merging, taken):
                    asked.tally.size_bytes += len(chunk)
                    yield chunk
                yield b""  # what closes the record of a streamed answer holds one part back: this lets the last one go
            yield (b"" if opened else self._writer.opening(asked, merging)) + self._writer.last(asked, merging)
        finally:
            await answers.aclose()
            shelf.close()
            self._around.events.aggregated(asked.call, asked.tally)

    async def _engagements(
        self, call: Call, asks: question.Question, entry: Contract, deadline: float
    ) -> tuple[Engagement, ...]:
        index = self._around.index(call, deadline)
        found = await index.find(asks.resident, asks.service_domain, asks.categorization)
        age = entry.aggregation.most_recent if entry.aggregation else None
        return plan.recent(found, age, self._around.now()) if age else found

    def _asker(self, call: Call, directory: Directory) -> Asker:
        """For whom: the original consumer counts only where the sender may state it (step c)."""
        component = directory.component(call.sender)
        may_state = call.caller.call_class == "internal" or (
            component is not None and component.may_state_original_consumer
        )
        own = {directory.platform.id.lower(), *(name.lower() for name in self._how.rules.own)}
        return Asker(
            sender=call.sender,
            others=call.original_consumer if may_state and call.original_consumer != call.sender else "",
            address="" if call.receiver.lower() in own else call.receiver,
        )

    def _calls(self, asked: Asked, merging: Merge) -> SubCalls:
        around = self._around
        cutting = Cutting(
            entry=asked.entry,
            names=merging.names,
            error_fails=self._how.error_fails,
            held_bytes=self._how.max_bytes,
        )
        failed = around.events.source_failed
        return SubCalls(asked.call, asked.content, around.handler, cutting, asked.until.deadline, failed)

    def _round(self, asked: Asked, calls: SubCalls) -> Round:
        return Round(
            calls.ask,
            asked.tally.plan.sources,
            asked.until,
            parallel=self._how.parallel,
            new_id=self._around.new_id,
            gone=asked.call.gone,
        )

    def _spool(self) -> Spool:
        return Spool(memory_bytes=self._how.spool_bytes, room_bytes=self._how.max_bytes)


def _take(outcome: Outcome, merging: Merge) -> tuple[Outcome, Taken | None]:
    """Take an answer's records; one that does not fit fails, alone (AG-8.12). The answer's bytes are let go."""
    if outcome.cut is None:
        return outcome, None
    try:
        return replace(outcome, cut=None), merging.take(outcome.source, outcome.cut)
    except ShelfFull:
        return replace(outcome, cut=None, failure=status.too_large()), None
    except MessageMalformed as error:
        return replace(outcome, cut=None, failure=status.invalid(error.reason)), None


async def _whole(call: Call) -> bytes:
    content = bytearray(call.body.start)
    if call.body.rest is not None:
        async for part in call.body.rest:
            content += part
    return bytes(content)


def _header(call: Call, name: bytes) -> str:
    return next((value.decode("latin-1").strip() for key, value in call.headers if key == name), "")


def _early(call: Call, entry: Contract) -> float | None:
    """When an early answer is given: what the caller says, else what the catalogue says (AG-7.4)."""
    seconds = entry.early_answer_s
    stated = _header(call, WITHIN)
    if stated.replace(".", "", 1).isascii() and stated.replace(".", "", 1).isdigit():
        seconds = float(stated)
    return None if seconds is None else call.started + seconds
