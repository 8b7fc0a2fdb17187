"""Step 1 by its table (switch.md section 5): who is believed what, over which listener; and does the call go round."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from steps import OWN, SENDER, request

from vaxel.call import HsaId
from vaxel.errors import Refusal, RoutingLoop
from vaxel.exchange.identify import Identify, Network, Trust, parse_address, within
from vaxel.exchange.request import Request

PROXY, PEER, BOTH, STRANGER = "10.1.0.1", "10.2.0.1", "10.3.0.1", "192.0.2.1"
STATED = (("x-vp-sender-id", "SE-LISTED"), ("x-vp-instance-id", OWN))
CERTIFICATE = ("x-vp-auth-cert", "SE-PROXIED")


class Certificates:
    """Certificates that are their sender's name."""

    def of_handshake(self, der: bytes) -> HsaId:
        return HsaId(der.decode())

    def of_header(self, value: str) -> HsaId:
        return HsaId(value)


def networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


def identify(**stated: object) -> Identify:
    trust = {
        "proxies": networks(f"{PROXY}/32", f"{BOTH}/32"),
        "internal_peers": tuple(
            (network, frozenset({"se-listed"})) for network in networks(f"{PEER}/32", f"{BOTH}/32")
        ),
        "internal_certificates": (("SE-AGP", frozenset({"se-listed"})),),
        "instance_id": OWN,
    }
    return Identify(Trust(**trust | stated), Certificates())  # type: ignore[arg-type]


def outcome(asked: Request, **stated: object) -> str:
    try:
        caller = identify(**stated)(asked)
    except Refusal as refusal:
        return f"{refusal.code} {refusal.cause}"
    return f"{caller.call_class} {caller.sender}"


@pytest.mark.parametrize(
    ("peer", "headers", "expected"),
    [
        (STRANGER, (), "VP011 network.peer-not-allowed"),
        (STRANGER, (*STATED, CERTIFICATE), "VP011 network.peer-not-allowed"),
        ("", STATED, "VP011 network.peer-not-allowed"),
        ("nonsense", STATED, "VP011 network.peer-not-allowed"),
        (PEER, STATED, "internal SE-LISTED"),
        (f"::ffff:{PEER}", STATED, "internal SE-LISTED"),
        (PEER, (("x-vp-sender-id", "se-listed"), STATED[1]), "internal se-listed"),
        (PEER, (("x-vp-sender-id", "SE-OTHER"), STATED[1]), "VP002 sender.not-listed-for-peer"),
        (PEER, (STATED[0], ("x-vp-instance-id", OWN.lower())), "VP002 sender.certificate-missing"),
        (PEER, (STATED[0],), "VP002 sender.certificate-missing"),
        (PEER, (("x-vp-sender-id", ""), STATED[1]), "VP002 sender.certificate-missing"),
        (PEER, (STATED[1],), "VP002 sender.certificate-missing"),
        (PEER, (CERTIFICATE,), "VP002 sender.certificate-header-untrusted"),
        (PEER, (*STATED, CERTIFICATE), "internal SE-LISTED"),
        (PROXY, (CERTIFICATE,), "proxied SE-PROXIED"),
        (PROXY, (*STATED, CERTIFICATE), "proxied SE-PROXIED"),
        (PROXY, STATED, "VP002 sender.not-listed-for-peer"),
        (PROXY, (), "VP002 sender.certificate-missing"),
        (PROXY, (CERTIFICATE, CERTIFICATE), "VP002 sender.certificate-header-repeated"),
        (BOTH, (*STATED, CERTIFICATE), "internal SE-LISTED"),
        (BOTH, (("x-vp-sender-id", "SE-OTHER"), STATED[1], CERTIFICATE), "proxied SE-PROXIED"),
    ],
)
def test_over_http(peer: str, headers: tuple[tuple[str, str], ...], expected: str) -> None:
    """SW-5.1, SW-5.2, SW-5.3, SW-5.6, SW-5.7, SW-5.15."""
    assert outcome(request(b"", *headers, peer=peer)) == expected


@pytest.mark.parametrize(
    ("certificate", "headers", "expected"),
    [
        (b"SE-A", (), "mtls SE-A"),
        (b"SE-A", (*STATED, CERTIFICATE), "mtls SE-A"),
        (None, (*STATED, CERTIFICATE), "VP002 sender.certificate-missing"),
        (b"SE-AGP", (), "mtls SE-AGP"),
        (b"se-agp", STATED, "internal SE-LISTED"),
        (b"SE-AGP", (("x-vp-sender-id", "SE-OTHER"), STATED[1]), "mtls SE-AGP"),
        (b"SE-AGP", (STATED[0], ("x-vp-instance-id", "x")), "mtls SE-AGP"),
    ],
)
def test_over_https(certificate: bytes | None, headers: tuple[tuple[str, str], ...], expected: str) -> None:
    """SW-5.4, SW-5.6: the certificate says who calls; only a listed one may state another."""
    assert outcome(request(b"", *headers, peer=PEER, listener="https", certificate=certificate)) == expected


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        (PEER, "internal SE-LISTED"),
        (f"{PEER}, {PROXY}", "internal SE-LISTED"),
        (f" {PROXY} ,", "internal SE-LISTED"),
        (STRANGER, "VP011 network.forwarded-not-allowed"),
        (f"{PEER}, {STRANGER}", "VP011 network.forwarded-not-allowed"),
        ("unknown", "VP011 network.forwarded-not-allowed"),
    ],
)
def test_forwarded_addresses_of_an_internal_call(forwarded: str, expected: str) -> None:
    """SW-5.5: every one of them is judged."""
    assert outcome(request(b"", *STATED, ("x-forwarded-for", forwarded), peer=PEER)) == expected
    twice = (("x-forwarded-for", PEER), ("x-forwarded-for", forwarded))
    assert outcome(request(b"", *STATED, *twice, peer=PEER)) == expected


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("", PROXY),
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7, 192.0.2.8", "192.0.2.8"),
        (f"192.0.2.7, {PEER}, {PROXY}", "192.0.2.7"),
        (f"{PEER}", PROXY),
    ],
)
def test_the_address_for_logs(forwarded: str, address: str) -> None:
    """SW-5.11: the right-most forwarded address that is on no list, else the peer."""
    headers = (CERTIFICATE, ("x-forwarded-for", forwarded)) if forwarded else (CERTIFICATE,)
    assert identify()(request(b"", *headers, peer=PROXY)).address == address


HISTORY = "x-rivta-routing-history"


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("", f"SE-PROXIED#{OWN}"),
        ("  ", f"SE-PROXIED#{OWN}"),
        ("SE-1", f"SE-1#{OWN}"),
        ("SE-1#SE-2", f"SE-1#SE-2#{OWN}"),
        (f"SE-1{OWN}", f"SE-1{OWN}#{OWN}"),
        (OWN, "VP014"),
        (f"SE-1# {OWN} ", "VP014"),
        (f"{OWN}#SE-1", "VP014"),
    ],
)
@pytest.mark.parametrize("over", ["http", "https"])
def test_routing_history(stated: str, expected: str, over: str) -> None:
    """SW-6.4, SW-6.5."""
    headers = (CERTIFICATE, (HISTORY, stated))
    asked = request(b"", *headers, peer=PROXY, listener=over, certificate=b"SE-PROXIED")
    step = identify()
    caller = step(asked)
    if expected == "VP014":
        with pytest.raises(RoutingLoop):
            step.history(asked, caller)
    else:
        assert step.history(asked, caller) == expected


def test_a_loop_in_a_second_header_is_found() -> None:
    asked = request(b"", CERTIFICATE, (HISTORY, "SE-1"), (HISTORY, OWN), peer=PROXY)
    with pytest.raises(RoutingLoop):
        identify().history(asked, identify()(asked))


@pytest.mark.parametrize(
    ("headers", "peer", "stated", "expected"),
    [
        (STATED, PEER, {}, f"SE-1#{OWN}"),
        ((CERTIFICATE,), PROXY, {"history": False}, f"SE-1#{OWN}"),
    ],
)
def test_history_that_is_not_examined(
    headers: tuple[tuple[str, str], ...], peer: str, stated: dict[str, object], expected: str
) -> None:
    """SW-6.6: internal calls pass the switch twice, rightly; SW-6.4: the setting."""
    step = identify(**stated)
    asked = request(b"", *headers, (HISTORY, f"SE-1#{OWN}"), peer=peer)
    assert step.history(asked, step(asked)) == expected


def test_history_over_https_has_its_own_setting() -> None:
    """SW-6.5."""
    step = identify(history_on_https=False)
    asked = request(b"", (HISTORY, f"SE-1#{OWN}"), listener="https", certificate=b"SE-A")
    assert step.history(asked, step(asked)) == f"SE-1#{OWN}"


@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_networks_are_never_prefixes_of_text(address: ipaddress.IPv4Address, bits: int) -> None:
    """SW-5.2: as ipaddress says, and IPv4-mapped addresses count as IPv4."""
    network = ipaddress.ip_network("10.1.0.0/16").supernet(new_prefix=min(bits, 16))
    for text in (str(address), f"::ffff:{address}"):
        assert within(text, (network,)) is (address in network)


@given(st.text(max_size=20))
def test_no_text_is_believed_to_be_an_address(text: str) -> None:
    assert parse_address(text) is None or not within(text, ())


@given(st.lists(st.tuples(st.sampled_from(["x-vp-sender-id", "x-vp-instance-id", "x-vp-auth-cert", "x-forwarded-for"]),
                          st.sampled_from(["", SENDER, OWN, "SE-LISTED", PEER, STRANGER])), max_size=5),
       st.sampled_from([PROXY, PEER, BOTH, STRANGER]))  # fmt: skip
def test_nobody_is_internal_who_is_not_listed(headers: list[tuple[str, str]], peer: str) -> None:
    """SW-5.3, whatever is said in headers."""
    told = outcome(request(b"", *headers, peer=peer))
    if told.startswith("internal"):
        assert peer in {PEER, BOTH}
        assert told == "internal SE-LISTED"
