"""The quality report between runs: one small file, replaced whole (CO-7.9)."""

import os
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson

from vaxel.contracts.quality import Quality

FORMAT = 1


class QualityFile:
    """Reads and writes the report of one node."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writing = threading.Lock()

    def read(self) -> Quality:
        """The report that was kept, a new one where there is none; raises `ValueError` where it is damaged."""
        quality = Quality()
        if not self.path.is_file():
            return quality
        try:
            quality.restore(_rows(self.path.read_bytes()))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"{self.path} is damaged: {type(error).__name__}") from error
        quality.changed = False
        return quality

    def move_aside(self) -> Path:
        """Keep a damaged file for those who look into it, under a name that is free."""
        number = 1
        while (aside := self.path.with_name(f"{self.path.name}.damaged-{number}")).exists():
            number += 1
        return self.path.rename(aside)

    def write(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Replace the file, whole or not at all; raises `OSError` where it cannot."""
        content = orjson.dumps({"format": FORMAT, "rows": list(rows)})
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self.path.with_suffix(".unfinished")
        with self._writing:
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            unfinished.replace(self.path)


def _rows(content: bytes) -> list[dict[str, Any]]:
    document = orjson.loads(content)
    if document["format"] != FORMAT:
        raise ValueError(f"format {document['format']} is not known")
    rows: list[dict[str, Any]] = document["rows"]
    return rows
