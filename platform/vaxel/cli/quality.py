"""`vaxel contracts quality`: how well consumers and producers keep to their contracts (CO-7.9)."""

from collections.abc import Iterator
from typing import Annotated, Any

import httpx
import orjson
import typer
from rich.console import Console
from rich.table import Table

from vaxel.adapters.quality_file import QualityFile
from vaxel.cli.options import HomeOption, JsonOption, fail, opened
from vaxel.contracts.load import load
from vaxel.home import Home
from vaxel.settings import Settings

console = Console()
NUMBERS = ("seen", "checked", "skipped", "violating")
EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104 - compared


def add(group: typer.Typer) -> None:
    """Add the command."""

    @group.command()
    def quality(
        contract: Annotated[str, typer.Option(help="One contract, by name or namespace.")] = "",
        producer: Annotated[str, typer.Option(help="Answers of this producer only.")] = "",
        consumer: Annotated[str, typer.Option(help="Requests of this consumer only.")] = "",
        home: HomeOption = None,
        json: JsonOption = False,
    ) -> None:
        """Show who breaks which contract, where and how often, from a running platform or what it left.

        Example: vaxel contracts quality --contract GetDiagnosis --json
        """
        if producer and consumer:
            fail("a message has one sender: give --producer or --consumer")
        found, settings = opened(home)
        wanted = {
            "contract": _namespace(found, settings, contract),
            "party": producer or consumer,
            "message": "response" if producer else "request" if consumer else "",
        }
        rows = _asked(settings, wanted)
        if rows is None:
            rows = [row for file in _files(settings) for row in _kept(file, wanted)]
        if json:
            print(orjson.dumps(rows).decode())
        else:
            _show(rows)


def _namespace(home: Home, settings: Settings, contract: str) -> str:
    if not contract:
        return ""
    found = load(home.contract_files(), home.schema, frozenset(settings.schema_compat)).catalogue.named(contract)
    return found.namespace if found else contract


def _asked(settings: Settings, wanted: dict[str, str]) -> list[dict[str, Any]] | None:
    """The rows of the platform that runs in the home; None where none answers."""
    run_file, key = settings.var / "run.json", settings.var / "admin.key"
    try:
        port = orjson.loads(run_file.read_bytes())["ports"]["web"]
        secret = key.read_text("ascii").strip()
    except (OSError, ValueError, KeyError):
        return None
    host = "127.0.0.1" if settings.web_host in EVERYWHERE else settings.web_host
    headers = {"authorization": f"Bearer {secret}"}
    try:
        with httpx.Client(base_url=f"http://{host}:{port}", headers=headers, trust_env=False) as client:
            return list(_pages(client, wanted))
    except httpx.ConnectError:
        return None
    except httpx.HTTPError as error:
        fail(f"the platform on port {port} did not tell: {type(error).__name__}: {error}")


def _pages(client: httpx.Client, wanted: dict[str, str]) -> Iterator[dict[str, Any]]:
    cursor = ""
    while cursor is not None:
        answer = client.get("/api/v1/quality", params={**wanted, "limit": "500", "cursor": cursor})
        answer.raise_for_status()
        content = answer.json()
        yield from content["rows"]
        cursor = content["next"]


def _files(settings: Settings) -> list[QualityFile]:
    return [QualityFile(path) for path in sorted((settings.var / "quality").glob("*.json"))]


def _kept(file: QualityFile, wanted: dict[str, str]) -> list[dict[str, Any]]:
    try:
        return file.read().rows(**wanted)
    except (OSError, ValueError) as error:
        fail(f"{error}; the platform moves it aside when it starts")


def _show(rows: list[dict[str, Any]]) -> None:
    table = Table("contract", "message", "from", *NUMBERS)
    for row in rows:
        table.add_row(_short(row["contract"]), row["message"], row["party"], *(str(row[name]) for name in NUMBERS))
    console.print(table)
    for row in rows:
        if not row["violations"]:
            continue
        below = Table("path", "rule", "reason", "count", "first", "last")
        for each in row["violations"]:
            below.add_row(*(str(each[column.header]) for column in below.columns))
        console.print(f"{_short(row['contract'])}, {row['message']}, {row['party']}:", highlight=False)
        console.print(below)


def _short(namespace: str) -> str:
    """`GetDiagnosis 2` for a namespace as RIV TA writes it."""
    name, responder, version = namespace.rpartition("Responder:")
    return f"{name.rpartition(':')[2]} {version}" if responder else namespace
