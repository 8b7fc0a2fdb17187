"""Applies what was answered: at once, or collected for a while (EI-4.9)."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from vaxel.adapters.index_telemetry import IndexEvents
from vaxel.store.inbox import Applied, Turn
from vaxel.store.store import Store

RETRY_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Collecting:
    """Requests of at most `threshold` transactions wait until `size` of them are there, or `longest_s` have passed."""

    threshold: int = 1
    size: int = 1000
    longest_s: float = 5


class Applier:
    """Turns requests of the inbox into rows and notifications; `turn` tells how at this moment."""

    def __init__(
        self,
        store: Store,
        turn: Callable[[], Turn],
        collecting: Collecting,
        events: IndexEvents,
        notify: Callable[[], None],
    ) -> None:
        self._store = store
        self._turn = turn
        self._collecting = collecting
        self._events = events
        self._notify = notify
        self._some = asyncio.Event()
        self._now = asyncio.Event()
        self._collected = 0
        self.waiting = 0
        """Transactions that this process answered and has not applied yet (EI-6.6)."""

    def arrived(self, transactions: int) -> None:
        """A request is durable in the inbox."""
        self._collected += transactions
        self.waiting += transactions
        self._some.set()
        if transactions > self._collecting.threshold or self._collected >= self._collecting.size:
            self._now.set()

    def hurry(self) -> None:
        """Apply what waits without collecting more."""
        self._some.set()
        self._now.set()

    async def apply(self) -> None:
        """Apply everything that is in the inbox now; raises `IndexTechnical` where the store is gone."""
        more = True
        while more:
            done: Applied = await self._store.write(self._turn())
            if done.transactions:
                self._events.applied(done.transactions, time.time() - done.oldest_at)
            if done.told:
                self._notify()
            more = done.more
            self.waiting = max(0, self.waiting - done.transactions)

    async def run(self) -> None:
        """Apply until cancelled, what an earlier process left first, and look by itself for what others left."""
        while True:
            try:
                await self.apply()
            except Exception as error:  # noqa: BLE001 - nothing may end this: what was answered must take effect
                self._events.trouble("applying", error)
                await asyncio.sleep(RETRY_S)
                continue
            await self._wait(self._some, self._collecting.longest_s)
            if self._some.is_set():
                await self._wait(self._now, self._collecting.longest_s)
            self._some.clear()
            self._now.clear()
            self._collected = 0

    async def _wait(self, event: asyncio.Event, longest_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(longest_s):
                await event.wait()
