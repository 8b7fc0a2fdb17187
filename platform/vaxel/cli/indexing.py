"""`vaxel index`: the engagement index's state, dead letters, write lock, export and import (EI-8.9, EI-11, EI-12.4)."""

import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import orjson
import typer
from rich.console import Console
from rich.table import Table

from vaxel.admin import portions
from vaxel.cli.options import HomeOption, JsonOption, fail, opened
from vaxel.cli.recorded import note
from vaxel.contracts.load import load
from vaxel.directory.load import load_directory
from vaxel.engagements.subscribers import Subscriber, subscribers
from vaxel.errors import SettingsError
from vaxel.home import Home
from vaxel.services.index_acts import Chosen, IndexActs
from vaxel.settings import Settings, swedish_day
from vaxel.store.address import address
from vaxel.store.store import Store

console = Console()
Found = TypeVar("Found")
NumbersArgument = Annotated[list[int] | None, typer.Argument(help="Numbers of dead letters.")]
SubscriberOption = Annotated[str, typer.Option("--subscriber", help="All dead letters of this subscriber.")]
NotifyOption = Annotated[bool, typer.Option("--notify", help="Tell subscribers.")]
FIELDS = {"resident": "registered_resident_identification", "source": "source_system", "owner": "owner"}


def add(app: typer.Typer) -> None:
    """Add the commands."""
    index = typer.Typer(help="The engagement index.", no_args_is_help=True)
    letters = typer.Typer(help="Notifications that nobody took.", no_args_is_help=True)
    app.add_typer(index, name="index")
    index.add_typer(letters, name="dead-letters")
    _add_state(index)
    _add_rows(index)
    _add_letters(letters)


def _add_state(index: typer.Typer) -> None:
    @index.command()
    def status(home: HomeOption = None, json: JsonOption = False) -> None:
        """Show rows, what waits, the write lock and the queues. Example: vaxel index status --json"""
        found = _with(home, lambda acts: acts.status())
        if json:
            print(orjson.dumps(found).decode())
            return
        for name in ("store", "rows", "notApplied", "oldestNotApplied", "deadLetters", "writeLock"):
            console.print(f"{name}: {found[name]}")
        _table(
            found["queues"], ("subscriber", "state", "length", "oldest", "lastDelivered", "deadLetters", "lastError")
        )

    @index.command()
    def lock(
        state: Annotated[str, typer.Argument(help="`on` or `off`.")],
        home: HomeOption = None,
    ) -> None:
        """Let no row change while the database is moved. Example: vaxel index lock on"""
        if state not in {"on", "off"}:
            fail("the lock is `on` or `off`")
        _with(home, lambda acts: acts.lock(on=state == "on", by=_who()))
        console.print(f"the write lock is {state}")


def _add_rows(index: typer.Typer) -> None:
    @index.command()
    def refill(
        subscriber: Annotated[str, typer.Argument(help="Its logical address.")],
        home: HomeOption = None,
    ) -> None:
        """Tell a new subscriber of all current rows within its filter. Example: vaxel index refill SE2321000016-EI02"""
        count = _with(home, lambda acts: acts.refill(subscriber, by=_who()))
        console.print(f"{count} notifications were queued")

    @index.command()
    def export(home: HomeOption = None) -> None:
        """Print every row as a JSON line with its exchange key. Example: vaxel index export > rows.jsonl"""

        async def write(acts: IndexActs) -> None:
            async for line in acts.export(by=_who()):
                sys.stdout.buffer.write(orjson.dumps(line) + b"\n")
            sys.stdout.buffer.flush()

        _with(home, write)

    @index.command(name="import")
    def take(
        source: Annotated[Path, typer.Argument(help="Lines as `export` prints them.")],
        skip: Annotated[int, typer.Option(help="Go on after so many lines.")] = 0,
        notify: NotifyOption = False,
        home: HomeOption = None,
    ) -> None:
        """Take rows in as they are, times and owners too; again does no harm. Example: vaxel index import rows.jsonl"""
        count = _with(home, lambda acts: acts.take(_lines(source, skip), by=_who(), notify=notify))
        console.print(f"{count} rows were taken in")

    @index.command()
    def remove(
        of: Annotated[str, typer.Argument(help="resident, source or owner.")],
        value: Annotated[str, typer.Argument(help="Its id; `-` reads a line from standard input.")],
        notify: NotifyOption = False,
        home: HomeOption = None,
    ) -> None:
        """Remove all rows of a resident, source system or owner. Example: vaxel index remove source SE2321000016-OLD"""
        if of not in FIELDS:
            fail(f"rows are removed by {', '.join(FIELDS)}")
        text = sys.stdin.readline().strip() if value == "-" else value
        count = _with(home, lambda acts: acts.remove(FIELDS[of], text, by=_who(), notify=notify))
        console.print(f"{count} rows were removed")


def _add_letters(letters: typer.Typer) -> None:
    @letters.command(name="list")
    def listed(
        subscriber: SubscriberOption = "",
        after: Annotated[int, typer.Option(help="Those after this number.")] = 0,
        limit: Annotated[int, typer.Option("-n", help="How many.")] = 100,
        home: HomeOption = None,
        json: JsonOption = False,
    ) -> None:
        """List them, without what they say. Example: vaxel index dead-letters list --subscriber SE2321000016-EI02"""
        found = _with(home, lambda acts: acts.dead_letters(subscriber, after, limit))
        if json:
            print(orjson.dumps(found).decode())
        else:
            _table(found, ("seq", "subscriber", "died", "reason", "mended", "correlation_id"))

    @letters.command()
    def show(number: int, home: HomeOption = None) -> None:
        """Show what one says about whom; that is recorded. Example: vaxel index dead-letters show 12"""
        found = _with(home, lambda acts: acts.dead_letter(number, by=_who()))
        if found is None:
            fail(f"there is no dead letter {number}")
        console.print_json(orjson.dumps(found).decode())

    @letters.command()
    def mend(
        number: int,
        fields: Annotated[list[str], typer.Argument(help="element=value: categorization=dia")],
        home: HomeOption = None,
    ) -> None:
        """Change fields of one before it is resent. Example: vaxel index dead-letters mend 12 categorization=dia"""
        changed = dict(each.split("=", 1) for each in fields if "=" in each)
        if len(changed) != len(fields):
            fail("a field is written element=value")
        if not _with(home, lambda acts: acts.mend(number, changed, by=_who())):
            fail(f"there is no dead letter {number}")
        console.print(f"dead letter {number} was mended")

    @letters.command()
    def resend(numbers: NumbersArgument = None, subscriber: SubscriberOption = "", home: HomeOption = None) -> None:
        """Put them back into their queues, as the rows are now. Example: vaxel index dead-letters resend 12 13"""
        chosen = _chosen(numbers, subscriber)
        console.print(f"{_with(home, lambda acts: acts.resend(chosen, by=_who()))} were put back")

    @letters.command()
    def drop(numbers: NumbersArgument = None, subscriber: SubscriberOption = "", home: HomeOption = None) -> None:
        """Throw them away. Example: vaxel index dead-letters drop 12"""
        chosen = _chosen(numbers, subscriber)
        console.print(f"{_with(home, lambda acts: acts.drop(chosen, by=_who()))} were thrown away")


def _with(home: Path | None, act: Callable[[IndexActs], Awaitable[Found]]) -> Found:
    """Act on the home's store, whether or not a platform runs there."""
    found, settings = opened(home)

    async def run() -> Found:
        store = Store(address(settings.store_url, settings.var))

        async def record(fields: dict[str, Any]) -> None:
            await asyncio.to_thread(note, settings, fields)

        try:
            return await act(IndexActs(store, record, lambda: _subscribers(found, settings)))
        finally:
            await store.close()

    return asyncio.run(run())


def _subscribers(home: Home, settings: Settings) -> Sequence[Subscriber]:
    catalogue = load(home.contract_files(), home.schema).catalogue
    directory = load_directory(home.directory_files(), catalogue.namespaces, swedish_day()).directory
    rules = portions.index_rules(settings, directory)
    return subscribers(directory, rules.own, swedish_day(), rules.addresses)


def _chosen(numbers: list[int] | None, subscriber: str) -> Chosen:
    if bool(numbers) == bool(subscriber):
        fail("name dead letters by number, or --subscriber")
    return Chosen(numbers=tuple(numbers or ()), subscriber=subscriber)


def _lines(source: Path, skip: int) -> Iterator[dict[str, Any]]:
    with source.open("rb") as file:
        for number, line in enumerate(file, 1):
            if number <= skip:
                continue
            try:
                yield orjson.loads(line)
            except ValueError as error:
                raise SettingsError(
                    (f"{source}:{number}: no JSON; mend it and go on with --skip {number - 1}",)
                ) from error


def _table(rows: Sequence[dict[str, Any]], names: tuple[str, ...]) -> None:
    table = Table(*names)
    for row in rows:
        table.add_row(*("" if row[name] is None else str(row[name]) for name in names))
    console.print(table)


def _who() -> str:
    return getpass.getuser()
