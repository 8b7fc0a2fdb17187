"""Sender ids out of client certificates, and whether to believe a certificate header (SW-5.8 to SW-5.10, SW-5.14)."""

import base64
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from vaxel.call import HsaId
from vaxel.errors import SenderUnknown

MAX_CACHED = 4096
MAX_HEADER = 32_768
# An escaped separator belongs to the value: while the pattern is matched, private characters stand in for them, so
# that the usual `[^,]+` takes the whole value and never a part of it (SW-5.10).
_STAND_INS = {ord(","): "\ue000", ord("+"): "\ue001"}
_SEPARATORS = {0xE000: ",", 0xE001: "+"}
_UNPARSABLE = (x509.DuplicateExtension, x509.InvalidVersion, x509.UnsupportedGeneralNameType)
_BOUNDARY = re.compile(r"-----(?:BEGIN|END) CERTIFICATE-----")


@dataclass(frozen=True, slots=True)
class Trusted:
    """What client certificates are judged by: the CAs, and revocation lists (None: not checked, SW-16.7)."""

    authorities: tuple[x509.Certificate, ...] = ()
    lists: tuple[x509.CertificateRevocationList, ...] | None = None


def read_trusted(ca: bytes | None, crl: bytes | None) -> Trusted:
    """CAs and revocation lists from PEM; raises `ValueError` where either cannot be read."""
    authorities = tuple(x509.load_pem_x509_certificates(ca)) if ca is not None else ()
    return Trusted(authorities, read_lists(crl) if crl is not None else None)


def read_lists(content: bytes) -> tuple[x509.CertificateRevocationList, ...]:
    """Every revocation list of a PEM file, or the one of a DER file."""
    if b"-----BEGIN X509 CRL-----" not in content:
        return (x509.load_der_x509_crl(content),)
    ends = b"-----END X509 CRL-----"
    return tuple(x509.load_pem_x509_crl(part + ends) for part in content.split(ends) if b"BEGIN X509 CRL" in part)


class Certificates:
    """Reads senders; remembers each certificate until it or its issuer's list ends, or `trust` is replaced."""

    def __init__(
        self,
        trusted: Trusted,
        *,
        pattern: str = "",
        verify_header: bool = True,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._trusted = trusted
        self._pattern = re.compile(pattern) if pattern else None
        self._verify_header = verify_header
        self._now = now
        self._known: dict[str | bytes, tuple[HsaId, datetime]] = {}

    def trust(self, trusted: Trusted) -> None:
        """Judge by other CAs and lists from now on."""
        self._trusted = trusted
        self._known = {}

    def of_handshake(self, der: bytes) -> HsaId:
        """The sender in a client certificate that the handshake has verified."""
        return self._remembered(der, lambda: _parsed(der), verify=False)

    def of_header(self, value: str) -> HsaId:
        """The sender in a certificate header; the certificate must be one of the client CA's (SW-5.14)."""
        return self._remembered(value, lambda: _parsed(header_der(value)), verify=self._verify_header)

    def _remembered(self, key: str | bytes, parse: Callable[[], x509.Certificate], *, verify: bool) -> HsaId:
        now = self._now()
        known = self._known.get(key)
        if known is not None and now < known[1]:
            return known[0]
        certificate = parse()
        until = self._judge(certificate, now, verify=verify)
        sender = self._sender(certificate)
        if len(self._known) >= MAX_CACHED:
            self._known.pop(next(iter(self._known)))
        self._known[key] = (sender, until)
        return sender

    def _judge(self, certificate: x509.Certificate, now: datetime, *, verify: bool) -> datetime:
        """Refuse what is not trusted; returns until when the verdict holds."""
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise _untrusted("the certificate is not in date")
        issuers = [each for each in self._trusted.authorities if _issued(certificate, each, now)]
        if verify and not (issuers and _for_clients(certificate)):
            raise _untrusted("the certificate is not one of the client CA's")
        # The verdict rests on an issuer, so it does not outlive the last of them.
        longest = max((each.not_valid_after_utc for each in issuers), default=certificate.not_valid_after_utc)
        until = min(certificate.not_valid_after_utc, longest)
        if self._trusted.lists is None:
            return until
        return min(until, _not_revoked(certificate, issuers, self._trusted.lists, now))

    def _sender(self, certificate: x509.Certificate) -> HsaId:
        if self._pattern is not None:
            found = by_pattern(certificate.subject, self._pattern)
        else:
            found = {str(each.value) for each in certificate.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)}
            count = len(certificate.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER))
            if count > 1:
                raise SenderUnknown("the subject has several serial numbers", cause="sender.id-ambiguous")
        # What is blank or unprintable names nobody, and must reach neither headers nor logs.
        found = {text for text in found if text.strip() and text.isprintable()}
        if not found:
            raise SenderUnknown("the certificate's subject has no sender id", cause="sender.id-not-found")
        if len(found) > 1:
            raise SenderUnknown("the certificate's subject has several sender ids", cause="sender.id-ambiguous")
        return HsaId(found.pop())


def header_der(value: str) -> bytes:
    """The DER certificate in a header: PEM, URL-encoded PEM, or bare base64, the first of a chain (SW-5.8)."""
    if len(value) > MAX_HEADER:
        raise SenderUnknown("the certificate header is too long", cause="sender.certificate-unreadable")
    text = unquote(value) if "%" in value else value
    if "-----BEGIN" in text:
        parts = [part for part in _BOUNDARY.split(text) if part.strip(" ,\t\r\n")]
        text = parts[0] if parts else ""
    else:
        text = text.partition(",")[0].strip().strip('"')
        if not text.startswith("MII"):
            raise SenderUnknown(
                "the certificate header is neither PEM nor base64", cause="sender.certificate-unknown-format"
            )
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except ValueError as error:  # binascii.Error, and what is not ASCII
        raise SenderUnknown("the certificate header is not base64", cause="sender.certificate-unreadable") from error


def by_pattern(subject: x509.Name, pattern: re.Pattern[str]) -> set[str]:
    """Group 1 of the pattern matched from the start of each RDN, RFC 2253 order (SW-5.9, SW-5.10)."""
    found = set()
    for rdn in reversed(list(subject.rdns)):
        for attribute in rdn:
            value = str(attribute.value).translate(_STAND_INS)
            names = {attribute.rfc4514_attribute_name, attribute.oid.dotted_string}
            if attribute.oid == NameOID.SERIAL_NUMBER:
                names.add("SERIALNUMBER")
            for name in names:
                if matched := pattern.match(f"{name}={value}"):
                    found.add((matched.group(1) or "").translate(_SEPARATORS))
    return found


def _parsed(der: bytes) -> x509.Certificate:
    try:
        certificate = x509.load_der_x509_certificate(der)
        _ = certificate.subject, certificate.issuer, certificate.extensions  # parsed late
        _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except (ValueError, TypeError, *_UNPARSABLE) as error:
        raise SenderUnknown("the certificate cannot be read", cause="sender.certificate-unreadable") from error
    return certificate


def _issued(certificate: x509.Certificate, authority: x509.Certificate, now: datetime) -> bool:
    if not authority.not_valid_before_utc <= now <= authority.not_valid_after_utc or not _is_authority(authority):
        return False
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _for_clients(certificate: x509.Certificate) -> bool:
    """Whether the certificate may be used by a client; one that states no use may."""
    try:
        uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return ExtendedKeyUsageOID.CLIENT_AUTH in uses


def _not_revoked(
    certificate: x509.Certificate,
    issuers: Iterable[x509.Certificate],
    lists: Iterable[x509.CertificateRevocationList],
    now: datetime,
) -> datetime:
    """Refuse a revoked certificate, and one whose issuer has no list that is fresh and its own (SW-16.7)."""
    keys = [issuer.public_key() for issuer in issuers]
    fresh = [
        each
        for each in lists
        if each.issuer == certificate.issuer
        and each.next_update_utc is not None
        and now <= each.next_update_utc
        and any(each.is_signature_valid(key) for key in keys)  # type: ignore[arg-type] # keys of CAs sign
    ]
    if not fresh:
        raise _untrusted("the issuer's revocation list is missing or past its next update")
    if any(each.get_revoked_certificate_by_serial_number(certificate.serial_number) for each in fresh):
        raise _untrusted("the certificate is revoked")
    return min(each.next_update_utc for each in fresh if each.next_update_utc is not None)


def _untrusted(reason: str) -> SenderUnknown:
    return SenderUnknown(reason, cause="sender.certificate-untrusted")


def pem(certificate: x509.Certificate) -> bytes:
    """The certificate as PEM."""
    return certificate.public_bytes(Encoding.PEM)
