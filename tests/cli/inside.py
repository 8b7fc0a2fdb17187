"""Commands run inside this process: as people run them, without a second for each start."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from vaxel.__main__ import main


@dataclass(frozen=True)
class Done:
    """How a command left, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def vaxel(*arguments: str, home: Path | None = None) -> Done:
    """Run a command; what it writes is read from the descriptors themselves."""
    takes_home = home is not None and "--home" not in arguments and arguments[0] not in {"init", "schema"}
    named = ["--home", str(home)] if takes_home and len(arguments) > (arguments[0] == "audit") else []
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with _instead(1, out), _instead(2, err):
            code = _left(list(arguments) + named)
        return Done(code, _text(out), _text(err))


def _left(arguments: list[str]) -> int:
    try:
        main(arguments)
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else int(left.code is not None)
    return 0


@contextlib.contextmanager
def _instead(descriptor: int, file: BinaryIO) -> Iterator[None]:
    stream = "stdout" if descriptor == 1 else "stderr"
    kept, former = os.dup(descriptor), getattr(sys, stream)
    os.dup2(file.fileno(), descriptor)
    with open(descriptor, "w", encoding="utf-8", closefd=False) as fresh:
        setattr(sys, stream, fresh)
        try:
            yield
        finally:
            fresh.flush()
            setattr(sys, stream, former)
            os.dup2(kept, descriptor)
            os.close(kept)


def _text(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode("utf-8")
