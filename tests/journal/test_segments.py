"""The journal's files: their order, their end, and what is done about an unfinished line (SW-18.9)."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaxel.errors import SettingsError
from vaxel.journal.record import Head, line_of
from vaxel.journal.segments import last_line, lock, path_of, recover, segments


def chain(count: int) -> list[bytes]:
    found, head = [], Head()
    for number in range(count):
        line, head = line_of(head, "t", "closed", {"call": "x" * (number % 7)})
        found.append(line)
    return found


def test_only_numbered_segments_in_order(tmp_path: Path) -> None:
    for name in ("00000002.jsonl", "00000010.jsonl", "00000001.jsonl", "x.jsonl", "00000003.unfinished-1"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in segments(tmp_path)] == ["00000001.jsonl", "00000002.jsonl", "00000010.jsonl"]


@pytest.mark.parametrize("unfinished", [b"", b"{", b"x" * 200_000], ids=["none", "short", "long"])
def test_the_end_is_found_and_what_is_unfinished_moved_aside(tmp_path: Path, unfinished: bytes) -> None:
    lines = chain(5)
    path_of(tmp_path, 1).write_bytes(b"".join(lines) + unfinished)
    tail = recover(tmp_path)
    assert (tail.number, tail.size, tail.head.seq) == (1, len(b"".join(lines)), 5)
    assert path_of(tmp_path, 1).read_bytes() == b"".join(lines)
    if unfinished:
        assert tail.moved is not None
        assert tail.moved.read_bytes() == unfinished
    else:
        assert tail.moved is None


def test_a_last_segment_without_a_line_leaves_the_chain_where_it_was(tmp_path: Path) -> None:
    path_of(tmp_path, 1).write_bytes(b"".join(chain(3)))
    path_of(tmp_path, 2).write_bytes(b"unfinished")
    tail = recover(tmp_path)
    assert (tail.number, tail.size, tail.head.seq) == (2, 0, 3)
    assert recover(tmp_path).moved is None


def test_an_empty_folder(tmp_path: Path) -> None:
    assert recover(tmp_path).head == Head()


def test_each_unfinished_line_keeps_its_own_file(tmp_path: Path) -> None:
    moved = set()
    for _ in range(3):
        with path_of(tmp_path, 1).open("ab") as file:
            file.write(b"torn")
        tail = recover(tmp_path)
        assert tail.moved is not None
        moved.add(tail.moved.name)
    assert len(moved) == 3


@given(st.lists(st.integers(0, 100_000), max_size=3))
def test_the_last_line_however_long(sizes: list[int]) -> None:
    import tempfile

    lines = [b"x" * size + b"\n" for size in sizes]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "00000001.jsonl"
        path.write_bytes(b"".join(lines))
        assert last_line(path) == (lines[-1] if lines else b"")


def test_a_folder_has_one_owner(tmp_path: Path) -> None:
    descriptor = lock(tmp_path)
    with pytest.raises(SettingsError, match="in use"):
        lock(tmp_path)
    os.close(descriptor)
    os.close(lock(tmp_path))
