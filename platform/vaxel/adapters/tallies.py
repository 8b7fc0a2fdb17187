"""Counts and histograms for the path of every call: a dictionary each, made Prometheus series when asked for (SW-18.7).

The client library's own take a lock and several calls for each increment; these are touched by the event loop only.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric


class Count:
    """A counter by labels."""

    def __init__(self, name: str, text: str, labels: tuple[str, ...] = ()) -> None:
        self._name, self._text, self._labels = name, text, labels
        self._values: defaultdict[tuple[str, ...], float] = defaultdict(float)

    def add(self, *labels: str, amount: float = 1) -> None:
        """Count for these label values."""
        self._values[labels] += amount

    def collect(self) -> Iterable[Metric]:
        """The series, for the registry."""
        family = CounterMetricFamily(self._name, self._text, labels=self._labels)
        for labels, value in tuple(self._values.items()):
            family.add_metric(labels, value)
        yield family


class Spread:
    """A histogram by one label, with upper bounds in ascending order."""

    def __init__(self, name: str, text: str, label: str, bounds: tuple[float, ...]) -> None:
        self._name, self._text, self._label, self._bounds = name, text, label, bounds
        self._counts: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (len(bounds) + 1))
        self._sums: defaultdict[str, float] = defaultdict(float)

    def add(self, label: str, value: float) -> None:
        """Count one value."""
        self._counts[label][bisect_left(self._bounds, value)] += 1
        self._sums[label] += value

    def collect(self) -> Iterable[Metric]:
        """The series, for the registry: cumulative counts, as Prometheus has them."""
        family = HistogramMetricFamily(self._name, self._text, labels=[self._label])
        for label, counts in tuple(self._counts.items()):
            total, buckets = 0, []
            for bound, count in zip((*map(str, self._bounds), "+Inf"), counts, strict=True):
                total += count
                buckets.append((bound, total))
            family.add_metric([label], buckets, self._sums[label])
        yield family
