"""Payloads in the log: only while a window is open, for one correlation id, sender or contract (SW-18.5)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from vaxel.adapters.telemetry import Log
from vaxel.call import Call
from vaxel.delivery import Answer, Outgoing
from vaxel.masking import masked

Kind = Literal["correlation_id", "sender", "contract"]
MAX_MINUTES = 60
SHOWN_BYTES = 65_536
"""How much of a payload is logged; of a streamed one only its first bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Whose payloads are logged, and until when (aware UTC)."""

    kind: Kind
    value: str
    until: datetime


def shown(window: Window | None) -> dict[str, Any]:
    """A window as status and the admin API show it."""
    if window is None:
        return {"open": False}
    return {"open": True, "by": window.kind, "value": window.value, "until": window.until.isoformat()}


class Payloads:
    """Logs payloads while a window is open; what looks like an identity number is masked in them too."""

    def __init__(self, log: Log, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._log = log
        self._now = now
        self._window: Window | None = None

    @property
    def window(self) -> Window | None:
        """The window that is open; None where there is none, or its time is out."""
        if self._window is not None and self._now() >= self._window.until:
            self._window = None
        return self._window

    def until(self, minutes: int) -> datetime:
        """When a window of so many minutes would end."""
        return self._now() + timedelta(minutes=min(minutes, MAX_MINUTES))

    def open(self, window: Window) -> None:
        """Log what the window names from now on, and nothing else; whoever opens it records that first."""
        self._window = window

    def close(self) -> None:
        """Log no payload."""
        self._window = None

    def sent(self, call: Call, outgoing: Outgoing) -> None:
        """The request, as it goes to the producer."""
        if self._window is not None and self._names(call):
            self._write("payload-out", call, outgoing.body.start)

    def received(self, call: Call, answer: Answer) -> None:
        """The answer, as it came from the producer."""
        if self._window is not None and self._names(call):
            self._write("payload-in", call, answer.body.start)

    def _names(self, call: Call) -> bool:
        window = self.window
        if window is None:
            return False
        found = {"correlation_id": call.correlation_id, "sender": call.sender, "contract": call.contract}[window.kind]
        return found.lower() == window.value.lower()

    def _write(self, action: str, call: Call, content: bytes) -> None:
        self._log.write(
            "info",
            action,
            {
                "event.action": action,
                "trace.id": call.correlation_id,
                "labels.senderid": call.sender,
                "labels.reference": call.reference,
                "payload": masked(content[:SHOWN_BYTES].decode("utf-8", "replace")),
                "payload.bytes": len(content),
            },
        )
