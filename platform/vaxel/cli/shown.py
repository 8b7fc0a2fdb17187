"""A contract as people look at it: facts, speakers, and its messages as trees."""

from typing import Any

from rich.text import Text
from rich.tree import Tree

from vaxel.contracts.catalogue import Catalogue
from vaxel.contracts.describe import Node
from vaxel.contracts.entry import Contract
from vaxel.directory.load import load_directory
from vaxel.errors import DataError
from vaxel.home import Home
from vaxel.settings import swedish_day

MAX_VALUES = 8
"""Values of an enumeration that are shown."""


def facts(catalogue: Catalogue, entry: Contract) -> dict[str, Any]:
    """What the catalogue states of a contract, and its domain."""
    return {"domain": catalogue.domain(entry), **entry.model_dump(mode="json")}


def parties(home: Home, catalogue: Catalogue, entry: Contract) -> dict[str, list[str]]:
    """Components that produce and consume a contract, as the directory has it; empty where it cannot be read."""
    try:
        directory = load_directory(home.directory_files(), catalogue.namespaces, swedish_day()).directory
    except DataError:
        return {"producers": [], "consumers": []}
    spoken = entry.namespace.lower()
    routes = [row for row in directory.routes if spoken in map(str.lower, row.contract)]
    allowed = [row for row in directory.permissions if spoken in map(str.lower, row.contract)]
    return {
        "producers": sorted({row.producer for row in routes}),
        "consumers": sorted({consumer for row in allowed for consumer in row.consumer}),
    }


def tree(node: Node) -> Tree:
    """A message as a tree of names, occurrences, types and documentation."""
    made = Tree(_line(node))
    _grow(made, node)
    return made


def _grow(made: Tree, node: Node) -> None:
    for child in node.children:
        _grow(made.add(_line(child)), child)
    if node.open:
        made.add(Text("… elements of other namespaces", style="dim"))
    if node.recursive:
        made.add(Text("… as above", style="dim"))


def _line(node: Node) -> Text:
    line = Text(node.name, style="bold")
    line.append(f" {node.occurs} {node.type}".rstrip(), style="cyan")
    if node.choice:
        line.append(f" one of choice {node.choice}", style="magenta")
    if node.enumeration:
        more = " …" if len(node.enumeration) > MAX_VALUES else ""
        line.append(f" {' | '.join(node.enumeration[:MAX_VALUES])}{more}", style="green")
    elif node.limits:
        line.append(f" {', '.join(node.limits)}", style="green")
    if node.documentation:
        line.append(f"  {node.documentation[:100]}", style="dim")
    return line
