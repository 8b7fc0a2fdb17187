"""Requests, calls and catalogues for the tests of single steps."""

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from typing import Any

from vaxel.call import Body, Call, Caller, HsaId
from vaxel.contracts.catalogue import Catalogue
from vaxel.contracts.entry import Contract
from vaxel.exchange.request import Request
from vaxel.soap import tree
from vaxel.soap.names import REGISTRY_1, SOAP11

SENDER = "SE5565594230-B9P"
OWN = "SE5565594230-VAXEL"
CONTRACT = "urn:riv:a:b:GetXResponder:1"


def entry(**stated: Any) -> Contract:
    """A catalogue entry for `CONTRACT`; `off` in both directions and open unless it is stated otherwise."""
    usual = {
        "name": "GetX",
        "version": "1.0",
        "package": "1.0",
        "namespace": CONTRACT,
        "wsdl": "none.wsdl",
        "request": "GetX",
        "response": "GetXResponse",
        "access": "open",
        "validation": {"request": "off", "response": "off"},
    }
    return Contract.model_validate(usual | stated)


def catalogue(*entries: Contract) -> Catalogue:
    return Catalogue([("a:b", each) for each in entries])


def message(payload: str = f'<GetX xmlns="{CONTRACT}"/>', receiver: str = "A", padding: str = "") -> bytes:
    """A BP 2.1 message; `padding` stands before the header."""
    return (
        f'<s:Envelope xmlns:s="{SOAP11}">{padding}<s:Header><r:LogicalAddress xmlns:r="{REGISTRY_1}">{receiver}'
        f"</r:LogicalAddress></s:Header><s:Body>{payload}</s:Body></s:Envelope>"
    ).encode()


async def pieces(content: bytes, step: int) -> AsyncIterator[bytes]:
    """The content in chunks."""
    for start in range(0, len(content), step):
        yield content[start : start + step]


def request(
    content: bytes = b"",
    *headers: tuple[str, str],
    peer: str = "127.0.0.1",
    listener: str = "http",
    certificate: bytes | None = None,
    step: int = 65_536,
    length: int | None = -1,
) -> Request:
    """A request as HTTP brings it; its length is stated unless `length` is None."""
    return Request(
        listener=listener,  # type: ignore[arg-type]
        peer=peer,
        url="http://localhost/vp",
        headers=tuple((name.lower().encode(), value.encode("latin-1")) for name, value in headers),
        chunks=pieces(content, step),
        length=len(content) if length == -1 else length,
        client_certificate=certificate,
    )


def call(content: bytes | None = None, *, sender: str = SENDER, headers: Iterable[tuple[bytes, bytes]] = ()) -> Call:
    """A call that the door has let in."""
    content = message() if content is None else content
    return Call(
        id="0" * 32,
        reference="0" * 32,
        correlation_id="c",
        caller=Caller(sender=HsaId(sender), call_class="mtls", listener="https", peer="127.0.0.1", address="127.0.0.1"),
        envelope=tree.parse(content),
        body=Body.whole(content),
        headers=tuple(headers),
        url="https://localhost/vp",
        encoding="utf-8",
        received_at=datetime(2026, 6, 15, tzinfo=UTC),
        started=0.0,
        deadline=float("inf"),
        original_consumer=sender,
        original_consumer_in="",
        routing_history="",
    )
