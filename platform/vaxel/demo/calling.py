"""Sends one message through a running platform as a consumer would, and says what came back."""

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from vaxel.soap import scan


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a consumer sees: HTTP status, the answer, its times in milliseconds, and the ids to quote."""

    status: int
    content: bytes
    total_ms: float
    producer_ms: str
    correlation_id: str
    reference: str
    cause: str
    fault: str

    @property
    def answered(self) -> bool:
        """Whether the producer's answer came through."""
        return self.status < 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The way to the platform: its URL, the certificate to call with, the CA to trust."""

    url: str
    certificate: Path | None = None
    key: Path | None = None
    ca: Path | None = None
    timeout_s: float = 60


Came = Callable[[bytes, float], None]
"""Told of each part of an answer, with the milliseconds since the question."""


def send(line: Line, content: bytes, headers: dict[str, str], came: Came = lambda *_: None) -> Outcome:
    """Send a message; raises `httpx.HTTPError` where the platform could not be reached."""
    verify: ssl.SSLContext | bool = True
    if line.url.startswith("https:"):
        verify = ssl.create_default_context(cafile=str(line.ca) if line.ca else None)
        if line.certificate is not None:
            verify.load_cert_chain(line.certificate, line.key)
    begun = time.perf_counter()
    stated = {"content-type": "text/xml;charset=UTF-8", "soapaction": '""', **headers}
    received = bytearray()
    with (
        httpx.Client(verify=verify, timeout=line.timeout_s) as client,
        client.stream("POST", line.url, content=content, headers=stated) as answer,
    ):
        for part in answer.iter_bytes():
            received += part
            came(part, (time.perf_counter() - begun) * 1000)
    return Outcome(
        status=answer.status_code,
        content=bytes(received),
        total_ms=(time.perf_counter() - begun) * 1000,
        producer_ms=answer.headers.get("x-skltp-prt", ""),
        correlation_id=answer.headers.get("x-skltp-correlation-id", ""),
        reference=answer.headers.get("x-vaxel-reference", ""),
        cause=answer.headers.get("x-vaxel-cause", ""),
        fault=" ".join(scan.fault_code(bytes(received))).strip() if answer.status_code >= 400 else "",
    )
