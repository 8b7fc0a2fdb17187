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
_ATTRIBUTE = re.compile(rb"""\s([^\s=/]+)\s*=\s*("[^"]*"|'[^']*')""")
_BODY = re.compile(rb"<(?:[^\s/>:]++:)?Body[\s/>]")
_AFTER_NAME = frozenset(b" \t\r\n/>")
_SLASH = ord("/")
_XMLNS = b"xmlns"
_CODES = (b"resultCode", b"errorCode")


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

    `text` is the content with comments and the like blanked out, `scope` what the response element's children see
    declared. The codes are those of the answer's own `result`, empty where it has none.
    """

    content: bytes
    text: bytes
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
    inner, scope = _response(text, namespace, response)
    inside = _inside(text, inner)
    found: dict[str, list[Element]] = {name: [] for name in names}
    wanted = {name.encode(): found[name] for name in names}
    codes = dict.fromkeys(_CODES, "")
    for child in inside:
        local = child.local
        if local in wanted:
            wanted[local].append(child)
        elif local == b"result":
            said = (each for each in children(text, child.inner) if each.local in codes)
            codes |= {each.local: value_of(content, each).strip() for each in said}
    return Cut(
        content=content,
        text=text,
        records={name: tuple(elements) for name, elements in found.items()},
        scope=scope,
        result_code=codes[b"resultCode"],
        error_code=codes[b"errorCode"],
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
    """The same bytes with comments, CDATA sections and processing instructions blanked out; offsets stay.

    Where there are none, it is the content itself; the declaration at its beginning stays.
    """
    # One letter is found many times faster than two, and these are rare.
    if (b"!" in content and b"<!" in content) or content.find(b"?", _begins(content) + 1) >= 0:
        return _MARKED.sub(lambda match: b" " * len(match[0]), content)
    return content


def root_of(text: bytes) -> Element:
    """The root element of a whole document."""
    return next(children(text, _begins(text)))


def children(text: bytes, start: int, *, counted: bool = True) -> Iterator[Element]:
    """The elements of masked text from within a start tag's element until its end, in order.

    Where not `counted`, an element is taken to end at the first end tag of its name.
    """
    position = text.find(b"<", start)
    while position >= 0 and text[position + 1] != _SLASH:
        tag = start_tag(text, position)
        name, inner = tag[1], tag.end()
        if text[inner - 2] == _SLASH:
            close, end = inner, inner
        else:
            close = closing(text, name, inner) if counted else find_tag(text, b"</" + name, inner)
            end = text.index(b">", close) + 1
        yield Element(name, position, inner, close, end)
        position = text.find(b"<", end)


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


def _response(text: bytes, namespace: str, response: str) -> tuple[int, dict[bytes, bytes]]:
    """Where the response element's start tag ends, and what is declared there."""
    scope: dict[bytes, bytes] = {}
    inner = _enter(text, text.find(b"<", _begins(text)), scope, SOAP11, b"Envelope")
    position = text.find(b"<", inner)
    while position >= 0 and text[position + 1] != _SLASH and not _BODY.match(text, position):
        position = text.find(b"<", next(children(text, position)).end)
    if position < 0 or text[position + 1] == _SLASH:
        raise MessageMalformed("the answer has no Body")
    inner = _enter(text, position, scope, SOAP11, b"Body")
    position = text.find(b"<", inner)
    if text[position + 1] == _SLASH:
        raise MessageMalformed("the answer's Body must hold exactly one element")
    return _enter(text, position, scope, namespace, response.encode()), scope


def _inside(text: bytes, inner: int) -> list[Element]:
    """The children of the response element.

    Elements seldom hold namesakes, and counting them costs as much as finding the records. So it is first done without,
    and right if after the response element two end tags are left, those of Body and Envelope, and nothing else.
    """
    for counted in (False, True):
        found = list(children(text, inner, counted=counted))
        after = found[-1].end if found else inner
        if text[inner - 2] == _SLASH:
            found, rest = [], text.find(b"<", inner)
        else:
            rest = text.find(b"<", text.index(b">", after) + 1)
        if counted or (text.count(b"<", rest) == 2 and text.count(b"</", rest) == 2):
            break
    if text[rest + 1] != _SLASH:
        raise MessageMalformed("the answer's Body must hold exactly one element")
    return found


def _begins(text: bytes) -> int:
    """Where the declaration ends, where there is one."""
    return text.index(b"?>") if text.startswith(b"<?") else 0


def _enter(text: bytes, position: int, scope: dict[bytes, bytes], namespace: str, local: bytes) -> int:
    """Take an element's declarations into scope, and see that it is the one that must stand here; its tag's end."""
    tag = start_tag(text, position)
    scope |= declarations(tag[0])
    prefix, _, found = tag[1].rpartition(b":")
    if found != local or scope.get(prefix, b'""')[1:-1] != namespace.encode():
        shown = found.decode("utf-8", "replace")[:80]
        raise MessageMalformed(f"the answer holds {shown} where {local.decode()} of its contract was expected")
    return tag.end()


def closing(text: bytes, name: bytes, position: int) -> int:
    """Where an element's end tag begins; `position` is after its start tag, namesakes within are counted."""
    opening, ending = b"<" + name, b"</" + name
    depth = 1
    while True:
        close = find_tag(text, ending, position)
        inner = find_tag(text, opening, position, close)
        while inner >= 0:
            after = start_tag(text, inner).end()
            depth += text[after - 2] != _SLASH
            inner = find_tag(text, opening, after, close)
        depth -= 1
        position = close + 2
        if not depth:
            return close


def find_tag(text: bytes, tag: bytes, start: int, stop: int | None = None) -> int:
    """The next tag that begins so and whose name ends there; -1 where there is none before `stop`."""
    size = len(tag)
    position = text.find(tag, start, stop)
    while position >= 0 and text[position + size] not in _AFTER_NAME:
        position = text.find(tag, position + size, stop)
    if position < 0 and stop is None:
        raise MessageMalformed("an element of the answer does not end")
    return position


def start_tag(text: bytes, position: int) -> re.Match[bytes]:
    """The start tag at a position; group 1 is its name."""
    found = _TAG.match(text, position)
    if found is None:
        raise MessageMalformed("a tag of the answer cannot be read")
    return found


def _doctype(*_: object) -> None:
    raise MessageMalformed("a document type is not allowed", cause="request.doctype-forbidden")
