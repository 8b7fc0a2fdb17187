"""What TLS handshakes used: a log line and a status entry for outgoing ones, a count for all (SW-16.5, SW-18.7)."""

import ssl
from typing import Any

from vaxel.adapters.telemetry import Log, Metrics
from vaxel.adapters.tls import Handshake

MAX_HOSTS = 1000


class Handshakes:
    """Told of each handshake; `status` holds the last of each host."""

    def __init__(self, log: Log, metrics: Metrics) -> None:
        self._log = log
        self._count = metrics.counter("vaxel_handshakes", "TLS handshakes", ["direction", "outcome"])
        self._last: dict[str, dict[str, Any]] = {}

    def outgoing(self, handshake: Handshake) -> None:
        """One with a producer."""
        self._count.labels("out", "failed" if handshake.failed else "ok").inc()
        facts = {
            "profile": handshake.profile,
            "serial": handshake.serial,
            "ends": handshake.ends.isoformat() if handshake.ends else "",
            "peer": handshake.peer,
            "version": handshake.version,
            "cipher": handshake.cipher,
            "failed": handshake.failed,
        }
        self._last.pop(handshake.host, None)
        self._last[handshake.host] = facts
        if len(self._last) > MAX_HOSTS:
            self._last.pop(next(iter(self._last)))
        self._log.write(
            "warning" if handshake.failed else "info",
            f"handshake with {handshake.host}",
            {
                "event.action": "tls.handshake",
                "event.module": "skltp-tls",
                "destination.domain": handshake.host,
                **{f"tls.{name}": value for name, value in facts.items()},
            },
        )

    def incoming(self, _: ssl.SSLObject, error: ssl.SSLError | None) -> None:
        """One with a consumer."""
        self._count.labels("in", "failed" if error else "ok").inc()

    def status(self) -> dict[str, dict[str, Any]]:
        """The last handshake with each host."""
        return dict(self._last)
