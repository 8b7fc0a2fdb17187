"""Producers' health: a breaker before each endpoint, and what is learnt of it from every call (section 11, AG-7.5).

`Health` is a `Producer` around a `Producer`. What a call costs more: docs/adr/0015.
"""

import random
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import lru_cache

from vaxel.adapters.breaker import DELIVERING, Breaker, BreakerRules, State
from vaxel.adapters.telemetry import Log
from vaxel.adapters.vitals import OTHER, Origin, Vitals, origin
from vaxel.call import Body
from vaxel.delivery import Answer, Outgoing, Producer
from vaxel.errors import Overloaded, ProducerFailed

SERIES = 500
"""Endpoints with metrics of their own; later ones share the label `other`."""
SILENCES = frozenset({"producer.response-timeout", "producer.total-timeout"})
SPOKE = frozenset({"producer.idle-timeout", "producer.response-truncated", "producer.protocol"})
"""Failures of a producer that said something, and therefore lives."""

Changed = Callable[[Vitals, State], None]
"""Told of an endpoint whose breaker has opened or closed, and of its state before."""


def logged(log: Log) -> Changed:
    """Tells the log where and why a breaker has opened, and that it has closed."""

    def changed(vitals: Vitals, before: State) -> None:
        breaker, endpoint = vitals.breaker, str(vitals.origin)
        if breaker.state is State.CLOSED:
            log.event("producer.breaker-closed", endpoint=endpoint, before=before, cause=breaker.cause)
            return
        seconds = round(breaker.until - breaker.since, 1)
        facts = {"before": before, "cause": breaker.cause, "failures": breaker.consecutive, "seconds": seconds}
        log.event("producer.breaker-opened", level="warning", endpoint=endpoint, **facts)

    return changed


class Health:
    """Refuses calls to endpoints whose breaker is open with `producer.circuit-open`, at once; else sends them on."""

    def __init__(
        self,
        inner: Producer,
        rules: BreakerRules,
        changed: Changed,
        *,
        show_address: bool = True,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inner = inner
        self._rules = rules
        self._changed = changed
        self._show_address = show_address
        self._now = now
        self._draw = random.Random().random  # noqa: S311 - spreads attempts in time, no secret
        self._endpoints: dict[Origin, Vitals] = {}
        self._origin = lru_cache(maxsize=4096)(origin)

    @property
    def vitals(self) -> tuple[Vitals, ...]:
        """Every endpoint that is known."""
        return tuple(self._endpoints.values())

    def keep(self, used: set[Origin]) -> None:
        """Forget the endpoints that no route leads to any more."""
        self._endpoints = {each: vitals for each, vitals in self._endpoints.items() if each in used}

    async def send(self, outgoing: Outgoing) -> Answer:
        """Send where the breaker lets it; what follows is the inner producer's, noted."""
        found = self._origin(outgoing.url)
        if found is None:
            return await self._inner.send(outgoing)  # no URL: it knows what that means
        vitals = self._endpoints.get(found) or self._met(found)
        begun = vitals.used_at = self._now()
        ticket = vitals.breaker.admit(begun)
        if ticket is None:
            raise self._skipped(vitals, outgoing)
        upload = None
        if outgoing.body.rest is not None:
            upload = _Upload(outgoing.body.rest)
            outgoing = replace(outgoing, body=replace(outgoing.body, rest=upload))
        try:
            answer = await self._inner.send(outgoing)
        except ProducerFailed as failure:
            self._failed(vitals, ticket, failure.cause, whole=upload is None or upload.ended)
            raise
        except BaseException as error:
            vitals.overloaded += isinstance(error, Overloaded)
            vitals.breaker.abandoned(ticket)
            raise
        now = self._now()
        vitals.answered += 1
        vitals.answered_s += now - begun
        vitals.recent_s.append(now - begun)
        self._alive(vitals, ticket, now)
        return answer if answer.body.rest is None else replace(answer, body=self._watched(vitals, answer.body))

    def probed(self, vitals: Vitals, cause: str) -> None:
        """A probe connected (empty cause) or did not."""
        vitals.probes += 1
        vitals.probe_cause, vitals.probed_at = cause, self._now()
        before = vitals.breaker.state
        vitals.breaker.probed(cause, vitals.probed_at)
        self._tell(vitals, before)

    def _met(self, found: Origin) -> Vitals:
        label = str(found) if len(self._endpoints) < SERIES else OTHER
        vitals = Vitals(found, Breaker(self._rules, self._draw, self._now()), label)
        self._endpoints[found] = vitals
        return vitals

    def _skipped(self, vitals: Vitals, outgoing: Outgoing) -> ProducerFailed:
        vitals.skipped += 1
        fields = {"address": outgoing.url} if self._show_address else {}
        reason = "the producer has failed too often and is not called for a while"
        return ProducerFailed(reason, cause="producer.circuit-open", fields=fields)

    def _alive(self, vitals: Vitals, ticket: int, now: float) -> None:
        before = vitals.breaker.state
        vitals.breaker.answered(ticket, now)
        if before is not State.CLOSED:
            self._tell(vitals, before)

    def _failed(self, vitals: Vitals, ticket: int, cause: str, *, whole: bool) -> None:
        """A silence counts where the request was sent in `whole`: else it may be the consumer who is slow."""
        now = self._now()
        vitals.note(cause, now)
        if cause in SPOKE:
            self._alive(vitals, ticket, now)
        elif cause not in DELIVERING or (cause in SILENCES and not whole):
            vitals.breaker.abandoned(ticket)
        else:
            before = vitals.breaker.state
            vitals.breaker.failed(ticket, cause, now)
            self._tell(vitals, before)

    def _tell(self, vitals: Vitals, before: State) -> None:
        state = vitals.breaker.state
        if state is before or state is State.HALF_OPEN:
            return
        vitals.opened += state is State.OPEN
        self._changed(vitals, before)

    def _watched(self, vitals: Vitals, body: Body) -> Body:
        assert body.rest is not None  # noqa: S101 - just asked
        return replace(body, rest=_Download(body.rest, lambda cause: vitals.note(cause, self._now())))


class _Upload:
    """A request's body that is still coming; knows whether all of it has come."""

    __slots__ = ("_rest", "ended")

    def __init__(self, rest: AsyncIterator[bytes]) -> None:
        self._rest = rest
        self.ended = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await anext(self._rest)
        except StopAsyncIteration:
            self.ended = True
            raise


class _Download:
    """An answer's body that is still coming; notes what it breaks with."""

    __slots__ = ("_note", "_rest")

    def __init__(self, rest: AsyncIterator[bytes], note: Callable[[str], None]) -> None:
        self._rest = rest
        self._note = note

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await anext(self._rest)
        except ProducerFailed as failure:
            self._note(failure.cause)
            raise

    async def aclose(self) -> None:
        """End the inner one."""
        close = getattr(self._rest, "aclose", None)
        if close is not None:
            await close()
