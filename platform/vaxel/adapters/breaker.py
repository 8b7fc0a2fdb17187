"""A circuit breaker as a pure state machine: events and times in, decisions out (switch.md section 11, AG-7.5).

    closed ──── failures ────► open ──── its time is over, or a probe connects ────► half-open
       ▲                        ▲                                                    │      │
       │                        └────────────────── the test call fails ─────────────┘      │
       └─────────────────────────────────── the test call is answered ──────────────────────┘

Times are monotonic seconds that the caller gives. A call shows the ticket it was admitted with when it ends: one of
an earlier state decides nothing, so that calls that still hang when a breaker opens do not lengthen its time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

CONNECTING = frozenset(
    {
        "producer.dns",
        "producer.connect-refused",
        "producer.connect-timeout",
        "producer.unreachable",
        "producer.tls-handshake",
        "producer.tls-untrusted",
        "producer.tls-hostname",
    }
)
"""Failures that a mere connection disproves, so that a probe may end them."""
DELIVERING = CONNECTING | {
    "producer.tls-client-rejected",
    "producer.response-timeout",
    "producer.total-timeout",
    "producer.reset",
}
"""Failures that count: nothing came back. An HTTP answer of any status, a fault too, shows a producer that lives."""
_JITTER = 0.3


class State(StrEnum):
    """Calls are let through, refused, or one at a time is let through as a test."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerRules:
    """When a breaker opens, and for how long; seconds.

    It opens after `failures` in a row, or when of at least `window_calls` within `window_s` the part `share` failed.
    It stays open for `open_s`, twice as long after each failed test, at most `max_open_s`; `on` False: never opens.
    """

    on: bool = True
    failures: int = 5
    share: float = 0.5
    window_s: float = 30
    window_calls: int = 20
    open_s: float = 5
    max_open_s: float = 60


class Breaker:
    """The breaker of one endpoint; `draw` gives numbers from 0 to 1, by which an open time is shortened (jitter)."""

    __slots__ = (
        "_draw",
        "_former",
        "_newer",
        "_rules",
        "_testing",
        "_ticket",
        "_turn",
        "cause",
        "consecutive",
        "openings",
        "since",
        "state",
        "until",
    )

    def __init__(self, rules: BreakerRules, draw: Callable[[], float], now: float) -> None:
        self._rules = rules
        self._draw = draw
        self._testing = False
        self._ticket = 0
        self.state = State.CLOSED
        self.since = now
        self.until = now
        self.cause = ""
        self.consecutive = 0
        self.openings = 0
        self._clear(now)

    def admit(self, now: float) -> int | None:
        """A ticket for a call that may go on, None for one that may not; the call must end by one of the three below.

        In half-open one call at a time gets a ticket.
        """
        if self.state is State.CLOSED:
            return self._ticket
        if self.state is State.OPEN:
            if now < self.until:
                return None
            self._enter(State.HALF_OPEN, now)
        if self._testing:
            return None
        self._testing = True
        return self._ticket

    def answered(self, ticket: int, now: float) -> None:
        """A call's answer has begun: the producer lives."""
        if ticket != self._ticket:
            return
        self.consecutive = 0
        if self.state is State.CLOSED:
            self._count(0, now)
        else:
            self.openings = 0
            self._enter(State.CLOSED, now)
            self._clear(now)

    def failed(self, ticket: int, cause: str, now: float) -> None:
        """A call failed with a cause of `DELIVERING`."""
        if ticket == self._ticket:
            self._fail(cause, now)

    def abandoned(self, ticket: int) -> None:
        """A call ended in a way that says nothing of the producer: its caller went away, or it was never sent."""
        if ticket == self._ticket:
            self._testing = False

    def probed(self, cause: str, now: float) -> None:
        """A probe connected (empty cause), or failed as calls do; other causes say nothing of the producer.

        A connection ends an open time only where its lack began it: one who listens and is silent waits it out.
        """
        if not cause:
            if self.state is State.OPEN and self.cause in CONNECTING:
                self._enter(State.HALF_OPEN, now)
        elif cause in DELIVERING:
            if self.state is State.OPEN:
                self.cause = cause
            elif not self._testing:
                self._fail(cause, now)

    def shown(self, now: float) -> State:
        """The state as the next call would meet it."""
        return State.HALF_OPEN if self.state is State.OPEN and now >= self.until else self.state

    def _fail(self, cause: str, now: float) -> None:
        self.cause = cause
        self.consecutive += 1
        self._count(1, now)
        if self._rules.on and (self.state is State.HALF_OPEN or self._too_many()):
            self._open(now)

    def _too_many(self) -> bool:
        if self.consecutive >= self._rules.failures:
            return True
        calls, failed = self._former[0] + self._newer[0], self._former[1] + self._newer[1]
        return calls >= self._rules.window_calls and failed >= self._rules.share * calls

    def _open(self, now: float) -> None:
        rules = self._rules
        time_s = min(rules.open_s * 2.0 ** min(self.openings, 30), rules.max_open_s)
        self.openings += 1
        self.until = now + time_s * (1 - _JITTER * self._draw())
        self._enter(State.OPEN, now)

    def _enter(self, state: State, now: float) -> None:
        self.state = state
        self.since = now
        self._testing = False
        self._ticket += 1

    def _clear(self, now: float) -> None:
        self._former, self._newer = [0, 0], [0, 0]
        self._turn = now + self._rules.window_s / 2

    def _count(self, failed: int, now: float) -> None:
        """Count a call in the newer half of the window, which becomes the former one when its time is over."""
        if now >= self._turn:
            half_s = self._rules.window_s / 2
            self._former = self._newer if now < self._turn + half_s else [0, 0]
            self._newer = [0, 0]
            self._turn = now + half_s
        self._newer[0] += 1
        self._newer[1] += failed
