"""Journey step 1: who calls (switch.md section 5), and whether the call goes round (SW-6.4 to SW-6.6)."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from vaxel.call import Caller, HsaId
from vaxel.errors import PeerNotAllowed, RoutingLoop, SenderUnknown
from vaxel.exchange.request import Request

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class CertificateReader(Protocol):
    """Reads sender ids out of certificates; raises `SenderUnknown` (SW-5.8 to SW-5.10, SW-5.14)."""

    def of_handshake(self, der: bytes) -> HsaId:
        """The sender in a client certificate that the handshake has verified."""
        ...

    def of_header(self, value: str) -> HsaId:
        """The sender in a certificate header, after verifying the certificate."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whom the platform believes what (SW-5.1 to SW-5.4): networks, and senders that internal peers may state."""

    proxies: tuple[Network, ...] = ()
    internal_peers: tuple[tuple[Network, frozenset[str]], ...] = ()
    internal_certificates: tuple[tuple[str, frozenset[str]], ...] = ()
    instance_id: str = ""
    certificate_header: bytes = b"x-vp-auth-cert"
    forwarded_for_header: bytes = b"x-forwarded-for"
    history: bool = True
    history_on_https: bool = True


class Identify:
    """Establishes the caller of a request, or refuses: VP011, VP002, VP014."""

    def __init__(self, trust: Trust, certificates: CertificateReader) -> None:
        self._trust = trust
        self._certificates = certificates
        self._listed = lru_cache(maxsize=4096)(self._find_listed)
        self._is_proxy = lru_cache(maxsize=4096)(lambda peer: within(peer, trust.proxies))

    def __call__(self, request: Request) -> Caller:
        """The caller; every refusal names its cause."""
        if request.listener == "https":
            return self._over_https(request)
        return self._over_http(request)

    def history(self, request: Request, caller: Caller) -> str:
        """The routing history to send on (SW-6.4 to SW-6.6); a loop is VP014."""
        stated = "#".join(request.headers_named(b"x-rivta-routing-history"))
        wanted = self._trust.history_on_https if caller.call_class == "mtls" else self._trust.history
        if caller.call_class == "internal" or not wanted:
            return stated
        own = self._trust.instance_id
        if any(part.strip() == own for part in stated.split("#")):
            raise RoutingLoop("the routing history names this platform already", fields={"history": stated[:500]})
        return f"{stated}#{own}" if stated.strip() else f"{caller.sender}#{own}"

    def _over_https(self, request: Request) -> Caller:
        if request.client_certificate is None:
            raise SenderUnknown("the connection carries no client certificate")
        sender = self._certificates.of_handshake(request.client_certificate)
        stated = self._stated(request)
        for certificate, senders in self._trust.internal_certificates:
            if stated and certificate.lower() == sender.lower() and stated.lower() in senders:
                return _caller(HsaId(stated), "internal", request, request.peer)
        return _caller(sender, "mtls", request, request.peer)

    def _over_http(self, request: Request) -> Caller:
        proxy, senders = self._is_proxy(request.peer), self._listed(request.peer)
        if not proxy and senders is None:
            raise PeerNotAllowed("the peer is on no list", fields={"IP-address": request.peer, "source": "peer"})
        forwarded = _addresses(request.headers_named(self._trust.forwarded_for_header))
        address = self._source(forwarded, request.peer)
        stated = self._stated(request)
        if stated and senders is not None and stated.lower() in senders:
            self._admit_forwarded(forwarded)
            return _caller(HsaId(stated), "internal", request, address)
        values = request.headers_named(self._trust.certificate_header)
        if not proxy:
            raise self._not_internal(stated, values)
        return _caller(self._proxied(stated, values), "proxied", request, address)

    def _stated(self, request: Request) -> str:
        """The sender stated by a caller that names this instance; the instance id alone gives no trust (SW-5.3)."""
        sender = request.header(b"x-vp-sender-id")
        return sender if sender and request.header(b"x-vp-instance-id") == self._trust.instance_id else ""

    def _proxied(self, stated: str, values: tuple[str, ...]) -> HsaId:
        if len(values) > 1:
            raise SenderUnknown("more than one certificate header", cause="sender.certificate-header-repeated")
        if not values:
            cause = "sender.not-listed-for-peer" if stated else "sender.certificate-missing"
            header = self._trust.certificate_header.decode()
            raise SenderUnknown("the certificate header is missing", cause=cause, fields={"header": header})
        return self._certificates.of_header(values[0])

    def _not_internal(self, stated: str, values: tuple[str, ...]) -> SenderUnknown:
        if values:
            return SenderUnknown(
                "a certificate header counts only from a trusted proxy", cause="sender.certificate-header-untrusted"
            )
        cause = "sender.not-listed-for-peer" if stated else "sender.certificate-missing"
        return SenderUnknown("the sender is not established", cause=cause)

    def _admit_forwarded(self, forwarded: Iterable[str]) -> None:
        for address in forwarded:
            if not self._is_proxy(address) and self._listed(address) is None:
                raise PeerNotAllowed(
                    "a forwarded address is on no list",
                    cause="network.forwarded-not-allowed",
                    fields={"IP-address": address, "source": self._trust.forwarded_for_header.decode()},
                )

    def _source(self, forwarded: tuple[str, ...], peer: str) -> str:
        """The address for logs: right-most forwarded address that is on no list, else the peer (SW-5.11)."""
        for address in reversed(forwarded):
            if not self._is_proxy(address) and self._listed(address) is None:
                return address
        return peer

    def _find_listed(self, peer: str) -> frozenset[str] | None:
        """The senders an internal peer may state; None when it is not an internal peer."""
        senders = [names for network, names in self._trust.internal_peers if within(peer, (network,))]
        return frozenset().union(*senders) if senders else None


def _caller(sender: HsaId, call_class: str, request: Request, address: str) -> Caller:
    return Caller(
        sender=sender,
        call_class=call_class,  # type: ignore[arg-type] # three literals, all from this file
        listener=request.listener,
        peer=request.peer,
        address=address,
    )


def _addresses(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(part.strip()[:64] for value in values for part in value.split(",") if part.strip())


def within(text: str, networks: Iterable[Network]) -> bool:
    """Whether an address lies in a network; IPv4-mapped addresses count as IPv4, no address as outside (SW-5.2)."""
    address = parse_address(text)
    if address is None:
        return False
    return any(address.version == network.version and address in network for network in networks)


def parse_address(text: str) -> Address | None:
    """An IP address with IPv4-mapped forms normalised; None when the text is none (SW-5.2)."""
    try:
        address = ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
