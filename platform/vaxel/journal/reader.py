"""Reads the journal while it is being written: whole lines only, in the order of the chain."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from vaxel.journal.record import fields_of
from vaxel.journal.segments import segments

Record = dict[str, Any]


def nodes(journal: Path) -> list[Path]:
    """The folders of the nodes whose segments lie below `journal`."""
    return sorted(path for path in journal.iterdir() if path.is_dir()) if journal.is_dir() else []


def lines(folder: Path) -> Iterator[bytes]:
    """Every whole line of one node, oldest first, with its end; an unfinished last line is left out."""
    for path in segments(folder):
        with path.open("rb") as file:
            yield from (line for line in file if line.endswith(b"\n"))


def records(folder: Path) -> Iterator[Record]:
    """Every record of one node, oldest first; lines that are none are left to `vaxel audit verify`."""
    yield from _readable(lines(folder))


def _readable(found: Iterable[bytes]) -> Iterator[Record]:
    for line in found:
        try:
            yield fields_of(line)
        except ValueError:
            continue


def last(folder: Path, count: int) -> list[Record]:
    """The newest records of one node, oldest of them first; lines that are none are left out."""
    found: deque[Record] = deque(maxlen=count)
    for path in reversed(segments(folder)):
        with path.open("rb") as file:
            tail = deque((line for line in file if line.endswith(b"\n")), maxlen=count - len(found))
        found.extendleft(reversed(list(_readable(tail))))
        if len(found) == count:
            break
    return list(found)


def find(journal: Path, match: Callable[[Record], bool]) -> Iterator[Record]:
    """The records of every node that match."""
    for folder in nodes(journal):
        yield from (record for record in records(folder) if match(record))


def about(
    words: dict[str, str], tags: dict[str, str] | None = None, since: str = "", until: str = "~"
) -> Callable[[Record], bool]:
    """A match for `find`: every word equal to its member, a patient's tag under the year's key, and a span of time.

    `since` and `until` are beginnings of the record's time, such as `2026-11-24T14`.
    """

    def match(record: Record) -> bool:
        if not since <= record["time"] < until:
            return False
        if tags is not None:
            patient = record.get("patient") or {}
            if tags.get(patient.get("key", "")) != patient.get("tag", ""):
                return False
        return all(str(record.get(name, "")).lower() == word.lower() for name, word in words.items())

    return match


def open_calls(folder: Path) -> set[str]:
    """Calls that have an `opened` record and no `closed` one: in flight, or cut off by the end of a process."""
    found: set[str] = set()
    for record in records(folder):
        if record["kind"] == "opened":
            found.add(record["call"])
        elif record["kind"] == "closed":
            found.discard(record["call"])
    return found
