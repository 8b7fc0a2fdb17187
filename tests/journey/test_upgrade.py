"""A home that an earlier version made and wrote to is taken over by this one."""

import io
import json
import os
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest

from vaxel.directory.release import described
from vaxel.journal.reader import records
from vaxel.journal.verify import verify

ROOT = Path(__file__).parents[2]
EARLIER = "f949004"
"""The first commit whose homes this version promises to take over."""


def ran(source: Path, home: Path) -> None:
    """Start the platform of a checkout over a home, and stop it."""
    environment = {**os.environ, "PYTHONPATH": str(source / "platform"), "VAXEL_HTTP_PORT": "0", "VAXEL_WEB_PORT": "0"}
    if not home.exists():
        subprocess.run(
            [sys.executable, "-m", "vaxel", "init", str(home)], env=environment, check=True, capture_output=True
        )
    command = [sys.executable, "-m", "vaxel", "serve", "--home", str(home)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        started = next(line for line in process.stdout if b'"started"' in line)
        assert json.loads(started)["ports"]["http"] > 0
        process.terminate()
        process.stdout.read()
    assert process.returncode == 0


def test_the_home_of_an_earlier_commit(tmp_path: Path) -> None:
    done = subprocess.run(["git", "archive", EARLIER], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"commit {EARLIER} is not in this clone's history")
    earlier, home = tmp_path / "earlier", tmp_path / "home"
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(earlier, filter="data")
    ran(earlier, home)
    time.sleep(0.1)
    before = [record["hash"] for record in records(home / "var/journal/node1")]
    ran(ROOT, home)
    after = [record["hash"] for record in records(home / "var/journal/node1")]
    assert after[: len(before)] == before
    assert len(after) > len(before) > 0
    assert verify(home / "var/journal/node1").damage is None
    assert [described(path.read_bytes()).number for path in (home / "var/releases").iterdir()] == [1]
