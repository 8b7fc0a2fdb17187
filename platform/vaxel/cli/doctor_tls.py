"""What `vaxel doctor` looks at in certificates, keys and revocation lists."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from vaxel.adapters.certificates import read_lists
from vaxel.adapters.tls import certificates_in
from vaxel.cli.diagnosis import Diagnosis, Grade
from vaxel.settings import Settings

SOON_DAYS = 30


def certificates(settings: Settings) -> Iterator[Diagnosis]:
    """Expiry, chain, names and key of every certificate that the settings name, and the end of every CA."""
    for cert, key, ca in _own(settings):
        try:
            found = certificates_in(cert)
            matches = key is None or b"-----BEGIN" not in cert.read_bytes() or _same_key(found[0], key.read_bytes())
            known = certificates_in(ca) if ca else ()
        except (OSError, ValueError, IndexError, TypeError) as error:
            yield _bad(f"{cert}: {error}", "replace the file")
            continue
        yield _end(cert, found[0])
        if not matches:
            yield _bad(f"{cert.name}: the key is another's", "give its own key")
        yield _names(cert, found[0], serves=cert == settings.tls_cert)
        yield _chain(cert, found, known)
    for ca in {path for path in (settings.tls_client_ca, settings.producer_ca) if path is not None}:
        yield from _authorities(ca)
    if not settings.https:
        yield Diagnosis(
            part="certificates", grade="note", what="HTTPS is off", remedy="set VAXEL_TLS_CERT, _KEY and _CLIENT_CA"
        )


def lists(settings: Settings) -> Iterator[Diagnosis]:
    """Each revocation list: its age, and whether it is past its next update (SW-16.7)."""
    if settings.tls_crl is None:
        return
    try:
        found = read_lists(settings.tls_crl.read_bytes())
    except (OSError, ValueError) as error:
        yield Diagnosis(part="revocation", grade="bad", what=f"{settings.tls_crl}: {error}", remedy="fetch it again")
        return
    now = datetime.now(UTC)
    for each in found:
        end = each.next_update_utc
        late = end is None or end < now
        until = f"next update {end:%Y-%m-%d %H:%M}" if end else "no next update"
        yield Diagnosis(
            part="revocation",
            grade="bad" if late else "ok",
            what=f"{each.issuer.rfc4514_string()}: {(now - each.last_update_utc).days} days old, {until}",
            remedy="fetch a fresh list: until then its issuer's certificates are refused" if late else "",
        )


def rights(settings: Settings) -> Iterator[Diagnosis]:
    """Keys that others may read."""
    keys = [settings.tls_key, settings.producer_key, *(each.key for each in settings.tls_producer)]
    found = [path for path in (*keys, settings.var / "admin.key") if path is not None]
    found += [*sorted((settings.var / "keys").glob("*")), *sorted((settings.var / "pki").glob("SE*.pem"))]
    wrong = [path for path in found if path.exists() and path.stat().st_mode & 0o077]
    for path in wrong:
        yield Diagnosis(part="rights", grade="bad", what=f"others may read {path}", remedy=f"chmod 600 {path}")
    if not wrong:
        yield Diagnosis(part="rights", grade="ok", what="keys are readable by their owner only")


def _own(settings: Settings) -> Iterator[tuple[Path, Path | None, Path | None]]:
    """Certificate, key and CA of each identity of the platform."""
    if settings.tls_cert is not None:
        yield settings.tls_cert, settings.tls_key, settings.tls_client_ca
    if settings.producer_cert is not None and settings.producer_cert != settings.tls_cert:
        yield settings.producer_cert, settings.producer_key, settings.producer_ca
    for each in settings.tls_producer:
        if each.cert is not None:
            yield each.cert, each.key, each.ca


def _end(path: Path, certificate: x509.Certificate) -> Diagnosis:
    now = datetime.now(UTC)
    left = (certificate.not_valid_after_utc - now).days
    grade: Grade = "bad" if left < 0 else "note" if left < SOON_DAYS else "ok"
    if certificate.not_valid_before_utc > now:
        return _bad(f"{path.name} is not valid before {certificate.not_valid_before_utc:%Y-%m-%d}", "check the clock")
    return Diagnosis(
        part="certificates",
        grade=grade,
        what=f"{path.name} ends {certificate.not_valid_after_utc:%Y-%m-%d} ({left} days)",
        remedy="" if grade == "ok" else "renew it",
    )


def _names(path: Path, certificate: x509.Certificate, *, serves: bool) -> Diagnosis:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        what, remedy = f"{path.name} names no host", "issue it with the host's name: consumers refuse it as it is"
        return _bad(what, remedy) if serves else Diagnosis(part="certificates", grade="ok", what=what)
    shown = ", ".join(str(name.value) for name in names)
    return Diagnosis(part="certificates", grade="ok", what=f"{path.name} is for {shown}")


def _chain(path: Path, found: tuple[x509.Certificate, ...], known: tuple[x509.Certificate, ...]) -> Diagnosis:
    """Whether each certificate of a file was issued by the next, and the last by one that is known."""
    for certificate, issuer in pairwise(found):
        if not _issued(certificate, issuer):
            return _bad(f"{path.name}: the next certificate in the file did not issue the one before it", "order it")
    if any(_issued(found[-1], issuer) for issuer in (found[-1], *known)):
        return Diagnosis(part="certificates", grade="ok", what=f"{path.name}: the chain is whole")
    what = f"{path.name}: its issuer {found[-1].issuer.rfc4514_string()} is neither in the file nor in the CA's"
    return Diagnosis(part="certificates", grade="note", what=what, remedy="add the issuer, unless others have it")


def _authorities(path: Path) -> Iterator[Diagnosis]:
    try:
        found = certificates_in(path)
    except (OSError, ValueError) as error:
        yield _bad(f"{path}: {error}", "replace the file")
        return
    yield from (_end(path, each) for each in found)


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _same_key(certificate: x509.Certificate, key: bytes) -> bool:
    public = load_pem_private_key(key, None).public_key()
    form_ = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return public.public_bytes(*form_) == certificate.public_key().public_bytes(*form_)


def _bad(what: str, remedy: str) -> Diagnosis:
    return Diagnosis(part="certificates", grade="bad", what=what, remedy=remedy)
