from io import BytesIO

import orjson
from prometheus_client import CollectorRegistry, generate_latest
from rows import RESIDENT

from vaxel.adapters.index_telemetry import IndexEvents
from vaxel.adapters.telemetry import Log


def test_metrics_and_events() -> None:
    """EI-13.1, EI-13.2."""
    stream, registry = BytesIO(), CollectorRegistry()
    log = Log(stream)
    events = IndexEvents(log, registry)
    events.received("Update", "riv:x", "ok", 3)
    events.applied(3, 0.2)
    events.found(2, 0.0002)
    events.broken("SE-S", 1)
    events.notified("SE-A", "refused", 3, f"no {RESIDENT}", ["c-1"])
    events.died("SE-A", 3)
    events.trouble("applying", ValueError(RESIDENT))
    text = generate_latest(registry).decode()
    for line in (
        'vaxel_index_transactions_total{contract="Update",domain="riv:x",outcome="ok"} 3.0',
        'vaxel_index_batch_size_sum{kind="applied"} 3.0',
        'vaxel_index_delay_seconds_bucket{kind="applied",le="0.5"} 1.0',
        "vaxel_index_found_rows_total 2.0",
        'vaxel_index_rule_breaches_total{sender="SE-S"} 1.0',
        'vaxel_index_notifications_total{outcome="refused",subscriber="SE-A"} 3.0',
        'vaxel_index_dead_letters_total{subscriber="SE-A"} 3.0',
    ):
        assert line in text
    log.flush()
    lines = [orjson.loads(line) for line in stream.getvalue().splitlines()]
    assert [each["event.action"] for each in lines] == ["index.notification", "index.dead-letters", "index.trouble"]
    assert (lines[0]["causes"], lines[0]["comment"]) == (["c-1"], "no ************")
    assert RESIDENT not in stream.getvalue().decode() + text
