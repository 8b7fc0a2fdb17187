"""`vaxel producers`: what a running platform says of its producers' health."""

from typing import Any

import httpx
import orjson
import typer
from rich.console import Console
from rich.table import Table

from vaxel.cli.options import HomeOption, JsonOption, fail, opened
from vaxel.settings import Settings

console = Console()
_COLOURS = {"open": "red", "half-open": "yellow", "closed": "green"}


def add(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def producers(home: HomeOption = None, json: JsonOption = False) -> None:
        """Show each producer's endpoint: its breaker, latency, failures, and what depends on it; trouble first.

        Example: vaxel producers --json | jq '.[] | select(.state == "open")'
        """
        _, settings = opened(home)
        rows = _asked(settings)
        if json:
            print(orjson.dumps(rows).decode())
            return
        table = Table(
            "endpoint",
            "state",
            "since",
            "failed in a row",
            "p50 / p95 ms",
            "in flight",
            "last failure",
            "routes / addresses / contracts",
        )
        for row in rows:
            table.add_row(*_cells(row))
        console.print(table)


def _asked(settings: Settings) -> list[dict[str, Any]]:
    """The rows, from the platform that runs in the home."""
    run_file = settings.var / "run.json"
    try:
        port = orjson.loads(run_file.read_bytes())["ports"]["web"]
        key = (settings.var / "admin.key").read_text("ascii").strip()
    except FileNotFoundError as error:
        fail(f"{error.filename} is not there: no platform runs in {settings.home}")
    except (OSError, ValueError, KeyError) as error:
        fail(f"{settings.var} cannot be read as a running platform's: {error}")
    local = settings.web_host in {"0.0.0.0", "::"}  # noqa: S104 - compared
    host = "localhost" if local else f"[{settings.web_host}]" if ":" in settings.web_host else settings.web_host
    url = f"http://{host}:{port}/api/v1/producers"
    try:
        answer = httpx.get(url, headers={"authorization": f"Bearer {key}"}, trust_env=False).raise_for_status()
    except httpx.HTTPError as error:
        fail(f"{url} could not be read: {error}; is the platform running?")
    rows: list[dict[str, Any]] = answer.json()["producers"]
    return rows


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    latency, failure = row["latency_ms"], row["last_failure"]
    colour = _COLOURS.get(row["state"], "")
    return (
        row["endpoint"],
        f"[{colour}]{row['state']}[/]" if colour else row["state"],
        row["since"] or "–",
        str(row["consecutive_failures"]),
        f"{latency['p50']} / {latency['p95']}" if latency else "–",
        str(row["in_flight"]),
        f"{failure['cause']} {failure['time']}" if failure else "–",
        f"{row['routes']} / {row['logical_addresses']} / {len(row['contracts'])}",
    )
