"""The door to XML as bytes, for answers: finds their records without a tree, so that they stay as they are (SW-4.13).

What is cut has passed expat's check of well-formedness. After that two things hold that make finding cheap: `<` stands
in no attribute value, and once comments, CDATA sections and processing instructions are blanked out, each `<` begins a
tag. So an element's end is found by searching for its name, and nothing within it is read.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from xml.parsers import expat

from vaxel.errors import MessageMalformed
from vaxel.soap.names import SOAP11

Scope = Mapping[bytes, bytes]
"""Namespace declarations in scope: prefix (empty: the default namespace) → value as written, with its quotes."""

_TAG = re.compile(rb"""<([^\s/>]++)((?:[^>"']++|"[^"]*+"|'[^']*+')*+)>""")
_MARKED = re.compile(rb"<(?:!--.*?--|!\[CDATA\[.*?\]\]|\?.*?\?)>", re.DOTALL)
_ATTRIBUTE = re.compile(rb"""([^\s=/]++)\s*+=\s*+("[^"]*+"|'[^']*+')""")
_AFTER_NAME = frozenset(b" \t\r\n/>")
_SLASH = ord("/")
_XMLNS = b"xmlns"


class Element(NamedTuple):
    """An element by byte offsets: where its start tag begins and ends, where its end tag begins and ends."""

    name: bytes
    start: int
    inner: int
    close: int
    end: int

    @property
    def local(self) -> bytes:
        """Its name without prefix."""
        return self.name.rpartition(b":")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """An answer in which the records were found: `records` by local name, in document order.

    `scope` is what the response element's children see declared. The codes are those of the answer's own `result`,
    empty where it has none.
    """

    content: bytes
    records: Mapping[str, tuple[Element, ...]]
    scope: Scope
    result_code: str = ""
    error_code: str = ""


def cut(content: bytes, namespace: str, response: str, names: Sequence[str]) -> Cut:
    """Find the direct children of the response element that have one of `names` (local, any prefix).

    `content` is a whole UTF-8 answer without byte order mark. Raises `MessageMalformed` where it is not well-formed,
    holds a document type, or its body is not exactly the response element (AG-8.4).
    """
    check(content)
    text = masked(content)
    element, scope = _response(text, namespace, response)
    found: dict[str, list[Element]] = {name: [] for name in names}
    wanted = {name.encode(): found[name] for name in names}
    codes = {"resultCode": "", "errorCode": ""}
    for child in children(text, element.inner, element.close):
        local = child.local
        if local in wanted:
            wanted[local].append(child)
        elif local == b"result":
            codes |= {each.local.decode(): value_of(content, each) for each in children(text, child.inner, child.close)}
    return Cut(
        content=content,
        records={name: tuple(elements) for name, elements in found.items()},
        scope=scope,
        result_code=codes["resultCode"].strip(),
        error_code=codes["errorCode"].strip(),
    )


def check(content: bytes) -> None:
    """Raise `MessageMalformed` unless the document is well-formed, namespaces included, and has no document type."""
    parser = expat.ParserCreate("utf-8", "}")
    parser.StartDoctypeDeclHandler = _doctype
    try:
        parser.Parse(content, True)  # noqa: FBT003 - expat's own signature
    except expat.ExpatError as error:
        raise MessageMalformed(f"not well-formed XML at line {error.lineno}") from error


def masked(content: bytes) -> bytes:
    """The same bytes with comments, CDATA sections and processing instructions blanked out; offsets stay."""
    if b"<!" in content or content.find(b"<?", 1) >= 0:
        return _MARKED.sub(lambda match: b" " * len(match[0]), content)
    if content.startswith(b"<?"):  # the declaration alone, as in most answers
        after = content.index(b"?>") + 2
        return b" " * after + content[after:]
    return content


def children(text: bytes, start: int, stop: int) -> Iterator[Element]:
    """The elements directly within a range of masked text, in order."""
    position = text.find(b"<", start, stop)
    while position >= 0:
        tag = _tag(text, position)
        name, inner = tag[1], tag.end()
        close, end = (inner, inner) if text[inner - 2] == _SLASH else _closing(text, name, inner)
        yield Element(name, position, inner, close, end)
        position = text.find(b"<", end, stop)


def value_of(content: bytes, element: Element) -> str:
    """The element's own text, references resolved, from the content that was not masked."""
    inner = content[element.inner : element.close]
    if b"<" not in inner and b"&" not in inner:
        return inner.decode("utf-8", "replace")
    parts: list[str] = []
    depth = 0

    def start(_: str, __: object) -> None:
        nonlocal depth
        depth += 1

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = lambda data: parts.append(data) if depth == 1 else None
    parser.Parse(b"<t>%b</t>" % inner, True)  # noqa: FBT003 - expat's own signature
    return "".join(parts)


def attributes(tag: bytes) -> dict[bytes, bytes]:
    """A start tag's attributes by name as written, values with their quotes."""
    return dict(_ATTRIBUTE.findall(tag)) if b"=" in tag else {}


def declarations(tag: bytes) -> dict[bytes, bytes]:
    """The namespace declarations of a start tag."""
    if _XMLNS not in tag:
        return {}
    found = attributes(tag).items()
    return {name[6:]: value for name, value in found if name == _XMLNS or name.startswith(b"xmlns:")}


def _response(text: bytes, namespace: str, response: str) -> tuple[Element, dict[bytes, bytes]]:
    scope: dict[bytes, bytes] = {}
    envelope = next(children(text, 0, len(text)))
    _enter(text, envelope, scope, SOAP11, b"Envelope")
    body = next((each for each in children(text, envelope.inner, envelope.close) if each.local == b"Body"), None)
    if body is None:
        raise MessageMalformed("the answer has no Body")
    _enter(text, body, scope, SOAP11, b"Body")
    inside = list(children(text, body.inner, body.close))
    if len(inside) != 1:
        raise MessageMalformed("the answer's Body must hold exactly one element")
    _enter(text, inside[0], scope, namespace, response.encode())
    return inside[0], scope


def _enter(text: bytes, element: Element, scope: dict[bytes, bytes], namespace: str, local: bytes) -> None:
    """Take the element's declarations into scope, and see that it is the one that must stand here."""
    scope |= declarations(text[element.start : element.inner])
    prefix = element.name.rpartition(b":")[0]
    if element.local != local or scope.get(prefix, b'""')[1:-1] != namespace.encode():
        shown = element.local.decode("utf-8", "replace")[:80]
        raise MessageMalformed(f"the answer holds {shown} where {local.decode()} of its contract was expected")


def _closing(text: bytes, name: bytes, position: int) -> tuple[int, int]:
    """Where an element's end tag begins and ends; `position` is after its start tag, namesakes within are counted."""
    opening, closing = b"<" + name, b"</" + name
    depth = 1
    while True:
        close = _find(text, closing, position, len(text))
        if close < 0:
            raise MessageMalformed("an element of the answer does not end")
        inner = _find(text, opening, position, close)
        while inner >= 0:
            after = _tag(text, inner).end()
            depth += text[after - 2] != _SLASH
            inner = _find(text, opening, after, close)
        depth -= 1
        position = text.index(b">", close) + 1
        if not depth:
            return close, position


def _find(text: bytes, tag: bytes, start: int, stop: int) -> int:
    """The next tag that begins so and whose name ends there; -1 where there is none."""
    size = len(tag)
    position = text.find(tag, start, stop)
    while position >= 0 and text[position + size] not in _AFTER_NAME:
        position = text.find(tag, position + size, stop)
    return position


def _tag(text: bytes, position: int) -> re.Match[bytes]:
    found = _TAG.match(text, position)
    if found is None:
        raise MessageMalformed("a tag of the answer cannot be read")
    return found


def _doctype(*_: object) -> None:
    raise MessageMalformed("a document type is not allowed", cause="request.doctype-forbidden")
