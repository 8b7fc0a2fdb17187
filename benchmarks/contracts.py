"""`python -m benchmarks.contracts`: what 400 contracts cost at start, and what large messages cost and do to others.

The contracts are the published packages (`VAXEL_RIVTA_DIR`), several times under other names, as many as are wanted.
"""

import argparse
import asyncio
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from vaxel.adapters.packages import read, write
from vaxel.contracts.catalogue import Catalogue
from vaxel.contracts.fit import fitted
from vaxel.contracts.install import Installed, plan
from vaxel.contracts.load import load
from vaxel.contracts.publish import Publication
from vaxel.contracts.sample import Facts, Sampler
from vaxel.contracts.validate import validate
from vaxel.errors import DataError
from vaxel.exchange.beside import beside
from vaxel.home import Home, make
from vaxel.soap import tree

RIVTA = Path(os.environ.get("VAXEL_RIVTA_DIR") or Path(__file__).parents[2] / "shared" / "rivta")
SAMPLED = "GetReferralOutcome"


def furnish(folder: Path, count: int) -> Home:
    """A home with the packages under `urn:riv:copy<n>:…` until there are `count` contracts."""
    home = make(folder)
    for copy in range(1, 20):
        for package in sorted(RIVTA.glob("*/*/")):
            if len(load(home.contract_files(), home.schema).catalogue) >= count:
                return home
            files = {
                name: content.replace(b"urn:riv:", b"urn:riv:copy%d:" % copy) for name, content in read(package).items()
            }
            there = Installed(catalogue=home.contract_files(), names=(), resolve=home.schema)
            try:
                made = plan(files, package.name, there, {})
            except DataError:
                continue
            write(home.path, made)
    return home


def memory_mib() -> float:
    """Resident memory of this process."""
    stated = re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text("utf-8"))
    return int(stated[1]) / 1024 if stated else 0


def cost(work: Callable[[], object], rounds: int = 5) -> float:
    """CPU seconds of the cheapest of some rounds."""
    times = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return min(times)


def loading(home: Home) -> Catalogue:
    """Load, publish, compile everything; print what each takes."""
    before, begun = memory_mib(), time.perf_counter()
    loaded = load(home.contract_files(), home.schema).catalogue
    print(f"load {len(loaded)} contracts: {time.perf_counter() - begun:.2f} s, + {memory_mib() - before:.0f} MiB")
    used = time.process_time()
    fitted(loaded, home.contract_files(), None)
    print(f"hold entries to their schemas: {time.process_time() - used:.2f} s CPU")
    begun = time.perf_counter()
    published = Publication(loaded, home.schema)
    print(f"publish {len(published.paths)} paths: {time.perf_counter() - begun:.2f} s")
    begun = time.perf_counter()
    usable = sum(schema.compiled() is not None for schema in map(loaded.schema, loaded) if schema)
    print(f"compile {usable} schemas: {time.perf_counter() - begun:.2f} s; process {memory_mib():.0f} MiB")
    return loaded


def serving(home: Home) -> None:
    """Start a platform on the home; seconds to ready and its memory."""
    (home.path / "vaxel.toml").write_text("http_port = 18997\nhttps_port = 18998\nweb_port = 18999\n", "utf-8")
    begun = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "vaxel", "serve", "--home", str(home.path)], stdout=subprocess.DEVNULL
    ) as server:
        while server.poll() is None:
            try:
                with urllib.request.urlopen("http://127.0.0.1:18997/health/ready") as answer:
                    if answer.status == 200:
                        break
            except OSError:
                time.sleep(0.05)
        taken = time.perf_counter() - begun
        cpu = sum(
            int(field)
            for field in Path(f"/proc/{server.pid}/stat").read_text("utf-8").rpartition(")")[2].split()[11:13]
        )
        pages = int(Path(f"/proc/{server.pid}/statm").read_text("utf-8").split()[1])
        memory = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
        print(f"serve: ready in {taken:.2f} s, {cpu / os.sysconf('SC_CLK_TCK'):.2f} s CPU, {memory:.0f} MiB")
        server.terminate()


def messages(catalogue: Catalogue) -> dict[str, bytes]:
    """A small request and answers of about 1 and 10 MB."""
    contract = catalogue.named(SAMPLED)
    schema = catalogue.schema(contract) if contract else None
    assert contract is not None and schema is not None, f"no {SAMPLED}"  # noqa: PT018
    sampler = Sampler(contract, schema.structure())
    one = len(sampler.response(Facts(repeats=11))) - len(sampler.response(Facts(repeats=10)))
    made = {"1 KB": sampler.request(Facts(), "SE2321000016-39KJ")}
    return made | {f"{size} MB": sampler.response(Facts(repeats=size * 1_000_000 // one)) for size in (1, 10)}


def validating(catalogue: Catalogue, contents: dict[str, bytes]) -> None:
    """CPU of parsing and of validation."""
    contract = catalogue.named(SAMPLED)
    assert contract is not None
    for name, content in contents.items():
        payload, response = tree.parse(content).payload, name != "1 KB"
        times = 2000 if name == "1 KB" else 1
        parse = cost(lambda content=content, times=times: [tree.parse(content) for _ in range(times)]) / times  # type: ignore[misc]
        check = cost(lambda: [validate(catalogue, contract, payload, response=response) for _ in range(times)]) / times  # noqa: B023
        print(f"{name} ({len(content)} bytes): parse {parse * 1e6:.1f} µs, validate {check * 1e6:.1f} µs CPU")


async def others(catalogue: Catalogue, contents: dict[str, bytes]) -> None:
    """How long small messages take while large ones are read: alone, beside the loop, and in it."""
    contract = catalogue.named(SAMPLED)
    assert contract is not None
    small, large = contents["1 KB"], contents["10 MB"]

    def work(content: bytes, *, response: bool) -> None:
        validate(catalogue, contract, tree.parse(content).payload, response=response)

    async def heavy(size: int | None) -> None:
        while True:
            await beside(size, work, large, response=True)
            await asyncio.sleep(0.05)

    for name, size in (("alone", 0), ("10 MB beside the loop", len(large)), ("10 MB in the loop", None)):
        task = asyncio.create_task(heavy(size)) if name != "alone" else None
        waits = []
        end = time.perf_counter() + 5
        while time.perf_counter() < end:
            begun = time.perf_counter()
            await asyncio.sleep(0.001)
            work(small, response=False)
            waits.append(time.perf_counter() - begun - 0.001)
        if task:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        waits.sort()
        print(f"small messages, {name}: median {statistics.median(waits) * 1e3:.2f} ms, "
              f"p99 {waits[int(len(waits) * 0.99)] * 1e3:.2f} ms, longest {waits[-1] * 1e3:.1f} ms")  # fmt: skip


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contracts", type=int, default=400)
    count = parser.parse_args().contracts
    with tempfile.TemporaryDirectory() as folder:
        home = furnish(Path(folder) / "home", count)
        catalogue = loading(home)
        serving(home)
        contents = messages(catalogue)
        validating(catalogue, contents)
        asyncio.run(others(catalogue, contents))


if __name__ == "__main__":
    main()
