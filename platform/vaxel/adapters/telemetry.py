"""What operators see of each call: log lines in ECS JSON (SW-18.1 to SW-18.6) and metrics (SW-18.7).

Only allow-listed headers are logged, certificates and tokens never, payloads never; labels hold no personal data.
"""

import asyncio
import fnmatch
import re
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, BinaryIO

import orjson
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from vaxel.adapters.tallies import Count, Spread
from vaxel.call import Call, Headers, Reply
from vaxel.errors import Refusal
from vaxel.instants import iso
from vaxel.masking import masked

_STATIC = {
    "event.module": "skltp-messages",
    "event.kind": "event",
    "event.category": ["web"],
    "event.type": ["access"],
    "http.request.method": "POST",
}
_FORWARDED = {
    b"x-vp-forwarded-proto": "labels.httpXForwardedProto",
    b"x-vp-forwarded-host": "labels.httpXForwardedHost",
    b"x-vp-forwarded-port": "labels.httpXForwardedPort",
}
FILTERED = frozenset({b"x-forwarded-tls-client-cert", b"x-vp-auth-cert", b"x-fk-auth-cert", b"authorization"})


class Log:
    """Writes one JSON object a line; the lines of one turn of the event loop go out in one write.

    A line that cannot be written is counted in `dropped`, never waited for.
    """

    def __init__(self, stream: BinaryIO | None = None, service: str = "vaxel", host: str = "") -> None:
        self._stream = stream or sys.stdout.buffer
        self._base = {"service.name": service, "host.hostname": host}
        self._lines: list[bytes] = []
        self.dropped = 0

    def write(self, level: str, message: str, fields: Mapping[str, Any]) -> None:
        """One line: time, level, message, then the fields with flat ECS names."""
        said = {"@timestamp": iso(time.time_ns()), "log.level": level, "message": message, **self._base, **fields}
        self._lines.append(orjson.dumps(said, default=str, option=orjson.OPT_APPEND_NEWLINE))
        if len(self._lines) == 1:
            self._flush_soon()

    def event(self, action: str, level: str = "info", **fields: Any) -> None:
        """An event that is no call: a release, a reload, an alarm."""
        self.write(level, action, {"event.action": action, **fields})

    def flush(self) -> None:
        """Write what waits for the end of the loop's turn."""
        lines, self._lines = self._lines, []
        try:
            self._stream.write(b"".join(lines))
            self._stream.flush()
        except (OSError, ValueError):
            self.dropped += len(lines)

    def _flush_soon(self) -> None:
        try:
            asyncio.get_running_loop().call_soon(self.flush)
        except RuntimeError:  # no loop: nothing to wait for
            self.flush()


class Metrics:
    """The Prometheus series of SW-18.7."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.calls = Count("vaxel_calls", "Calls by contract, code and cause", ("contract", "code", "cause"))
        self.seconds = Spread(
            "vaxel_call_seconds",
            "Seconds by phase: in the platform, and waiting for the producer",
            "phase",
            (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
        )
        self.bytes = Count("vaxel_bytes", "Bytes of messages", ("direction",))
        self.retries = Count("vaxel_retries", "Repeated attempts to reach a producer")
        self.judged = Count(
            "vaxel_contract_messages",
            "Messages by contract and outcome of their check: valid, violating, newer-minor, or skipped and why",
            ("contract", "message", "outcome"),
        )
        self.observe_cpu = Count("vaxel_observe_cpu_seconds", "CPU seconds spent on checks beside calls")
        for tally in (self.calls, self.seconds, self.bytes, self.retries, self.judged, self.observe_cpu):
            self.registry.register(tally)
        self.journal_records = Counter("vaxel_journal_records", "Records made durable", registry=self.registry)
        self.journal_syncs = Histogram(
            "vaxel_journal_sync_seconds",
            "Seconds that one sync of the journal took",
            registry=self.registry,
            buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1),
        )

    def synced(self, records: int, seconds: float) -> None:
        """The journal made records durable."""
        self.journal_records.inc(records)
        self.journal_syncs.observe(seconds)

    def counter(self, name: str, text: str, labels: Sequence[str]) -> Counter:
        """A counter of another part."""
        return Counter(name, text, labels, registry=self.registry)

    def gauge(self, name: str, text: str, value: Callable[[], float]) -> None:
        """A gauge read when it is asked for."""
        Gauge(name, text, registry=self.registry).set_function(value)


class CallEvents:
    """Logs and counts calls: one line a call, or the four events of the national platform (SW-18.1)."""

    def __init__(
        self, log: Log, metrics: Metrics, *, every: bool, allowed: tuple[str, ...], certificate_header: bytes
    ) -> None:
        self._log = log
        self._metrics = metrics
        self._every = every
        patterns = [re.compile(fnmatch.translate(name.lower())) for name in allowed]
        self._allowed = lru_cache(maxsize=1024)(
            lambda name: any(pattern.match(name.decode("latin-1")) for pattern in patterns)
        )
        self._filtered = FILTERED | {certificate_header}

    def request_in(self, call: Call) -> None:
        """`req-in`: the door has let the call in."""
        if self._every:
            self._line("req-in", "req.in", call, {"http.request.headers": self.shown(call.headers)})

    def request_out(self, call: Call, headers: Headers) -> None:
        """`req-out`: the request goes to the producer."""
        if self._every:
            self._line("req-out", "req.out", call, {"http.request.headers": self.shown(headers)}, inner=True)

    def response_in(self, call: Call, status: int, headers: Headers) -> None:
        """`resp-in`: the producer has answered."""
        if self._every:
            fields = {"http.response.status_code": status, "http.response.headers": self.shown(headers)}
            self._line("resp-in", "resp.in", call, fields, inner=True)

    def answered(self, call: Call, reply: Reply) -> None:
        """`resp-out`, or the one line of the call: it was answered."""
        self._count(call, "", "")
        fields: dict[str, Any] = {
            "http.response.status_code": reply.status,
            "http.response.headers": self.shown(reply.headers),
        }
        if not self._every:
            fields["http.request.headers"] = self.shown(call.headers)
        # An original consumer stated without the right to is a warning (SW-6.2).
        level = "warning" if "original_consumer" in call.trail.notes else "info"
        self._line("resp-out" if self._every else "call", "resp.out", call, fields, level=level)

    def refused(self, arrival: Any, call: Call | None, refusal: Refusal, status: int) -> None:
        """`error` and `resp-out`: the call was refused, at the door where `call` is None (SW-3.2)."""
        error = _error(refusal, status, arrival.reference)
        if call is None:
            self._metrics.calls.add("", refusal.code, refusal.cause)
            self._at_door(arrival, error)
            return
        self._count(call, refusal.code, refusal.cause)
        if self._every:
            self._line("error", "error", call, error, level="error")
        self._line("resp-out" if self._every else "call", "resp.out", call, error, level="error")

    def broken(self, arrival: Any, call: Call | None, error: BaseException) -> None:
        """`error`: an answer broke on its way, or the consumer went away."""
        refused = error if isinstance(error, Refusal) else None
        code, cause = (refused.code, refused.cause) if refused else ("", "consumer.gone")
        fields = {
            "event.action": "error",
            "error.type": type(error).__name__,
            "labels.errorCode": code,
            "labels.cause": cause,
        }
        if call is not None:
            self._count(call, code, cause)
            self._line("error", "error", call, fields, level="warning")
            return
        self._metrics.calls.add("", code, cause)
        fields |= {
            "trace.id": arrival.correlation_id,
            "labels.reference": arrival.reference,
            "source.ip": arrival.request.peer,
        }
        self._log.write("warning", "the connection to the consumer ended early", fields)

    def shown(self, headers: Headers) -> str:
        """Headers as JSON: allow-listed ones, and secrets by name only (SW-18.4)."""
        shown = {}
        for name, value in headers:
            if name in self._filtered:
                shown[name.decode("latin-1")] = "<filtered>"
            elif self._allowed(name):
                shown[name.decode("latin-1")] = value.decode("latin-1")
        return orjson.dumps(shown).decode()

    def _count(self, call: Call, code: str, cause: str) -> None:
        trail, metrics = call.trail, self._metrics
        now = time.monotonic()
        producer_s = max(trail.answered_at - trail.sent_at, 0.0) if trail.sent_at else 0.0
        metrics.calls.add(call.contract if trail.producer else "", code, cause)
        metrics.seconds.add("platform", now - call.started - producer_s)
        if trail.sent_at:
            metrics.seconds.add("producer", producer_s)
        if trail.retries:
            metrics.retries.add(amount=trail.retries)
        metrics.bytes.add("in", amount=call.body.length or len(call.body.start))
        metrics.bytes.add("out", amount=trail.response_bytes)

    def _at_door(self, arrival: Any, error: dict[str, Any]) -> None:
        fields = {
            **_STATIC,
            "event.id": arrival.reference,
            "event.action": "error",
            "event.duration": int((time.monotonic() - arrival.started) * 1e9),
            "trace.id": arrival.correlation_id,
            "transaction.id": arrival.reference,
            "url.full": arrival.request.url,
            "source.ip": arrival.caller.address if arrival.caller else arrival.request.peer,
            "labels.senderid": arrival.caller.sender if arrival.caller else "",
            "labels.route": f"vp-{arrival.request.listener}-route",
            "http.request.headers": self.shown(arrival.request.headers),
            **error,
        }
        if arrival.replaced_correlation_id:
            fields["labels.correlation_id"] = "replaced"
        self._log.write("error", f"refused {error['labels.errorCode']}", fields)
        if self._every:
            fields |= {"event.action": "resp-out", "log.logger": "se.skl.tp.vp.logging.resp.out"}
            self._log.write("error", f"resp-out refused {error['labels.errorCode']}", fields)

    def _line(
        self,
        event: str,
        logger: str,
        call: Call,
        fields: dict[str, Any],
        *,
        inner: bool = False,
        level: str = "info",
    ) -> None:
        trail, caller = call.trail, call.caller
        line = {
            **_STATIC,
            "event.id": call.id,
            "event.action": event,
            "event.duration": int((time.monotonic() - call.started) * 1e9),
            "log.logger": f"se.skl.tp.vp.logging.{logger}",
            "trace.id": call.correlation_id,
            "span.id": call.id[16:] if inner else call.id[:16],
            "transaction.id": call.id,
            "url.full": call.url,
            "url.original": trail.producer_url.partition("?")[0],
            "source.ip": caller.address,
            "labels.senderid": call.sender,
            "labels.receiverid": call.receiver,
            "labels.originalServiceconsumerHsaid": call.original_consumer,
            "labels.servicecontract_namespace": call.contract,
            "labels.wsdl_namespace": _wsdl_namespace(call.contract, call.envelope.profile),
            "labels.rivversion": call.envelope.profile.value,
            "labels.routerVagvalTrace": trail.route,
            "labels.routerBehorighetTrace": trail.permission,
            "labels.route": f"vp-{caller.listener}-route",
            "labels.callClass": caller.call_class,
            "labels.retryCount": trail.retries,
            "labels.reference": call.reference,
            "labels.release": trail.release,
            "http.request.body.bytes": call.body.length,
            "http.response.body.bytes": trail.response_bytes,
            **fields,
        }
        if inner:
            line["labels.parent.id"] = call.id[:16]
        if call.original_consumer_in:
            line["labels.originalServiceconsumerHsaid_in"] = call.original_consumer_in
        if call.acting_on_behalf_of:
            line["labels.actingOnBehalfOfHsaid"] = call.acting_on_behalf_of
        if trail.producer_url:
            line["destination.address"] = _host(trail.producer_url)
            line["labels.statusCode"] = trail.producer_status
        for header, stated in call.headers:
            if label := _FORWARDED.get(header):
                line[label] = stated.decode("latin-1")
        for name, value in trail.notes.items():
            line[f"labels.{name}"] = masked(value)
        self._log.write(level, f"{event} {call.sender} -> {call.receiver}", line)


@lru_cache(maxsize=4096)
def _wsdl_namespace(contract: str, profile: str) -> str:
    return f"{contract.replace('Responder', '')}:{profile}"


def _error(refusal: Refusal, status: int, reference: str) -> dict[str, Any]:
    cause = refusal.__cause__
    return {
        "http.response.status_code": status,
        "labels.errorCode": refusal.code,
        "labels.cause": refusal.cause,
        "labels.sessionStatus": "true",
        "labels.sessionErrorDescription": masked(refusal.reason),
        "labels.sessionErrorTechnicalDescription": masked(refusal.detail),
        "labels.reference": reference,
        "error.type": type(cause or refusal).__name__,
        "error.message": f"{refusal.code} {refusal.cause}",
        "error.stack_trace": _stack(cause) if cause else "",
    }


@lru_cache(maxsize=4096)
def _host(url: str) -> str:
    """Host and port of a producer's address."""
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2]


def _stack(error: BaseException) -> str:
    """Where an error came from: files, lines and names, never exception texts, which may quote a message (SW-18.2)."""
    frames = traceback.extract_tb(error.__traceback__)
    return "; ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames)
