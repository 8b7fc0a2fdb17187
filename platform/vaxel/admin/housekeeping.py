"""What a node does by itself while it runs: checkpoints of the journal leave it, and the clock is watched."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from vaxel.adapters.clock import Clock
from vaxel.adapters.telemetry import Log
from vaxel.admin.facts import Facts
from vaxel.errors import JournalUnavailable
from vaxel.journal.ship import Shipper
from vaxel.journal.writer import Journal

CHECKPOINT_S = 10
WAITING = 1000
"""Most checkpoints that wait for their place to take them."""


class Housekeeping:
    """Works until cancelled; what goes wrong is among the facts and in the log."""

    def __init__(self, journal: Journal, shipper: Shipper, facts: Facts, log: Log) -> None:
        self._journal, self._shipper, self._facts, self._log = journal, shipper, facts, log

    async def checkpoints(self) -> None:
        """Sign and ship a checkpoint now and then; those that could not be shipped are shipped first (SW-18.10)."""
        waiting: list[dict[str, Any]] = []
        while True:
            await asyncio.sleep(CHECKPOINT_S)
            try:
                checkpoint = await self._journal.checkpoint()
                waiting = [*waiting, checkpoint][-WAITING:] if checkpoint else waiting
                while waiting:
                    await asyncio.to_thread(self._shipper.ship, waiting[0])
                    waiting.pop(0)
                    self._facts.shipped_at = datetime.now(UTC)
                self._facts.ship_problem = ""
            except JournalUnavailable:
                continue  # readiness says so
            except OSError as error:
                self._facts.ship_problem = str(error)
                self._log.event("journal.checkpoint-not-shipped", level="error", reason=type(error).__name__)

    async def watch_clock(self) -> None:
        """Tell of a system clock that jumps (SW-17.10)."""
        clock = Clock()
        while True:
            await asyncio.sleep(1)
            jump_s = clock.jump_s()
            if jump_s:
                await self.jumped(jump_s)

    async def jumped(self, seconds: float) -> None:
        """The clock has jumped by so many seconds: facts, log and journal tell of it."""
        self._facts.clock_jumps += 1
        self._facts.clock_jumped_s = seconds
        self._log.event("clock.jump", level="error", seconds=seconds)
        with suppress(JournalUnavailable):
            await self._journal.durable("admin", {"action": "clock", "seconds": seconds})
