"""How complex a message may be (SW-4.8): nearly free for an ordinary one, exact for a suspicious one.

`<` never stands raw inside an attribute value, so what lies between two `<` can be judged at C speed and nothing is
missed; only where a part looks suspicious are the tags read one by one.
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
_TAG = re.compile(rb"<(/?)[^\s/>!?]+((?:[^>\"']|\"[^\"]*\"|'[^']*')*)>")
_CLOSINGS = {b"<!--": b"-->", b"<![CDATA[": b"]]>", b"<?": b"?>"}
_MARKED = (b"!", b"?")
_SLASH = ord("/")
_ATTRIBUTE = re.compile(rb"""([^\s=]+)\s*=\s*(?:"[^"]*"|'[^']*')""")


def check(content: bytes, bounds: Bounds = DEFAULT) -> None:
    """Refuse a document type (`request.doctype-forbidden`) and what is beyond `bounds` (`request.too-complex`)."""
    suspicious = (
        b"<!DOCTYPE" in content
        or (content.count(b"<") > bounds.depth * 2 and _deep(content, bounds.depth))
        or ((content.count(b"=") > bounds.namespaces or len(content) > bounds.tag_bytes) and _large(content, bounds))
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


def _large(content: bytes, bounds: Bounds) -> bool:
    """Whether a tag could be too long, or hold more than the fewest `=` that could be too many."""
    return any(len(part) >= bounds.tag_bytes or part.count(b"=") > bounds.namespaces for part in content.split(b"<"))


def _exact(content: bytes, bounds: Bounds) -> None:
    """Read every tag; stops at the first that is too much."""
    depth = 0
    position = 0
    while (start := content.find(b"<", position)) >= 0:
        if content[start + 1 : start + 2] in _MARKED:
            position = _past(content, start)
            continue
        if content.find(b">", start, start + bounds.tag_bytes + 1) < 0 and len(content) - start > bounds.tag_bytes:
            raise _complex("a tag is too long")
        token = _TAG.match(content, start)
        if token is None:
            return  # not a tag: the parser says so
        position = token.end()
        if token[1]:
            depth -= 1
            continue
        if position - start > bounds.tag_bytes:
            raise _complex("a tag is too long")
        _attributes(token[2], bounds)
        if content[position - 2] != _SLASH:
            depth += 1
            if depth > bounds.depth:
                raise _complex("elements are nested too deep")


def _past(content: bytes, start: int) -> int:
    """Where a comment, CDATA section or instruction ends; the end of the content where it never does."""
    if content.startswith(b"<!DOCTYPE", start):
        raise MessageMalformed("a document type is not allowed", cause="request.doctype-forbidden")
    for opening, closing in _CLOSINGS.items():
        if content.startswith(opening, start):
            end = content.find(closing, start + len(opening))
            return end + len(closing) if end >= 0 else len(content)
    return start + 1


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
