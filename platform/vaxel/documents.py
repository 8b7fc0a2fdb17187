"""The operator's files as values that know their lines: YAML 1.2 through PyYAML's C event stream (DI-7.10).

A mapping becomes a `Table`, a sequence a `Listing`; both remember the line of each item, so that whatever is
found wrong later can be said as `file:line: what, and what to do`. Pure: the bytes and a name for them are given.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from yaml._yaml import CParser  # the C extension itself: the stubs of `yaml.cyaml` hide it

from vaxel.errors import DataError, Finding

MAX_DEPTH = 20
"""Deeper nesting than this is refused; the formats need five."""

Model = TypeVar("Model", bound=BaseModel)


class Table(dict[str, Any]):
    """A mapping with the line of each key."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, int] = {}


class Listing(list[Any]):
    """A sequence with the line of each item."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[int] = []


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
            return _document(file, parser)
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
        raise DataError(tuple(_explained(file, document, item) for item in error.errors())) from error


def line_of(document: Any, path: Iterable[str | int]) -> int:
    """The line of the deepest part of `path` that exists in the document; 1 for the document itself."""
    line = 1
    for step in path:
        if isinstance(document, Table) and step in document:
            line, document = document.lines[str(step)], document[str(step)]
        elif isinstance(document, Listing) and isinstance(step, int) and step < len(document):
            line, document = document.lines[step], document[step]
        else:
            break
    return line


def finding(id: str, file: str, line: int, what: str, remedy: str) -> Finding:  # noqa: A002 - the spec's word
    """A finding that is an error."""
    return Finding(id=id, file=file, line=line, what=what, remedy=remedy)


def _explained(file: str, document: Any, item: Any) -> Finding:
    path: Sequence[str | int] = item["loc"]
    name = ".".join(str(step) for step in path) or "the file"
    kind = item["type"]
    if kind == "extra_forbidden":
        return finding("value.unknown", file, line_of(document, path), f"{name} is not a key of this format",
                       "remove it or mend its spelling")  # fmt: skip
    if kind == "missing":
        return finding("value.missing", file, line_of(document, path), f"{name} is missing", "add it")
    return finding("value.illegal", file, line_of(document, path), f"{name}: {item['msg']}", "mend the value")


def _document(file: str, parser: Any) -> Any:
    parser.get_event()  # stream start
    if parser.check_event(yaml.StreamEndEvent):
        raise DataError((finding("value.missing", file, 1, "the file is empty", "write `format: 1` first"),))
    parser.get_event()  # document start
    value = _value(file, parser, parser.get_event(), 0)
    parser.get_event()  # document end
    if not parser.check_event(yaml.StreamEndEvent):
        line = parser.get_event().start_mark.line + 1
        raise DataError((finding("value.format", file, line, "a second document", "keep one document"),))
    return value


def _value(file: str, parser: Any, event: Any, depth: int) -> Any:
    kind = type(event)
    if kind is yaml.ScalarEvent:
        return _scalar(event)
    line = event.start_mark.line + 1
    if kind is yaml.AliasEvent or event.anchor:
        raise DataError((finding("value.format", file, line, "anchors and aliases are not read", "write it out"),))
    if depth >= MAX_DEPTH:
        raise DataError((finding("value.format", file, line, "nested too deep", "flatten it"),))
    return (_table if kind is yaml.MappingStartEvent else _listing)(file, parser, depth + 1)


def _table(file: str, parser: Any, depth: int) -> Table:
    table = Table()
    while type(event := parser.get_event()) is not yaml.MappingEndEvent:
        line = event.start_mark.line + 1
        if type(event) is not yaml.ScalarEvent:
            raise DataError((finding("value.format", file, line, "a key must be a word", "mend the key"),))
        key = event.value
        if key in table:
            raise DataError((finding("row.duplicate", file, line, f"key {key!r} stands twice", "remove one"),))
        table[key] = _value(file, parser, parser.get_event(), depth)
        table.lines[key] = line
    return table


def _listing(file: str, parser: Any, depth: int) -> Listing:
    listing = Listing()
    while type(event := parser.get_event()) is not yaml.SequenceEndEvent:
        listing.lines.append(event.start_mark.line + 1)
        listing.append(_value(file, parser, event, depth))
    return listing


def _scalar(event: Any) -> Any:
    text: str = event.value
    if event.style:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text[:1] in "+-.0123456789":
        if _INTEGER.match(text):
            return int(text) if len(text) < 20 else text
        if _DECIMAL.match(text):
            return float(text)
    return text
