"""What handshakes used, as log, status and metrics tell it (SW-16.5)."""

import ssl
from datetime import UTC, datetime
from io import BytesIO

import orjson
from prometheus_client.exposition import generate_latest

from vaxel.adapters.handshakes import MAX_HOSTS, Handshakes
from vaxel.adapters.telemetry import Log, Metrics
from vaxel.adapters.tls import Handshake


def handshake(host: str = "a.se", failed: str = "") -> Handshake:
    ends = datetime(2027, 1, 1, tzinfo=UTC)
    return Handshake(profile="p", host=host, serial="ab", ends=ends, peer="CN=a", version="TLSv1.3", failed=failed)


def test_told_three_ways() -> None:
    stream, metrics = BytesIO(), Metrics()
    handshakes = Handshakes(Log(stream), metrics)
    handshakes.outgoing(handshake())
    handshakes.outgoing(handshake("b.se", "UNKNOWN_CA"))
    context = ssl.create_default_context()
    connection = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="x")
    handshakes.incoming(connection, None)
    handshakes.incoming(connection, ssl.SSLError())
    lines = [orjson.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["log.level"], line["destination.domain"], line["tls.failed"]) for line in lines] == [
        ("info", "a.se", ""),
        ("warning", "b.se", "UNKNOWN_CA"),
    ]
    assert handshakes.status()["a.se"]["ends"] == "2027-01-01T00:00:00+00:00"
    text = generate_latest(metrics.registry).decode()
    for direction in ("in", "out"):
        for outcome in ("ok", "failed"):
            assert f'vaxel_handshakes_total{{direction="{direction}",outcome="{outcome}"}} 1.0' in text


def test_status_is_bounded_and_keeps_the_newest() -> None:
    handshakes = Handshakes(Log(BytesIO()), Metrics())
    for number in range(MAX_HOSTS + 5):
        handshakes.outgoing(handshake(f"{number}.se"))
        handshakes.outgoing(handshake("kept.se"))
    assert len(handshakes.status()) == MAX_HOSTS
    assert "kept.se" in handshakes.status()
    assert "0.se" not in handshakes.status()
