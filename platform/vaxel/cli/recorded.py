"""`vaxel audit`, `backup` and `restore`: the journal, for those who follow up (DESIGN section 3)."""

import asyncio
import os
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from vaxel.cli.options import HomeOption, JsonOption, fail, opened
from vaxel.journal import backup as archive
from vaxel.journal.checkpoint import Signer
from vaxel.journal.reader import about, find, last, lines, nodes
from vaxel.journal.reserve import Reserve
from vaxel.journal.sealing import Sealer
from vaxel.journal.verify import verify as verify_node
from vaxel.journal.writer import Journal
from vaxel.settings import Settings

console = Console()
SHOWN = ("time", "kind", "sender", "receiver", "contract", "outcome", "code", "reference")
COMMANDS = "commands"
"""The journal node that commands write to."""
RevealOption = Annotated[bool, typer.Option("--reveal", help="Show patients; needs the keys, and is itself recorded.")]


def add(app: typer.Typer) -> None:
    """Add the commands."""
    audit = typer.Typer(help="Read, search and verify the journal.", no_args_is_help=True)
    app.add_typer(audit, name="audit")

    @audit.command()
    def tail(
        count: Annotated[int, typer.Option("-n", help="How many records.")] = 20,
        follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as records come.")] = False,
        home: HomeOption = None,
        json: JsonOption = False,
    ) -> None:
        """Show the newest records. Example: vaxel audit tail -n 50 -f"""
        _, settings = opened(home)
        seen = [record for folder in nodes(_journal(settings)) for record in last(folder, count)]
        seen = sorted(seen, key=lambda record: record["time"])[-count:]
        _show(seen, as_json=json)
        while follow:
            time.sleep(0.5)
            since = seen[-1]["time"] if seen else ""
            fresh = [record for folder in nodes(_journal(settings)) for record in last(folder, 1000)]
            fresh = sorted((record for record in fresh if record["time"] > since), key=lambda record: record["time"])
            _show(fresh, as_json=json, header=False)
            seen = fresh or seen

    @audit.command(name="find")
    def search(
        words: Annotated[list[str] | None, typer.Argument(help="member=value: code=VP009")] = None,
        patient: Annotated[str, typer.Option(help="Records about this patient, by tag.")] = "",
        since: Annotated[str, typer.Option(help="Beginning of the time, such as 2026-11-24T08.")] = "",
        until: Annotated[str, typer.Option(help="Records before this time.")] = "~",
        reveal: RevealOption = False,
        home: HomeOption = None,
        json: JsonOption = False,
    ) -> None:
        """Find records. Example: vaxel audit find code=VP009 --since 2026-11-24"""
        _, settings = opened(home)
        sealer = Sealer(settings.var / "keys", lambda: datetime.now(UTC).year)
        stated = dict(word.split("=", 1) for word in words or () if "=" in word)
        if len(stated) != len(words or ()):
            raise typer.BadParameter("a search word is written member=value")
        tags = sealer.tags(patient) if patient else None
        found = list(find(_journal(settings), about(stated, tags, since, until)))
        _show(_revealed(settings, sealer, found) if reveal else found, as_json=json)

    @audit.command()
    def show(
        reference: Annotated[str, typer.Argument(help="Reference or call id, or its beginning.")],
        reveal: RevealOption = False,
        home: HomeOption = None,
    ) -> None:
        """Show every record of one call. Example: vaxel audit show 5eead0f4"""
        _, settings = opened(home)

        def match(record: dict[str, Any]) -> bool:
            return any(str(record.get(name, "")).startswith(reference) for name in ("call", "reference", "parent"))

        found = list(find(_journal(settings), match))
        if not found:
            fail(f"the journal has no record of {reference}")
        if reveal:
            found = _revealed(settings, Sealer(settings.var / "keys", lambda: datetime.now(UTC).year), found)
        for record in found:
            console.print_json(orjson.dumps(record).decode())

    @audit.command()
    def verify(
        checkpoints: Annotated[Path | None, typer.Option(help="Checkpoints that were kept elsewhere.")] = None,
        key: Annotated[str, typer.Option(help="Public key (base64) to trust; default the home's own.")] = "",
        home: HomeOption = None,
        json: JsonOption = False,
    ) -> None:
        """Check every hash, link and signature; the first changed byte where one is wrong.

        Example: vaxel audit verify --checkpoints /mnt/elsewhere/checkpoints.jsonl
        """
        _, settings = opened(home)
        pem = settings.var / "keys" / "journal.pem"
        public = key or (Signer(pem).public if pem.exists() else None)
        shipped = checkpoints or _local(settings.checkpoint_to)
        elsewhere = shipped.read_bytes().splitlines() if shipped and shipped.is_file() else []
        try:
            verdicts = [verify_node(folder, public, elsewhere) for folder in nodes(_journal(settings))]
        except ValueError as error:
            fail(str(error))
        _judge(verdicts, as_json=json)

    @audit.command()
    def export(home: HomeOption = None) -> None:
        """Print every line as it stands, node by node. Example: vaxel audit export > journal.jsonl"""
        _, settings = opened(home)
        for folder in nodes(_journal(settings)):
            for line in lines(folder):
                os.write(1, line)

    @app.command()
    def backup(target: Annotated[Path, typer.Argument(help="The file to write.")], home: HomeOption = None) -> None:
        """Copy keys, journal, releases and store to one file; safe while the platform runs.

        Example: vaxel backup /mnt/backup/vaxel-2026-11-24.tar.gz
        """
        _, settings = opened(home)
        note(settings, {"action": "backup", "to": target.name})
        count = archive.backup(settings.var, target)
        console.print(f"{count} files were copied to {target}")

    @app.command()
    def restore(source: Annotated[Path, typer.Argument(help="A backup.")], home: HomeOption = None) -> None:
        """Put a backup back into a home that has no keys, journal or store; its journal is verified first.

        Example: vaxel init /srv/new && vaxel restore backup.tar.gz --home /srv/new
        """
        _, settings = opened(home)
        count = archive.restore(source, settings.var)
        note(settings, {"action": "restore", "from": source.name})
        console.print(f"{count} files were put back into {settings.var}")


def _journal(settings: Settings) -> Path:
    return settings.var / "journal"


def _local(to: str) -> Path | None:
    return Path(to.removeprefix("file://")) if to and not to.startswith("http") else None


def _show(records: Iterable[dict[str, Any]], *, as_json: bool, header: bool = True) -> None:
    if as_json:
        for record in records:
            print(orjson.dumps(record).decode())
        return
    table = Table(show_header=header)
    for name in SHOWN:
        table.add_column(name, overflow="fold")
    for record in records:
        table.add_row(*(_short(name, record.get(name)) for name in SHOWN))
    console.print(table)


def _short(name: str, value: Any) -> str:
    text = "" if value is None else str(value)
    if name == "time":
        return text[:19].replace("T", " ")
    return text.rpartition("Responder:")[0].rpartition(":")[2] or text if name == "contract" else text


def _revealed(settings: Settings, sealer: Sealer, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records with patients in clear; who asked for how many is recorded first (P-112, P-120)."""
    sealed = [record for record in records if "patient" in record]
    who = os.environ.get("SUDO_USER") or os.environ.get("USER") or str(os.getuid())
    fields = {"action": "reveal", "by": who, "records": len(sealed)}
    note(settings, fields)
    opened_now = {id(record): {**record, "patient": _open(sealer, record["patient"])} for record in sealed}
    return [opened_now.get(id(record), record) for record in records]


def _open(sealer: Sealer, patient: dict[str, str]) -> str:
    try:
        return sealer.reveal(patient)
    except ValueError as error:
        return f"({error})"


def note(settings: Settings, fields: dict[str, Any]) -> None:
    """Record what was done here, in a node of the commands' own, since the platform's may be in use."""

    async def write() -> None:
        journal = Journal(
            settings.var / "journal" / COMMANDS,
            COMMANDS,
            sealer=Sealer(settings.var / "keys", lambda: datetime.now(UTC).year),
            signer=Signer(settings.var / "keys" / "journal.pem"),
            reserve=Reserve(settings.var / "journal" / "reserve-commands", 4096),
        )
        journal.open()
        try:
            await journal.durable("admin", sealed(journal, fields))
        finally:
            await journal.close()

    asyncio.run(write())


def sealed(journal: Journal, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a record, a `patient` among them sealed (P-120)."""
    return fields | {"patient": journal.seal(fields["patient"])} if "patient" in fields else fields


def _judge(verdicts: list[Any], *, as_json: bool) -> None:
    facts = [
        {
            "node": verdict.node,
            "records": verdict.records,
            "checkpoints": verdict.checkpoints,
            "head": verdict.head.hash,
            "damage": str(verdict.damage) if verdict.damage else "",
            "warnings": list(verdict.warnings),
        }
        for verdict in verdicts
    ]
    if as_json:
        print(orjson.dumps(facts).decode())
    else:
        for fact in facts:
            outcome = fact["damage"] or "whole"
            console.print(f"{fact['node']}: {fact['records']} records, {fact['checkpoints']} checkpoints: {outcome}")
            for warning in fact["warnings"]:
                console.print(f"  note: {warning}")
    if any(fact["damage"] for fact in facts):
        raise typer.Exit(1)
