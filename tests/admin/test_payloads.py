"""Opening the payload log: only where it is allowed, and never unrecorded (SW-18.5)."""

from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest

from vaxel.adapters.payloads import Payloads
from vaxel.adapters.telemetry import Log
from vaxel.admin.payloads import AuditedPayloads
from vaxel.admin.problems import Problem
from vaxel.journal.memory import MemoryJournal

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


async def test_recorded_before_it_is_open() -> None:
    journal, payloads = MemoryJournal(), Payloads(Log(BytesIO()), lambda: NOW)
    switch = AuditedPayloads(payloads, journal, allowed=True)
    shown = await switch.open("sender", "SE-1", 15)
    until = (NOW + timedelta(minutes=15)).isoformat()
    assert shown == {"open": True, "by": "sender", "value": "SE-1", "until": until}
    assert journal.records == [
        {"kind": "admin", "action": "payload-log", "by": "sender", "value": "SE-1", "until": until}
    ]
    assert await switch.close() == {"open": False}
    assert payloads.window is None


@pytest.mark.parametrize(("allowed", "failing", "status"), [(False, False, 409), (True, True, 503)])
async def test_closed_where_it_may_not_or_cannot_be_recorded(allowed: bool, failing: bool, status: int) -> None:
    journal, payloads = MemoryJournal(), Payloads(Log(BytesIO()))
    journal.failing = failing
    with pytest.raises(Problem) as caught:
        await AuditedPayloads(payloads, journal, allowed=allowed).open("sender", "SE-1", 15)
    assert (caught.value.status, payloads.window) == (status, None)


async def test_a_closing_that_cannot_be_recorded_closes_all_the_same() -> None:
    journal, payloads = MemoryJournal(), Payloads(Log(BytesIO()))
    switch = AuditedPayloads(payloads, journal, allowed=True)
    await switch.open("sender", "SE-1", 15)
    journal.failing = True
    with pytest.raises(Problem):
        await switch.close()
    assert payloads.window is None
