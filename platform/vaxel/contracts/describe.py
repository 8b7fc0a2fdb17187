"""What a message may hold, as a tree of frozen values that JSON can carry. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from vaxel.contracts.components import Attribute, Complex, Element, Group, Occurs, Simple, Wildcard
from vaxel.contracts.entry import Contract
from vaxel.contracts.structure import Structure

MAX_NODES = 100_000
"""A tree beyond this is no message of a contract: the largest published one has some thousands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """An element or attribute (`@name`) where it stands; below a type that holds itself, `recursive` ends the tree.

    `most` is None without end. `choice` numbers the choices of its parent from 1: of those with one number only one
    may be there; 0 is none. `limits` are the facets of its text, `pattern: …` and so on.
    """

    name: str
    namespace: str
    type: str
    least: int = 1
    most: Occurs = 1
    choice: int = 0
    documentation: str = ""
    enumeration: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    open: bool = False
    recursive: bool = False
    children: tuple["Node", ...] = ()

    @property
    def occurs(self) -> str:
        """`0..1`, `1..*` and so on."""
        return f"{self.least}..{'*' if self.most is None else self.most}"

    def child(self, *path: str) -> "Node | None":
        """The node at a path of local names; None where there is none."""
        node: Node | None = self
        for name in path:
            node = next((each for each in node.children if each.name == name), None) if node else None
        return node

    def paths(self, below: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
        """Every path below it, as the catalogue writes them (CO-9.6)."""
        for child in self.children:
            yield (*below, child.name)
            yield from child.paths((*below, child.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """Both messages of a contract."""

    request: Node
    response: Node


def describe(contract: Contract, structure: Structure) -> Described:
    """The trees of a contract's messages; `ValueError` where the schema does not declare one."""
    return Described(
        request=message(structure, f"{{{contract.namespace}}}{contract.request}"),
        response=message(structure, f"{{{contract.namespace}}}{contract.response}"),
    )


def message(structure: Structure, tag: str) -> Node:
    """The tree of a global element by `{namespace}name`."""
    element = structure.element(tag)
    if element is None:
        raise ValueError(f"the schema does not declare {tag}")
    return _Describer(structure).node(element, ())


class _Describer:
    def __init__(self, structure: Structure) -> None:
        self._structure = structure
        self._count = 0

    def node(self, element: Element, above: tuple[str, ...]) -> Node:
        self._count += 1
        if self._count > MAX_NODES:
            raise ValueError(f"a message has more than {MAX_NODES} places for elements")
        kind = self._structure.type_of(element)
        node = Node(
            name=element.name,
            namespace=element.namespace,
            type=_name(kind) or (element.type.rpartition("}")[2] if isinstance(element.type, str) else ""),
            least=element.least,
            most=element.most,
            documentation=element.documentation,
        )
        if isinstance(kind, Simple):
            return _limited(node, kind)
        if isinstance(element.type, str) and element.type in above:
            return replace(node, recursive=True)
        above = (*above, element.type) if isinstance(element.type, str) else above
        attributes = tuple(_attribute(each) for each in kind.attributes)
        if isinstance(kind.content, Simple):
            return replace(_limited(node, kind.content), children=attributes)
        children = tuple(self._children(kind.content, above, _Choices())) if kind.content else ()
        return replace(node, children=(*attributes, *children), open=_open(kind.content))

    def _children(
        self, group: Group, above: tuple[str, ...], choices: "_Choices", *, choice: int = 0
    ) -> Iterator[Node]:
        number = choices.next() if group.model == "choice" else choice
        free = group.least == 0 or group.model == "choice" or choice
        for particle in group.particles:
            if isinstance(particle, Element):
                node = self.node(particle, above)
                many = None if group.most is None else node.most if node.most is None else node.most * group.most
                yield replace(node, least=0 if free else node.least, most=many, choice=number)
            elif isinstance(particle, Group):
                yield from self._children(particle, above, choices, choice=number)


class _Choices:
    """Numbers the choices of one type."""

    def __init__(self) -> None:
        self._count = 0

    def next(self) -> int:
        self._count += 1
        return self._count


def _name(kind: Simple | Complex) -> str:
    if isinstance(kind, Complex):
        return kind.name
    return kind.name or kind.primitive


def _limited(node: Node, kind: Simple) -> Node:
    limits = [f"{name}: {value}" for name, value in kind.facets]
    limits += [f"pattern: {' or '.join(row)}" for row in kind.patterns]
    return replace(node, enumeration=kind.enumeration, limits=tuple(limits))


def _attribute(attribute: Attribute) -> Node:
    node = Node(
        name=f"@{attribute.name}",
        namespace=attribute.namespace,
        type=_name(attribute.type),
        least=int(attribute.required),
    )
    return _limited(node, attribute.type)


def _open(group: Group | None) -> bool:
    """Whether elements of other namespaces may follow (CO-6.1)."""
    return group is not None and any(isinstance(each, Wildcard) for each in group.particles)
