"""The door to XML as bytes: reads a head while it arrives, and looks into answers without building a tree (SW-4.13)."""

import re
from xml.parsers import expat

from vaxel.call import ContractId, Envelope, RivtaProfile
from vaxel.errors import MessageMalformed
from vaxel.soap import bounds
from vaxel.soap.names import BP20_ADDRESS, HEADER_NAMES, SOAP11, SOAP12, STANDARD_HEADERS

_SEPARATOR = "}"


class HeadReader:
    """Reads an envelope's head from chunks, up to the first element of `Body` (SW-4.2, SW-4.9).

    `limit` is the size in bytes that the head may have; `strict` as in `tree.parse`.
    """

    def __init__(self, *, limit: int = 262_144, strict: bool = False) -> None:
        self._limit = limit
        self._strict = strict
        self._seen = bytearray()
        self._path: list[str] = []
        self._in_header = False
        self._found: list[tuple[str, list[str]]] = []  # address headers by their start: the last decides (SW-4.1)
        self._open: list[tuple[int, list[str]]] = []
        self._bodies = 0
        self._payload = ""
        self._error: MessageMalformed | None = None
        self._parser = self._new_parser()

    def feed(self, chunk: bytes) -> Envelope | None:
        """Take the next bytes; the envelope as soon as its head is complete. Raises `MessageMalformed`."""
        self._seen += chunk[: self._limit + 1 - len(self._seen)]
        bounds.check(bytes(self._seen))
        try:
            self._parser.Parse(chunk, False)  # noqa: FBT003 - expat's own signature
        except expat.ExpatError as error:
            if not self._payload and self._error is None:
                raise MessageMalformed(f"not well-formed XML at line {error.lineno}") from error
        if self._error is not None:
            raise self._error
        if self._payload:
            return self._envelope()
        if len(self._seen) > self._limit:
            raise MessageMalformed("the envelope's head is too large", cause="request.head-too-large")
        return None

    def _new_parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate("utf-8", _SEPARATOR)
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._doctype
        return parser

    def _stop(self) -> None:
        """All is known that will be: what follows passes without a call."""
        self._parser.StartElementHandler = None
        self._parser.EndElementHandler = None
        self._parser.CharacterDataHandler = None

    def _start(self, name: str, _: dict[str, str]) -> None:
        namespace, local = _split(name)
        self._path.append(name)
        depth = len(self._path)
        if depth == 1 and (namespace, local) != (SOAP11, "Envelope"):
            soap12 = (namespace, local) == (SOAP12, "Envelope")
            self._refuse("the message is not a SOAP 1.1 envelope", "soap12" if soap12 else "no-envelope")
        elif depth > 1 and (namespace, local) == (SOAP11, "Body"):
            self._body(depth)
        elif self._bodies:
            if depth == 3 and self._parser.CurrentByteIndex > self._limit:
                self._refuse("the envelope's head is too large", "head-too-large")
            elif depth == 3:
                self._payload = name
                self._stop()
        elif self._in_header and local in HEADER_NAMES and (not self._strict or self._standard(name, depth)):
            text: list[str] = []
            self._found.append((name, text))
            self._open.append((depth, text))
        elif local == "Header":
            self._in_header = True

    def _body(self, depth: int) -> None:
        if depth == 2 and not self._bodies:
            self._bodies = 1
        else:
            self._refuse("a Body stands elsewhere", "ambiguous-envelope")

    def _standard(self, name: str, depth: int) -> bool:
        return depth == 3 and "{" + name in STANDARD_HEADERS and self._path[1] == f"{SOAP11}}}Header"

    def _end(self, _: str) -> None:
        depth = len(self._path)
        self._path.pop()
        if self._open and self._open[-1][0] == depth:
            self._open.pop()
        if depth == 2 and self._bodies:
            self._refuse("the Body is empty", "no-body-element")
        if depth == 1 and not self._bodies:
            self._refuse("the envelope has no Body", "no-body-element")

    def _text(self, text: str) -> None:
        if self._open and self._open[-1][0] == len(self._path):
            self._open[-1][1].append(text)

    def _doctype(self, *_: object) -> None:
        self._refuse("a document type is not allowed", "doctype-forbidden")

    def _refuse(self, reason: str, cause: str) -> None:
        if self._error is None:
            self._error = MessageMalformed(reason, cause=f"request.{cause}")
            self._stop()

    def _envelope(self) -> Envelope:
        texts = {"".join(text) for _, text in self._found}
        if len(texts) > 1:
            raise MessageMalformed("several address headers differ", cause="request.ambiguous-envelope")
        name, receiver = (self._found[-1][0], texts.pop()) if self._found else ("", "")
        namespace, local = _split(name)
        contract, operation = _split(self._payload)
        return Envelope(
            receiver=receiver,
            profile=RivtaProfile.BP20 if local == BP20_ADDRESS else RivtaProfile.BP21,
            contract=ContractId(contract),
            operation=operation,
            address_namespace=namespace,
        )


_FAULT_CODE = re.compile(rb"<(?:[\w.-]+:)?faultcode[^>]*>([^<]{0,200})<")
_FAULT_STRING = re.compile(rb"<(?:[\w.-]+:)?faultstring[^>]*>([^<]{0,500})")


def fault_code(content: bytes) -> tuple[str, str]:
    """Faultcode and faultstring of a SOAP 1.1 fault, empty where there is none; never raises."""
    code, text = _FAULT_CODE.search(content), _FAULT_STRING.search(content)
    return (
        code[1].decode("utf-8", "replace").strip() if code else "",
        text[1].decode("utf-8", "replace").strip() if text else "",
    )


_FAULT_DETAIL = re.compile(rb"<((?:[\w.-]+:)?detail)(?:\s[^>]*)?>(.*?)</\1\s*>", re.S)
_TAG = re.compile(rb"<[^>]*>")
DETAIL_BYTES = 500


def fault_detail(content: bytes) -> str:
    """The text of a SOAP 1.1 fault's detail, without tags and cut short; empty where there is none; never raises."""
    found = _FAULT_DETAIL.search(content)
    return b" ".join(_TAG.sub(b" ", found[2]).split())[:DETAIL_BYTES].decode("utf-8", "replace") if found else ""


def complete(content: bytes) -> bool:
    """Whether the document is well-formed to the end of its root element."""
    parser = expat.ParserCreate()
    try:
        parser.Parse(content, True)  # noqa: FBT003 - expat's own signature
    except expat.ExpatError:
        return False
    return True


def _split(name: str) -> tuple[str, str]:
    namespace, _, local = name.rpartition(_SEPARATOR)
    return namespace, local
