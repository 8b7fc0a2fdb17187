"""Certificates: what is no certificate is refused as one, and a verdict ends with what it rests on (switch.md 5)."""

import base64
import re
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from vaxel.adapters.authority import Authority
from vaxel.adapters.certificates import Certificates, by_pattern, header_der, read_trusted
from vaxel.errors import SenderUnknown

CA = Authority()
SENDER = "SE5565594230-B9P"
PEM = CA.issue(SENDER).certificate
DER = x509.load_pem_x509_certificate(PEM).public_bytes(Encoding.DER)


@pytest.mark.parametrize("value", ["MIIé", "MII%ff", "MII\u2028", "-----BEGIN CERTIFICATE-----\nå"])
def test_a_header_beyond_ascii_is_unreadable(value: str) -> None:
    with pytest.raises(SenderUnknown) as caught:
        header_der(value)
    assert caught.value.cause == "sender.certificate-unreadable"


@given(st.text())
def test_no_text_raises_anything_but_a_refusal(text: str) -> None:
    for value in (text, f"MII{text}", f"-----BEGIN CERTIFICATE-----{text}"):
        with pytest.raises(SenderUnknown):
            Certificates(read_trusted(CA.pem, None)).of_header(value)


@pytest.mark.filterwarnings("ignore:Parsed a serial number")  # the reader says so before it refuses
@given(st.integers(0, len(DER) - 1), st.integers(0, 255))
def test_no_changed_byte_raises_anything_but_a_refusal(place: int, byte: int) -> None:
    changed = DER[:place] + bytes([byte]) + DER[place + 1 :]
    reader = Certificates(read_trusted(CA.pem, None))
    if changed == DER:
        assert reader.of_header(base64.b64encode(changed).decode()) == SENDER
        return
    with pytest.raises(SenderUnknown):
        reader.of_header(base64.b64encode(changed).decode())


def test_an_escaped_comma_belongs_to_the_value() -> None:
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "SE1, annat")])
    assert by_pattern(name, re.compile("OU=([^,]+)")) == {"SE1, annat"}


def test_a_group_that_took_no_part_is_no_sender() -> None:
    reader = Certificates(read_trusted(CA.pem, None), pattern="CN=(x)?")
    with pytest.raises(SenderUnknown) as caught:
        reader.of_handshake(DER)
    assert caught.value.cause == "sender.id-not-found"


def test_an_unprintable_id_is_no_sender() -> None:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "SE1\r\nx-a: b")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    content = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    with pytest.raises(SenderUnknown) as caught:
        Certificates(read_trusted(CA.pem, None), pattern="(?s)CN=(.*)").of_handshake(content)
    assert caught.value.cause == "sender.id-not-found"


def test_a_remembered_verdict_ends_with_its_issuer() -> None:
    authority, clock = Authority(days=1), [datetime.now(UTC)]
    header = authority.issue(SENDER, days=300).certificate.decode()
    reader = Certificates(read_trusted(authority.pem, None), now=lambda: clock[0])
    assert reader.of_header(header) == SENDER
    clock[0] += timedelta(days=2)
    with pytest.raises(SenderUnknown):
        reader.of_header(header)
