"""What is known of each producer's endpoint, and how Prometheus sees it (SW-18.7)."""

import math
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from vaxel.adapters.breaker import Breaker, State

RECENT = 256
"""Answers that the latency is told from."""
OTHER = "other"
"""The label of endpoints beyond the bound on series."""
_LEVELS = {State.CLOSED: 0, State.HALF_OPEN: 1, State.OPEN: 2}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a URL leads: what one listener of a producer is known by, as `https://host:port`."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.scheme}://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def origin(url: str) -> Origin | None:
    """The origin of an http or https URL; None of any other text."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return None
    return Origin(parts.scheme, parts.hostname, port)


class Vitals:
    """One endpoint's life: counts since the start, the last answers' seconds, the last failure; monotonic seconds."""

    __slots__ = (
        "answered",
        "answered_s",
        "breaker",
        "failed_at",
        "failures",
        "label",
        "last_cause",
        "opened",
        "origin",
        "overloaded",
        "probe_at",
        "probe_cause",
        "probed_at",
        "probes",
        "recent_s",
        "skipped",
        "used_at",
    )

    def __init__(self, origin: Origin, breaker: Breaker, label: str) -> None:
        self.origin = origin
        self.breaker = breaker
        self.label = label
        self.answered = self.skipped = self.overloaded = self.opened = self.probes = 0
        self.answered_s = 0.0
        self.recent_s: deque[float] = deque(maxlen=RECENT)
        self.failures: Counter[str] = Counter()
        self.last_cause = self.probe_cause = ""
        self.failed_at = self.probed_at = self.probe_at = 0.0
        self.used_at = breaker.since

    def note(self, cause: str, now: float) -> None:
        """A call failed."""
        self.failures[cause] += 1
        self.last_cause, self.failed_at = cause, now

    def latency_s(self, *shares: float) -> tuple[float, ...]:
        """Seconds within which these shares (above 0) of the last answers began; none where there was no answer yet."""
        found = sorted(self.recent_s)
        return tuple(found[math.ceil(len(found) * share) - 1] for share in shares) if found else ()


class Series:
    """The series of every endpoint, for the registry; what `vitals` and `in_flight` tell is read when asked for."""

    def __init__(
        self,
        vitals: Callable[[], tuple[Vitals, ...]],
        in_flight: Callable[[], Mapping[str, int]],
        now: Callable[[], float],
    ) -> None:
        self._vitals = vitals
        self._in_flight = in_flight
        self._now = now

    def collect(self) -> Iterable[Metric]:
        """Endpoints with the same label are added up; of their states, the worst is told."""
        vitals, now = self._vitals(), self._now()
        worst: dict[str, float] = {}
        for each in vitals:
            worst[each.label] = max(worst.get(each.label, 0), _LEVELS[each.breaker.shown(now)])
        yield _gauge("vaxel_producer_state", "0 closed, 1 half-open, 2 open", worst)
        busy = self._in_flight()
        under_way = Counter[str]()
        for each in vitals:
            under_way[each.label] += busy.get(f"{each.origin.host}:{each.origin.port}", 0)
        yield _gauge("vaxel_producer_in_flight", "Calls under way to the endpoint", under_way)
        yield _latency(vitals)
        for name, text, attribute in (
            ("vaxel_producer_answers", "Calls that the endpoint answered, faults included", "answered"),
            ("vaxel_producer_answer_seconds", "Seconds until answers began, in all", "answered_s"),
            ("vaxel_producer_skipped", "Calls refused since its breaker was open", "skipped"),
            ("vaxel_producer_overloaded", "Calls refused since too many were under way to it", "overloaded"),
            ("vaxel_breaker_openings", "Times that its breaker opened", "opened"),
            ("vaxel_probes", "Probes of the endpoint", "probes"),
        ):
            counts = Counter[str]()
            for each in vitals:
                counts[each.label] += getattr(each, attribute)
            yield _counter(name, text, counts)
        yield _failures(vitals)


def _gauge(name: str, text: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=["endpoint"])
    for label, value in values.items():
        family.add_metric([label], value)
    return family


def _counter(name: str, text: str, values: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily(name, text, labels=["endpoint"])
    for label, value in values.items():
        family.add_metric([label], value)
    return family


def _latency(vitals: tuple[Vitals, ...]) -> Metric:
    family = GaugeMetricFamily(
        "vaxel_producer_latency_seconds",
        f"Seconds until the answer began, of the last {RECENT} answers",
        labels=["endpoint", "quantile"],
    )
    for each in vitals:
        if each.label != OTHER:
            for quantile, value in zip(("0.5", "0.95"), each.latency_s(0.5, 0.95), strict=False):
                family.add_metric([each.label, quantile], value)
    return family


def _failures(vitals: tuple[Vitals, ...]) -> Metric:
    family = CounterMetricFamily("vaxel_producer_failures", "Calls that failed, by cause", labels=["endpoint", "cause"])
    counts = Counter[tuple[str, str]]()
    for each in vitals:
        for cause, count in each.failures.items():
            counts[each.label, cause] += count
    for labels, count in counts.items():
        family.add_metric(list(labels), count)
    return family
