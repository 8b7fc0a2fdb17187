"""Room kept on the journal's disk, so that calls in flight can be closed when the disk fills (SW-18.11)."""

import os
from pathlib import Path

NAME = "reserve"


class Reserve:
    """A file of `size_bytes` that is given up when the disk is full, and made again when there is room."""

    def __init__(self, path: Path, size_bytes: int) -> None:
        self._path = path
        self._size = size_bytes

    @property
    def present(self) -> bool:
        """Whether the room is kept."""
        return self._path.exists()

    def make(self) -> bool:
        """Take the room; False where the disk has not enough."""
        if self._path.exists() and self._path.stat().st_size == self._size:
            return True
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                os.posix_fallocate(descriptor, 0, self._size)
            finally:
                os.close(descriptor)
        except OSError:
            self.release()
            return False
        return True

    def release(self) -> None:
        """Give the room up."""
        try:
            self._path.unlink(missing_ok=True)
        except OSError:
            return  # a disk that cannot be written cannot be freed either: the record after this says so
