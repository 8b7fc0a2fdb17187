"""The door to XML as a tree: a request is parsed once, hardened, and its envelope read from the same tree (SW-4.13)."""

import threading
from typing import Any

from lxml import etree

from vaxel.call import ContractId, Envelope, RivtaProfile
from vaxel.errors import MessageMalformed
from vaxel.soap import bounds
from vaxel.soap.names import BP20_ADDRESS, HEADER_NAMES, SOAP11, SOAP12, STANDARD_HEADERS

_HUGE = 10_000_000
"""From this size on libxml2's own limits on text are lifted; ours have been checked before."""

_ENVELOPE, _BODY, _HEADER = (f"{{{SOAP11}}}{name}" for name in ("Envelope", "Body", "Header"))

_parsers = threading.local()


def parse(content: bytes, *, strict: bool = False) -> Envelope:
    """The envelope of a whole UTF-8 message, with its payload (section 4); `MessageMalformed` says what is wrong.

    `strict` accepts only the standard address headers as direct children of `Header` (SW-4.10).
    """
    root = document(content)
    if root.tag != _ENVELOPE:
        raise _not_envelope(root.tag)
    bodies = root.iterchildren(_BODY)
    body = next(bodies, None)
    if body is None or next(bodies, None) is not None:
        cause = "request.ambiguous-envelope" if body is not None else "request.no-body-element"
        raise MessageMalformed("the envelope needs exactly one Body", cause=cause)
    receiver, profile, namespace = _address(root, body, strict)
    children = body.iterchildren(etree.Element)
    payload = next(children, None)
    if payload is None:
        raise MessageMalformed("the Body is empty", cause="request.no-body-element")
    if payload.tag == body.tag or next(children, None) is not None:
        raise MessageMalformed("the Body has more than one element", cause="request.ambiguous-envelope")
    contract, operation = split(payload.tag)
    return Envelope(
        receiver=receiver,
        profile=profile,
        contract=ContractId(contract),
        operation=operation,
        address_namespace=namespace,
        payload=payload,
    )


def document(content: bytes) -> Any:
    """The root of any XML document in UTF-8, hardened and within bounds."""
    if not content.strip():
        raise MessageMalformed("the request is empty", cause="request.empty")
    bounds.check(content)
    try:
        return etree.fromstring(content, _parser(huge=len(content) > _HUGE))
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise MessageMalformed(f"not well-formed XML at line {line}") from error


def canonical(content: bytes) -> bytes:
    """A document in canonical form (C14N 2.0), prefixes and comments aside: equal for what says the same."""
    found: str = etree.canonicalize(document(content), rewrite_prefixes=True)
    return found.encode()


def split(tag: str) -> tuple[str, str]:
    """Namespace and local name of a tag as lxml writes it."""
    namespace, brace, local = tag.rpartition("}")
    return namespace[1:] if brace else "", local


def _parser(*, huge: bool) -> etree.XMLParser:
    """This thread's parser: one shared by threads would serialise them (DESIGN section 8)."""
    name = "huge" if huge else "usual"
    parser: etree.XMLParser | None = getattr(_parsers, name, None)
    if parser is None:
        parser = etree.XMLParser(
            encoding="utf-8",
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=huge,
            collect_ids=False,
        )
        setattr(_parsers, name, parser)
    return parser


def _address(root: Any, body: Any, strict: bool) -> tuple[str, RivtaProfile, str]:  # noqa: FBT001 - private
    """Receiver, profile and namespace of the address header (SW-4.1, SW-4.3, SW-4.4, SW-4.10)."""
    found: list[Any] = []
    within_header = False
    for element in root.iter(etree.Element):
        if element is body:
            break
        tag = element.tag
        if tag == _BODY:
            raise MessageMalformed("a Body stands before the Body", cause="request.ambiguous-envelope")
        local = tag[tag.rfind("}") + 1 :]
        if within_header:
            if local in HEADER_NAMES and (not strict or _standard(element, root)):
                found.append(element)
        elif local == "Header":
            within_header = True
    if not found:
        return "", RivtaProfile.BP21, ""
    receiver = _text(found[-1])
    if len(found) > 1 and any(_text(element) != receiver for element in found):
        raise MessageMalformed("several address headers differ", cause="request.ambiguous-envelope")
    namespace, local = split(found[-1].tag)
    return receiver, RivtaProfile.BP20 if local == BP20_ADDRESS else RivtaProfile.BP21, namespace


def _standard(element: Any, root: Any) -> bool:
    parent = element.getparent()
    return element.tag in STANDARD_HEADERS and parent.tag == _HEADER and parent.getparent() is root


def _text(element: Any) -> str:
    """All character content of the element itself, child elements left out (SW-4.4)."""
    if len(element) == 0:
        return element.text or ""
    return (element.text or "") + "".join(child.tail or "" for child in element)


def _not_envelope(tag: str) -> MessageMalformed:
    if tag == f"{{{SOAP12}}}Envelope":
        return MessageMalformed("SOAP 1.2 is not taken; send SOAP 1.1", cause="request.soap12")
    return MessageMalformed("the message is not a SOAP 1.1 envelope", cause="request.no-envelope")
