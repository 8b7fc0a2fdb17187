"""Where records wait for the joined answer: in memory, and beyond a limit on disk (AG-8.12)."""

from collections.abc import Iterable, Iterator
from tempfile import TemporaryFile
from typing import IO

from vaxel.aggregation.merge import ShelfFull

CHUNK_BYTES = 262_144


class Spool:
    """A shelf: records are kept as they are until they are `memory_bytes` in all; what comes later goes to a file.

    The file has no name and is gone with its last user. `room_bytes` bounds the sum.
    """

    def __init__(self, *, memory_bytes: int, room_bytes: int) -> None:
        self._memory_left, self._room_left = memory_bytes, room_bytes
        self._places: list[bytes | tuple[int, int]] = []
        self._file: IO[bytes] | None = None
        self._end = 0

    def put(self, record: bytes) -> int:
        """Keep a record; its number. Raises `ShelfFull`."""
        size = len(record)
        if size > self._room_left:
            raise ShelfFull
        self._room_left -= size
        if size <= self._memory_left and self._file is None:
            self._memory_left -= size
            self._places.append(record)
        else:
            self._write(record)
        return len(self._places) - 1

    def get(self, number: int) -> bytes:
        """The record of a number."""
        place = self._places[number]
        if isinstance(place, bytes):
            return place
        assert self._file is not None  # noqa: S101 - it was written there
        self._file.seek(place[0])
        return self._file.read(place[1])

    @property
    def on_disk(self) -> bool:
        """Whether any record went to the file."""
        return self._file is not None

    def close(self) -> None:
        """Forget everything."""
        self._places.clear()
        if self._file is not None:
            self._file.close()

    def _write(self, record: bytes) -> None:
        if self._file is None:
            self._file = TemporaryFile(prefix="vaxel-")  # noqa: SIM115 - it lives as long as the spool
        self._file.seek(self._end)
        self._file.write(record)
        self._places.append((self._end, len(record)))
        self._end += len(record)


def chunks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Pieces joined to chunks of some size, so that writing each costs little."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= CHUNK_BYTES:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)
