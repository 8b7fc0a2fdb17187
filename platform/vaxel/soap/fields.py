"""Reads single values of a record where it stands in an answer, by paths of local names (CO-9.6, CO-10.3)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from vaxel.soap.records import Element, attributes, closing, start_tag, value_of

_LEAF = re.compile(rb"<([^\s/>]+)>([^<]*)</\1>")
_SLASH = ord("/")
Values = dict[str, str]


@dataclass(slots=True)
class Wanted:
    """A step of the paths: which value an element is, which its attributes are, and what is wanted within it.

    `many`: there may be several, each with values of its own.
    """

    key: str = ""
    attributes: dict[bytes, str] = field(default_factory=dict)
    below: "dict[bytes, Wanted]" = field(default_factory=dict)
    many: bool = False


def wanted(paths: Iterable[tuple[str, str]]) -> Wanted:
    """From keys and their paths: parts joined by `/`, a last part `@name` an attribute, `*` after what is `many`."""
    root = Wanted()
    for key, path in paths:
        node = root
        *steps, last = path.split("/")
        for step in steps if last.startswith("@") else (*steps, last):
            node = node.below.setdefault(step.rstrip("*").encode(), Wanted())
            node.many = node.many or step.endswith("*")
        if last.startswith("@"):
            node.attributes[last[1:].encode()] = key
        else:
            node.key = key
    return root


class Reading:
    """Reads one element: `values` by key, the first of each; `parts` are the elements wanted `many` times."""

    __slots__ = ("_content", "_text", "parts", "values")

    def __init__(self, content: bytes, text: bytes, element: Element, root: Wanted) -> None:
        self._content, self._text = content, text
        self.values: Values = {}
        self.parts: list[tuple[Element, Values]] = []
        if element.close > element.inner:
            self._within(element.inner, root, self.values)

    def _within(self, position: int, node: Wanted, values: Values) -> int:
        """Read from after a start tag until its end tag, whose end it returns; 0 where all was found before."""
        text, below = self._text, node.below
        left = len(below)
        while True:
            position = text.find(b"<", position)
            if text[position + 1] == _SLASH:
                return text.index(b">", position) + 1
            leaf = _LEAF.match(text, position)
            found = below.get((leaf or start_tag(text, position))[1].rpartition(b":")[2])
            if leaf is not None:
                position = leaf.end()
                if found is None:
                    continue
                if found.key and not found.many:
                    values.setdefault(found.key, self._value(leaf))
            else:
                position = self._element(position, found, values)
            left -= found is not None and not found.many
            if not left:
                return 0

    def _element(self, position: int, node: Wanted | None, values: Values) -> int:
        """Read one that is no plain leaf, or pass over it; where it ends."""
        tag = start_tag(self._text, position)
        inner = tag.end()
        empty = self._text[inner - 2] == _SLASH
        if node is not None and node.attributes:
            self._attributes(tag[0], node, values)
        if node is not None and node.below and not node.many and not empty:
            end = self._within(inner, node, values)
            if end:
                return end
        close = inner if empty else closing(self._text, tag[1], inner)
        end = inner if empty else self._text.index(b">", close) + 1
        if node is not None and node.key:
            values.setdefault(node.key, value_of(self._content, Element(tag[1], position, inner, close, end)).strip())
        if node is not None and node.many:
            own: Values = {}
            self.parts.append((Element(tag[1], position, inner, close, end), own))
            if not empty:
                self._within(inner, node, own)
        return end

    def _value(self, leaf: re.Match[bytes]) -> str:
        inner, close = leaf.span(2)
        plain = b"&" not in leaf[2] and self._content[inner:close] == leaf[2]
        if plain:
            return leaf[2].decode("utf-8", "replace").strip()
        return value_of(self._content, Element(leaf[1], leaf.start(), inner, close, leaf.end())).strip()

    def _attributes(self, tag: bytes, node: Wanted, values: Values) -> None:
        for name, value in attributes(tag).items():
            key = node.attributes.get(name.rpartition(b":")[2])
            if key:
                values.setdefault(key, value[1:-1].decode("utf-8", "replace"))
