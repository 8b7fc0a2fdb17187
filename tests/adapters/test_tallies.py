"""Tallies are the series that monitors read."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from vaxel.adapters.tallies import Count, Spread


def lines(registry: CollectorRegistry) -> list[str]:
    return sorted(line for line in generate_latest(registry).decode().splitlines() if "_created" not in line)


def test_they_say_what_the_client_librarys_own_would_say() -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    count, spread = Count("a", "A", ("x", "y")), Spread("b", "B", "phase", (0.5, 1, 2))
    ours.register(count)
    ours.register(spread)
    counter = Counter("a", "A", ["x", "y"], registry=theirs)
    histogram = Histogram("b", "B", ["phase"], registry=theirs, buckets=(0.5, 1, 2))
    for value in (0.1, 0.5, 0.7, 1, 3):
        count.add("one", "two", amount=value)
        counter.labels("one", "two").inc(value)
        spread.add("in", value)
        histogram.labels("in").observe(value)
    assert [line.replace('"1"', '"1.0"').replace('"2"', '"2.0"') for line in lines(ours)] == lines(theirs)
