"""The log and the metrics by themselves; a call's line, field by field, is conformance/test_switch_18_records."""

from io import BytesIO
from typing import Any

import orjson
import pytest
from calls import a_call
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.exposition import generate_latest

from vaxel.adapters.telemetry import CallEvents, Log, Metrics
from vaxel.errors import InternalError


class Broken(BytesIO):
    """A stream whose disk is full."""

    def write(self, _: Any) -> int:
        raise OSError(28, "No space left on device")


def test_a_line_that_cannot_be_written_is_counted() -> None:
    log = Log(Broken())
    log.event("started")
    closed = BytesIO()
    closed.close()
    other = Log(closed)
    other.event("started")
    assert (log.dropped, other.dropped) == (1, 1)


def test_an_event() -> None:
    stream = BytesIO()
    Log(stream, host="node").event("tls.refused", level="error", reason="å")
    line = orjson.loads(stream.getvalue())
    assert line.pop("@timestamp").endswith("Z")
    assert line == {
        "log.level": "error",
        "message": "tls.refused",
        "service.name": "vaxel",
        "host.hostname": "node",
        "event.action": "tls.refused",
        "reason": "å",
    }


def events(allowed: tuple[str, ...] = (), *, every: bool = False) -> tuple[CallEvents, BytesIO, Metrics]:
    stream, metrics = BytesIO(), Metrics()
    made = CallEvents(Log(stream), metrics, every=every, allowed=allowed, certificate_header=b"x-own-cert")
    return made, stream, metrics


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("x-rivta-any", "v"),
        ("X-RIVTA-ANY".lower(), "v"),
        ("host", "v"),
        ("hostname", None),
        ("x-other", None),
        ("authorization", "<filtered>"),
        ("x-own-cert", "<filtered>"),
        ("x-vp-auth-cert", "<filtered>"),
    ],
)
def test_sw_18_4_headers(name: str, shown: str | None) -> None:
    made, _, _ = events(("X-Rivta-*", "Host", "Authorization"))
    assert orjson.loads(made.shown(((name.encode(), b"v"),))).get(name) == shown


@given(st.lists(st.tuples(st.binary(max_size=9), st.binary(max_size=9)), max_size=3).map(tuple))
def test_no_header_raises(headers: Any) -> None:
    made, _, _ = events(("*",))
    assert isinstance(orjson.loads(made.shown(headers)), dict)


def test_sw_18_2_a_stack_without_texts() -> None:
    made, stream, _ = events()
    try:
        int("SECRET")
    except ValueError as error:
        unexpected = InternalError()
        unexpected.__cause__ = error
    made.refused(type("Arrival", (), {"reference": "r"}), a_call(), unexpected, 500)
    line = orjson.loads(stream.getvalue())
    assert (line["error.type"], "test_telemetry.py:" in line["error.stack_trace"]) == ("ValueError", True)
    assert b"SECRET" not in stream.getvalue()


def test_sw_18_7_a_contract_that_nobody_routed_is_no_label() -> None:
    made, _, metrics = events()
    arrival = type("Arrival", (), {"reference": "r"})
    made.refused(arrival, a_call(), InternalError(), 500)
    routed = a_call()
    routed.trail.producer = "SE-P"
    made.refused(arrival, routed, InternalError(), 500)
    text = generate_latest(metrics.registry).decode()
    assert 'vaxel_calls_total{cause="internal.error",code="VX000",contract=""} 1.0' in text
    assert f'contract="{routed.contract}"}} 1.0' in text
