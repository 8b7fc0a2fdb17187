"""MTOM/XOP: the envelope out of a multipart message (SW-13.6 to SW-13.8)."""

import base64
import re

from vaxel.errors import MessageMalformed
from vaxel.soap.names import XOP

_BOUNDARY = re.compile(r"""boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;"]{1,200}))""", re.I)
_ENVELOPE = re.compile(rb"<(?:([\w.-]+):)?Envelope[\s>]")
_INCLUDE = re.compile(
    rb"<(?:[\w.-]+:)?Include\b[^>]*?href\s*=\s*[\"']cid:([^\"']{1,500})[\"'][^>]*?(?:/>|>\s*</(?:[\w.-]+:)?Include\s*>)"
)
MAX_PARTS = 100


def envelope_of(content: bytes, content_type: bytes | str, mode: str = "strip") -> bytes:
    """The envelope of an XOP message; with mode `inline` each attachment stands as base64 in its place.

    Attachments are dropped otherwise. SOAP with attachments that is not XOP, and a message without envelope, are
    `MessageMalformed`.
    """
    stated = content_type.decode("latin-1") if isinstance(content_type, bytes) else content_type
    if "application/xop+xml" not in stated.lower():
        raise MessageMalformed("attachments are taken as XOP only", cause="request.no-envelope")
    match = _BOUNDARY.search(stated)
    if match is None:
        raise MessageMalformed("the multipart message states no boundary", cause="request.no-envelope")
    parts = _parts(content, (match[1] or match[2]).encode("latin-1"))
    for _, part in parts:
        envelope = _cut(part)
        if envelope is not None:
            return _inlined(envelope, parts) if mode == "inline" else envelope
    raise MessageMalformed("no envelope in the multipart message", cause="request.no-envelope")


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
    by_id = {_content_id(head): body for head, body in parts}

    def replace(match: re.Match[bytes]) -> bytes:
        body = by_id.get(match[1])
        if body is None:
            raise MessageMalformed("an xop:Include names no part", cause="request.malformed-xml")
        return base64.b64encode(body)

    return _INCLUDE.sub(replace, envelope)


def _content_id(head: bytes) -> bytes:
    match = re.search(rb"content-id\s*:\s*<?([^>\r\n]+)", head, re.I)
    return match[1].strip() if match else b""
