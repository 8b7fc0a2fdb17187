"""The journal's files: `<number>.jsonl` in a folder, and what is done about an unfinished last line (SW-18.9)."""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from vaxel.errors import SettingsError
from vaxel.journal.record import Head, stated_head

SUFFIX = ".jsonl"
_BLOCK = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """The journal's end: last segment and its size in bytes, the chain's head, and an unfinished line moved aside."""

    number: int
    size: int
    head: Head
    moved: Path | None = None


def path_of(folder: Path, number: int) -> Path:
    """The segment of that number."""
    return folder / f"{number:08}{SUFFIX}"


def segments(folder: Path) -> list[Path]:
    """The segments there are, oldest first."""
    return sorted(path for path in folder.glob(f"*{SUFFIX}") if path.stem.isdigit())


def lock(folder: Path) -> int:
    """Take the folder for this process; raises `SettingsError` where another has it. Returns the lock's descriptor."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise SettingsError((f"{folder} is in use by another process; stop it, or name another home",)) from error
    return descriptor


def recover(folder: Path) -> Tail:
    """Find the journal's end; an unfinished last line is moved to a file beside its segment (SW-18.9).

    A damaged line is left for `vaxel audit verify` to tell of: the chain goes on from what the line says of itself.
    """
    found = segments(folder)
    if not found:
        return Tail(number=1, size=0, head=Head())
    last = found[-1]
    moved = _move_unfinished(last)
    for path in reversed(found):
        line = last_line(path)
        if line:
            return Tail(number=int(last.stem), size=last.stat().st_size, head=stated_head(line), moved=moved)
    return Tail(number=int(last.stem), size=last.stat().st_size, head=Head(), moved=moved)


def last_line(path: Path) -> bytes:
    """The last line of a segment; empty where it has none."""
    with path.open("rb") as file:
        content, position = b"", file.seek(0, os.SEEK_END)
        while position and content.count(b"\n") < 2:
            step = min(_BLOCK, position)
            position -= step
            file.seek(position)
            content = file.read(step) + content
    lines = content.splitlines(keepends=True)
    return lines[-1] if lines else b""


def _move_unfinished(path: Path) -> Path | None:
    """Move what follows the last line end to a file beside the segment."""
    end = _end_of_lines(path)
    with path.open("r+b") as file:
        file.seek(end)
        content = file.read()
        if not content:
            return None
        aside = _beside(path)
        with aside.open("xb") as kept:
            kept.write(content)
            kept.flush()
            os.fsync(kept.fileno())
        file.truncate(end)
        os.fsync(file.fileno())
    return aside


def _end_of_lines(path: Path) -> int:
    """The byte after the last line end."""
    with path.open("rb") as file:
        position = file.seek(0, os.SEEK_END)
        while position:
            step = min(_BLOCK, position)
            position -= step
            file.seek(position)
            found = file.read(step).rfind(b"\n")
            if found >= 0:
                return position + found + 1
    return 0


def _beside(path: Path) -> Path:
    number = 1
    while (aside := path.with_suffix(f".unfinished-{number}")).exists():
        number += 1
    return aside


def sync_folder(folder: Path) -> None:
    """Make new names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
