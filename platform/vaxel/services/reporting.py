"""What operators see of aggregations: an event for each, and metrics; no patient data (aggregation.md section 13)."""

import time
from collections import Counter
from typing import Any

from vaxel.adapters.tallies import Count, Spread
from vaxel.adapters.telemetry import Log, Metrics
from vaxel.aggregation.plan import OUTCOMES
from vaxel.call import Call
from vaxel.services.asked import Tally

_BOUNDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30)


class Reports:
    """Tells of aggregations; `Events` of `services.aggregate`."""

    def __init__(self, log: Log, metrics: Metrics) -> None:
        self._log = log
        self._calls = Count("vaxel_aggregations", "Aggregated calls by contract", ("contract",))
        self._sources = Count(
            "vaxel_aggregation_sources",
            "Sources of aggregated calls by contract, source, outcome and code",
            ("contract", "source", "outcome", "code"),
        )
        self._records = Count(
            "vaxel_aggregation_records", "Records of sources: joined, duplicate, foreign", ("contract", "what")
        )
        self._bytes = Count("vaxel_aggregation_bytes", "Bytes that sources answered, and of joined answers", ("what",))
        self._seconds = Spread(
            "vaxel_aggregation_seconds", "Seconds: the index, the first source, the last source", "phase", _BOUNDS
        )
        self._width = Spread(
            "vaxel_aggregation_width", "Sources asked in one call", "what", (0, 1, 2, 5, 10, 20, 50, 100, 200)
        )
        for tally in (self._calls, self._sources, self._records, self._bytes, self._seconds, self._width):
            metrics.registry.register(tally)

    def aggregated(self, call: Call, tally: Tally) -> None:
        """An aggregation is over: the outcome of each source (AG-5.4), and what was left out."""
        self._calls.add(call.contract)
        self._count_sources(call, tally)
        self._count_records(call, tally)
        call.trail.notes["sources"] = str(len(tally.plan.sources))
        call.trail.notes["sourcesFailed"] = str(sum(each.failure is not None for each in tally.outcomes))
        told: dict[str, Any] = {
            "event.duration": int((time.monotonic() - call.started) * 1e9),
            "sources": _outcomes(tally),
            "omitted": dict(tally.omitted),
        }
        self._log.event(
            "aggregation",
            **told,
            **{
                "event.id": call.id,
                "trace.id": call.correlation_id,
                "labels.senderid": call.sender,
                "labels.servicecontract_namespace": call.contract,
                "labels.reference": call.reference,
            },
        )

    def source_failed(self, call: Call, error: BaseException) -> None:
        """A call to a source failed unforeseen: what and where, not its text, which may quote a message."""
        self._log.event(
            "aggregation.source-failed",
            level="error",
            **{
                "event.id": call.id,
                "trace.id": call.correlation_id,
                "labels.receiverid": call.receiver,
                "labels.servicecontract_namespace": call.contract,
                "error.type": type(error).__name__,
            },
        )

    def _count_sources(self, call: Call, tally: Tally) -> None:
        seconds = [each.ms / 1000 for each in tally.outcomes]
        self._width.add("asked", len(tally.plan.sources))
        self._seconds.add("index", tally.asked_s)
        if seconds:
            self._seconds.add("first", min(seconds))
            self._seconds.add("last", max(seconds))
        for each in tally.outcomes:
            failure = each.failure
            outcome, code = ("ERR", failure.code) if failure else ("OK", "")
            self._sources.add(call.contract, each.source.address, outcome, code)
        for left_out in tally.plan.dropped:
            self._sources.add(call.contract, left_out.address, OUTCOMES[left_out.reason], left_out.reason)

    def _count_records(self, call: Call, tally: Tally) -> None:
        total: Counter[str] = Counter()
        for source, taken in tally.taken.items():
            total += Counter(joined=len(taken.records), duplicate=taken.duplicates, foreign=taken.foreign)
            if taken.foreign:
                self._alarm(call, source, taken.foreign)
        for what, count in total.items():
            self._records.add(call.contract, what, amount=count)
        self._bytes.add("in", amount=sum(each.size_bytes for each in tally.outcomes))
        self._bytes.add("out", amount=tally.size_bytes)

    def _alarm(self, call: Call, source: str, count: int) -> None:
        """Records about another patient were removed: a source that errs so is to be looked at (P-75)."""
        self._log.event(
            "records.about-another-patient",
            level="error",
            **{
                "trace.id": call.correlation_id,
                "labels.receiverid": source,
                "labels.servicecontract_namespace": call.contract,
                "count": count,
            },
        )


def _outcomes(tally: Tally) -> dict[str, Any]:
    """By source: outcome, milliseconds, call and cause."""
    told: dict[str, Any] = {
        each.source.address: {
            "outcome": "ERR" if each.failure else "OK",
            "ms": round(each.ms, 1),
            "call": each.call,
            "cause": each.failure.cause if each.failure else "",
        }
        for each in tally.outcomes
    }
    for left_out in tally.plan.dropped:
        told[left_out.address] = {"outcome": OUTCOMES[left_out.reason], "cause": left_out.reason}
    return told
