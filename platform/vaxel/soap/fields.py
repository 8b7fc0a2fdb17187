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
            tag = leaf or start_tag(text, position)
            found = below.get(tag[1].rpartition(b":")[2])
            end = leaf.end() if leaf is not None else 0
            if found is not None:
                end = self._plain(leaf, found, values) if leaf is not None else self._element(tag, found, values)
                left -= not found.many
                if not left:
                    return 0
            position = end or self._end(tag)

    def _plain(self, leaf: re.Match[bytes], node: Wanted, values: Values) -> int:
        """Take an element that holds text and has no attributes; where it ends."""
        if node.many:
            self.parts.append((_whole(leaf), {}))
        elif node.key:
            values.setdefault(node.key, self._value(leaf))
        return leaf.end()

    def _element(self, tag: re.Match[bytes], node: Wanted, values: Values) -> int:
        """Read any other that is wanted; where it ends, 0 where that is not known yet."""
        inner = tag.end()
        empty = self._text[inner - 2] == _SLASH
        if node.attributes:
            self._attributes(tag[0], node, values)
        if node.below and not node.many and not node.key:
            return inner if empty else self._within(inner, node, values)
        end = self._end(tag)
        element = Element(tag[1], tag.start(), inner, inner if empty else self._text.rindex(b"<", inner, end), end)
        if node.many:
            own: Values = {}
            self.parts.append((element, own))
            if not empty:
                self._within(inner, node, own)
        elif node.key:
            values.setdefault(node.key, value_of(self._content, element).strip())
        return end

    def _end(self, tag: re.Match[bytes]) -> int:
        inner = tag.end()
        if self._text[inner - 2] == _SLASH:
            return inner
        return self._text.index(b">", closing(self._text, tag[1], inner)) + 1

    def _value(self, leaf: re.Match[bytes]) -> str:
        text = leaf[2]
        if b"&" not in text and (self._text is self._content or self._content[slice(*leaf.span(2))] == text):
            return text.decode("utf-8", "replace").strip()
        return value_of(self._content, _whole(leaf)).strip()

    def _attributes(self, tag: bytes, node: Wanted, values: Values) -> None:
        for name, value in attributes(tag).items():
            key = node.attributes.get(name.rpartition(b":")[2])
            if key:
                values.setdefault(key, value[1:-1].decode("utf-8", "replace"))


def _whole(leaf: re.Match[bytes]) -> Element:
    return Element(leaf[1], leaf.start(), *leaf.span(2), leaf.end())
