"""Whose payloads are logged, until when, how much, and never an identity number (SW-18.5)."""

import math
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import orjson
import pytest
from calls import CONTRACT, PATIENT, a_call

from vaxel.adapters.payloads import MAX_MINUTES, SHOWN_BYTES, Payloads, Window
from vaxel.adapters.telemetry import Log
from vaxel.call import Body
from vaxel.delivery import Answer, Outgoing


class Told:
    """The payload log with a clock of its own."""

    def __init__(self, **window: Any) -> None:
        self.stream, self.now = BytesIO(), datetime(2026, 11, 24, 8, tzinfo=UTC)
        self.payloads = Payloads(Log(self.stream), lambda: self.now)
        if window:
            self.payloads.open(Window(until=self.payloads.until(10), **window))

    def both(self, content: bytes = b"<a/>") -> list[dict[str, Any]]:
        outgoing = Outgoing(
            url="http://x",
            headers=(),
            body=Body.whole(content),
            idempotent=False,
            answer_timeout_s=1,
            deadline=math.inf,
        )
        self.payloads.sent(a_call(), outgoing)
        self.payloads.received(a_call(), Answer(status=200, reason="", headers=(), body=Body.whole(content)))
        return [orjson.loads(line) for line in self.stream.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("kind", "value", "lines"),
    [
        ("sender", "SE-SENDER", 2),
        ("sender", "se-sender", 2),
        ("sender", "SE-SEND", 0),
        ("contract", str(CONTRACT), 2),
        ("correlation_id", "c-1", 2),
        ("correlation_id", "SE-SENDER", 0),
    ],
)
def test_whose(kind: str, value: str, lines: int) -> None:
    assert len(Told(kind=kind, value=value).both()) == lines


def test_until_its_time_is_out() -> None:
    told = Told(kind="sender", value="SE-SENDER")
    told.now += timedelta(minutes=9, seconds=59)
    assert len(told.both()) == 2
    told.now += timedelta(seconds=1)
    assert len(told.both()) == 2
    assert told.payloads.window is None


def test_nothing_where_it_was_never_opened_or_was_closed() -> None:
    assert Told().both() == []
    told = Told(kind="sender", value="SE-SENDER")
    told.payloads.close()
    assert told.both() == []


def test_no_window_is_longer_than_an_hour() -> None:
    told = Told()
    assert told.payloads.until(10_000) == told.now + timedelta(minutes=MAX_MINUTES)


def test_masked_and_cut() -> None:
    (sent, got) = Told(kind="sender", value="SE-SENDER").both(f"<id>{PATIENT}</id>".encode() + b"x" * 100_000)
    for line in (sent, got):
        assert line["payload"].startswith("<id>************</id>")
        assert len(line["payload"]) <= SHOWN_BYTES < line["payload.bytes"]
