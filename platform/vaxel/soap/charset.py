"""Encodings of messages: everything inside the platform is UTF-8 (SW-4.7, SW-13.4)."""

import codecs
import re

from vaxel.errors import MessageMalformed

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNMARKED = {b"<\0?\0": "utf-16le", b"\0<\0?": "utf-16be", b"<\0\0\0": "utf-32le", b"\0\0\0<": "utf-32be"}
"""How a document of wide characters begins that has no byte order mark."""
_DECLARATION = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["'][^>]*?\?>""")
_TEXT_DECLARATION = re.compile(r"""^\ufeff?\s*<\?xml\s[^>]*?\?>""")
_USUAL = tuple(b'<?xml version="1.0" encoding="%b"' % name for name in (b"UTF-8", b"utf-8"))

# Encodings a consumer may use. Stateful, compressed or look-alike codecs of Python are no encodings of XML.
_ALLOWED = {
    codecs.lookup(name).name: name
    for name in (
        "utf-8", "us-ascii", "utf-16", "utf-16le", "utf-16be", "utf-32", "utf-32le", "utf-32be", "iso-8859-1",
        "iso-8859-2", "iso-8859-4", "iso-8859-9", "iso-8859-10", "iso-8859-15", "windows-1252", "ibm850", "macintosh",
    )
}  # fmt: skip
"""What messages may be written in: Python's name of each, and the registered one that goes on the wire."""


def declared(start: bytes) -> str:
    """The encoding that the first bytes of a message show, by byte order mark or declaration; `utf-8` by default.

    Raises `MessageMalformed` for one that is unknown.
    """
    if start.startswith(_USUAL):
        return "utf-8"
    for mark, name in _BOMS:
        if start.startswith(mark):
            return name
    if start[:4] in _UNMARKED:
        return _UNMARKED[start[:4]]
    match = _DECLARATION.match(start)
    if match is None:
        return "utf-8"
    try:
        name = codecs.lookup(match[1].decode("ascii")).name
    except LookupError:
        name = ""
    if name not in _ALLOWED:
        raise MessageMalformed("the message declares an encoding that is not supported")
    return "utf-8" if name == "ascii" else _ALLOWED[name]


def to_utf8(content: bytes) -> tuple[bytes, str]:
    """The message in UTF-8 and the encoding it came in; UTF-8 passes byte for byte but for a byte order mark.

    A document declared UTF-16 that is UTF-8 in fact is accepted (SW-4.7).
    """
    if content.startswith(_USUAL):
        return content, "utf-8"
    encoding = declared(content[:256])
    if encoding == "utf-8":
        return content.removeprefix(codecs.BOM_UTF8), "utf-8"
    try:
        text = content.decode(encoding)
    except UnicodeError:
        return _utf8_in_fact(content, encoding), "utf-8"
    if encoding.startswith("utf-16") and "<" not in text[:512]:
        return _utf8_in_fact(content, encoding), "utf-8"
    return _redeclared(text, "UTF-8").encode("utf-8", "strict"), encoding


def from_utf8(content: bytes, encoding: str) -> bytes:
    """An answer in the request's encoding, with its declaration; what that lacks becomes character references."""
    text = content.decode("utf-8", "replace")
    return _redeclared(text, encoding.upper()).encode(encoding, "xmlcharrefreplace")


def _utf8_in_fact(content: bytes, encoding: str) -> bytes:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MessageMalformed(f"the message is not in the encoding it declares ({encoding})") from error
    return _redeclared(text, "UTF-8").encode()


def _redeclared(text: str, encoding: str) -> str:
    declaration = f'<?xml version="1.0" encoding="{encoding}"?>'
    replaced, count = _TEXT_DECLARATION.subn(declaration, text, count=1)
    return replaced if count else declaration + text.removeprefix("\ufeff")
