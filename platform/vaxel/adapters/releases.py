"""Releases on disk: `var/releases/<number>`, written once, never changed or deleted (DI-4.5)."""

import os
from pathlib import Path

from vaxel.journal.segments import sync_folder


class Releases:
    """The folder of compiled releases; the newest is what the next start reads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def numbers(self) -> list[int]:
        """The numbers there are, oldest first."""
        names = (path.name for path in self._folder.glob("*") if path.name.isdigit())
        return sorted(int(name) for name in names)

    def read(self, number: int) -> bytes:
        """A compiled release; `OSError` where it is not there."""
        return self._path(number).read_bytes()

    def write(self, number: int, content: bytes) -> None:
        """Keep a release, whole or not at all; `FileExistsError` where the number is taken."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self._folder / f"{number}.unfinished"
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(unfinished, self._path(number))
        unfinished.unlink()
        sync_folder(self._folder)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:08}"
