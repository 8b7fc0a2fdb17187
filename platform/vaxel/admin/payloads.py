"""Opening and closing the payload log: recorded before anything is logged (SW-18.5)."""

from typing import Any, Protocol

from vaxel.adapters.payloads import Kind, Payloads, Window, shown
from vaxel.admin.problems import Problem
from vaxel.errors import JournalUnavailable
from vaxel.exchange.audit import Journal


class PayloadLog(Protocol):
    """What the admin API opens and closes."""

    async def open(self, kind: Kind, value: str, minutes: int) -> dict[str, Any]:
        """Log payloads of one correlation id, sender or contract."""
        ...

    async def close(self) -> dict[str, Any]:
        """Log none."""
        ...


class AuditedPayloads:
    """The payload log behind the setting that allows it and the journal that tells of it; raises `Problem`."""

    def __init__(self, payloads: Payloads, journal: Journal, *, allowed: bool) -> None:
        self._payloads = payloads
        self._journal = journal
        self._allowed = allowed

    async def open(self, kind: Kind, value: str, minutes: int) -> dict[str, Any]:
        """Open a window, where the setting allows it and the opening could be recorded."""
        if not self._allowed:
            raise Problem(409, "payload-log-off", "Payloads are never logged here", "set VAXEL_LOG_PAYLOAD=on")
        window = Window(kind=kind, value=value, until=self._payloads.until(minutes))
        await self._record({"action": "payload-log", "by": kind, "value": value, "until": window.until.isoformat()})
        self._payloads.open(window)
        return shown(window)

    async def close(self) -> dict[str, Any]:
        """Close the window; that is recorded too, but not waited for by what it stops."""
        self._payloads.close()
        await self._record({"action": "payload-log", "until": None})
        return shown(None)

    async def _record(self, fields: dict[str, Any]) -> None:
        try:
            await self._journal.durable("admin", fields)
        except JournalUnavailable as error:
            raise Problem(503, "journal-unavailable", "It cannot be recorded", "see /health/ready") from error
