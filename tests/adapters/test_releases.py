"""Releases on disk: written once, whole or not at all (DI-4.5)."""

from pathlib import Path

import pytest

from vaxel.adapters.releases import Releases


def test_written_once_and_read(tmp_path: Path) -> None:
    releases = Releases(tmp_path / "releases")
    assert releases.numbers() == []
    releases.write(2, b"two")
    releases.write(10, b"ten")
    assert (releases.numbers(), releases.read(10)) == ([2, 10], b"ten")
    with pytest.raises(FileExistsError):
        releases.write(2, b"another")
    assert releases.read(2) == b"two"
    with pytest.raises(OSError, match="No such file"):
        releases.read(3)


def test_what_a_killed_process_left_is_no_release(tmp_path: Path) -> None:
    releases = Releases(tmp_path)
    (tmp_path / "3.unfinished").write_bytes(b"half")
    assert releases.numbers() == []
    releases.write(3, b"whole")
    assert releases.read(3) == b"whole"
