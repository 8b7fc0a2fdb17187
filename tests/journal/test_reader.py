"""Reading while it is written: whole lines, newest, by member, by patient, by time; damaged lines are passed over."""

from pathlib import Path

import pytest
from pens import opened

from vaxel.journal.reader import about, find, last, lines, nodes, open_calls, records
from vaxel.journal.sealing import Sealer


async def written(var: Path) -> Path:
    async with opened(var, segment_bytes=900) as journal:
        for number in range(10):
            patient = journal.seal("191212121212" if number % 2 else "201212121212")
            journal.append("opened", {"call": str(number), "code": "VP009", "patient": dict(patient)})
            if number != 4:
                await journal.durable("closed", {"call": str(number)})
    return var / "journal"


async def test_the_newest_across_segments(tmp_path: Path) -> None:
    folder = await written(tmp_path) / "n"
    everything = list(records(folder))
    assert len(list(folder.glob("*.jsonl"))) > 3
    for count in (1, 2, 7, len(everything), 1000):
        assert last(folder, count) == everything[-count:]


async def test_unfinished_and_damaged_lines_are_passed_over(tmp_path: Path) -> None:
    folder = await written(tmp_path) / "n"
    before = len(list(records(folder)))
    newest = sorted(folder.glob("*.jsonl"))[-1]
    with newest.open("ab") as file:
        file.write(b'not json\n{"seq":"x"}\n{"seq":99,"unfinished')
    assert len(list(lines(folder))) == before + 2
    assert len(list(records(folder))) == len(last(folder, 1000)) == before


async def test_calls_that_were_cut_off(tmp_path: Path) -> None:
    assert open_calls(await written(tmp_path) / "n") == {"4"}


@pytest.mark.parametrize(
    ("words", "count"), [({"kind": "opened"}, 10), ({"KIND": "x"}, 0), ({"code": "vp009", "call": "3"}, 1), ({}, 19)]
)
async def test_by_members_without_case(tmp_path: Path, words: dict[str, str], count: int) -> None:
    found = find(await written(tmp_path), about(words))
    assert len([record for record in found if record["kind"] != "checkpoint"]) == count


async def test_by_patient_and_time(tmp_path: Path) -> None:
    journal = await written(tmp_path)
    tags = Sealer(tmp_path / "keys", lambda: 2026).tags("191212121212")
    found = list(find(journal, about({}, tags)))
    assert [record["call"] for record in found] == ["1", "3", "5", "7", "9"]
    middle = found[2]["time"]
    assert [record["call"] for record in find(journal, about({}, tags, since=middle))] == ["5", "7", "9"]
    assert [record["call"] for record in find(journal, about({}, tags, until=middle))] == ["1", "3"]
    assert list(find(journal, about({}, Sealer(tmp_path / "keys", lambda: 2026).tags("nobody")))) == []


async def test_where_there_is_no_journal(tmp_path: Path) -> None:
    assert nodes(tmp_path / "none") == []
    assert last(tmp_path, 5) == []
