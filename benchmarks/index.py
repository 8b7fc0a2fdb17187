"""`python -m benchmarks.index [--quick] [--rows N…]`: the index's writes a second, and how FindContent grows.

Residents are made up: a number that is no identity number, as twelve digits with month 00.
"""

import argparse
import asyncio
import random
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks import stage
from vaxel.contracts.sample import envelope
from vaxel.engagements import read, write
from vaxel.engagements.fields import CORE, FIND, UPDATE
from vaxel.engagements.model import Engagement
from vaxel.soap import tree
from vaxel.store import asking
from vaxel.store.address import address
from vaxel.store.codec import COLUMNS, values
from vaxel.store.store import Store

DOMAINS = (
    "riv:clinicalprocess:healthcond:description",
    "riv:clinicalprocess:healthcond:actoutcome",
    "riv:clinicalprocess:logistics:logistics",
)
KINDS = ("dia", "voo", "upp", "vko", "und-kkm-ure")
MOST_PER_S = 6000
"""So many transactions a second are made before the time begins, so that making them costs the platform nothing."""
EACH = 10
"""Engagements of each resident: in up to three domains, as in a national index."""


def resident(number: int) -> str:
    """A resident's id that nobody has."""
    return f"19{number % 100:02}00{number // 100:06}"


def rows(count: int, seed: int = 1) -> Iterator[Engagement]:
    """Engagements in order of resident, ten for each."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    for name in sorted(resident(number) for number in range(count // EACH)):
        for position in range(EACH):
            system = f"SE2321000016-{chance.randrange(500):04}"
            yield Engagement(
                registered_resident_identification=name,
                service_domain=DOMAINS[position % 3],
                categorization=KINDS[position % 5],
                logical_address=system,
                business_object_instance_identifier="NA",
                clinical_process_interest_id="NA",
                source_system=system,
                data_controller=f"SE2321000016-{position:04}",
                owner=stage.PLATFORM,
                most_recent_content="20260102030405",
                creation_time="20260102030405",
                update_time="20260102030405",
            )


async def grown(path: Path, count: int) -> Store:
    """A store with so many rows."""
    store = Store(address("", path))
    await store.open()
    with sqlite3.connect(path / "vaxel.db") as connection:
        statement = (
            f"INSERT OR REPLACE INTO engagements ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608
        )
        connection.execute("PRAGMA synchronous=OFF")
        connection.executemany(statement, map(values, rows(count)))
    connection.close()
    return store


async def finds(count: int, questions: int) -> dict[str, Any]:
    """Milliseconds of FindContent in process, as the service asks, over a store of so many rows.

    The processor's time tells of the index alone; the clock's also of whatever else the machine does.
    """
    with tempfile.TemporaryDirectory() as folder:
        store = await grown(Path(folder), count)
        reader = await store.reader()
        chance, found = random.Random(2), 0  # noqa: S311 - repeatable, not secret
        times, used = list[float](), list[float]()
        for _ in range(questions):
            query = _question(resident(chance.randrange(count // EACH)), chance.choice(DOMAINS))
            begun, cpu = time.perf_counter(), time.thread_time()
            answer = await asking.find(reader, query, None, 1001)
            _ = write.engagements(answer)
            times.append((time.perf_counter() - begun) * 1e3)
            used.append((time.thread_time() - cpu) * 1e3)
            found += len(answer)
        size = (Path(folder) / "vaxel.db").stat().st_size
        await store.close()
    marks, cpu_marks = statistics.quantiles(times, n=100), statistics.quantiles(used, n=100)
    return {
        "rows": count,
        "p50_ms": round(marks[49], 3),
        "p99_ms": round(marks[98], 3),
        "p99_cpu_ms": round(cpu_marks[98], 3),
        "answered": found,
        "bytes_a_row": round(size / count),
    }


async def updates(folder: Path, seconds: float, batch: int, in_flight: int) -> dict[str, Any]:
    """Transactions a second that a platform answers over HTTP and applies, on SQLite, with its CPU."""
    furnish(folder)
    ready = [_update(number, batch) for number in range(round(seconds * MOST_PER_S / batch))]
    with stage.platform(folder, 1, fresh=False) as server:
        before, begun = server.cpu_s(), time.monotonic()
        answered = await _send(server.port, begun + seconds, ready, batch, in_flight)
        taken = time.monotonic() - begun
        await _until_applied(folder)
        whole, used = time.monotonic() - begun, server.cpu_s() - before
    return {
        "batch": batch,
        "answered_per_s": round(answered / taken),
        "applied_per_s": round(answered / whole),
        "backlog_s": round(whole - taken, 2),
        "cpu_us": round(used / answered * 1e6, 1),
    }


def furnish(folder: Path) -> None:
    """A home whose own index takes updates."""
    stage.furnish(folder, 1)
    contracts = f"[{UPDATE}, {FIND}]"
    (folder / "routing/routes.yaml").write_text(
        f"format: 1\nroutes:\n  - {{to: [{stage.PLATFORM}], contract: {contracts}, producer: {stage.PRODUCER}, "
        "url: 'vaxel:engagement-index', profile: rivtabp21}\n"
    )
    (folder / "routing/permissions.yaml").write_text(
        f"format: 1\npermissions:\n  - {{consumer: [{stage.CONSUMER}], to: ['*'], contract: {contracts}}}\n"
    )


async def _send(port: int, end: float, ready: list[bytes], batch: int, in_flight: int) -> int:
    headers = {"x-vp-sender-id": stage.CONSUMER, "x-vp-instance-id": stage.PLATFORM, "content-type": "text/xml"}
    answered = 0

    async def caller(session: aiohttp.ClientSession) -> None:
        nonlocal answered
        while ready and time.monotonic() < end:
            content = ready.pop()
            async with session.post(f"http://127.0.0.1:{port}/vp", data=content, headers=headers) as answer:
                text = await answer.read()
            if b"<ResultCode>OK" not in text:
                raise RuntimeError(text.decode())
            answered += batch

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(caller(session) for _ in range(in_flight)))
    return answered


def _update(number: int, batch: int) -> bytes:
    inner = "".join(
        "<engagementTransaction><c:deleteFlag>false</c:deleteFlag>"
        f"{write.engagement(each, 'c:engagement')}</engagementTransaction>"
        for each in _of_batch(number, batch)
    )
    return envelope(f'<Update xmlns="{UPDATE}" xmlns:c="{CORE}">{inner}</Update>', stage.PLATFORM)


def _of_batch(number: int, batch: int) -> Iterator[Engagement]:
    chance = random.Random(number)  # noqa: S311 - repeatable, not secret
    for position in range(batch):
        system = f"SE2321000016-{chance.randrange(500):04}"
        yield Engagement(
            registered_resident_identification=resident(chance.randrange(500_000)),
            service_domain=DOMAINS[position % 3],
            categorization=KINDS[position % 5],
            logical_address=system,
            business_object_instance_identifier="NA",
            clinical_process_interest_id="NA",
            source_system=system,
            data_controller=f"SE2321000016-{position:04}",
            most_recent_content=f"202601{chance.randrange(1, 29):02}030405",
        )


async def _until_applied(folder: Path) -> None:
    """Until nothing waits any more."""
    store = Store(address("", folder / "var"))
    reader = await store.reader()
    for _ in range(6000):
        if not (await asking.counts(reader))["waiting"]:
            break
        await asyncio.sleep(0.01)
    await store.close()


def _question(name: str, domain: str) -> Engagement:
    payload = (
        f'<FindContent xmlns="{FIND}"><registeredResidentIdentification>{name}</registeredResidentIdentification>'
        f"<serviceDomain>{domain}</serviceDomain></FindContent>"
    )
    return read.query(tree.parse(envelope(payload, stage.PLATFORM)).payload).wanted


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20,000 rows and two seconds, for a look and for tests")
    parser.add_argument("--rows", type=int, nargs="*", help="sizes of the index to ask")
    given = parser.parse_args()
    sizes = given.rows or ([2_000, 20_000] if given.quick else [1_000_000, 10_000_000])
    seconds = 2.0 if given.quick else 20.0
    with tempfile.TemporaryDirectory() as name:
        for batch, in_flight in ((100, 4), (1000, 2), (1, 32)):
            shutil.rmtree(name, ignore_errors=True)
            found = asyncio.run(updates(Path(name), seconds, batch, in_flight))
            print("updates: " + ", ".join(f"{key} {value}" for key, value in found.items()), flush=True)
        Path(name).mkdir(exist_ok=True)
    results = []
    for size in sizes:
        results.append(asyncio.run(finds(size, 1000 if given.quick else 20_000)))
        print("finds: " + ", ".join(f"{key} {value}" for key, value in results[-1].items()), flush=True)
    growth = {name: results[-1][name] / results[0][name] for name in ("p99_ms", "p99_cpu_ms")}
    shown = ", ".join(f"{name} × {value:.2f}" for name, value in growth.items())
    print(f"growth: {shown} for rows × {sizes[-1] // sizes[0]}")


if __name__ == "__main__":
    main()
