"""What a node says of itself before and after its directory is there; the whole of it is conformance/test_switch_17."""

import math
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kept import Kept
from pens import opened

from vaxel.adapters.handshakes import Handshakes
from vaxel.adapters.payloads import Payloads
from vaxel.adapters.telemetry import Log, Metrics
from vaxel.admin.facts import Facts, _in_words
from vaxel.exchange.bounds import Bounds
from vaxel.settings import read


def node(kept: Kept, journal: Any, ends: dict[str, datetime] | None = None) -> Any:
    return SimpleNamespace(
        keeper=kept.keeper,
        journal=journal,
        bounds=Bounds(calls=1, calls_per_consumer=1, buffered_bytes=1),
        ports={"http": 1, "https": 2, "web": 3},
        settings=read(kept.path, {"VAXEL_HOST": "::1"}),
        payloads=Payloads(Log(BytesIO())),
        handshakes=Handshakes(Log(BytesIO()), Metrics()),
        certificate_ends=lambda: ends or {},
        health=SimpleNamespace(vitals={}),
    )


async def test_before_and_after(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "h")
    async with opened(tmp_path / "var") as journal:
        facts = Facts(node(kept, journal))
        assert facts.ready() == {"directory": "no directory has been loaded"}
        status = facts.status()
        assert (status["TakCacheInitialized"], status["Release"]) == ("false", {})
        assert "Status:REFRESH_FAILED vagval:0" in status["TakCacheResetInfo"]
        assert math.isnan(facts.directory_age_s())
        await kept.start()
        assert facts.ready() == {}
        assert facts.status()["Endpoints"] == ["http://[::1]:1/vp", "https://[::1]:2/vp"]
        assert 0 <= facts.directory_age_s() < 60
        facts.draining = True
        assert (facts.ready(), facts.status()["ServiceStatus"]) == (
            {"listeners": "the platform is stopping"},
            "Stopping",
        )


@pytest.mark.parametrize(("days", "left"), [((), None), ((40, 3), 3), ((-1,), -2)])
async def test_the_first_certificate_that_ends(tmp_path: Path, days: tuple[int, ...], left: int | None) -> None:
    now = datetime.now(UTC)
    ends = {f"{each}.pem": now + timedelta(days=each, minutes=each) for each in days}
    async with opened(tmp_path / "var") as journal:
        found = Facts(node(Kept(tmp_path / "h"), journal, ends)).certificate_days()
    assert math.isnan(found) if left is None else found == left


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 days, 0 hours, 0 minutes, 0 seconds"), (90_061, "1 days, 1 hours, 1 minutes, 1 seconds")],
)
def test_uptime_in_words(seconds: int, words: str) -> None:
    assert _in_words(seconds) == words
