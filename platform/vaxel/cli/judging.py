"""`vaxel check`, `doctor` and `schema`: is what the platform is told right, and is this machine fit to run it."""

import sys
from typing import Annotated

import orjson
import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from vaxel.admin.cautions import cautions
from vaxel.cli.diagnosis import Diagnosis
from vaxel.cli.doctor import examined
from vaxel.cli.judged import judged
from vaxel.cli.options import HomeOption, JsonOption, opened
from vaxel.directory import files as form
from vaxel.errors import Finding
from vaxel.settings import effective

console = Console()


def add(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command()
    def check(
        show: Annotated[bool, typer.Option("--settings", help="Show the effective settings, keys masked.")] = False,
        home: HomeOption = None,
        json: JsonOption = False,
    ) -> None:
        """Validate everything that a server would load, with its own loaders.

        Example: vaxel check --home /srv/vaxel
        """
        found, settings = opened(home)
        if show:
            _show(effective(settings), as_json=json)
            return
        findings = (*judged(found, settings), *cautions(settings))
        _tell(findings, as_json=json)
        if any(not finding.warning for finding in findings):
            raise typer.Exit(1)

    @app.command()
    def doctor(home: HomeOption = None, json: JsonOption = False) -> None:
        """Find misconfiguration: ports, addresses, certificates, clock, disk, rights, producers, journal.

        Example: vaxel doctor --json | jq '.[] | select(.grade == "bad")'
        """
        diagnoses = list(examined(home))
        if json:
            rows = [{name: getattr(each, name) for name in Diagnosis.__slots__} for each in diagnoses]
            print(orjson.dumps(rows).decode())
        else:
            table = Table("part", "", "found", "what to do")
            for each in diagnoses:
                table.add_row(each.part, each.grade, each.what, each.remedy)
            console.print(table)
        if any(each.grade == "bad" for each in diagnoses):
            raise typer.Exit(1)

    @app.command()
    def schema(
        name: Annotated[str, typer.Argument(help="addresses, components, routes, permissions or contracts.")] = "",
    ) -> None:
        """Print the JSON Schema of a file of the home, for editors.

        Example: vaxel schema routes > .vscode/routes.schema.json
        """
        from vaxel.contracts.entry import ContractFile

        models: dict[str, type[BaseModel]] = {
            "addresses": form.AddressFile,
            "components": form.ComponentFile,
            "routes": form.RouteFile,
            "permissions": form.PermissionFile,
            "contracts": ContractFile,
        }
        if name not in models:
            print("\n".join(models))
            raise typer.Exit(2 if name else 0)
        print(orjson.dumps(models[name].model_json_schema(by_alias=True), option=orjson.OPT_INDENT_2).decode())


def _show(stated: dict[str, str], *, as_json: bool) -> None:
    """The effective settings (SW-19.2)."""
    if as_json:
        print(orjson.dumps(stated).decode())
        return
    for name, value in stated.items():
        print(f"{name}={value}")


def _tell(findings: tuple[Finding, ...], *, as_json: bool) -> None:
    if as_json:
        rows = [{name: getattr(each, name) for name in Finding.__slots__} for each in findings]
        print(orjson.dumps(rows).decode())
        return
    for each in findings:
        print(f"{'warning' if each.warning else 'error'}: {each}", file=sys.stderr)
    errors = sum(not each.warning for each in findings)
    print(f"{errors} errors, {len(findings) - errors} warnings")
