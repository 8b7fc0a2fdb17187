"""`python -m benchmarks.aggregation [--quick]`: what one question to many sources costs (AG-7.7, AG-8.12).

Joining is measured alone, in this process; the whole through a platform with an index and sources in a process of their
own, whose CPU does not count.
"""

import argparse
import asyncio
import re
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvloop

from benchmarks import stage
from vaxel.adapters.server import Limits, Listeners
from vaxel.aggregation import merge, status
from vaxel.aggregation.merge import MemoryShelf, Merge
from vaxel.aggregation.plan import Source
from vaxel.aggregation.status import Record, Wording
from vaxel.contracts.entry import Contract
from vaxel.contracts.load import load
from vaxel.contracts.sample import Facts, Sampler, envelope
from vaxel.home import Home, packaged
from vaxel.soap.records import check, cut

PATIENT = Facts().patient
FIND = "urn:riv:itintegration:engagementindex:FindContentResponder:1"
INDEX = "SE2321000016-INDX"
_ADDRESS = re.compile(rb"LogicalAddress[^>]*>([^<]+)<")
_ID = re.compile(r"(<d:documentId>)[^<]*")


def answers(records: int) -> tuple[Contract, list[bytes]]:
    """GetDiagnosis, and an answer of that many sampled records for each of as many sources as are asked for."""
    home = Home(path=packaged())
    catalogue = load(home.contract_files(), home.schema).catalogue
    contract = catalogue.get(stage.DIAGNOSIS)
    schema = catalogue.schema(contract) if contract else None
    assert contract is not None
    assert schema is not None
    sample = _prefixed(Sampler(contract, schema.structure()).response(Facts()).decode())
    start, end = sample.index("<diagnosis>"), sample.index("</diagnosis>") + len("</diagnosis>")
    record = sample[start:end].replace("><", ">\n            <")  # as most systems write: one element a line
    made = []
    for source in range(200):
        rows = "\n".join(_ID.sub(rf"\g<1>{source}-{number}", record) for number in range(records))
        made.append((sample[:start] + rows + sample[end:]).encode())
    return contract, made


def _prefixed(sample: str) -> str:
    """A sample as most systems write: a prefix for the core namespace, declared once."""
    opened: list[str] = []

    def rewritten(match: re.Match[str]) -> str:
        closing, name, namespace = match.groups()
        if closing:
            return f"</{opened.pop()}>"
        opened.append(f"d:{name}" if namespace == stage.DOMAIN else name)
        declared = f' xmlns="{namespace}" xmlns:d="{stage.DOMAIN}"' if name == "GetDiagnosisResponse" else ""
        return f"<{opened[-1]}{declared}>"

    start = sample.index("<GetDiagnosisResponse")
    end = sample.index("</soap:Body>")
    return sample[:start] + re.sub(r'<(/?)(\w+)(?: xmlns="([^"]+)")?>', rewritten, sample[start:end]) + sample[end:]


def joined(contract: Contract, contents: list[bytes]) -> bytes:
    """All that is done with answers: check, cut, look whose they are, join, tell."""
    merging = Merge(contract, PATIENT, MemoryShelf(), "identical")
    taken, records = [], []
    for number, content in enumerate(contents):
        source = Source(address=f"SE-{number}", resident=PATIENT)
        found = cut(content, contract.namespace, contract.response, merging.names)
        taken.append(merging.take(source, found))
        records.append(Record(source=source.address, time="20260115103000"))
    header = status.header(records, {}, Wording())
    before, after = merge.ends(contract, merging.base, header)
    return b"".join([before, *merging.pieces(tuple(taken)), after])


def joining(sources: int, size_bytes: int, rounds: int) -> None:
    """CPU and memory of joining alone."""
    contract, made = answers(1)
    contract, made = answers(max(1, size_bytes // len(made[0])))
    contents = made[:sources]
    times, checks = [], []
    for _ in range(rounds):
        begun = time.process_time()
        answer = joined(contract, contents)
        times.append((time.process_time() - begun) * 1000)
        begun = time.process_time()
        for content in contents:
            check(content)
        checks.append((time.process_time() - begun) * 1000)
    tracemalloc.start()
    answer = joined(contract, contents)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(
        f"joining {sources} × {len(contents[0]) // 1000} KB, {answer.count(b'</diagnosis>')} records: "
        f"{min(times):.1f} ms CPU at best, {statistics.median(times):.1f} ms median "
        f"({min(times) / min(checks):.1f} × the check of well-formedness alone); "
        f"memory at most {peak / len(answer):.2f} × the answer, that included"
    )


async def produce(port: int, sources: int, spread_s: float) -> None:
    """An index and its sources: source number n answers after its part of `spread_s`; `GET` tells when the last did."""
    _, contents = answers(1)
    rows = "".join(
        '<engagement xmlns:e="urn:riv:itintegration:engagementindex:1"><e:registeredResidentIdentification>'
        f"{PATIENT}</e:registeredResidentIdentification><e:serviceDomain>riv:clinicalprocess:healthcond:description"
        f"</e:serviceDomain><e:categorization>dia</e:categorization><e:logicalAddress>{name}</e:logicalAddress>"
        f"<e:sourceSystem>{name}</e:sourceSystem></engagement>"
        for name in _names(sources)
    )
    found = envelope(f'<FindContentResponse xmlns="{FIND}">{rows}</FindContentResponse>')
    last = 0.0

    async def answer(scope: dict, receive: object, send: object) -> None:  # type: ignore[type-arg]
        nonlocal last
        body = b""
        while True:
            told = await receive()  # type: ignore[operator]
            body += told.get("body", b"")
            if not told.get("more_body"):
                break
        address = _ADDRESS.search(body)
        if scope["method"] == "GET":
            content = str(last).encode()
        elif address is None or address[1] == INDEX.encode():
            content = found
        else:
            number = int(address[1][-3:])
            await asyncio.sleep(spread_s * number / sources)
            content = contents[number]
        start = [(b"content-type", b"text/xml"), (b"content-length", b"%d" % len(content))]
        await send({"type": "http.response.start", "status": 200, "headers": start})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": content})  # type: ignore[operator]
        if scope["method"] != "GET":
            last = time.monotonic()

    await Listeners(Limits()).listen(answer, "127.0.0.1", port)
    print("ready", flush=True)
    await asyncio.Event().wait()


@contextmanager
def region(sources: int, spread_s: float) -> Iterator[int]:
    """The process of index and sources; its port."""
    port = stage.free_port()
    arguments = ["produce", "--port", str(port), "--sources", str(sources), "--spread", str(spread_s)]
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.aggregation", *arguments], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield port
        finally:
            process.kill()


def furnish(folder: Path, port: int, sources: int) -> None:
    """A home where the platform aggregates GetDiagnosis."""
    stage.furnish(folder, port)
    names = _names(sources)
    units = "".join(f"  - {{id: {name}, name: S, kind: system}}\n" for name in (INDEX, *names))
    with (folder / "logical_addresses.yaml").open("a") as file:
        file.write(units)
    with (folder / "routing/components.yaml").open("a") as file:
        file.write(f"  - {{id: {stage.PLATFORM}, roles: [consumer, producer]}}\n")
    url = f"http://127.0.0.1:{port}/ws"
    with (folder / "routing/routes.yaml").open("a") as file:
        file.write(
            f"  - {{to: [{', '.join(names)}], contract: [{stage.DIAGNOSIS}], producer: {stage.PRODUCER}, "
            f"url: '{url}', profile: rivtabp21}}\n"
            f"  - {{to: [{INDEX}], contract: [{FIND}], producer: {stage.PRODUCER}, url: '{url}', profile: rivtabp21}}\n"
            f"  - {{to: [{stage.PLATFORM}], contract: [{stage.DIAGNOSIS}], producer: {stage.PLATFORM}, "
            "url: 'vaxel:aggregate', profile: rivtabp21}\n"
        )
    with (folder / "routing/permissions.yaml").open("a") as file:
        file.write(f"  - {{consumer: [{stage.PLATFORM}], to: [{INDEX}], contract: [{FIND}]}}\n")


def whole(folder: Path, sources: int, spread_s: float, rounds: int) -> None:
    """CPU of the platform for a call, and how long after the last source its answer is complete."""
    with region(sources, spread_s) as port:
        furnish(folder, port, sources)
        with stage.platform(folder, port, fresh=False, VAXEL_INDEX_ADDRESS=INDEX) as server:
            body = stage.request_body(1000).replace(stage.UNIT.encode(), stage.PLATFORM.encode())
            headers = {"x-vp-sender-id": stage.CONSUMER, "x-vp-instance-id": stage.PLATFORM, "content-type": "text/xml"}
            added, sizes = [], []
            with httpx.Client(timeout=60) as client:
                for turn in range(rounds + 2):
                    if turn == 2:  # the first ones warm up
                        before = server.cpu_s()
                    answer = client.post(f"http://127.0.0.1:{server.port}/vp", content=body, headers=headers)
                    done = time.monotonic()
                    assert answer.content.count(b"DataFromSource") == sources, answer.text[:2000]
                    added.append((done - float(client.get(f"http://127.0.0.1:{port}/").text)) * 1000)
                    sizes.append(len(answer.content))
            used = (server.cpu_s() - before) / rounds * 1000
    print(
        f"{sources} sources × 2.5 KB, spread over {spread_s * 1000:.0f} ms: {used:.0f} ms CPU a call, answer of "
        f"{sizes[-1] // 1000} KB complete {statistics.median(added[2:]):.1f} ms after the slowest (median; "
        f"{min(added[2:]):.1f} at best)"
    )


def _names(sources: int) -> list[str]:
    return [f"SE2321000016-S{number:03}" for number in range(sources)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=("produce",))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--port", type=int)
    parser.add_argument("--sources", type=int, default=200)
    parser.add_argument("--spread", type=float, default=0.25)
    given = parser.parse_args()
    if given.what:
        uvloop.run(produce(given.port, given.sources, given.spread))
        return
    rounds = 3 if given.quick else 20
    joining(20, 100_000, rounds)
    joining(200, 2_500, rounds)
    joining(20, 1_000_000, 3)
    with tempfile.TemporaryDirectory() as name:
        whole(Path(name) / "home", given.sources, given.spread, rounds)


if __name__ == "__main__":
    main()
