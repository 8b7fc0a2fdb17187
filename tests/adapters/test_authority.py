"""A certificate authority of one's own: what it issues is what the platform asks for."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import NameOID

from vaxel.adapters.authority import Authority


def test_a_component(tmp_path: Path) -> None:
    authority = Authority()
    identity = authority.issue("SE-1", hosts=("localhost", "127.0.0.1", "::1"), days=5)
    certificate = x509.load_pem_x509_certificate(identity.certificate)
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.pem))
    (serial,) = certificate.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)
    assert serial.value == "SE-1"
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    assert timedelta(days=4) < certificate.not_valid_after_utc - datetime.now(UTC) <= timedelta(days=5)
    assert load_pem_private_key(identity.key, None).public_key() == certificate.public_key()
    path = identity.write(tmp_path / "made/own.pem")
    assert path.stat().st_mode & 0o777 == 0o600
    ssl.create_default_context().load_cert_chain(path)


@pytest.mark.parametrize("fresh_for", [timedelta(hours=-1), timedelta(days=7)])
def test_a_revocation_list(fresh_for: timedelta) -> None:
    authority = Authority()
    revoked, other = authority.issue("SE-1").certificate, authority.issue("SE-2").certificate
    made = x509.load_pem_x509_crl(authority.revocation_list([revoked], fresh_for=fresh_for))
    assert made.is_signature_valid(x509.load_pem_x509_certificate(authority.pem).public_key())  # type: ignore[arg-type]
    assert made.next_update_utc is not None
    assert (made.next_update_utc > datetime.now(UTC)) is (fresh_for > timedelta(0))
    for content, found in ((revoked, True), (other, False)):
        number = x509.load_pem_x509_certificate(content).serial_number
        assert (made.get_revoked_certificate_by_serial_number(number) is not None) is found
