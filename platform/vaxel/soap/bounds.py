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
_NEITHER = bytes(set(range(256)) - set(b"<="))
_PIECE = 262_144
_FINEST = 64
_ATTRIBUTE = re.compile(rb"""([^\s=]+)\s*=\s*(?:"[^"]*"|'[^']*')""")


def check(content: bytes, bounds: Bounds = DEFAULT) -> None:
    """Refuse a document type (`request.doctype-forbidden`) and what is beyond `bounds` (`request.too-complex`)."""
    suspicious = any(_suspicious(content, start, bounds) for start in range(0, len(content), _PIECE))
    if not suspicious and content.count(b"<") > bounds.depth:
        suspicious = _balance(content, 0, len(content), 0, bounds.depth) is None
    if suspicious:
        _exact(content, bounds)


def _suspicious(content: bytes, start: int, bounds: Bounds) -> bool:
    """Whether a piece could hold a document type, a tag that is too long, or one with too many `=`.

    What is left of a tag without all but `<` and `=` shows how many `=` follow each other; and a tag that is too
    long leaves a stretch of half that length, counted from the piece's start, without any `<`. Pieces overlap by a
    tag's length, and are small because the interpreter stands still while one is looked at.
    """
    end = start + _PIECE + bounds.tag_bytes
    half = bounds.tag_bytes // 2
    return (
        content.find(b"<!DOCTYPE", start, end) >= 0
        or b"=" * (bounds.namespaces + 1) in content[start:end].translate(None, _NEITHER)
        or any(content.find(b"<", at, at + half) < 0 for at in range(start, min(end, len(content)) - half + 1, half))
    )


def _balance(content: bytes, start: int, end: int, balance: int, depth: int, block: int = 4096) -> int | None:
    """How deep the elements are at `end`, roughly; None where they could be nested deeper than `depth` before.

    Start tags less end tags and empty elements, block by block; within a block every start tag counts before any
    end tag, which is an upper bound. Where it is too high, the block is looked at in smaller ones.
    """
    for at in range(start, end, block):
        to = min(at + block, end)
        closing = content.count(b"</", at, to + 1)
        starts = content.count(b"<", at, to) - closing
        if balance + starts <= depth:
            balance = max(balance + starts - closing - content.count(b"/>", at, to + 1), 0)
            continue
        finer = _balance(content, at, to, balance, depth, block // 8) if block > _FINEST else None
        if finer is None:
            return None
        balance = finer
    return balance


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
