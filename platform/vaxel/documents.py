"""The operator's files as values that know their lines: YAML 1.2 through PyYAML's C event stream (DI-7.10).

A mapping becomes a `Table`, a sequence a `Listing`; both remember the line of each item, so that whatever is
found wrong later can be said as `file:line: what, and what to do`. Pure: the bytes and a name for them are given.
"""

import gc
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from yaml._yaml import CParser  # the C extension itself: the stubs of `yaml.cyaml` hide it

from vaxel.errors import DataError, Finding

MAX_DEPTH = 20
"""Deeper nesting than this is refused; the formats need five."""

Model = TypeVar("Model", bound=BaseModel)


class Table(dict[str, Any]):
    """A mapping that knows the line of each key."""

    __slots__ = ("_lines",)
    _lines: list[int]

    @property
    def lines(self) -> dict[str, int]:
        """The line of each key, from 1."""
        return dict(zip(self, self._lines, strict=True))


class Listing(list[Any]):
    """A sequence that knows the line of each item, from 1."""

    __slots__ = ("lines",)
    lines: list[int]


class Record(BaseModel):
    """Base of every model of the operator's files: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


# Scalars of the YAML 1.2 core schema that are not text; `off`, `no` and dates stay words.
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_DECIMAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_WORDS: dict[str, Any] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


def read_yaml(file: str, content: bytes) -> Any:
    """The one document in `content`; `DataError` where it is not YAML or uses what the format does not need."""
    try:
        parser = CParser(content)
        try:
            with collector_paused():
                return _Builder(file, parser).document()
        finally:
            parser.dispose()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        what = getattr(error, "problem", None) or "the file is not readable text in UTF-8"
        raise DataError((finding("value.format", file, line, f"not YAML: {what}", "mend the syntax"),)) from error


def load(model: type[Model], file: str, content: bytes) -> tuple[Model, Any]:
    """Read `content` as `model`; returns it with the raw document, for `line_of`.

    Raises `DataError` with one finding for each violation, each naming file and line.
    """
    document = read_yaml(file, content)
    try:
        return model.model_validate(document), document
    except ValidationError as error:
        raise DataError(explained(file, document, error)) from error


def explained(file: str, document: Any, error: ValidationError) -> tuple[Finding, ...]:
    """What a model found wrong with `document`, as findings with the line of each.

    A validator that raises `PydanticCustomError` with a type such as `value.length` chooses the finding's id by
    it, and states the remedy as `remedy` in its context.
    """
    items = error.errors(include_url=False)
    holders = {item["loc"][:depth] for item in items for depth in range(len(item["loc"]))}
    # A list is also called too short where each of its items is wrong; that is told already.
    told = (item for item in items if item["type"] != "too_short" or item["loc"] not in holders)
    return tuple(_explained(file, document, item) for item in told)


def line_of(document: Any, path: Iterable[str | int]) -> int:
    """The line of the deepest part of `path` that exists in the document; 1 for the document itself."""
    line = 1
    for step in path:
        if isinstance(document, Table) and step in document:
            line, document = document.lines[str(step)], document[str(step)]
        elif isinstance(document, Listing) and isinstance(step, int) and step < len(document):
            line, document = document.lines[step], document[step]
        elif isinstance(document, Table | Listing):
            continue  # a step of the model that the document does not have, such as the branch of a union
        else:
            break
    return line


def finding(id: str, file: str, line: int, what: str, remedy: str) -> Finding:  # noqa: A002 - the spec's word
    """A finding that is an error."""
    return Finding(id=id, file=file, line=line, what=what, remedy=remedy)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the cycle collector still while very many values are made that all stay.

    Its passes find nothing then, and would be a third of the time that a large file takes.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _explained(file: str, document: Any, item: Any) -> Finding:
    path: Sequence[str | int] = item["loc"]
    name = ".".join(str(step) for step in path) or "the file"
    line = line_of(document, path)
    kind: str = item["type"]
    if kind == "extra_forbidden":
        return finding("value.unknown", file, line, f"{name} is not a key of this format",
                       "remove it or mend its spelling")  # fmt: skip
    if kind == "missing":
        return finding("value.missing", file, line, f"{name} is missing", "add it")
    if kind == "too_short":
        return finding("value.missing", file, line, f"{name} is empty", "name at least one")
    if "." in kind:  # a validator of ours
        return finding(kind, file, line, f"{name}: {item['msg']}", item["ctx"]["remedy"])
    remedy = "write it between quotes" if kind == "string_type" else "mend the value"
    return finding("value.illegal", file, line, f"{name}: {item['msg']}", remedy)


class _Plain(dict[str, Any]):
    """The value of each plain scalar met so far: files repeat their words, so each is worked out once."""

    __slots__ = ()

    def __missing__(self, text: str) -> Any:
        value: Any = text
        if text[:1] in "+-.0123456789":
            if _INTEGER.match(text):
                value = int(text) if len(text) < 20 else text
            elif _DECIMAL.match(text):
                value = float(text)
        self[text] = value
        return value


class _Builder:
    """Turns one event stream into one document."""

    __slots__ = ("_file", "_next", "_parser", "_plain")

    def __init__(self, file: str, parser: Any) -> None:
        self._file = file
        self._parser: Any = parser
        self._next = parser.get_event
        self._plain = _Plain(_WORDS)

    def document(self) -> Any:
        self._next()  # stream start
        if self._parser.check_event(yaml.StreamEndEvent):
            raise DataError((finding("value.missing", self._file, 1, "the file is empty", "write `format: 1` first"),))
        self._next()  # document start
        value = self._value(self._next(), 0)
        self._next()  # document end
        if not self._parser.check_event(yaml.StreamEndEvent):
            raise self._refused(self._next(), "a second document", "keep one document")
        return value

    def _value(self, event: Any, depth: int) -> Any:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            return event.value if event.style else self._plain[event.value]
        if kind is yaml.AliasEvent or event.anchor:
            raise self._refused(event, "anchors and aliases are not read", "write it out")
        if depth >= MAX_DEPTH:
            raise self._refused(event, "nested too deep", "flatten it")
        return self._table(depth + 1) if kind is yaml.MappingStartEvent else self._listing(depth + 1)

    # The two loops below see every word of a file: what they can do in place they do not call for.

    def _table(self, depth: int) -> Table:
        table = Table()
        lines: list[int] = []
        table._lines = lines
        following, plain, scalar = self._next, self._plain, yaml.ScalarEvent
        event: Any
        while type(event := following()) is scalar:
            key = event.value
            if key in table:
                raise self._refused(event, f"key {key!r} stands twice", "remove one", id="row.duplicate")
            lines.append(event.start_mark.line + 1)  # type: ignore[union-attr] # what was parsed has a mark
            event = following()
            if type(event) is scalar and not event.style:
                table[key] = plain[event.value]
            else:
                table[key] = self._value(event, depth)
        if type(event) is not yaml.MappingEndEvent:
            raise self._refused(event, "a key must be a word", "mend the key")
        return table

    def _listing(self, depth: int) -> Listing:
        listing = Listing()
        listing.lines = lines = []
        following, plain, scalar = self._next, self._plain, yaml.ScalarEvent
        while type(event := following()) is not yaml.SequenceEndEvent:
            lines.append(event.start_mark.line + 1)
            if type(event) is scalar and not event.style:
                listing.append(plain[event.value])
            else:
                listing.append(self._value(event, depth))
        return listing

    def _refused(self, event: Any, what: str, remedy: str, *, id: str = "value.format") -> DataError:  # noqa: A002
        line: int = event.start_mark.line + 1
        return DataError((finding(id, self._file, line, what, remedy),))
