"""Keeps checkpoints elsewhere: appended to a file, or posted to a URL (SW-18.10)."""

import os
from pathlib import Path
from typing import Any

import orjson


class Shipper:
    """Ships to a file path, a `file://` URL or an http(s) URL; an empty place ships nowhere."""

    def __init__(self, to: str, *, timeout_s: float = 10) -> None:
        self._to = to
        self._timeout_s = timeout_s

    def ship(self, checkpoint: dict[str, Any]) -> None:
        """Keep one checkpoint; raises `OSError` where that failed. Blocks: call it in a thread."""
        if not self._to:
            return
        line = orjson.dumps(checkpoint) + b"\n"
        if self._to.startswith(("http://", "https://")):
            self._post(line)
        else:
            self._append(line)

    def _append(self, line: bytes) -> None:
        path = Path(self._to.removeprefix("file://"))
        with path.open("ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def _post(self, line: bytes) -> None:
        import httpx  # only those who ship to a URL pay for it

        try:
            answer = httpx.post(
                self._to, content=line, headers={"content-type": "application/json"}, timeout=self._timeout_s
            )
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise OSError(f"the checkpoint could not be shipped: {type(error).__name__}") from error
