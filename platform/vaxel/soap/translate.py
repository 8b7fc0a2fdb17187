"""BP 2.0 ↔ 2.1: the address element changes its name, and every other byte is kept (SW-9.1 to SW-9.5)."""

import re
from xml.parsers import expat

from vaxel.call import RivtaProfile
from vaxel.errors import TranslationFailed
from vaxel.soap.names import ADDRESSING, BP20_ADDRESS, BP21_ADDRESS, HEADER_NAMES, REGISTRY_1, SOAP11

_PREFIX = b"vxa"
"""Prefix of the new element's namespace, declared on the element itself, so that it clashes with nothing outside."""
_START = re.compile(rb"<([^\s/>]+)(?:[^>\"']|\"[^\"]*\"|'[^']*')*>")

_Tags = tuple[str, int, int]
"""An element's name as expat writes it, and the byte offsets of its start and end tags."""


def translate(content: bytes, target: RivtaProfile, registry: str | None = None) -> bytes:
    """The message with its address elements in the target's form; `content` may end after the envelope's head.

    `registry` is the `LogicalAddress` namespace of the contract (SW-9.4). Raises `TranslationFailed` (VP012).
    """
    local, namespace = (
        (BP20_ADDRESS, ADDRESSING) if target is RivtaProfile.BP20 else (BP21_ADDRESS, registry or REGISTRY_1)
    )
    edits: list[tuple[int, int, bytes]] = []
    for name, opening, closing in _tags(content):
        if name != f"{namespace}}}{local}":
            edits += _edits(content, opening, closing, local.encode(), namespace.encode())
    if not edits:
        raise TranslationFailed("no address element to translate")
    parts, position = [], 0
    for start, end, replacement in sorted(edits):
        parts += [content[position:start], replacement]
        position = end
    return b"".join([*parts, content[position:]])


def _tags(content: bytes) -> list[_Tags]:
    """Each address element in the header."""
    found: list[_Tags] = []
    opened: list[tuple[int, str, int]] = []
    state = {"depth": 0, "header": 0, "done": 0}
    parser = expat.ParserCreate("utf-8", "}")

    def start(name: str, _: dict[str, str]) -> None:
        state["depth"] += 1
        local = name.rpartition("}")[2]
        if state["done"]:
            return
        if name == f"{SOAP11}}}Body" and state["depth"] == 2:
            state["done"] = 1
        elif state["header"] and local in HEADER_NAMES:
            opened.append((state["depth"], name, parser.CurrentByteIndex))
        elif local == "Header":
            state["header"] = 1

    def end(_: str) -> None:
        if opened and opened[-1][0] == state["depth"]:
            name, opening = opened.pop()[1:]
            found.append((name, opening, parser.CurrentByteIndex))
        state["depth"] -= 1

    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(content, False)  # noqa: FBT003 - expat's own signature
    except expat.ExpatError as error:
        if not state["done"]:
            raise TranslationFailed("the envelope's head cannot be read") from error
    return found


def _edits(content: bytes, opening: int, closing: int, local: bytes, namespace: bytes) -> list[tuple[int, int, bytes]]:
    """(start, end, replacement) for an element's names in start and end tag; attributes and text between them stay."""
    prefix = _PREFIX
    while prefix in content[opening:closing]:  # another platform has translated it before, or it is the consumer's own
        prefix += b"a"
    name = prefix + b":" + local
    tag = _START.match(content, opening)
    assert tag is not None, "expat has read it"  # noqa: S101
    edits = [(tag.start(1), tag.end(1), name + b' xmlns:%s="%s"' % (prefix, namespace))]
    if not tag[0].endswith(b"/>"):
        edits.append((closing + 2, closing + 2 + len(tag[1]), name))
    return edits
