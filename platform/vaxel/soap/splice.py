"""Moves records from one answer to another as bytes: what a record sees declared goes with it (AG-8.3)."""

from vaxel.call import ContractId
from vaxel.soap.names import SOAP11
from vaxel.soap.records import Cut, Element, Scope, declarations

PREFIX = b"vxr"
"""Prefix of the joined answer's response element: chosen so that records bring no other namespace for it."""
_NONE = b'""'


def shared(namespace: ContractId, scope: Scope) -> Scope:
    """What the joined response element declares: its own prefix, and what `scope` adds to that."""
    return {**scope, PREFIX: b'"%b"' % namespace.encode()}


def opening(response: str, base: Scope, header: bytes = b"") -> bytes:
    """The joined answer up to the end of the response element's start tag; `header` stands in the SOAP header."""
    declared = b"".join(_declaration(prefix, value) for prefix, value in base.items())
    return (
        b'<?xml version="1.0" encoding="UTF-8"?><SOAP-ENV:Envelope xmlns:SOAP-ENV="%b"><SOAP-ENV:Header>%b'
        b"</SOAP-ENV:Header><SOAP-ENV:Body><%b:%b%b>" % (SOAP11.encode(), header, PREFIX, response.encode(), declared)
    )


def ending(response: str) -> bytes:
    """The joined answer from the response element's end tag."""
    return b"</%b:%b></SOAP-ENV:Body></SOAP-ENV:Envelope>" % (PREFIX, response.encode())


def moved(cut: Cut, element: Element, base: Scope) -> bytes:
    """A record's bytes, with those declarations added to its start tag that it saw and `base` lacks or has otherwise.

    A default namespace that only `base` has is undone; another prefix too many changes nothing.
    """
    content = cut.content
    missing = lacking(cut.scope, base)
    if missing:
        own = declarations(content[element.start : element.inner])
        added = b"".join(_declaration(prefix, value) for prefix, value in missing.items() if prefix not in own)
        after = element.start + 1 + len(element.name)
        return b"%b%b%b" % (content[element.start : after], added, content[after : element.end])
    return content[element.start : element.end]


def lacking(scope: Scope, base: Scope) -> Scope:
    """What must be declared on an element that saw `scope` and is put where `base` is in scope."""
    missing = {prefix: value for prefix, value in scope.items() if base.get(prefix) != value}
    if b"" in base and b"" not in scope:
        missing[b""] = _NONE
    return missing


def _declaration(prefix: bytes, value: bytes) -> bytes:
    return b" xmlns:%b=%b" % (prefix, value) if prefix else b" xmlns=%b" % value
