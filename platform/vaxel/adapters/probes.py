"""Active probing: a connection to an endpoint now and then, with nothing sent on it (SW-10.10)."""

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from vaxel.adapters.breaker import State
from vaxel.adapters.health import Health
from vaxel.adapters.vitals import Vitals

LATELY_S = 300
_LOOKS = 20
"""How often within an interval the prober looks for what is due."""
_JITTER = 0.3

Connect = Callable[[str], Awaitable[str]]
"""URL → the cause why no connection could be had, empty where one was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRules:
    """What is probed: `open` endpoints, or also those `used` within the last five minutes, or none (`off`).

    Each at most every `interval_s` seconds, a little sooner by chance so that nodes do not probe in step; `parallel`
    at a time.
    """

    what: Literal["open", "used", "off"] = "open"
    interval_s: float = 5
    parallel: int = 8


class Prober:
    """Probes endpoints until it is cancelled."""

    def __init__(
        self, health: Health, connect: Connect, rules: ProbeRules, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._health = health
        self._connect = connect
        self._rules = rules
        self._now = now
        self._draw = random.Random().random  # noqa: S311 - spreads probes in time, no secret
        self._running = 0

    async def run(self) -> None:
        """Probe what is due, again and again."""
        if self._rules.what == "off":
            return
        async with asyncio.TaskGroup() as group:
            while True:
                for vitals in self._due()[: self._rules.parallel - self._running]:
                    vitals.probe_at = math.inf
                    self._running += 1
                    group.create_task(self._probe(vitals))
                await asyncio.sleep(self._rules.interval_s / _LOOKS)

    def _due(self) -> list[Vitals]:
        """Endpoints whose time has come, longest due first; those that are new to it get their time."""
        now, due = self._now(), []
        for vitals in self._health.vitals:
            if not self._wanted(vitals, now):
                vitals.probe_at = 0
            elif not vitals.probe_at:
                vitals.probe_at = now + self._rules.interval_s * (1 - 2 / _LOOKS - _JITTER * self._draw())
            elif vitals.probe_at <= now:
                due.append(vitals)
        return sorted(due, key=lambda vitals: vitals.probe_at)

    def _wanted(self, vitals: Vitals, now: float) -> bool:
        if vitals.breaker.state is State.OPEN:
            return True
        return self._rules.what == "used" and now - vitals.used_at < LATELY_S

    async def _probe(self, vitals: Vitals) -> None:
        try:
            cause = await self._connect(str(vitals.origin))
        except Exception:  # noqa: BLE001 - one endpoint's surprise must not end the probing of all
            cause = "internal.error"
        finally:
            self._running -= 1
            vitals.probe_at = 0
        self._health.probed(vitals, cause)
