"""Large and long messages: streamed with bounded memory, both ways (SW-11.1, SW-13.3)."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import aiohttp
from scene import PLATFORM, TRUSTED, UNKNOWN, Scene, message

from vaxel.adapters.server import Limits, Listeners

SIZE = 100_000_000
PART = b"x" * 100_000
MAX_GROWTH = 16_000_000


async def large(scope: dict[str, object], receive: object, send: object) -> None:
    """A producer whose answer is 100 MB long."""
    while (await receive()).get("more_body"):  # type: ignore[operator]
        pass
    head = [(b"content-type", b"text/xml"), (b"content-length", b"%d" % SIZE)]
    await send({"type": "http.response.start", "status": 200, "headers": head})  # type: ignore[operator]
    for _ in range(SIZE // len(PART)):
        await send({"type": "http.response.body", "body": PART, "more_body": True})  # type: ignore[operator]
    await send({"type": "http.response.body", "body": b""})  # type: ignore[operator]


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def test_100_mb_stream_in_little_memory(tmp_path: Path) -> None:
    """A contract that is not validated, whose limit was raised; the platform in a process of its own, to be weighed."""
    stage = Scene(tmp_path / "home", {})
    listeners = Listeners(Limits())
    stage.port = await listeners.listen(large, "127.0.0.1", 0)  # type: ignore[arg-type]
    stage.furnish()
    stage.write(
        "contracts/demo.yaml",
        "format: 1\ndomain: demo:unknown\ncontracts:\n"
        f"  - {{name: GetNothing, version: '1.0', package: '1.0', namespace: '{UNKNOWN}', wsdl: none.wsdl,\n"
        "     request: GetNothing, response: GetNothingResponse, access: open, max_size_bytes: 200000000,\n"
        "     validation: {request: 'off', response: 'off'}}\n",
    )
    told = {
        "VAXEL_HTTP_PORT": "0",
        "VAXEL_WEB_PORT": "0",
        "VAXEL_PRODUCER_NETWORKS": "127.0.0.0/8",
        "VAXEL_INTERNAL_PEERS": f"127.0.0.1/32={TRUSTED}",
    }
    command = [sys.executable, "-m", "vaxel", "serve", "--home", str(stage.path)]
    with subprocess.Popen(command, env={**os.environ, **told}, stdout=subprocess.DEVNULL) as process:
        try:
            port = await _port(stage.path / "var" / "run.json")
            headers = {"x-vp-sender-id": TRUSTED, "x-vp-instance-id": PLATFORM}
            payload = message(f'<GetNothing xmlns="{UNKNOWN}"/>')
            async with aiohttp.ClientSession() as session:
                before, highest, size = resident(process.pid), 0, 0
                async with session.post(f"http://127.0.0.1:{port}/vp", data=payload, headers=headers) as answer:
                    assert answer.status == 200
                    async for part in answer.content.iter_chunked(262_144):
                        size += len(part)
                        highest = max(highest, resident(process.pid))
            assert size == SIZE
            assert highest - before <= MAX_GROWTH
        finally:
            process.terminate()
            process.wait()
            await listeners.drain(0)


async def _port(run_file: Path) -> int:
    for _ in range(500):
        content = run_file.read_bytes() if run_file.is_file() else b""
        if content:
            return int(json.loads(content)["ports"]["http"])
        await asyncio.sleep(0.02)
    raise AssertionError("the platform was not ready in 10 s")
