"""The journal as it is written: format, group commit, rotation, restarts, full and broken disks (DESIGN section 3)."""

import asyncio
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pens import opened, pen

from vaxel.errors import JournalUnavailable, SettingsError
from vaxel.journal.reader import records
from vaxel.journal.verify import verify


def lines(var: Path) -> list[bytes]:
    return [line for path in sorted((var / "journal/n").glob("*.jsonl")) for line in path.read_bytes().splitlines()]


async def test_the_format_is_that_of_the_design(tmp_path: Path) -> None:
    """SW-18.8, worked out anew: `hash` over the bytes before `,"hash":`, `prev` from 64 zeros on."""
    async with opened(tmp_path) as journal:
        await journal.durable("opened", {"call": "a", "receiver": "Åäö", "parent": None})
        await journal.durable("closed", {"call": "a"})
    prev = "0" * 64
    for number, line in enumerate(lines(tmp_path), start=1):
        body, _, tail = line.rpartition(b',"hash":')
        record = json.loads(line)
        assert tail == b'"%b"}' % hashlib.sha256(body).hexdigest().encode()
        assert (record["seq"], record["prev"]) == (number, prev)
        assert list(record)[:3] == ["seq", "time", "kind"]
        assert list(record)[-2:] == ["prev", "hash"]
        assert record["time"].endswith("Z")
        prev = record["hash"]
    assert "parent" not in json.loads(lines(tmp_path)[0])


async def test_a_record_is_in_the_file_before_append_returns(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        journal.append("opened", {"call": "a"})
        assert json.loads(lines(tmp_path)[-1])["call"] == "a"


async def test_one_sync_serves_many(tmp_path: Path) -> None:
    """Group commit without a timer."""
    syncs: list[int] = []
    async with opened(tmp_path, synced=lambda count, seconds: syncs.append(count)) as journal:
        await asyncio.gather(*(journal.durable("closed", {"call": str(number)}) for number in range(200)))
    assert sum(syncs) >= 200
    assert len(syncs) < 20


async def test_the_chain_runs_across_segments_and_restarts(tmp_path: Path) -> None:
    for _ in range(3):
        async with opened(tmp_path, segment_bytes=2000) as journal:
            for number in range(20):
                await journal.durable("closed", {"call": str(number)})
    verdict = verify(tmp_path / "journal/n")
    assert verdict.damage is None
    assert [record["seq"] for record in records(tmp_path / "journal/n")] == list(range(1, verdict.records + 1))
    assert len(list((tmp_path / "journal/n").glob("*.jsonl"))) > 5
    assert all(path.stat().st_size <= 2000 for path in (tmp_path / "journal/n").glob("*.jsonl"))


async def test_an_unfinished_last_line_is_moved_aside(tmp_path: Path) -> None:
    """SW-18.9."""
    async with opened(tmp_path) as journal:
        await journal.durable("closed", {"call": "a"})
    segment = tmp_path / "journal/n/00000001.jsonl"
    with segment.open("ab") as file:
        file.write(b'{"seq":3,"torn')
    async with opened(tmp_path) as journal:
        await journal.durable("closed", {"call": "b"})
    recovered = [record for record in records(segment.parent) if record["kind"] == "recovered"]
    assert (segment.parent / recovered[0]["moved"]).read_bytes() == b'{"seq":3,"torn'
    assert verify(segment.parent).damage is None


async def test_a_second_process_is_refused(tmp_path: Path) -> None:
    async with opened(tmp_path):
        with pytest.raises(SettingsError, match="in use by another process"):
            pen(tmp_path).open()


LIMITED = """
import asyncio, resource, signal, sys
sys.path[:0] = sys.argv[2:]
from pathlib import Path
from pens import opened
from vaxel.errors import JournalUnavailable
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

async def main():
    async with opened(Path(sys.argv[1])) as journal:
        for number in range(10):
            await journal.durable("closed", {"call": str(number)})
        size = (Path(sys.argv[1]) / "journal/n/00000001.jsonl").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, resource.RLIM_INFINITY))
        try:
            await journal.durable("opened", {"call": "refused"})
        except JournalUnavailable as error:
            print("refused:", error.reason)
        print("status:", journal.status().reason, journal.status().reserve)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        await journal.durable("closed", {"call": "in flight"}, in_flight=True)
        await asyncio.sleep(1.1)
        await journal.durable("opened", {"call": "after"})
        print("status:", repr(journal.status().reason), journal.status().reserve)

asyncio.run(main())
"""


def test_a_full_disk(tmp_path: Path) -> None:
    """SW-18.11: new calls are refused, those in flight are closed, and it heals; a limit on file size stands in."""
    paths = [str(Path(__file__).parent), *(entry for entry in sys.path if entry)]
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path), *paths], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "refused: the journal's disk is full",
        "status: the journal's disk is full False",
        "status: '' True",
    ]
    assert [record.get("call") for record in records(tmp_path / "journal/n")][10:12] == ["in flight", "after"]
    assert verify(tmp_path / "journal/n").damage is None


async def test_a_broken_disk_breaks_every_promise_and_heals(tmp_path: Path) -> None:
    """A descriptor that cannot be synced: whoever waits is refused, what was written since is cut and told."""
    async with opened(tmp_path) as journal:
        await journal.durable("closed", {"call": "kept"})
        read, write = os.pipe()
        kept = os.dup(journal._descriptor)
        os.dup2(write, journal._descriptor)  # a pipe takes the line and cannot be synced
        results = await asyncio.gather(
            *(journal.durable("closed", {"call": "lost"}) for _ in range(3)), return_exceptions=True
        )
        assert all(isinstance(result, JournalUnavailable) for result in results)
        assert "cannot be written" in journal.status().reason
        with pytest.raises(JournalUnavailable):
            journal.append("opened", {"call": "refused"})
        await asyncio.sleep(1.1)
        await journal.durable("opened", {"call": "after"})
        assert journal.status().reason == ""
        for descriptor in (read, write, kept):
            os.close(descriptor)
    found = list(records(tmp_path / "journal/n"))
    assert [record.get("call") for record in found if record["kind"] != "checkpoint"] == ["kept", None, "after"]
    assert [record["lost"] for record in found if record["kind"] == "recovered"] == [3]
    assert verify(tmp_path / "journal/n").damage is None


async def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "journal").write_bytes(b"a file where the folder should be")
    with pytest.raises(OSError, match="Not a directory"):
        pen(tmp_path).open()
