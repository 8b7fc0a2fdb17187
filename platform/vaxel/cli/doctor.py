"""What `vaxel doctor` looks at: each part gives diagnoses, and none stops the others."""

import ctypes
import ipaddress
import os
import platform as machine
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from vaxel import home as homes
from vaxel import settings as process
from vaxel.adapters.addresses import AllowedNetworks
from vaxel.admin.cautions import cautions
from vaxel.cli.diagnosis import Diagnosis
from vaxel.cli.doctor_tls import certificates, lists, rights
from vaxel.cli.judged import judged
from vaxel.directory.load import load_directory
from vaxel.errors import DataError, SettingsError
from vaxel.home import Home
from vaxel.journal.checkpoint import Signer
from vaxel.journal.reader import last, nodes
from vaxel.journal.reserve import NAME
from vaxel.journal.verify import verify
from vaxel.settings import Settings, swedish_day

RESERVE_TIMES = 4
TIME_ERROR = 5
"""The kernel's word for a clock that nothing synchronises (adjtimex)."""
AHEAD_S = 5


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
    for caution in cautions(settings):
        yield Diagnosis(part="settings", grade="note", what=caution.what, remedy=caution.remedy)
    for examine in (_newest, _ports, certificates, lists, rights, _disk, _reserve, _journal):
        yield from _safely(examine, settings)
    yield from _producers(home, settings)


def _safely(examine: Callable[[Settings], Iterator[Diagnosis]], settings: Settings) -> Iterator[Diagnosis]:
    """A part that cannot be looked at is told of, and stops none of the others."""
    try:
        yield from examine(settings)
    except (OSError, ValueError) as error:
        part = examine.__name__.strip("_")
        yield Diagnosis(part=part, grade="bad", what=f"cannot be looked at: {error}", remedy="see to its files' rights")


def _versions() -> Diagnosis:
    from importlib.metadata import version

    names = ("lxml", "httptools", "uvloop", "pydantic", "cryptography")
    found = ", ".join(f"{name} {version(name)}" for name in names)
    return Diagnosis(part="versions", grade="ok", what=f"Python {machine.python_version()}, {found}")


def _clock() -> Diagnosis:
    """Whether the clock is set at all (a year before this program's is not), and whether anything keeps it right."""
    now = datetime.now(UTC)
    if now.year < 2026:
        return Diagnosis(part="clock", grade="bad", what=f"says {now:%Y-%m-%d}", remedy="synchronise it (chrony)")
    shown = f"{now:%Y-%m-%d %H:%M} UTC, {time.tzname[0]}"
    if not _synchronised():
        return Diagnosis(part="clock", grade="note", what=f"{shown}, not synchronised", remedy="run chrony or the like")
    return Diagnosis(part="clock", grade="ok", what=f"{shown}, synchronised")


def _synchronised() -> bool:
    """What the kernel says of its clock; asked by the C library's `adjtimex`, which changes nothing here."""
    try:
        state: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))
    except (OSError, AttributeError):
        return False
    return 0 <= state < TIME_ERROR


def _newest(settings: Settings) -> Iterator[Diagnosis]:
    """A journal that was written later than now: the clock went back."""
    times = (record["time"] for folder in nodes(settings.var / "journal") for record in last(folder, 1))
    newest = max(times, default="")
    ahead = newest and (datetime.fromisoformat(newest) - datetime.now(UTC)).total_seconds()
    if ahead and ahead > AHEAD_S:
        what = f"is {round(ahead)} s behind the journal's newest record"
        yield Diagnosis(part="clock", grade="bad", what=what, remedy="set it right before calls are recorded")


def _ports(settings: Settings) -> Iterator[Diagnosis]:
    stated = [("http", settings.host, settings.http_port), ("web", settings.web_host, settings.web_port)]
    if settings.https:
        stated.append(("https", settings.host, settings.https_port))
    run_file = settings.var / "run.json"
    running = orjson.loads(run_file.read_bytes()) if run_file.is_file() else None
    if running and _alive(running["pid"]):
        shown = ", ".join(f"{name} {port}" for name, port in running["ports"].items())
        yield Diagnosis(part="ports", grade="ok", what=f"in use by the platform (process {running['pid']}): {shown}")
        return
    for name, host, port in stated:
        try:
            socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
        except OSError as error:
            remedy = f"free it, or set VAXEL_{name.upper()}_PORT"
            yield Diagnosis(part="ports", grade="bad", what=f"{name} {host}:{port}: {error.strerror}", remedy=remedy)
        else:
            yield Diagnosis(part="ports", grade="ok", what=f"{name} {host}:{port} is free")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # another user's
    return True


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


def _reserve(settings: Settings) -> Iterator[Diagnosis]:
    """Whether the journal's reserve is there in full (SW-18.11)."""
    path = settings.var / "journal" / NAME
    if not path.parent.exists():
        yield Diagnosis(part="reserve", grade="ok", what="is made at the first start")
    elif not path.exists() or path.stat().st_size != settings.reserve_bytes:
        remedy = "make room and start the platform: it takes the room by itself"
        yield Diagnosis(part="reserve", grade="bad", what=f"{path} is not there in full", remedy=remedy)
    else:
        yield Diagnosis(part="reserve", grade="ok", what=f"{settings.reserve_bytes // 1024} KiB for calls in flight")


def _journal(settings: Settings) -> Iterator[Diagnosis]:
    pem = settings.var / "keys" / "journal.pem"
    for folder in nodes(settings.var / "journal"):
        verdict = verify(folder, Signer(pem).public if pem.exists() else None)
        busy = verdict.damage is not None and "unfinished" in verdict.damage.what
        yield Diagnosis(
            part="journal",
            grade="bad" if verdict.damage and not busy else "ok",
            what=f"{folder.name}: {verdict.damage or f'{verdict.records} records, chain whole'}",
            remedy="keep the files as they are and find out who changed them" if verdict.damage and not busy else "",
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
