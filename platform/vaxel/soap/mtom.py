"""MTOM/XOP: the envelope out of a multipart message (SW-13.6 to SW-13.8)."""

import base64
import re
from urllib.parse import unquote_to_bytes

from vaxel.errors import MessageMalformed
from vaxel.soap.names import XOP

_BOUNDARY = re.compile(r"""boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;"]{1,200}))""", re.I)
_ENVELOPE = re.compile(rb"<(?:([\w.-]+):)?Envelope[\s>]")
_INCLUDE = re.compile(
    rb"<(?:[\w.-]+:)?Include\b[^>]*?href\s*=\s*[\"']cid:([^\"']{1,500})[\"'][^>]*?(?:/>|>\s*</(?:[\w.-]+:)?Include\s*>)"
)
_BASE64 = re.compile(rb"^content-transfer-encoding\s*:\s*base64\s*$", re.I | re.M)
MAX_PARTS = 100


def envelope_of(content: bytes, content_type: bytes | str, mode: str = "strip") -> bytes:
    """The envelope of an XOP message; with mode `inline` each attachment stands as base64 in its place.

    Attachments are dropped otherwise. SOAP with attachments that is not XOP, and a message without envelope, are
    `MessageMalformed`.
    """
    stated = content_type.decode("latin-1") if isinstance(content_type, bytes) else content_type
    if "application/xop+xml" not in stated.lower():
        raise MessageMalformed("attachments are taken as XOP only", cause="request.no-envelope")
    parts = _parts(content, _boundary(stated))
    for _, part in parts:
        envelope = _cut(part)
        if envelope is not None:
            return _inlined(envelope, parts) if mode == "inline" else envelope
    raise MessageMalformed("no envelope in the multipart message", cause="request.no-envelope")


def has_attachments(content: bytes, content_type: bytes | str) -> bool:
    """Whether an XOP message that has been read holds more than the part with the envelope."""
    stated = content_type.decode("latin-1") if isinstance(content_type, bytes) else content_type
    return content.count(b"--" + _boundary(stated)) > 2  # one before each part, one at the end


def _boundary(content_type: str) -> bytes:
    match = _BOUNDARY.search(content_type)
    if match is None:
        raise MessageMalformed("the multipart message states no boundary", cause="request.no-envelope")
    return (match[1] or match[2]).encode("latin-1")


def _parts(content: bytes, boundary: bytes) -> list[tuple[bytes, bytes]]:
    """Header block and content of each part."""
    pieces = (b"\r\n" + content).split(b"\r\n--" + boundary, MAX_PARTS + 1)
    if len(pieces) > MAX_PARTS:
        raise MessageMalformed("too many parts in the multipart message", cause="request.too-complex")
    parts = []
    for piece in pieces[1:]:
        if piece.startswith(b"--"):
            break
        head, _, body = piece.partition(b"\r\n\r\n")
        parts.append((head, body))
    return parts


def _cut(part: bytes) -> bytes | None:
    """What stands from the first `Envelope` tag to the last end tag of that name."""
    match = _ENVELOPE.search(part)
    if match is None:
        return None
    name = (match[1] + b":" if match[1] else b"") + b"Envelope"
    end = part.rfind(b"</" + name)
    close = part.find(b">", end)
    return part[match.start() : close + 1] if end >= 0 and close >= 0 else None


def _inlined(envelope: bytes, parts: list[tuple[bytes, bytes]]) -> bytes:
    """Each `xop:Include` replaced by its attachment in base64."""
    if XOP.encode() not in envelope:
        return envelope
    by_id = {_content_id(head): (head, body) for head, body in parts}

    def replace(match: re.Match[bytes]) -> bytes:
        part = by_id.get(unquote_to_bytes(match[1]))
        if part is None:
            raise MessageMalformed("an xop:Include names no part", cause="request.malformed-xml")
        return _in_base64(*part)

    return _INCLUDE.sub(replace, envelope)


def _in_base64(head: bytes, body: bytes) -> bytes:
    """An attachment's bytes in base64; one that travelled so is checked, not coded twice."""
    if not _BASE64.search(head):
        return base64.b64encode(body)
    try:
        return base64.b64encode(base64.b64decode(b"".join(body.split()), validate=True))
    except ValueError as error:
        raise MessageMalformed("an attachment is not the base64 that it states to be") from error


def _content_id(head: bytes) -> bytes:
    match = re.search(rb"content-id\s*:\s*<?([^>\r\n]+)", head, re.I)
    return match[1].strip() if match else b""
