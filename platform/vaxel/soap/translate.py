"""BP 2.0 ↔ 2.1: the address element changes its name, and every other byte is kept (SW-9.1 to SW-9.5)."""

from xml.parsers import expat

from vaxel.call import RivtaProfile
from vaxel.errors import TranslationFailed
from vaxel.soap.names import ADDRESSING, BP20_ADDRESS, BP21_ADDRESS, HEADER_NAMES, REGISTRY_1

_PREFIX = b"vxa"
"""Prefix of the new element's namespace; declared on the element itself, so it can clash with nothing outside."""


def translate(content: bytes, target: RivtaProfile, registry: str | None = None) -> bytes:
    """The message with its address elements in the target's form; `content` may end after the envelope's head.

    `registry` is the `LogicalAddress` namespace of the contract (SW-9.4). Raises `TranslationFailed` (VP012).
    """
    local, namespace = (
        (BP20_ADDRESS, ADDRESSING) if target is RivtaProfile.BP20 else (BP21_ADDRESS, registry or REGISTRY_1)
    )
    edits = _edits(content, _tags(content), f"vxa:{local}".encode(), namespace.encode())
    if not edits:
        raise TranslationFailed("no address element to translate")
    parts, position = [], 0
    for start, end, replacement in sorted(edits):
        parts += [content[position:start], replacement]
        position = end
    return b"".join([*parts, content[position:]])


def _tags(content: bytes) -> list[tuple[int, int]]:
    """Byte offsets of the start and end tags of each address element in the header."""
    found: list[tuple[int, int]] = []
    opened: list[tuple[int, int]] = []
    state = {"depth": 0, "header": 0, "done": 0}
    parser = expat.ParserCreate("utf-8", "}")

    def start(name: str, _: dict[str, str]) -> None:
        state["depth"] += 1
        local = name.rpartition("}")[2]
        if state["done"]:
            return
        if local == "Body" and state["depth"] == 2:
            state["done"] = 1
        elif state["header"] and local in HEADER_NAMES:
            opened.append((state["depth"], parser.CurrentByteIndex))
        elif local == "Header":
            state["header"] = 1

    def end(_: str) -> None:
        if opened and opened[-1][0] == state["depth"]:
            found.append((opened.pop()[1], parser.CurrentByteIndex))
        state["depth"] -= 1

    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(content, False)  # noqa: FBT003 - expat's own signature
    except expat.ExpatError as error:
        if not state["done"]:
            raise TranslationFailed("the envelope's head cannot be read") from error
    return found


def _edits(content: bytes, tags: list[tuple[int, int]], name: bytes, namespace: bytes) -> list[tuple[int, int, bytes]]:
    """(start, end, replacement) for the names in start and end tags; attributes and text between them stay."""
    edits = []
    declared = name + b' xmlns:%s="%s"' % (_PREFIX, namespace)
    for opening, closing in tags:
        edits.append((opening + 1, _name_end(content, opening + 1), declared))
        if content.startswith(b"</", closing):
            edits.append((closing + 2, _name_end(content, closing + 2), name))
    return edits


def _name_end(content: bytes, position: int) -> int:
    while content[position : position + 1] not in (b" ", b"\t", b"\r", b"\n", b">", b"/", b""):
        position += 1
    return position
