"""TLS on both sides: the HTTPS listener's context, and profiles towards producers (switch.md section 16)."""

import contextlib
import os
import ssl
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

from vaxel.adapters.certificates import read_lists

VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How to speak TLS with some producers; `ca` None: the system's (SW-16.2)."""

    name: str
    domain_name: str | None = None
    domain_suffix: str | None = None
    port: int | None = None
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    min_version: str = "1.2"
    ciphers: str | None = None
    verify_hostname: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """What one handshake with a producer used (SW-16.5); `failed` holds OpenSSL's reason where it did not succeed.

    `serial` (hex) and `ends` (aware UTC) are of the platform's own certificate, empty and None where it has none.
    """

    profile: str
    host: str
    serial: str
    ends: datetime | None
    peer: str = ""
    version: str = ""
    cipher: str = ""
    failed: str = ""


Ended = Callable[[ssl.SSLObject, ssl.SSLError | None], None]
"""Told of each handshake's end: the connection, and the error where it failed."""


def tell(context: ssl.SSLContext, ended: Ended) -> None:
    """Tell of every handshake that this context makes from now on."""

    class Told(ssl.SSLObject):
        def do_handshake(self) -> None:
            try:
                super().do_handshake()
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                raise
            except ssl.SSLError as error:
                ended(self, error)
                raise
            ended(self, None)

    context.sslobject_class = Told


def listener_context(
    cert: Path, key: Path, client_ca: Path, crl: Path | None, min_version: str = "1.2"
) -> ssl.SSLContext:
    """The HTTPS listener's context: a client certificate is mandatory (SW-16.1, SW-16.7).

    Raises `OSError` (`ssl.SSLError` included) or `ValueError` where a file cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = VERSIONS[min_version]
    context.verify_mode = ssl.CERT_REQUIRED
    load_identity(context, cert, key)
    context.load_verify_locations(client_ca)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # what the file names is trusted, as in a header
    context.set_alpn_protocols(["http/1.1"])
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    if crl is not None:
        with _as_pem_lists(crl) as path:
            context.load_verify_locations(path)
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    return context


class ProducerTls:
    """The contexts towards producers, by host and port; replaced whole by `load`."""

    def __init__(
        self, default: Profile, overrides: Iterable[Profile], told: Callable[[Handshake], None] = lambda _: None
    ) -> None:
        self._default = default
        self._overrides = tuple(overrides)
        self._told = told
        self._contexts: dict[str, ssl.SSLContext] = {}

    def load(self) -> None:
        """Read every file anew; raises `OSError` or `ValueError` and keeps the old where one cannot be used."""
        profiles = (self._default, *self._overrides)
        self._contexts = {profile.name: _client_context(profile, self._told) for profile in profiles}

    def __call__(self, host: str, port: int) -> ssl.SSLContext:
        """The context for an endpoint."""
        return self._contexts[self.profile(host, port).name]

    def profile(self, host: str, port: int) -> Profile:
        """Names beat suffixes, within a kind the first wins, all without case (SW-16.2)."""
        name = host.lower()
        fitting = [each for each in self._overrides if each.port in {None, port}]
        for profile in fitting:
            if profile.domain_name is not None and profile.domain_name.lower() == name:
                return profile
        for profile in fitting:
            if profile.domain_suffix is not None and name.endswith(profile.domain_suffix.lower()):
                return profile
        return self._default


def load_identity(context: ssl.SSLContext, cert: Path, key: Path | None) -> None:
    """Load certificate and key from PEM, or both from PKCS#12 without password (SW-16.6)."""
    content = cert.read_bytes()
    if b"-----BEGIN" in content:
        context.load_cert_chain(cert, key, password=_no_password)
        return
    with _private_file(_pkcs12_as_pem(content)) as path:
        context.load_cert_chain(path)


def _no_password() -> str:
    """A locked key is an error, not a question on a terminal that nobody reads."""
    raise ValueError("the key is locked with a password: give one that is not")


def certificates_in(path: Path) -> tuple[x509.Certificate, ...]:
    """Every certificate of a PEM or PKCS#12 file; raises `OSError` or `ValueError`."""
    content = path.read_bytes()
    if b"-----BEGIN" in content:
        return tuple(x509.load_pem_x509_certificates(content))
    bundle = pkcs12.load_pkcs12(content, None)
    return (bundle.cert.certificate,) if bundle.cert else ()


def ends(path: Path) -> datetime:
    """When the first certificate of a file ends (aware UTC)."""
    return certificates_in(path)[0].not_valid_after_utc


def _client_context(profile: Profile, told: Callable[[Handshake], None]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(profile.ca) if profile.ca else None)
    context.minimum_version = VERSIONS[profile.min_version]
    context.check_hostname = profile.verify_hostname
    if profile.ciphers:
        context.set_ciphers(profile.ciphers)
    if profile.cert is not None:
        load_identity(context, profile.cert, profile.key)
    own = certificates_in(profile.cert)[0] if profile.cert is not None else None
    tell(context, lambda connection, error: told(_handshake(profile, own, connection, error)))
    return context


def _handshake(
    profile: Profile, own: x509.Certificate | None, connection: ssl.SSLObject, error: ssl.SSLError | None
) -> Handshake:
    peer = connection.getpeercert(binary_form=True) if error is None else None
    cipher = connection.cipher() if error is None else None
    return Handshake(
        profile=profile.name or "default",
        host=connection.server_hostname or "",
        serial=f"{own.serial_number:x}" if own else "",
        ends=own.not_valid_after_utc if own else None,
        peer=_subject(peer) if peer else "",
        version=connection.version() or "",
        cipher=cipher[0] if cipher else "",
        failed=(error.reason or type(error).__name__) if error else "",
    )


def _subject(der: bytes) -> str:
    try:
        return x509.load_der_x509_certificate(der).subject.rfc4514_string()
    except ValueError:
        return ""  # OpenSSL has accepted what another parser does not: no reason to fail the call


def _pkcs12_as_pem(content: bytes) -> bytes:
    bundle = pkcs12.load_pkcs12(content, None)
    if bundle.key is None or bundle.cert is None:
        raise ValueError("the PKCS#12 file holds no key with its certificate")
    chain = [bundle.cert, *bundle.additional_certs]
    key = bundle.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return key + b"".join(each.certificate.public_bytes(Encoding.PEM) for each in chain)


@contextlib.contextmanager
def _as_pem_lists(crl: Path) -> Iterator[str]:
    """OpenSSL reads revocation lists as PEM only."""
    content = b"".join(each.public_bytes(Encoding.PEM) for each in read_lists(crl.read_bytes()))
    with _private_file(content) as path:
        yield path


@contextlib.contextmanager
def _private_file(content: bytes) -> Iterator[str]:
    """A file for OpenSSL, which takes paths only; readable by its owner, gone at once."""
    descriptor, path = tempfile.mkstemp()
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        yield path
    finally:
        os.unlink(path)
