"""What Prometheus sees of endpoints (SW-18.7)."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from vaxel.adapters.breaker import Breaker, BreakerRules
from vaxel.adapters.vitals import OTHER, Origin, Series, Vitals, origin


def vitals(host: str, label: str = "", *, failures: int = 0) -> Vitals:
    where = Origin("https", host, 443)
    made = Vitals(where, Breaker(BreakerRules(failures=3, open_s=60), lambda: 0, 0), label or str(where))
    for _ in range(failures):
        made.breaker.failed(made.breaker.admit(1) or 0, "producer.reset", 1)
        made.note("producer.reset", 1)
    return made


def test_each_endpoint_has_its_series_and_those_beyond_the_bound_share_theirs() -> None:
    one = vitals("one")
    one.answered, one.answered_s = 4, 1.0
    one.recent_s.extend((0.1, 0.2, 0.3, 0.4))
    every = (one, vitals("two", OTHER, failures=3), vitals("three", OTHER, failures=1))
    every[1].recent_s.append(9)
    registry = CollectorRegistry()
    registry.register(Series(lambda: every, lambda: {"one:443": 2, "two:443": 1, "three:443": 1}, lambda: 2))
    text = generate_latest(registry).decode()
    for line in (
        'vaxel_producer_state{endpoint="https://one:443"} 0.0',
        'vaxel_producer_state{endpoint="other"} 2.0',
        'vaxel_producer_in_flight{endpoint="https://one:443"} 2.0',
        'vaxel_producer_in_flight{endpoint="other"} 2.0',
        'vaxel_producer_latency_seconds{endpoint="https://one:443",quantile="0.5"} 0.2',
        'vaxel_producer_latency_seconds{endpoint="https://one:443",quantile="0.95"} 0.4',
        'vaxel_producer_answers_total{endpoint="https://one:443"} 4.0',
        'vaxel_producer_answer_seconds_total{endpoint="https://one:443"} 1.0',
        'vaxel_producer_failures_total{cause="producer.reset",endpoint="other"} 4.0',
    ):
        assert line + "\n" in text
    assert 'endpoint="other",quantile' not in text


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("http://A.example.se/b?c", "http://a.example.se:80"),
        ("https://a", "https://a:443"),
        ("https://[::1]:8/x", "https://[::1]:8"),
        ("vaxel:aggregate", "None"),
        ("http:///x", "None"),
        ("http://a:b/", "None"),
        ("", "None"),
    ],
)
def test_where_a_url_leads(url: str, found: str) -> None:
    assert str(origin(url)) == found
