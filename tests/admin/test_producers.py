"""Which endpoints the routes lead to, and how they are shown: trouble first, nobody left out."""

from datetime import UTC, date, datetime
from typing import Any

from tests.directory.build import COMPONENTS_ROWS, CONTRACT, DAY, load, route

from vaxel.adapters.breaker import Breaker, BreakerRules
from vaxel.adapters.vitals import Origin, Vitals
from vaxel.admin.producers import Moment, origins, overview, troubled, usages
from vaxel.directory.model import Directory

NOW = 1000.0
MOMENT = Moment(monotonic=NOW, utc=datetime(2026, 6, 15, 12, 0, 0, tzinfo=UTC))


def directory() -> Directory:
    addresses = "".join(f"  - {{id: {name}, name: U, kind: unit}}\n" for name in "ABCD")
    rows = (
        route("A", url="https://one/x")
        + route("B", url="https://ONE:443/y", producer="U")
        + route("C", url="http://two:81/")
        + route("D", url="http://past/", valid="from: 2020-01-01, until: 2020-12-31")
        + route("P", url="vaxel:monitoring")
    )
    return load(addresses=addresses, components=COMPONENTS_ROWS, routes=rows).directory


def vitals(host: str, port: int, failures: int = 0) -> Vitals:
    where = Origin("http", host, port)
    made = Vitals(where, Breaker(BreakerRules(failures=3, open_s=20), lambda: 0, NOW - 60), str(where))
    for _ in range(failures):
        made.breaker.failed(made.breaker.admit(NOW - 10) or 0, "producer.reset", NOW - 10)
        made.note("producer.reset", NOW - 10)
    return made


def test_routes_are_counted_by_where_they_lead_today() -> None:
    found = {str(where): usage for where, usage in usages(directory(), DAY).items()}
    assert sorted(found) == ["http://two:81", "https://one:443"]
    one = found["https://one:443"]
    assert (one.routes, one.addresses, one.contracts, one.components) == (2, {"A", "B"}, {CONTRACT}, {"T", "U"})
    assert [str(where) for where in usages(directory(), date(2020, 6, 1))].count("http://past:80") == 1


def test_every_endpoint_of_a_route_is_kept_whatever_the_day() -> None:
    assert {str(where) for where in origins(directory())} == {"https://one:443", "http://two:81", "http://past:80"}


def shown(*known: Vitals) -> list[dict[str, Any]]:
    return overview(known, usages(directory(), DAY), {"two:81": 7}, MOMENT)


def test_trouble_comes_first_and_the_unused_last() -> None:
    rows = shown(vitals("fine", 80), vitals("two", 81, failures=3))
    assert [(row["endpoint"], row["state"]) for row in rows] == [
        ("http://two:81", "open"),
        ("http://fine:80", "closed"),
        ("https://one:443", "unused"),
    ]
    first = rows[0]
    assert (first["in_flight"], first["next_test_s"], first["failures"]) == (7, 10, {"producer.reset": 3})
    assert first["since"] == first["last_failure"]["time"] == "2026-06-15T11:59:50+00:00"
    assert {frozenset(row) for row in rows} == {frozenset(first)}  # the same names in every row


def test_latency_is_told_where_there_was_an_answer() -> None:
    quick = vitals("two", 81)
    quick.recent_s.extend(number / 100 for number in range(1, 101))
    assert shown(quick)[0]["latency_ms"] == {"p50": 500, "p95": 950}
    assert shown(vitals("two", 81))[0]["latency_ms"] is None


def test_status_names_those_that_are_skipped() -> None:
    found = troubled([vitals("fine", 80, failures=2), vitals("two", 81, failures=3)], MOMENT)
    assert {where: (row["state"], row["cause"]) for where, row in found.items()} == {
        "http://two:81": ("open", "producer.reset")
    }
