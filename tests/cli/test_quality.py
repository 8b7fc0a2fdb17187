"""`vaxel contracts quality`, from a running platform and from what it left."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from scene import DIAGNOSIS, PRODUCER, RESPONSE, TRUSTED, Scene, scene

COMMAND = [sys.executable, "-m", "vaxel", "contracts", "quality"]


async def quality(stage: Scene, *options: str) -> tuple[int, str, str]:
    """Exit code, output and errors of the command in the stage's home."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VAXEL_")}
    done = await asyncio.to_thread(
        subprocess.run, [*COMMAND, *options, "--home", str(stage.path)], capture_output=True, text=True,
        env={**environment, "COLUMNS": "200"}, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


async def judged(stage: Scene) -> None:
    """Until the platform has judged an answer."""
    while True:
        rows = stage.platform.watch.quality.rows(message="response")
        if rows and rows[0]["checked"]:
            return
        await asyncio.sleep(0.01)


async def told(stage: Scene, *options: str) -> list[Any]:
    code, output, errors = await quality(stage, *options, "--json")
    assert code == 0, errors
    return list(json.loads(output))


async def test_it_is_the_same_from_a_running_platform_and_from_its_file(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        stage.producer.content = RESPONSE.replace(b"<result>", b"<diagnosis/><result>")
        await stage.call()
        await judged(stage)
        assert not (tmp_path / "var/quality").exists()
        running = await told(stage)
        assert [(row["message"], row["party"]) for row in running] == [("request", TRUSTED), ("response", PRODUCER)]
        assert running[1]["violations"][0]["path"] == "GetDiagnosisResponse/diagnosis"
        assert await told(stage, "--contract", "GetDiagnosis", "--producer", PRODUCER) == running[1:]
        assert await told(stage, "--contract", "GetAlertInformation") == []
        await stage.platform.stop()
        assert await told(stage) == running
        with socket.create_server(("127.0.0.1", 0)) as held:
            closed = held.getsockname()[1]
        (tmp_path / "var/run.json").write_text(json.dumps({"ports": {"web": closed}}))  # as a kill leaves it
        assert await told(stage, "--contract", DIAGNOSIS, "--consumer", TRUSTED.lower()) == running[:1]
        code, output, _ = await quality(stage)
        assert code == 0
        for word in ("GetDiagnosis 2", PRODUCER, "GetDiagnosisResponse/diagnosis", "element-content"):
            assert word in output
        stage.platform = None


async def test_what_cannot_be_told_is_said(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        assert await told(stage) == []
        code, _, errors = await quality(stage, "--producer", "A", "--consumer", "B")
        assert (code, errors) == (1, "a message has one sender: give --producer or --consumer\n")
        (tmp_path / "var/admin.key").write_text("another\n")
        code, _, errors = await quality(stage)
        assert (code, "401" in errors, "Traceback" in errors) == (1, True, False)
        await stage.platform.stop()
        (tmp_path / "var/quality").mkdir(exist_ok=True)
        (tmp_path / "var/quality/node1.json").write_bytes(b"{")
        code, _, errors = await quality(stage)
        assert (code, "node1.json is damaged" in errors, "Traceback" in errors) == (1, True, False)
        stage.platform = None
