"""Databases for tests: a file of SQLite, and a PostgreSQL of one's own on a free port where the system has one."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ABSENT = "PostgreSQL is not installed (/usr/lib/postgresql/*/bin): apt install postgresql"


def programs() -> Path | None:
    """The folder of PostgreSQL's programs; None where it is not installed."""
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None, key=lambda path: int(path.parent.name))


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """A server over a fresh cluster; the URL of its database. As an unprivileged user where we are root."""
    found = programs()
    assert found is not None
    as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    if as_user:
        shutil.chown(folder, "postgres")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    data = folder / "data"
    subprocess.run(
        [*as_user, found / "initdb", "-D", data, "-U", "vaxel", "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=folder,
    )
    options = ["-p", str(port), "-h", "127.0.0.1", "-k", str(folder), "-F"]
    log = folder / "log"
    with log.open("wb") as stream:
        server = subprocess.Popen([*as_user, found / "postgres", "-D", data, *options], stderr=stream, cwd=folder)
    try:
        _await(found, port)
        yield f"postgresql+asyncpg://vaxel@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run(
            [*as_user, found / "pg_ctl", "stop", "-D", data, "-m", "immediate"],
            check=False,
            cwd=folder,
            stdout=subprocess.DEVNULL,
        )
        server.wait(20)


def fresh(server: str, name: str) -> str:
    """The URL of a new, empty database of a server."""
    found = programs()
    assert found is not None
    port = server.rpartition("/")[0].rpartition(":")[2]
    subprocess.run([found / "createdb", "-h", "127.0.0.1", "-p", port, "-U", "vaxel", name], check=True)
    return server.rpartition("/")[0] + "/" + name


def _await(found: Path, port: int) -> None:
    for _ in range(200):
        ready = subprocess.run([found / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)], check=False)
        if ready.returncode == 0:
            return
        time.sleep(0.05)
    raise RuntimeError("PostgreSQL was not ready in 10 s")
