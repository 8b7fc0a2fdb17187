"""Directory, status, health: spec/switch.md section 17, through real sockets.

| rule | also shown by |
|---|---|
| SW-17.1, SW-17.2 | `journey/test_reload.py` (states, a bad edit, a start with bad files) |
| SW-17.6 | `journey/test_operations.py` (`test_without_a_journal_nothing_is_carried`) |
| SW-17.7 | `journey/test_operations.py` (`test_a_stop_lets_calls_in_flight_end`) |
| SW-17.8 | `test_settings.py` (workers) |
| SW-17.9 | `journey/test_call.py` (`test_the_platform_answers_ping`), `services/test_monitoring.py` |
| SW-17.10 | `adapters/test_clock.py` |
| SW-17.11 | `journal/test_backup.py`, `cli/test_recorded.py` |
"""

import asyncio
import re
from pathlib import Path

import orjson
import pytest
from scene import PLATFORM, Answer, Scene, scene


async def get(stage: Scene, path: str, headers: dict[str, str] | None = None) -> Answer:
    return await stage.post(b"", headers or {}, path=path, method="GET")


async def test_sw_17_3_resetcache(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        answer = await get(stage, "/resetcache")
        lines = answer.text.splitlines()
        assert (answer.status, answer.headers["content-type"]) == (200, "text/html;")
        assert all(line.startswith("<br>") for line in lines)
        text = answer.text
        assert re.search(r"^<br>Host: \S+$", text, re.M)
        assert re.search(r"^<br>Time: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", text, re.M)
        assert re.search(r"^<br>Number of permissions: [1-9]\d*$", text, re.M)
        assert re.search(r"^<br>Number of routes: [1-9]\d*$", text, re.M)
        assert lines[-1].endswith("was successful: true")


async def test_sw_17_3_resetcache_of_a_bad_directory(tmp_path: Path) -> None:
    """What is wrong is told, with nothing in it that a browser would run."""
    async with scene(tmp_path) as stage:
        stage.write("routing/routes.yaml", "format: 1\nroutes:\n  - {'<script>alert(1)</script>': x}\n")
        answer = await get(stage, "/resetcache")
        lines = answer.text.splitlines()
        assert answer.status == 200
        assert all(line.startswith("<br>") for line in lines)
        assert lines[-1].endswith("was successful: false")
        assert "REUSING_EXISTING_CACHE" in answer.text
        assert "<script>" not in answer.text
        assert "routing/routes.yaml:3" in answer.text
        assert (await stage.call()).status == 200


async def test_sw_17_4_resethsacache(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        answer = await get(stage, "/resethsacache")
        assert (answer.status, answer.headers["content-type"]) == (200, "text/plain")
        for line in ("Files: logical_addresses.yaml, ", "Result: success", "Size before: 3", "Size after: 3"):
            assert line in answer.text
        assert "Warning" not in answer.text
        stage.write("logical_addresses.yaml", "format: 1\naddresses: nonsense\n")
        answer = await get(stage, "/resethsacache")
        assert (answer.status, "Result: failure: logical_addresses.yaml:2" in answer.text) == (200, True)
        stage.write("routing/routes.yaml", "format: 1\nroutes: []\n")
        stage.write(
            "logical_addresses.yaml", f"format: 1\naddresses:\n  - {{id: {PLATFORM}, name: Växel, kind: platform}}\n"
        )
        answer = await get(stage, "/resethsacache")
        for line in ("Size before: ", "Size after: 1", "Warning: "):
            assert line in answer.text


STATUS = {
    # key: the form of its value
    "Name": r"vaxel",
    "Version": r"\d+\.\d+\.\d+",
    "BuildTime": r"\d{4}-\d\d-\d\dT[\d:+]+|",
    "ServiceStatus": r"Started",
    "Uptime": r"\d+ days, \d+ hours, \d+ minutes, \d+ seconds",
    "ManagementName": r"Växel",
    "TakCacheInitialized": r"true",
    "TakCacheResetInfo": r"Date:\d{4}-\d\d-\d\dT\d\d:\d\d Status:REFRESH_OK vagval:\d+ behorigheter:\d+",
    "HsaCacheInitialized": r"true",
    "HsaCacheResetInfo": r"Date:\d{4}-\d\d-\d\dT\d\d:\d\d Status:true oldNum:0 newNum:3",
    "RuntimeVersion": r"3\.\d+\.\d+",
}


async def test_sw_17_5_status(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        answer = await get(stage, "/status")
        assert answer.headers["content-type"] == "application/json"
        status = orjson.loads(answer.content)
        for name, form in STATUS.items():
            assert re.fullmatch(form, status[name]), (name, status[name])
        assert status["Endpoints"] == [f"http://127.0.0.1:{stage.platform.ports['http']}/vp"]
        assert status["Memory"]["MaxResidentKiB"] > 0
        assert status["Release"]["number"] == 1
        assert status["Journal"]["writable"] is True
        assert set(status["Certificates"]) == {"files", "problem", "handshakes"}
        assert (status["ClockJumps"], status["PayloadLog"]) == (0, {"open": False})


async def test_sw_17_5_status_of_a_refused_reload(tmp_path: Path) -> None:
    """SW-17.1: `REUSING_EXISTING_CACHE`, and which edit was refused."""
    async with scene(tmp_path) as stage:
        stage.write("routing/routes.yaml", "format: 1\nroutes: nonsense\n")
        await get(stage, "/resetcache")
        status = orjson.loads((await get(stage, "/status")).content)
        assert " Status:REUSING_EXISTING_CACHE vagval:3 " in status["TakCacheResetInfo"]
        assert " Status:false oldNum:3 newNum:3" in status["HsaCacheResetInfo"]
        assert "routing/routes.yaml:2" in status["Release"]["problem"][0]


async def test_sw_17_2_a_call_keeps_the_release_it_began_with(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        stage.producer.delay_s = 0.4
        calling = asyncio.create_task(stage.call())
        await asyncio.sleep(0.15)
        stage.write("routing/routes.yaml", "format: 1\nroutes: []\n")
        assert (await stage.platform.reload())["successful"]
        assert (await stage.call()).code == "VP004"
        assert (await calling).status == 200
        releases = [line["labels.release"] for line in stage.log_lines() if line.get("event.action") == "call"]
        assert sorted(releases) == [1, 2]


@pytest.mark.parametrize("path", ["/health/ready", "/actuator/health", "/actuator/health/readiness"])
async def test_sw_17_6_ready_names_what_is_missing(tmp_path: Path, path: str) -> None:
    async with scene(tmp_path) as stage:
        assert (await get(stage, path)).status == 200
        stage.platform.facts.draining = True
        answer = await get(stage, path)
        assert (answer.status, orjson.loads(answer.content)["missing"]) == (
            503,
            {"listeners": "the platform is stopping"},
        )
        assert (await get(stage, "/health/live")).status == 200


async def test_sw_17_10_a_jump_of_the_clock_is_told_everywhere(tmp_path: Path) -> None:
    """Event, metric, status and a record of kind `admin`."""
    async with scene(tmp_path) as stage:
        await stage.platform.housekeeping.jumped(-42.0)
        assert [line["seconds"] for line in stage.log_lines() if line.get("event.action") == "clock.jump"] == [-42.0]
        assert "vaxel_clock_jumps 1.0" in (await get(stage, "/metrics")).text
        status = orjson.loads((await get(stage, "/status")).content)
        assert (status["ClockJumps"], status["ClockJumpedSeconds"]) == (1, -42.0)
        assert [record["seconds"] for record in stage.journal("admin") if record["action"] == "clock"] == [-42.0]
