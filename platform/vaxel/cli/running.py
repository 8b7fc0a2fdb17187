"""`vaxel init`, `serve` and `demo`: make a home, run it, show it."""

import asyncio
import os
import shutil
import socket
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console
from rich.table import Table

from vaxel import home as homes
from vaxel import settings as process
from vaxel.adapters.telemetry import Log
from vaxel.cli.options import Compose, HomeOption, opened
from vaxel.home import Home
from vaxel.settings import Settings

console = Console()


def add(app: typer.Typer, compose: Compose) -> None:
    """Add the commands."""

    @app.command()
    def init(folder: Annotated[Path, typer.Argument(help="Where the home is made.")]) -> None:
        """Make a home: the folder that an operator edits.

        Example: vaxel init /srv/vaxel && vaxel check --home /srv/vaxel && vaxel serve --home /srv/vaxel
        """
        made = homes.make(folder)
        console.print(f"A home was made in {made.path}. Next: vaxel check --home {made.path}")

    @app.command()
    def serve(home: HomeOption = None) -> None:
        """Run the platform until SIGTERM; SIGHUP reads the files again.

        Example: VAXEL_HTTP_PORT=8080 vaxel serve --home /srv/vaxel
        """
        found, settings = opened(home)
        run_node(compose, settings, found)

    @app.command()
    def demo(
        port: Annotated[int, typer.Option(help="HTTP port; HTTPS and web take the next two. 0: free ones.")] = 8080,
        once: Annotated[bool, typer.Option("--once", help="Make one call of each kind, show it, and leave.")] = False,
    ) -> None:
        """Run the whole platform with simulated parties in a temporary home.

        Example: vaxel demo --once
        """
        with tempfile.TemporaryDirectory(prefix="vaxel-demo-") as folder:
            failed = uvloop.run(_demo(compose, Path(folder), port, once=once))
        if failed:
            raise typer.Exit(1)


def run_node(compose: Compose, settings: Settings, home: Home) -> None:
    """Run a node until it is told to stop."""
    log = Log(host=socket.gethostname())

    async def main() -> None:
        node = compose(settings, home, log)
        await node.run()

    uvloop.run(main())


async def _demo(compose: Compose, folder: Path, port: int, *, once: bool) -> bool:
    """Run the demo; True where `--once` did not get the answers it should."""
    from vaxel.adapters.memory_index import MemoryIndex
    from vaxel.demo.parties import engagements
    from vaxel.demo.run import parties, until_stopped
    from vaxel.demo.show import show_once

    free = once or port == 0
    ports = {"http_port": 0, "https_port": 0, "web_port": 0} if free else {}
    if not free:
        ports = {"http_port": port, "https_port": port + 1, "web_port": port + 2}
    async with parties(folder, dict(ports)) as home:
        settings = process.read(home.path)
        with (folder / "log.jsonl").open("wb") as stream:
            node = compose(settings, home, Log(stream))
            node.engagements = MemoryIndex(engagements())
            await node.start()
            try:
                if once:
                    return not await asyncio.to_thread(show_once, console, home, settings, node.ports)
                _invite(home, node.ports, folder / "log.jsonl")
                await until_stopped()
            finally:
                await node.stop()
    return False


def _invite(home: Home, ports: dict[str, int], log: Path) -> None:
    from vaxel.demo.parties import JOURNAL, OVERVIEW, PARTIES, PLATFORM

    table = Table("what", "where")
    table.add_row("switch (mutual TLS)", f"https://localhost:{ports['https']}/vp")
    table.add_row("status", f"http://127.0.0.1:{ports['http']}/status")
    table.add_row("metrics", f"http://127.0.0.1:{ports['http']}/metrics")
    table.add_row("admin API", f"http://127.0.0.1:{ports['web']}/api/docs (key in {home.path}/var/admin.key)")
    table.add_row("home", str(home.path))
    table.add_row("log", str(log))
    console.print(table)
    console.print("Try, in another terminal:", style="bold")
    vaxel = _as_called()
    for line in (
        f"export VAXEL_HOME={home.path}",
        f"{vaxel} call GetDiagnosis --to {PARTIES[0].unit} --from {OVERVIEW}",
        f"{vaxel} call GetDiagnosis --to {PARTIES[2].unit} --from {OVERVIEW}   # this producer fails",
        f"{vaxel} call GetDiagnosis --to {PARTIES[0].unit} --from {JOURNAL}   # this consumer needs a token",
        f"{vaxel} call GetDiagnosis --to {PLATFORM} --from {OVERVIEW}   # every source, each as it answers",
        f"{vaxel} call PingForConfiguration --to {PLATFORM} --from {OVERVIEW}",
        f"{vaxel} producers",
        f"{vaxel} audit tail",
    ):
        console.print(f"  {line}", highlight=False, soft_wrap=True)
    sys.stdout.flush()


def _as_called() -> str:
    """This program as the reader can call it: by its name where that is on the path."""
    if shutil.which("vaxel"):
        return "vaxel"
    return os.path.relpath(sys.argv[0]) if not sys.argv[0].endswith("__main__.py") else f"{sys.executable} -m vaxel"
