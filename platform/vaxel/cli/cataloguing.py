"""`vaxel contracts`: the catalogue, what its contracts say, samples of them, and more of them from packages."""

import random
import sys
from importlib import resources
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from vaxel.adapters import packages
from vaxel.cli.judged import contract_findings
from vaxel.cli.options import HomeOption, JsonOption, fail, opened
from vaxel.cli.shown import facts, parties, tree
from vaxel.contracts.catalogue import Catalogue
from vaxel.contracts.derive import read_known
from vaxel.contracts.describe import describe
from vaxel.contracts.entry import Contract
from vaxel.contracts.install import Installed, Plan, plan, version_of
from vaxel.contracts.load import load
from vaxel.contracts.sample import REGISTRY, Facts, Payload, Sampler, envelope
from vaxel.contracts.schema import Schema
from vaxel.home import Home
from vaxel.settings import Settings

console = Console()
ContractArgument = Annotated[str, typer.Argument(help="A contract by name (GetDiagnosis) or namespace.")]


def add(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Contracts: show them, sample them, add more.", no_args_is_help=True)
    app.add_typer(group, name="contracts")
    _reading(group)
    _installing(group)


def _installing(group: typer.Typer) -> None:
    @group.command()
    def install(
        package: Annotated[Path, typer.Argument(help="An official RIV TA package: a folder or a zip archive.")],
        version: Annotated[str, typer.Option(help="Its version, such as 2.1.3; default what its name ends with.")] = "",
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Show what would be written, and write nothing.")
        ] = False,
        home: HomeOption = None,
        json: JsonOption = False,
    ) -> None:
        """Add a contract package to the home: schemas, and entries with all that can be derived.

        Example: vaxel contracts install ServiceContracts_clinicalprocess_healthcond_basic_1.1.zip --dry-run
        """
        found, settings = opened(home)
        stated = version or version_of(package.absolute().name) or ""
        if not stated:
            fail(f"{package.name} does not show its version; state --version, such as 2.1.3")
        known = read_known(resources.files("vaxel.contracts").joinpath("known.toml").read_bytes())
        there = Installed(catalogue=found.contract_files(), names=found.schema_names(), resolve=found.schema)
        made = plan(packages.read(package), stated, there, known, frozenset(settings.schema_compat))
        if not dry_run:
            packages.write(found.path, made)
        _report(made, as_json=json, dry_run=dry_run)


def _reading(group: typer.Typer) -> None:
    @group.command(name="list")
    def every(home: HomeOption = None, json: JsonOption = False) -> None:
        """List the catalogue's contracts. Example: vaxel contracts list --json | jq '.[].namespace'"""
        catalogue, _ = _catalogue(*opened(home))
        rows = [facts(catalogue, each) for each in sorted(catalogue, key=lambda each: (each.name, each.namespace))]
        if json:
            print(orjson.dumps(rows).decode())
            return
        columns = ("name", "version", "package", "access", "request", "response", "domain")
        table = Table(*columns)
        for row in rows:
            levels = {"request": row["validation"]["request"], "response": row["validation"]["response"]}
            table.add_row(*(str({**row, **levels}[column] or "not stated") for column in columns))
        console.print(table)

    @group.command()
    def show(contract: ContractArgument, home: HomeOption = None, json: JsonOption = False) -> None:
        """Show what a contract's messages hold, what the catalogue says of it, and who speaks it.

        Example: vaxel contracts show GetDiagnosis
        """
        found, settings = opened(home)
        catalogue, _ = _catalogue(found, settings)
        entry, schema = _named(catalogue, contract)
        described = describe(entry, schema.structure())
        speakers = parties(found, catalogue, entry)
        if json:
            shown = {"entry": facts(catalogue, entry), "parties": speakers, "messages": described}
            print(orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode())
            return
        table = Table("of the contract", "")
        for key, value in {**facts(catalogue, entry), **speakers}.items():
            if value not in (None, [], {}, (), ""):
                table.add_row(key, orjson.dumps(value).decode().strip('"'))
        console.print(table)
        console.print(tree(described.request))
        console.print(tree(described.response))

    @group.command()
    def sample(
        contract: ContractArgument,
        response: Annotated[bool, typer.Option("--response", help="An answer instead of a request.")] = False,
        seed: Annotated[int, typer.Option(help="Another seed, other values; the same seed, the same.")] = 1,
        patient: Annotated[str, typer.Option(help="Personal identity number that it is about.")] = "191212121212",
        invalid: Annotated[str, typer.Option(help="Break a rule: its name, or `any`.")] = "",
        to: Annotated[str, typer.Option(help="The logical address of a request.")] = "SE2321000016-39KJ",
        home: HomeOption = None,
    ) -> None:
        """Print a valid message, or one with a named rule broken.

        Example: vaxel contracts sample GetDiagnosis --invalid missing
        """
        entry, schema = _named(_catalogue(*opened(home))[0], contract)
        payload = Sampler(entry, schema.structure()).payload(Facts(patient=patient, seed=seed), response=response)
        text = payload.text(indented=True)
        if invalid:
            text = _damaged(payload, schema, invalid, seed)
        content = envelope(text, None if response else to, entry.profiles[-1], entry.address_header or REGISTRY)
        sys.stdout.buffer.write(content + b"\n")

    @group.command()
    def check(
        contract: Annotated[str, typer.Argument(help="One contract; default every one.")] = "",
        home: HomeOption = None,
        json: JsonOption = False,
    ) -> None:
        """Compile schemas, hold entries to them, and validate a sample of each message.

        Example: vaxel contracts check GetDiagnosis
        """
        found, settings = opened(home)
        catalogue, files = _catalogue(found, settings)
        chosen = [_named(catalogue, contract)[0]] if contract else list(catalogue)
        findings = [each for entry in chosen for each in contract_findings(catalogue, entry, files, samples=True)]
        if json:
            print(orjson.dumps([{name: getattr(each, name) for name in each.__slots__} for each in findings]).decode())
        else:
            for each in findings:
                print(f"{'warning' if each.warning else 'error'}: {each}", file=sys.stderr)
            print(f"{len(chosen)} contracts, {len(findings)} findings")
        if any(not each.warning for each in findings):
            raise typer.Exit(1)


def _catalogue(home: Home, settings: Settings) -> tuple[Catalogue, dict[str, bytes]]:
    files = home.contract_files()
    return load(files, home.schema, frozenset(settings.schema_compat)).catalogue, files


def _named(catalogue: Catalogue, name: str) -> tuple[Contract, Schema]:
    entry = catalogue.named(name)
    if entry is None:
        fail(f"the catalogue has no contract {name}; see vaxel contracts list")
    schema = catalogue.schema(entry)
    if schema is None or schema.unusable:
        fail(f"{entry.name} has no schema that can be used: {schema.unusable if schema else 'no package'}")
    return entry, schema


def _damaged(payload: Payload, schema: Schema, rule: str, seed: int) -> str:
    from vaxel.contracts.damage import RULES, mutants

    if rule != "any" and rule not in RULES:
        fail(f"--invalid is any of {', '.join(RULES)}, or `any`")
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    rules = (rule,) if rule != "any" else tuple(chance.sample(list(RULES), len(RULES)))
    broken = (each for each in mutants(payload, schema.structure(), chance, rules) if schema.errors(each.root))
    mutant = next(broken, None)
    if mutant is None:
        fail(f"no message of this contract can break the rule {rule}")
    print(f"broken: {mutant.rule}, at {mutant.element}", file=sys.stderr)
    return mutant.text()


def _report(made: Plan, *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        shown = {
            "written": not dry_run,
            "folders": list(made.folders),
            "catalogue": list(made.catalogue),
            "contracts": [{name: getattr(each, name) for name in each.__slots__} for each in made.outcomes],
            "findings": [str(each) for each in made.findings],
        }
        print(orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode())
        return
    table = Table("contract", "", "derived", "to be stated", "note")
    usual = {"name", "version", "package", "namespace", "wsdl", "request", "response", "validation"}
    for each in made.outcomes:
        keys = ", ".join(key for key in each.entry if key not in usual)
        table.add_row(f"{each.name} {each.version}", each.state, keys, ", ".join(each.open), each.note)
    console.print(table)
    for finding in made.findings:
        print(f"{'warning' if finding.warning else 'error'}: {finding}", file=sys.stderr)
    verb = "would be written" if dry_run else "written"
    console.print(f"{verb}: {', '.join([*made.folders, *made.catalogue]) or 'nothing; all of it is there already'}")
