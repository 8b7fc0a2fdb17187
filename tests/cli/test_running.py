"""`vaxel serve`: runs until it is told to stop, and says why where it cannot start."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from inside import vaxel


@pytest.fixture
def home(tmp_path: Path) -> Path:
    vaxel("init", str(tmp_path / "home"))
    (tmp_path / "home/vaxel.toml").write_text("http_port = 0\nweb_port = 0\n")
    return tmp_path / "home"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_sw_17_7_signals(home: Path, number: signal.Signals) -> None:
    """SIGHUP reads the files again, the others drain and stop; the run file lives as long as the platform."""
    command = [sys.executable, "-m", "vaxel", "serve", "--home", str(home)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VAXEL_")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        lines = (json.loads(line) for line in process.stdout)
        started = next(line for line in lines if line["event.action"] == "started")
        assert (home / "var/run.json").exists()
        assert started["host.hostname"] == socket.gethostname()
        process.send_signal(signal.SIGHUP)
        assert next(line for line in lines if line["event.action"] == "tls.reloaded")
        process.send_signal(number)
        rest = [line["event.action"] for line in lines]
    assert (process.returncode, rest) == (0, ["stopping", "stopped"])
    assert not (home / "var/run.json").exists()


def test_a_port_that_is_taken_is_told(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        (home / "vaxel.toml").write_text(f"http_port = {taken.getsockname()[1]}\nweb_port = 0\n")
        done = subprocess.run(
            [sys.executable, "-m", "vaxel", "serve", "--home", str(home)], capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    assert "Address already in use" in done.stderr
    assert "Traceback" not in done.stderr
