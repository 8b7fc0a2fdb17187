"""One message for many receivers: address and stated body elements are replaced, other bytes stay (AG-6.1)."""

from collections.abc import Iterator, Mapping
from html import escape

from vaxel.errors import TranslationFailed
from vaxel.soap.names import HEADER_NAMES
from vaxel.soap.records import Element, children, masked, root_of, value_of

_HEADER_NAMES = frozenset(name.encode() for name in HEADER_NAMES)
_SLASH = ord("/")


class Rewriting:
    """A request's envelope, taken apart once; its content has been parsed, so it is well-formed.

    `receiver` is the address that stands in it; `paths` are body elements below the payload that are set too.
    """

    def __init__(self, content: bytes, receiver: str, paths: tuple[str, ...] = ()) -> None:
        self._content = content
        text = masked(content)
        self._places: list[tuple[Element, str]] = []
        envelope = root_of(text)
        for part in children(text, envelope.inner):
            if part.local == b"Header":
                found = (each for each in _headers(text, part) if value_of(content, each) == receiver)
                self._places += [(each, "") for each in found]
            elif part.local == b"Body":
                payload = next(children(text, part.inner))
                self._places += [(each, path) for path in paths for each in _at(text, payload, path.split("/"))]
        if not any(path == "" for _, path in self._places):
            raise TranslationFailed("no address element to replace")
        self._places.sort(key=lambda place: place[0].start)

    def to(self, address: str, values: Mapping[str, str] | None = None) -> bytes:
        """The message with another address, and with the body elements' new values by path."""
        content, said = self._content, {"": address, **(values or {})}
        parts, position = [], 0
        for element, path in self._places:
            value = escape(said[path]).encode()
            if element.close > element.inner or content[element.inner - 2] != _SLASH:
                parts += [content[position : element.inner], value]
                position = element.close
            else:  # an empty-element tag
                parts += [content[position : element.inner - 2], b">%b</%b>" % (value, element.name)]
                position = element.end
        return b"".join([*parts, content[position:]])


def _headers(text: bytes, within: Element) -> Iterator[Element]:
    """Address elements anywhere in the header, as they are read (SW-4.1)."""
    for child in children(text, within.inner) if within.close > within.inner else ():
        if child.local in _HEADER_NAMES:
            yield child
        else:
            yield from _headers(text, child)


def _at(text: bytes, element: Element, path: list[str]) -> Iterator[Element]:
    if not path:
        yield element
        return
    if element.close == element.inner:
        return
    for child in children(text, element.inner):
        if child.local == path[0].encode():
            yield from _at(text, child, path[1:])
