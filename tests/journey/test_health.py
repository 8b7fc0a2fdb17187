"""A producer that fails, as consumers and operators see it: named in fault, log, status, metrics, API and command."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
from scene import PRODUCER, UNIT, Scene, scene

from vaxel.adapters.server import Limits, Listeners

TOLD = {"breaker_failures": 3, "breaker_open_s": 30, "retry_attempts": 0, "probe_interval_s": 0.5}


async def producers(stage: Scene) -> list[dict[str, Any]]:
    key = (stage.path / "var/admin.key").read_text().strip()
    url = f"http://127.0.0.1:{stage.platform.ports['web']}/api/v1/producers"
    async with stage.session.get(url, headers={"authorization": f"Bearer {key}"}) as answer:
        assert answer.status == 200
        return orjson.loads(await answer.read())["producers"]  # type: ignore[no-any-return]


async def text(stage: Scene, path: str) -> str:
    async with stage.session.get(f"http://127.0.0.1:{stage.platform.ports['http']}{path}") as answer:
        return await answer.text()


async def test_a_dead_producer_is_named_everywhere_and_found_again_by_a_probe(tmp_path: Path) -> None:
    async with scene(tmp_path, breaker="on", **TOLD) as stage:
        endpoint = f"http://127.0.0.1:{stage.port}"
        assert [row["state"] for row in await producers(stage)] == ["unused"]
        await stage.call()
        await stage.listeners.drain(0)
        causes = [(await stage.call()).cause for _ in range(4)]
        assert causes == ["producer.connect-refused"] * 3 + ["producer.circuit-open"]
        skipped = await stage.call()
        assert (skipped.status, skipped.code) == (500, "VP009")
        assert 'retryable="true"' in skipped.text
        assert stage.journal("closed")[-1]["code"] == "VP009"
        [row] = await producers(stage)
        assert (row["endpoint"], row["state"], row["consecutive_failures"]) == (endpoint, "open", 3)
        assert (row["answered"], row["failed"], row["skipped"]) == (1, 3, 2)
        assert (row["routes"], row["logical_addresses"], len(row["contracts"])) == (1, 1, 2)
        assert (row["components"], row["last_failure"]["cause"]) == ([PRODUCER], "producer.connect-refused")
        status = json.loads(await text(stage, "/status"))["Producers"]
        assert (status[endpoint]["state"], status[endpoint]["cause"]) == ("open", "producer.connect-refused")
        metrics = await text(stage, "/metrics")
        assert f'vaxel_producer_state{{endpoint="{endpoint}"}} 2.0' in metrics
        assert f'vaxel_producer_skipped_total{{endpoint="{endpoint}"}} 2.0' in metrics
        assert UNIT not in metrics

        stage.listeners = Listeners(Limits())
        await stage.listeners.listen(stage.producer, "127.0.0.1", stage.port)
        await _until(stage, "half-open")
        assert (await stage.call()).status == 200
        assert json.loads(await text(stage, "/status"))["Producers"] == {}
        told = [(line["message"], line.get("endpoint")) for line in stage.log_lines() if "breaker" in line["message"]]
        assert told == [("producer.breaker-opened", endpoint), ("producer.breaker-closed", endpoint)]


async def _until(stage: Scene, state: str) -> None:
    for _ in range(100):
        if (await producers(stage))[0]["state"] == state:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(await producers(stage))


async def test_a_route_that_is_moved_takes_its_endpoint_with_it(tmp_path: Path) -> None:
    """No alarm stays of a producer that nobody is led to."""
    async with scene(tmp_path, breaker="on", **TOLD, probe="off") as stage:
        with socket.create_server(("127.0.0.1", 0)) as free:
            dead = free.getsockname()[1]
        stage.write("routing/routes.yaml", stage.routes_of(url=f"http://127.0.0.1:{dead}/x"))
        await stage.platform.reload()
        assert [(await stage.call()).cause for _ in range(4)][-1] == "producer.circuit-open"
        stage.write("routing/routes.yaml", stage.routes_of())
        await stage.platform.reload()
        assert (await stage.call()).status == 200
        assert [(row["endpoint"], row["state"]) for row in await producers(stage)] == [
            (f"http://127.0.0.1:{stage.port}", "closed")
        ]


async def test_the_command_shows_a_running_platform(tmp_path: Path) -> None:
    async with scene(tmp_path, breaker="on", **TOLD) as stage:
        await stage.call()
        done = await _vaxel(tmp_path, "producers", "--json")
        assert done.returncode == 0, done.stderr
        [row] = json.loads(done.stdout)
        assert (row["state"], row["answered"]) == ("closed", 1)
        assert row["latency_ms"]["p95"] >= row["latency_ms"]["p50"] > 0
        shown = await _vaxel(tmp_path, "producers")
        assert "closed" in shown.stdout
    gone = await _vaxel(tmp_path, "producers")
    assert gone.returncode == 1
    assert "no platform runs in" in gone.stderr
    assert "Traceback" not in gone.stderr


async def _vaxel(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VAXEL_")}
    environment |= {"VAXEL_HOME": str(home), "COLUMNS": "200"}
    command = [sys.executable, "-m", "vaxel", *arguments]
    return await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, env=environment, check=False, timeout=60, cwd="/"
    )
