"""Writes catalogue entries as an operator would, and adds them to a file whose own text stays as it is. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from vaxel import documents
from vaxel.contracts.entry import ContractFile
from vaxel.errors import DataError

WIDTH = 110
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.:/@-]*(?<!:)\Z")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_ITEM = re.compile(r"^( *)- ", re.M)
_EMPTY = re.compile(r"^contracts: *\[ *\] *$", re.M)
_DOMAIN = re.compile(r"^domain:.*$", re.M)


def fresh(domain: str, entries: Iterable[Mapping[str, Any]], index_rules: Mapping[str, Any]) -> bytes:
    """A new file of a domain."""
    head = ["# Written from a contract package; what no package says, such as `access`, is to be stated here.",
            "format: 1", f"domain: {_scalar(domain)}"]  # fmt: skip
    if index_rules:
        head.append("\n".join(_pair("index_rules", index_rules, "")))
    return ("\n".join([*head, "contracts:"]) + "\n" + "\n".join(_entry(each, "  ") for each in entries)).encode()


def extended(file: str, content: bytes, entries: Iterable[Mapping[str, Any]], index_rules: Mapping[str, Any]) -> bytes:
    """A file with entries added at its end; `DataError` where its form does not let that be done."""
    former, _ = documents.load(ContractFile, file, content)
    text = content.decode("utf-8")
    entries = list(entries)
    if index_rules and former.index_rules is None:
        stated = "\n".join(_pair("index_rules", index_rules, ""))
        text = _DOMAIN.sub(lambda found: f"{found[0]}\n{stated}", text, count=1)
    if entries:
        text = _EMPTY.sub("contracts:", text).rstrip("\n") + "\n"
        start = text.find("\ncontracts:")
        item = _ITEM.search(text, start)
        indent = item[1] if item else "  "
        text += ("\n" if item else "") + "\n".join(_entry(each, indent) for each in entries)
    made = text.encode()
    _check(file, former, made, len(entries))
    return made


def _check(file: str, former: ContractFile, made: bytes, more: int) -> None:
    """The file says what it said, and the new entries besides."""
    try:
        model, _ = documents.load(ContractFile, file, made)
        kept = model.contracts[: len(former.contracts)] == former.contracts
        whole = kept and len(model.contracts) == len(former.contracts) + more
    except DataError:
        whole = False
    if not whole:
        what, remedy = "entries cannot be added at its end", "let the list `contracts` be the last of the file"
        raise DataError((documents.finding("package.refused", file, 1, what, remedy),))


def _entry(entry: Mapping[str, Any], indent: str) -> str:
    lines = [line for key, value in entry.items() for line in _pair(key, value, indent + "  ")]
    first = lines[0].removeprefix(indent + "  ")
    return "\n".join([f"{indent}- {first}", *lines[1:]]) + "\n"


def _pair(key: str, value: Any, indent: str) -> list[str]:
    """`key: value` on one line, or a mapping below its key where it would be too long."""
    line = f"{indent}{key}: {_flow(value)}"
    if not isinstance(value, Mapping) or len(line) <= WIDTH:
        return [line]
    return [f"{indent}{key}:", *(each for name, inner in value.items() for each in _pair(name, inner, indent + "  "))]


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(each) for each in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if _PLAIN.match(text) and text.lower() not in _WORDS:
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
