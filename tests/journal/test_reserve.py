"""Room on the journal's disk: really taken, given up, taken again (SW-18.11)."""

import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from vaxel.journal.reserve import Reserve


def test_taken_and_given_up(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "reserve", 100_000)
    assert reserve.make()
    assert reserve.present
    found = (tmp_path / "reserve").stat()
    assert (found.st_size, found.st_blocks * 512 >= 100_000, found.st_mode & 0o777) == (100_000, True, 0o600)
    reserve.release()
    assert not reserve.present
    reserve.release()  # twice does no harm
    assert reserve.make()


@pytest.mark.parametrize("size", [0, 10, 200_000])
def test_one_of_another_size_is_made_anew(tmp_path: Path, size: int) -> None:
    (tmp_path / "reserve").write_bytes(b"x" * size)
    assert Reserve(tmp_path / "reserve", 100_000).make()
    assert (tmp_path / "reserve").stat().st_size == 100_000


def test_where_there_is_no_folder(tmp_path: Path) -> None:
    assert not Reserve(tmp_path / "none/reserve", 10).make()


def test_where_there_is_no_room(tmp_path: Path) -> None:
    """A limit on the size of files stands in for a full disk: nothing half made stays behind."""
    code = (
        "import resource, signal, sys; from pathlib import Path; from vaxel.journal.reserve import Reserve\n"
        f"signal.signal({int(signal.SIGXFSZ)}, signal.SIG_IGN)\n"
        f"resource.setrlimit({resource.RLIMIT_FSIZE}, (5000, 5000))\n"
        "reserve = Reserve(Path(sys.argv[1]), 100000); print(reserve.make(), reserve.present)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "reserve")], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "False"]
