"""`python -m benchmarks.bulkhead [--quick]`: what one hung producer does to calls to others, and what health costs.

Platforms get the same calls at a steady pace to a second producer, while calls to a first one are measured: the second
answers, or takes connections and is silent, with the breaker off (the bulkhead alone) and on. The measured calls go to
the platforms in turn, one by one in an order that changes, so that whatever else the machine does meets all of them
alike; how much of a difference is chance, the platform shows that is there twice.
"""

import argparse
import asyncio
import random
import re
import socket
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import uvloop

from benchmarks import stage
from vaxel.adapters.breaker import BreakerRules
from vaxel.adapters.health import Health
from vaxel.call import Body
from vaxel.contracts.sample import envelope
from vaxel.delivery import Answer, Outgoing

SECOND = "SE2321000016-X000000"
PACE = 40
"""Calls a second to the second producer."""
BOUND = 100
HANGS_S = 1
"""Seconds after which the platform with a breaker takes a silence for a failure."""


def furnish(folder: Path, first: int, second: int, timeout_s: int) -> None:
    """A home with two producers."""
    stage.furnish(folder, first, routes=1)
    routes = folder / "routing/routes.yaml"
    lines = routes.read_text().splitlines(keepends=True)
    routes.write_text("".join(line.replace(f":{first}/", f":{second}/") if SECOND in line else line for line in lines))
    contracts = folder / "contracts/clinicalprocess.healthcond.description.yaml"
    contracts.write_text(contracts.read_text().replace("timeout_s: 27", f"timeout_s: {timeout_s}"))


@contextmanager
def silent() -> Iterator[int]:
    """A producer that takes connections and says nothing: nobody accepts them but the kernel; its port."""
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        yield int(listener.getsockname()[1])


@contextmanager
def background(ports: list[int]) -> Iterator[None]:
    """Calls to the second producer of each platform, at their pace, whatever becomes of them."""
    request = stage.http_request(stage.request_body(1000).replace(stage.UNIT.encode(), SECOND.encode()))
    stopping = threading.Event()

    async def call(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        try:
            await reader.read(65_536)
        finally:
            writer.close()

    async def pace() -> None:
        calls: set[asyncio.Task[None]] = set()
        while not stopping.is_set():
            for port in ports:
                calls.add(asyncio.ensure_future(call(port)))
            calls = {each for each in calls if not each.done()}
            await asyncio.sleep(1 / PACE)
        for each in calls:
            each.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    thread = threading.Thread(target=lambda: uvloop.run(pace()))
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def seen(server: stage.Server, second: int) -> str:
    """What the platform's metrics say of its second producer."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics") as answer:
        text = answer.read().decode()
    found = {
        name: re.search(rf'^vaxel_producer_{name}{{endpoint="http://127.0.0.1:{second}"}} (\S+)$', text, re.M)
        for name in ("state", "in_flight", "skipped_total")
    }
    return ", ".join(f"{name} {float(match[1]):.0f}" for name, match in found.items() if match)


def compared(folder: Path, count: int, blocks: int) -> None:
    """Measure and print."""
    with ExitStack() as stack:
        first = stack.enter_context(stage.producer(stage.answer_body(2500)))
        well = stack.enter_context(stage.producer(stage.answer_body(2500)))
        hung = stack.enter_context(silent())
        servers: dict[str, tuple[stage.Server, int]] = {}
        for name, second, timeout_s, breaker in (
            ("second answers", well, 27, "on"),
            ("second answers, once more", well, 27, "on"),
            ("second hangs, bulkhead alone", hung, 27, "off"),
            ("second hangs, breaker", hung, HANGS_S, "on"),
        ):
            home = folder / name.replace(" ", "-").replace(",", "")
            furnish(home, first, second, timeout_s)
            told = {"VAXEL_BREAKER": breaker, "VAXEL_MAX_CALLS_PER_PRODUCER": str(BOUND)}
            platform = stage.platform(home, first, fresh=False, VAXEL_MAX_CALLS_PER_CONSUMER="900", **told)
            servers[name] = (stack.enter_context(platform), second)
        stack.enter_context(background([server.port for server, _ in servers.values()]))
        time.sleep(max(BOUND / PACE, 2 * HANGS_S) + 1)  # the bulkhead is full, the breaker open
        rounds = [measured([server.port for server, _ in servers.values()], count) for _ in range(blocks + 1)][1:]
        for place, (name, (server, second)) in enumerate(servers.items()):
            shown(name, [each[place] for each in rounds], [each[0] for each in rounds], seen(server, second))


def measured(ports: list[int], count: int) -> list[list[float]]:
    """Milliseconds of `count` calls to the first producer through each platform."""
    request = stage.http_request(stage.request_body(1000))
    found: list[list[float]] = [[] for _ in ports]
    with ExitStack() as stack:
        lines = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for port in ports]
        order = list(range(len(ports)))
        for _ in range(count):
            random.shuffle(order)
            for place in order:
                begun = time.perf_counter()
                lines[place].sendall(request)
                _read(lines[place])
                found[place].append((time.perf_counter() - begun) * 1e3)
    return found


def _read(line: socket.socket) -> None:
    """One whole answer of 200."""
    content = b""
    while (end := content.find(b"\r\n\r\n")) < 0:
        content += line.recv(65_536)
    length = re.search(rb"content-length: (\d+)", content[:end], re.I)
    assert content.startswith(b"HTTP/1.1 200"), content[:200]
    assert length is not None
    while len(content) < end + 4 + int(length[1]):
        content += line.recv(65_536)


def shown(name: str, blocks: list[list[float]], base: list[list[float]], state: str) -> None:
    """One line: p50 and p99 of all calls, p99 as a ratio, and where the middle half of the blocks' ratios lies."""
    p50, p99 = (_at([ms for block in blocks for ms in block], share) for share in (0.5, 0.99))
    ratio = p99 / _at([ms for block in base for ms in block], 0.99)
    ratios = [_at(block, 0.99) / _at(other, 0.99) for block, other in zip(blocks, base, strict=True)]
    print(
        f"{name:30} p50 {p50:6.2f} ms  p99 {p99:6.2f} ms  p99 × {ratio:.3f}"
        f" (blocks {_at(ratios, 0.25):.3f} to {_at(ratios, 0.75):.3f})  [{state}]"
    )


def _at(values: list[float], share: float) -> float:
    """The value below which that share of the values lies."""
    return sorted(values)[int((len(values) - 1) * share)]


class _Instant:
    """A producer in memory that answers at once."""

    def __init__(self) -> None:
        self._answer = Answer(status=200, reason="OK", headers=(), body=Body.whole(envelope("")))

    async def send(self, outgoing: Outgoing) -> Answer:
        return self._answer


async def cost_us(count: int) -> float:
    """CPU that health adds to a call, in µs: the least of several turns, with and without it."""
    outgoing = Outgoing(
        url="https://p.example.se/x",
        headers=(),
        body=Body.whole(b""),
        idempotent=True,
        answer_timeout_s=1,
        deadline=0,
    )
    bare = _Instant()
    least = []
    for producer in (bare, Health(bare, BreakerRules(), lambda vitals, before: None)):
        turns = []
        for _ in range(7):
            begun = time.process_time()
            for _ in range(count):
                await producer.send(outgoing)
            turns.append((time.process_time() - begun) / count * 1e6)
        least.append(min(turns))
    return least[1] - least[0]


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few calls, for a look")
    given = parser.parse_args()
    count, blocks = (300, 2) if given.quick else (2000, 10)
    print(f"health adds {uvloop.run(cost_us(count * 20)):.2f} µs CPU to a call")
    with tempfile.TemporaryDirectory() as folder:
        compared(Path(folder), count, blocks)


if __name__ == "__main__":
    main()
