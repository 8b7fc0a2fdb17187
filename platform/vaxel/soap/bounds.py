"""How complex a message may be (SW-4.8): nearly free for an ordinary one, exact for a suspicious one.

`<` never stands raw inside an attribute value, so searches between two `<` at C speed miss nothing; only where one
of them hits are the tags read one by one.
"""

import re
from dataclasses import dataclass

from vaxel.errors import MessageMalformed


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Limits of one document: nesting, bytes of a tag, attributes and namespace declarations of an element."""

    depth: int = 100
    tag_bytes: int = 65_536
    attributes: int = 256
    namespaces: int = 64


DEFAULT = Bounds()
_MANY = re.compile(rb"<[^<=]*(?:=[^<=]*){65}")
_LONG = re.compile(rb"<[^<]{65536}")
_TOKEN = re.compile(
    rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<!DOCTYPE|<(/?)([^\s/>!?]+)((?:[^>\"']|\"[^\"]*\"|'[^']*')*)>", re.S
)
_ATTRIBUTE = re.compile(rb"""([^\s=]+)\s*=\s*(?:"[^"]*"|'[^']*')""")


def check(content: bytes, bounds: Bounds = DEFAULT) -> None:
    """Refuse a document type (`request.doctype-forbidden`) and what is beyond `bounds` (`request.too-complex`)."""
    suspicious = (
        b"<!DOCTYPE" in content
        or (content.count(b"<") > bounds.depth * 2 and _deep(content, bounds.depth))
        or _MANY.search(content) is not None
        or (len(content) > bounds.tag_bytes and _LONG.search(content) is not None)
    )
    if suspicious:
        _exact(content, bounds)


def _deep(content: bytes, depth: int) -> bool:
    """Whether it could be nested deeper: a row of more than `depth` start tags without an end tag between, roughly.

    Every end tag holds `</`; an empty element `/>`. A running balance over chunks of the document is an upper bound.
    """
    balance = highest = 0
    for part in content.split(b"</"):
        starts = part.count(b"<")
        highest = max(highest, balance + starts)
        balance += starts - part.count(b"/>") - 1
        balance = max(balance, 0)
    return highest > depth


def _exact(content: bytes, bounds: Bounds) -> None:
    """Read every tag; stops at the first that is too much."""
    depth = 0
    position = 0
    while (start := content.find(b"<", position)) >= 0:
        token = _TOKEN.match(content, start)
        if token is None:
            _unfinished(content, start, bounds)
            return
        position = token.end()
        text = token[0]
        if text == b"<!DOCTYPE":
            raise MessageMalformed("a document type is not allowed", cause="request.doctype-forbidden")
        if token[2] is None:
            continue
        if token[1]:
            depth -= 1
            continue
        if len(text) > bounds.tag_bytes:
            raise _complex("a tag is too long")
        _attributes(token[3], bounds)
        if not text.endswith(b"/>"):
            depth += 1
            if depth > bounds.depth:
                raise _complex("elements are nested too deep")


def _unfinished(content: bytes, start: int, bounds: Bounds) -> None:
    """A token without an end: malformed, and refused here where it is also too long or a document type."""
    if content.startswith(b"<!DOCTYPE", start):
        raise MessageMalformed("a document type is not allowed", cause="request.doctype-forbidden")
    if len(content) - start > bounds.tag_bytes:
        raise _complex("a tag is too long")


def _attributes(text: bytes, bounds: Bounds) -> None:
    if text.count(b"=") <= bounds.namespaces:
        return
    names = [match[1] for match in _ATTRIBUTE.finditer(text)]
    declarations = sum(1 for name in names if name == b"xmlns" or name.startswith(b"xmlns:"))
    if declarations > bounds.namespaces:
        raise _complex("an element declares too many namespaces")
    if len(names) - declarations > bounds.attributes:
        raise _complex("an element has too many attributes")


def _complex(reason: str) -> MessageMalformed:
    return MessageMalformed(reason, cause="request.too-complex")
