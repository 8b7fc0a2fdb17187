"""Calls to many sources at once, under one deadline: outcomes come as sources finish (aggregation.md sections 6, 7)."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from vaxel.aggregation import status
from vaxel.aggregation.plan import Source
from vaxel.aggregation.status import Failure
from vaxel.exchange.gateway import ConsumerGone
from vaxel.soap.records import Cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How it went with one source: its answer, or why there is none. `call` is the call's id in the journal."""

    source: Source
    call: str
    ms: float
    cut: Cut | None = None
    size_bytes: int = 0
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Until:
    """When waiting ends, in monotonic seconds: for all, and early once somebody has answered (AG-7.2, AG-7.4)."""

    deadline: float
    early: float | None = None


_Event = Outcome | Literal["deadline", "early", "gone"]
Ask = Callable[[Source, str], Awaitable[Outcome]]
"""Source and the id of the call to it → its outcome; raises nothing."""


class Round:
    """One question to many: an iterator of outcomes, exactly one for each source.

    No task group, since a streamed answer suspends within it; `aclose` ends the calls that are still under way, and
    returns when their records are written.
    """

    def __init__(
        self,
        ask: Ask,
        sources: tuple[Source, ...],
        until: Until,
        *,
        parallel: int,
        new_id: Callable[[], str],
        gone: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._begun = time.monotonic()
        self._ask, self._places = ask, asyncio.Semaphore(parallel)
        self._events: asyncio.Queue[_Event] = asyncio.Queue()
        self._open: dict[str, tuple[Source, str]] = {each.address: (each, new_id()) for each in sources}
        self._waiting = set(self._open)
        self._given_up: list[Outcome] = []
        self._answered = self._early = False
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._one(*each)) for each in self._open.values()]
        if gone is not None:
            self._tasks.append(loop.create_task(self._watch(gone)))
        at = loop.time() - time.monotonic()
        self._timers = [loop.call_at(at + until.deadline, self._events.put_nowait, "deadline")]
        if until.early is not None:
            self._timers.append(loop.call_at(at + until.early, self._events.put_nowait, "early"))

    def __aiter__(self) -> AsyncIterator[Outcome]:
        return self

    async def __anext__(self) -> Outcome:
        """The next outcome; `ConsumerGone` where nobody waits for it."""
        while not self._given_up:
            if not self._open:
                raise StopAsyncIteration
            event = await self._events.get()
            if isinstance(event, Outcome):
                del self._open[event.source.address]
                self._answered = self._answered or event.failure is None
                if self._early and self._answered:
                    self._give_up("aggregation.early-answer")
                return event
            if event == "gone":
                raise ConsumerGone
            self._early = self._early or event == "early"
            if event == "deadline":
                self._give_up("aggregation.deadline")
            elif self._answered:
                self._give_up("aggregation.early-answer")
        return self._given_up.pop(0)

    async def aclose(self) -> None:
        """End what is still under way (AG-7.3, AG-7.6)."""
        for timer in self._timers:
            timer.cancel()
        under_way = [task for task in self._tasks if not task.done()]
        for task in under_way:
            task.cancel()
        if under_way:
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _one(self, source: Source, call: str) -> None:
        async with self._places:
            self._waiting.discard(source.address)
            self._events.put_nowait(await self._ask(source, call))

    async def _watch(self, gone: Callable[[], Awaitable[None]]) -> None:
        await gone()
        self._events.put_nowait("gone")

    def _give_up(self, cause: Literal["aggregation.deadline", "aggregation.early-answer"]) -> None:
        """Every source without answer gets an outcome that says so; outcomes that have come meanwhile count."""
        while not self._events.empty():
            event = self._events.get_nowait()
            if isinstance(event, Outcome):
                del self._open[event.source.address]
                self._given_up.append(event)
        seconds = time.monotonic() - self._begun
        for task in self._tasks:
            task.cancel()
        for source, call in self._open.values():
            what = "was not called: no place was free" if source.address in self._waiting else "did not answer"
            failure = status.late(cause, f"the source {what} within {seconds:.1f} s")
            self._given_up.append(Outcome(source=source, call=call, ms=seconds * 1000, failure=failure))
        self._open.clear()
