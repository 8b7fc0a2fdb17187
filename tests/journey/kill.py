"""Kills the platform under load, again and again, and looks whether anything that was answered is unrecorded.

`python tests/journey/kill.py --rounds 200 --state FILE`: resumable, the file keeps what was done.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import aiohttp
from scene import PLATFORM, TRUSTED, Producer, Scene, message

from vaxel.adapters.server import Limits, Listeners
from vaxel.journal.reader import open_calls, records
from vaxel.journal.verify import verify

IN_FLIGHT = 16


class Victim:
    """A platform in a process of its own, over a home that survives it; `told` are settings of the story."""

    def __init__(self, home: Path, told: dict[str, str] | None = None) -> None:
        self.home = home
        self.told = told or {}
        self.run_file = home / "var" / "run.json"

    def start(self) -> int:
        """Start it; the HTTP port."""
        self.run_file.unlink(missing_ok=True)
        environment = {
            "VAXEL_HTTP_PORT": "0",
            "VAXEL_WEB_PORT": "0",
            "VAXEL_PRODUCER_NETWORKS": "127.0.0.0/8",
            "VAXEL_INTERNAL_PEERS": f"127.0.0.1/32={TRUSTED}",
            "VAXEL_SEGMENT_BYTES": "200000",
        }
        command = [sys.executable, "-m", "vaxel", "serve", "--home", str(self.home)]
        self.process = subprocess.Popen(
            command, env={**os.environ, **environment, **self.told}, stdout=subprocess.DEVNULL
        )
        return 0

    async def port(self) -> int:
        """The port, when it listens."""
        for _ in range(1000):
            content = self.run_file.read_bytes() if self.run_file.is_file() else b""
            if content:
                return int(json.loads(content)["ports"]["http"])
            if self.process.poll() is not None:
                raise RuntimeError("the platform did not start again")
            await asyncio.sleep(0.02)
        raise RuntimeError("the platform was not ready in 20 s")

    def kill(self) -> None:
        """No farewell."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


async def load(port: int, answered: set[str], stop: asyncio.Event) -> None:
    """Calls until the platform is gone; the correlation ids of those that were answered."""
    headers = {"x-vp-sender-id": TRUSTED, "x-vp-instance-id": PLATFORM, "content-type": "text/xml;charset=UTF-8"}

    async def caller(session: aiohttp.ClientSession) -> None:
        while not stop.is_set():
            try:
                async with session.post(f"http://127.0.0.1:{port}/vp", data=message(), headers=headers) as answer:
                    content = await answer.read()
                    if answer.status == 200 and content.endswith(b"Envelope>"):
                        answered.add(answer.headers["x-skltp-correlation-id"])
            except (aiohttp.ClientError, OSError):
                return

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(caller(session) for _ in range(IN_FLIGHT)))


async def one_round(victim: Victim, chance: random.Random) -> dict[str, int]:
    """Start, load, kill, verify; raises `AssertionError` where something was lost."""
    victim.start()
    port = await victim.port()
    answered: set[str] = set()
    stop = asyncio.Event()
    calling = asyncio.create_task(load(port, answered, stop))
    await asyncio.sleep(chance.uniform(0.05, 0.8))
    victim.kill()
    stop.set()
    await calling
    folder = victim.home / "var" / "journal" / "node1"
    closed = {record["correlation_id"] for record in records(folder) if record["kind"] == "closed"}
    unrecorded = answered - closed
    assert not unrecorded, f"{len(unrecorded)} answered calls have no closed record"
    damage = verify(folder).damage
    assert damage is None or "unfinished" in damage.what, str(damage)
    return {"answered": len(answered), "cut off": len(open_calls(folder))}


async def rounds(count: int, done: int, state: Path | None) -> list[dict[str, int]]:
    """That many rounds over one home, from round `done` on."""
    with tempfile.TemporaryDirectory() as folder:
        stage = Scene(Path(folder) / "home", {})
        listeners = Listeners(Limits())
        stage.port = await listeners.listen(Producer(), "127.0.0.1", 0)
        stage.furnish()
        victim = Victim(stage.path)
        results = []
        try:
            for number in range(done, count):
                results.append(await one_round(victim, random.Random(number)))  # noqa: S311 - repeatable, not secret
                if state is not None:
                    state.write_text(json.dumps({"done": number + 1}))
        finally:
            if victim.process.poll() is None:
                victim.kill()
            await listeners.drain(0)
        assert verify(stage.path / "var/journal/node1").records > 0
    return results


def main() -> None:
    """Run, and say what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--state", type=Path)
    given = parser.parse_args()
    done = json.loads(given.state.read_text())["done"] if given.state and given.state.is_file() else 0
    results = asyncio.run(rounds(given.rounds, done, given.state))
    answered = sum(result["answered"] for result in results)
    print(f"{len(results)} kills, {answered} answered calls, 0 without a closed record, chain valid after each")


if __name__ == "__main__":
    main()
