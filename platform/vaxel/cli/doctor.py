"""What `vaxel doctor` looks at: each part gives diagnoses, and none stops the others."""

import ipaddress
import os
import platform as machine
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from vaxel import home as homes
from vaxel import settings as process
from vaxel.adapters.addresses import AllowedNetworks
from vaxel.adapters.certificates import read_lists
from vaxel.adapters.tls import certificates_in
from vaxel.cli.judged import judged
from vaxel.directory.load import load_directory
from vaxel.errors import DataError, SettingsError
from vaxel.home import Home
from vaxel.journal.reader import nodes
from vaxel.journal.verify import verify
from vaxel.settings import Settings, swedish_day

Grade = Literal["ok", "note", "bad"]
RESERVE_TIMES = 4
SOON_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """One thing that was looked at, how it is, and what to do where it is not well."""

    part: str
    grade: Grade
    what: str
    remedy: str = ""


def examined(stated: Path | None) -> Iterator[Diagnosis]:
    """Everything that `doctor` looks at; where the home or settings are wrong there is nothing after them."""
    yield _versions()
    yield _clock()
    try:
        home = homes.find(stated)
        settings = process.read(home.path)
    except SettingsError as error:
        for problem in error.problems:
            yield Diagnosis(part="settings", grade="bad", what=problem, remedy="see docs/operations.md")
        return
    yield Diagnosis(part="settings", grade="ok", what=f"of {home.path} are known and agree")
    findings = judged(home, settings)
    errors = [each for each in findings if not each.warning]
    for each in errors[:20]:
        yield Diagnosis(part="home", grade="bad", what=f"{each.file}:{each.line}: {each.what}", remedy=each.remedy)
    if not errors:
        yield Diagnosis(part="home", grade="ok", what=f"is valid, {len(findings)} warnings (vaxel check)")
    for examine in (_ports, _certificates, _lists, _rights, _disk, _journal):
        yield from examine(settings)
    yield from _producers(home, settings)


def _versions() -> Diagnosis:
    from importlib.metadata import version

    names = ("lxml", "httptools", "uvloop", "pydantic", "cryptography")
    found = ", ".join(f"{name} {version(name)}" for name in names)
    return Diagnosis(part="versions", grade="ok", what=f"Python {machine.python_version()}, {found}")


def _clock() -> Diagnosis:
    """Whether the clock is set at all: a year before this program's is not."""
    now = datetime.now(UTC)
    if now.year < 2026:
        return Diagnosis(part="clock", grade="bad", what=f"says {now:%Y-%m-%d}", remedy="synchronise it (chrony)")
    return Diagnosis(part="clock", grade="ok", what=f"{now:%Y-%m-%d %H:%M} UTC, {time.tzname[0]}")


def _ports(settings: Settings) -> Iterator[Diagnosis]:
    stated = [("http", settings.host, settings.http_port), ("web", settings.web_host, settings.web_port)]
    if settings.https:
        stated.append(("https", settings.host, settings.https_port))
    run_file = settings.var / "run.json"
    if run_file.is_file():
        yield Diagnosis(part="ports", grade="ok", what=f"in use by the platform: {run_file.read_text()}")
        return
    for name, host, port in stated:
        try:
            socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
        except OSError as error:
            remedy = f"free it, or set VAXEL_{name.upper()}_PORT"
            yield Diagnosis(part="ports", grade="bad", what=f"{name} {host}:{port}: {error.strerror}", remedy=remedy)
        else:
            yield Diagnosis(part="ports", grade="ok", what=f"{name} {host}:{port} is free")


def _certificates(settings: Settings) -> Iterator[Diagnosis]:
    """Expiry, chain to a CA in the same file or the client CA, names, and that key and certificate match."""
    for cert, key in ((settings.tls_cert, settings.tls_key), (settings.producer_cert, settings.producer_key)):
        if cert is None:
            continue
        try:
            certificate = certificates_in(cert)[0]
            matches = key is None or _same_key(certificate, key.read_bytes())
        except (OSError, ValueError, IndexError) as error:
            yield Diagnosis(part="certificates", grade="bad", what=f"{cert}: {error}", remedy="replace the file")
            continue
        yield from _judge_certificate(cert, certificate, matches=matches)
    if not settings.https:
        yield Diagnosis(
            part="certificates", grade="note", what="HTTPS is off", remedy="set VAXEL_TLS_CERT, _KEY and _CLIENT_CA"
        )
    for each in settings.tls_producer:
        if not each.verify_hostname:
            yield Diagnosis(
                part="certificates", grade="note", what=f"[[tls.producer]] {each.name} does not verify host names"
            )


def _judge_certificate(path: Path, certificate: x509.Certificate, *, matches: bool) -> Iterator[Diagnosis]:
    left = (certificate.not_valid_after_utc - datetime.now(UTC)).days
    grade: Grade = "bad" if left < 0 else "note" if left < SOON_DAYS else "ok"
    yield Diagnosis(
        part="certificates",
        grade=grade,
        what=f"{path.name} ends {certificate.not_valid_after_utc:%Y-%m-%d} ({left} days)",
        remedy="" if grade == "ok" else "renew it",
    )
    if not matches:
        yield Diagnosis(
            part="certificates",
            grade="bad",
            what=f"{path.name}: the key is another's",
            remedy="give its own key",
        )
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        yield Diagnosis(part="certificates", grade="ok", what=f"{path.name} is for {_names(names)}")
    except x509.ExtensionNotFound:
        yield Diagnosis(
            part="certificates", grade="note", what=f"{path.name} names no host", remedy="needed where it serves HTTPS"
        )


def _names(names: x509.SubjectAlternativeName) -> str:
    return ", ".join(str(name.value) for name in names)


def _same_key(certificate: x509.Certificate, key: bytes) -> bool:
    public = load_pem_private_key(key, None).public_key()
    form_ = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return public.public_bytes(*form_) == certificate.public_key().public_bytes(*form_)


def _lists(settings: Settings) -> Iterator[Diagnosis]:
    if settings.tls_crl is None:
        return
    try:
        lists = read_lists(settings.tls_crl.read_bytes())
    except (OSError, ValueError) as error:
        yield Diagnosis(part="revocation", grade="bad", what=f"{settings.tls_crl}: {error}", remedy="fetch it again")
        return
    for each in lists:
        end = each.next_update_utc
        late = end is None or end < datetime.now(UTC)
        yield Diagnosis(
            part="revocation",
            grade="bad" if late else "ok",
            what=f"{each.issuer.rfc4514_string()}: next update {end:%Y-%m-%d %H:%M}" if end else "has no next update",
            remedy="fetch a fresh list: until then its issuer's certificates are refused" if late else "",
        )


def _rights(settings: Settings) -> Iterator[Diagnosis]:
    """Keys that others may read."""
    keys = [path for path in (settings.tls_key, settings.producer_key, settings.var / "admin.key") if path is not None]
    keys += sorted((settings.var / "keys").glob("*"))
    wrong = [path for path in keys if path.exists() and path.stat().st_mode & 0o077]
    for path in wrong:
        yield Diagnosis(part="rights", grade="bad", what=f"others may read {path}", remedy=f"chmod 600 {path}")
    if not wrong:
        yield Diagnosis(part="rights", grade="ok", what="keys are readable by their owner only")


def _disk(settings: Settings) -> Iterator[Diagnosis]:
    folder = settings.var if settings.var.exists() else settings.home
    found = os.statvfs(folder)
    free = found.f_bavail * found.f_frsize
    enough = free > RESERVE_TIMES * (settings.reserve_bytes + settings.segment_bytes)
    yield Diagnosis(
        part="disk",
        grade="ok" if enough else "bad",
        what=f"{free // 1_048_576} MiB free for the journal",
        remedy="" if enough else "make room: calls are refused when the journal cannot be written",
    )
    if not os.access(folder, os.W_OK):
        yield Diagnosis(part="disk", grade="bad", what=f"{folder} cannot be written", remedy="give its owner the right")


def _journal(settings: Settings) -> Iterator[Diagnosis]:
    for folder in nodes(settings.var / "journal"):
        verdict = verify(folder)
        busy = verdict.damage is not None and "unfinished" in verdict.damage.what
        yield Diagnosis(
            part="journal",
            grade="bad" if verdict.damage and not busy else "ok",
            what=f"{folder.name}: {verdict.damage or f'{verdict.records} records, chain whole'}",
            remedy="keep the files as they are and find out who changed them" if verdict.damage and not busy else "",
        )
    if not settings.checkpoint_to:
        yield Diagnosis(
            part="journal",
            grade="note",
            what="no checkpoint is kept elsewhere: a cut tail cannot be detected",
            remedy="set VAXEL_CHECKPOINT_TO",
        )


def _producers(home: Home, settings: Settings) -> Iterator[Diagnosis]:
    """Names resolve, addresses are allowed, and somebody listens; nothing is sent."""
    try:
        directory = load_directory(home.directory_files(), frozenset(), swedish_day()).directory
    except DataError:
        return
    allowed = AllowedNetworks(settings.producer_networks)
    endpoints = {_endpoint(route.url) for route in directory.routes if not route.url.startswith("vaxel:")}
    for host, port in sorted(endpoints):
        yield _reach(host, port, allowed.allows, settings.connect_timeout_s)


def _endpoint(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def _reach(host: str, port: int, allows: Callable[[str], bool], timeout_s: float) -> Diagnosis:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        return Diagnosis(part="producers", grade="bad", what=f"{host}: {error.strerror}", remedy="mend the name or DNS")
    addresses: list[Any] = [entry[4] for entry in found]
    refused = [address[0] for address in addresses if not allows(str(address[0]))]
    if len(refused) == len(addresses):
        remedy = "add its network to VAXEL_PRODUCER_NETWORKS"
        return Diagnosis(part="producers", grade="bad", what=f"{host} is at {refused[0]}, not allowed", remedy=remedy)
    usable = next(str(address[0]) for address in addresses if allows(str(address[0])))
    try:
        socket.create_connection((usable, port), timeout_s).close()
    except OSError as error:
        what = f"{host}:{port} ({ipaddress.ip_address(usable)}): {error.strerror or 'timeout'}"
        return Diagnosis(part="producers", grade="bad", what=what, remedy="is it running, and the firewall open?")
    return Diagnosis(part="producers", grade="ok", what=f"{host}:{port} can be reached")
