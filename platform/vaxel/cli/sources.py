"""How it went with each source of an aggregated answer: a table, live while a streamed answer comes."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from rich.console import Console
from rich.live import Live
from rich.table import Table

from vaxel.aggregation.status import Told, left_out, read
from vaxel.contracts.entry import Contract
from vaxel.contracts.layouts import layout_of
from vaxel.errors import MessageMalformed
from vaxel.soap import tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One source: its status, its records, the milliseconds until they had come (0: not known), and why it failed."""

    source: str
    status: str
    records: int = 0
    ms: int = 0
    cause: str = ""
    text: str = ""


class Progress:
    """Follows an answer as it comes: `rows` say what is known of each source so far."""

    def __init__(self, entry: Contract) -> None:
        assert entry.records is not None, "an aggregated contract says where its records are"  # noqa: S101
        name = re.escape(entry.records.list.encode())
        self._record = re.compile(rb"<((?:[\w.-]+:)?%b)[\s>].*?</\1\s*>" % name, re.DOTALL)
        self._layout = layout_of(entry.records)
        self._content = bytearray()
        self._read_to = 0
        self._came: dict[str, Row] = {}

    def feed(self, chunk: bytes, ms: float) -> None:
        """The next bytes, so many milliseconds after the question."""
        self._content += chunk
        for match in self._record.finditer(self._content, self._read_to):
            self._read_to = match.end()
            source = self._layout.headers(bytes(match[0]))[0].source_system or "?"
            former = self._came.get(source, Row(source=source, status="answering"))
            self._came[source] = replace(former, records=former.records + 1, ms=round(ms))

    def clear(self) -> None:
        """Forget what has come: the question is put again."""
        self._content.clear()
        self._read_to = 0
        self._came.clear()

    @property
    def rows(self) -> tuple[Row, ...]:
        """What is known; the answer's own word on each source once it has come."""
        try:
            told = read(tree.document(bytes(self._content))) if self._content.rstrip().endswith(b"Envelope>") else None
        except MessageMalformed:
            told = None
        if told is None:
            return tuple(self._came.values())
        others = self._came.keys() - {each.source for each in told}
        return tuple(self._said(each) for each in told) + tuple(self._came[name] for name in sorted(others))

    @property
    def left_out(self) -> dict[str, int]:
        """Why how many sources were not asked, and records not taken (AG 9.3)."""
        return left_out(bytes(self._content))

    def _said(self, told: Told) -> Row:
        came = self._came.get(told.source, Row(source=told.source, status=""))
        return replace(came, status=told.status, cause=told.cause, text=told.text)


def table_of(rows: tuple[Row, ...]) -> Table:
    """The rows as people read them."""
    table = Table("source", "status", "records", "ms", "cause")
    for row in rows:
        why = f"{row.cause}: {row.text}" if row.cause else ""
        table.add_row(row.source, row.status, str(row.records), str(row.ms) if row.ms else "–", why)
    return table


@contextmanager
def shown_live(console: Console, progress: Progress) -> Iterator[Live]:
    """The table on the terminal while the answer comes; `refresh` draws what has come, and it goes when all has."""

    def drawn() -> Table:
        return table_of(progress.rows)

    with Live(get_renderable=drawn, console=console, auto_refresh=False, transient=True) as live:
        yield live
