"""What several commands share: the home, the settings, the way out on failure."""

import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn, Protocol

import typer

from vaxel import home as homes
from vaxel import settings as process
from vaxel.adapters.telemetry import Log
from vaxel.engagements.port import Index
from vaxel.home import Home
from vaxel.settings import Settings


class Node(Protocol):
    """A platform that can be started and stopped."""

    ports: dict[str, int]
    engagements: Index

    def start(self) -> Coroutine[Any, Any, None]:
        """Everything up."""
        ...

    def stop(self) -> Coroutine[Any, Any, None]:
        """Drained and closed."""
        ...

    def run(self) -> Coroutine[Any, Any, None]:
        """Start, serve until told to stop, stop."""
        ...


Compose = Callable[[Settings, Home, Log], Node]
HomeOption = Annotated[
    Path | None, typer.Option("--home", help="The operator's folder; default VAXEL_HOME, else the current folder.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def opened(home: Path | None) -> tuple[Home, Settings]:
    """The home and its effective settings; raises `SettingsError`."""
    found = homes.find(home)
    return found, process.read(found.path)


def fail(text: str) -> NoReturn:
    """Leave with code 1 and the reason on stderr."""
    print(text, file=sys.stderr)
    raise typer.Exit(1)
