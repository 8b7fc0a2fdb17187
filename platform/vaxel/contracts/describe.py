"""What a message may hold, as a tree of frozen values that JSON can carry. For people, not the data path. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from xmlschema.validators import XsdAnyElement, XsdElement, XsdGroup

from vaxel.contracts.entry import Contract


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """An element or attribute (`@name`) where it stands; below a type that holds itself, `recursive` ends the tree.

    `most` is None without end. `choice` numbers the choices of its parent from 1: of those with one number only one
    may be there; 0 is none. `open` says that elements of other namespaces may follow (CO-6.1).
    """

    name: str
    namespace: str
    type: str
    least: int = 1
    most: int | None = 1
    choice: int = 0
    enumeration: tuple[str, ...] = ()
    open: bool = False
    recursive: bool = False
    children: tuple["Node", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """Both messages of a contract."""

    request: Node
    response: Node


def describe(contract: Contract, model: Any) -> Described:
    """The trees of a contract's messages in its xmlschema `model`; `KeyError` where it does not declare one."""
    elements = model.maps.elements
    return Described(
        request=_node(elements[f"{{{contract.namespace}}}{contract.request}"], ()),
        response=_node(elements[f"{{{contract.namespace}}}{contract.response}"], ()),
    )


def _node(element: Any, above: tuple[Any, ...]) -> Node:
    kind = element.type
    node = Node(
        name=element.local_name,
        namespace=element.target_namespace,
        type=_name(kind),
        least=element.min_occurs,
        most=element.max_occurs,
    )
    if kind.is_simple():
        return replace(node, enumeration=_enumeration(kind))
    if kind in above:
        return replace(node, recursive=True)
    children = tuple(_attribute(name, each) for name, each in element.attributes.items() if name)
    if kind.has_simple_content():
        return replace(node, enumeration=_enumeration(kind.content), children=children)
    within = tuple(_particles(kind.content, (*above, kind), _numbers()))
    free = any(isinstance(each, XsdAnyElement) for each in kind.content.iter_components())
    return replace(node, children=(*children, *within), open=free)


def _particles(group: Any, above: tuple[Any, ...], numbers: Iterator[int], choice: int = 0) -> Iterator[Node]:
    number = next(numbers) if group.model == "choice" else choice
    for particle in group:
        if isinstance(particle, XsdElement):
            node = _node(particle, above)
            least = 0 if group.min_occurs == 0 or number else node.least
            most = None if group.max_occurs is None or node.most is None else node.most * group.max_occurs
            yield replace(node, least=least, most=most, choice=number)
        elif isinstance(particle, XsdGroup):
            yield from _particles(particle, above, numbers, number)


def _attribute(name: str, attribute: Any) -> Node:
    namespace, _, local = name.rpartition("}")
    return Node(
        name=f"@{local}",
        namespace=namespace.lstrip("{"),
        type=_name(attribute.type),
        least=int(attribute.use == "required"),
        enumeration=_enumeration(attribute.type),
    )


def _name(kind: Any) -> str:
    return str(kind.local_name or getattr(kind.base_type, "local_name", "") or "")


def _enumeration(kind: Any) -> tuple[str, ...]:
    return tuple(str(value) for value in getattr(kind, "enumeration", None) or ())


def _numbers() -> Iterator[int]:
    number = 0
    while True:
        number += 1
        yield number
