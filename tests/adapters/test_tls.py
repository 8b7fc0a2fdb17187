"""TLS towards producers: which profile, which files (SW-16.2, SW-16.4, SW-16.6)."""

import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

from vaxel.adapters.authority import Authority, Identity
from vaxel.adapters.tls import ProducerTls, Profile, certificates_in, listener_context, load_identity

OVERRIDES = (
    Profile(name="suffix", domain_suffix=".example.se"),
    Profile(name="longer suffix, later", domain_suffix=".a.example.se"),
    Profile(name="name", domain_name="B.Example.SE"),
    Profile(name="name at a port", domain_name="c.example.se", port=8443),
    Profile(name="port only", port=9443),
)


@pytest.mark.parametrize(
    ("host", "port", "name"),
    [
        ("x.example.se", 443, "suffix"),
        ("X.EXAMPLE.SE", 443, "suffix"),
        ("x.a.example.se", 443, "suffix"),
        ("b.example.se", 443, "name"),
        ("c.example.se", 8443, "name at a port"),
        ("c.example.se", 443, "suffix"),
        ("example.se", 443, "default"),
        ("other.se", 9443, "default"),
    ],
)
def test_names_beat_suffixes_and_the_first_wins(host: str, port: int, name: str) -> None:
    """SW-16.2: without case; an override with only a port never matches."""
    assert ProducerTls(Profile(name="default"), OVERRIDES).profile(host, port).name == name


def test_hostnames_are_verified_unless_an_override_says_so() -> None:
    """SW-16.3."""
    tls = ProducerTls(Profile(name="default"), (Profile(name="lax", domain_name="lax.se", verify_hostname=False),))
    tls.load()
    assert tls("strict.se", 443).check_hostname
    assert not tls("lax.se", 443).check_hostname
    assert tls("lax.se", 443).verify_mode == ssl.CERT_REQUIRED


def test_a_bad_file_keeps_the_old(tmp_path: Path) -> None:
    """SW-16.4."""
    path = Authority().issue("SE-1").write(tmp_path / "own.pem")
    tls = ProducerTls(Profile(name="default", cert=path, key=path), ())
    tls.load()
    kept = tls("a.se", 443)
    path.write_bytes(b"nonsense")
    with pytest.raises((OSError, ValueError)):
        tls.load()
    assert tls("a.se", 443) is kept


def bundle(identity: Identity) -> bytes:
    key = load_pem_private_key(identity.key, None)
    certificate = x509.load_pem_x509_certificate(identity.certificate)
    return pkcs12.serialize_key_and_certificates(b"own", key, certificate, None, NoEncryption())  # type: ignore[arg-type]


def test_pkcs12_is_read(tmp_path: Path) -> None:
    """SW-16.6."""
    identity = Authority().issue("SE-1")
    path = tmp_path / "own.p12"
    path.write_bytes(bundle(identity))
    load_identity(ssl.create_default_context(), path, None)
    assert certificates_in(path)[0].public_bytes(Encoding.PEM) == identity.certificate


def test_a_locked_key_is_an_error_and_no_question(tmp_path: Path) -> None:
    identity = Authority().issue("SE-1")
    locked = load_pem_private_key(identity.key, None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    path = Identity(certificate=identity.certificate, key=locked).write(tmp_path / "own.pem")
    with pytest.raises(ValueError, match="locked with a password"):
        load_identity(ssl.create_default_context(), path, path)


def test_the_listener_wants_a_client_certificate_and_new_tls(tmp_path: Path) -> None:
    """SW-16.1."""
    authority = Authority()
    path = authority.issue("SE-1").write(tmp_path / "own.pem")
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    context = listener_context(path, path, tmp_path / "ca.pem", None)
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
