"""The quality report as values: grouping, bounds, and what is kept of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaxel.contracts.quality import OTHERS, Bounds, Kind, Message, Quality, Subject, kind, totals
from vaxel.contracts.validate import NEWER_MINOR, Violation

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def subject(party: str = "P1", contract: str = "urn:a", message: Message = "response") -> Subject:
    return Subject(contract=contract, message=message, party=party)


def violation(path: str = "a/b", rule: str = "pattern-valid", line: int = 1) -> Violation:
    return Violation(line=line, path=path, rule=rule, reason="because")


def test_violations_are_grouped_by_path_rule_and_reason() -> None:
    """CO-7.9: positions and lines are of a message, not of a kind."""
    quality = Quality()
    for minutes, position in enumerate((1, 2, 7)):
        quality.seen(subject())
        quality.checked(subject(), (violation(f"a/b[{position}]/c", line=position),), NOON + timedelta(minutes=minutes))
    [row] = quality.rows()
    assert (row["seen"], row["checked"], row["violating"]) == (3, 3, 3)
    [found] = row["violations"]
    assert (found["path"], found["count"]) == ("a/b/c", 3)
    assert (found["first"], found["last"]) == ("2026-03-01T12:00:00+00:00", "2026-03-01T12:02:00+00:00")


def test_the_most_frequent_stands_first_and_rows_are_in_order() -> None:
    quality = Quality()
    for party in ("P2", "p1"):
        quality.checked(subject(party), (violation("a"), violation("b")), NOON)
        quality.checked(subject(party), (violation("b"),), NOON)
    assert [row["party"] for row in quality.rows()] == ["p1", "P2"]
    assert [each["path"] for each in quality.rows()[0]["violations"]] == ["b", "a"]
    assert [row["party"] for row in quality.rows(party="p2")] == ["P2"]
    assert quality.rows(contract="urn:b") == []
    assert quality.rows(message="request") == []


@pytest.mark.parametrize(
    ("violations", "outcome", "violating"),
    [
        ((), "valid", 0),
        ((violation(rule=NEWER_MINOR),), "newer-minor", 0),
        ((violation(rule=NEWER_MINOR), violation()), "violating", 1),
    ],
)
def test_the_outcome_of_a_check(violations: tuple[Violation, ...], outcome: str, violating: int) -> None:
    quality = Quality()
    assert quality.checked(subject(), violations, NOON) == outcome
    assert quality.rows()[0]["violating"] == violating


def test_parties_and_kinds_are_bounded() -> None:
    quality = Quality(Bounds(parties=2, kinds=2, all_kinds=3))
    for party in ("P1", "P2", "P3", "P4"):
        quality.seen(subject(party))
        quality.checked(subject(party), tuple(violation(str(number)) for number in range(3)), NOON)
    rows = {row["party"]: row for row in quality.rows()}
    assert set(rows) == {"P1", "P2", OTHERS}
    assert rows[OTHERS]["seen"] == 2
    assert [len(row["violations"]) for row in rows.values()] == [0, 2, 1]
    assert (
        sum(row["other_violations"] + sum(each["count"] for each in row["violations"]) for row in rows.values()) == 12
    )


def test_parties_are_bounded_in_all() -> None:
    quality = Quality(Bounds(all_parties=2))
    for contract in ("urn:a", "urn:b", "urn:c"):
        quality.seen(subject("P", contract))
    assert [(row["contract"], row["party"]) for row in quality.rows()] == [
        ("urn:a", "P"),
        ("urn:b", "P"),
        ("urn:c", OTHERS),
    ]


def test_a_kind_is_of_no_single_message() -> None:
    found = kind(violation("Get/a[1]/x[22]", line=7))
    assert found == Kind(path="Get/a/x", rule="pattern-valid", reason="because")
    assert len(kind(violation("long/" * 1000)).path) == 300


def test_totals_add_up_by_message() -> None:
    quality = Quality()
    quality.seen(subject("P1"))
    quality.seen(subject("P2"))
    quality.skipped(subject("P2"))
    quality.checked(subject("C", message="request"), (violation(),), NOON)
    added = totals(quality.rows())
    assert (added["response"]["seen"], added["response"]["skipped"]) == (2, 1)
    assert (added["request"]["checked"], added["request"]["violating"]) == (1, 1)


told = st.tuples(
    st.sampled_from(["P1", "P2", "P3"]),
    st.sampled_from(["request", "response"]),
    st.lists(st.text("ab/", max_size=3), max_size=3),
)


@given(st.lists(told, max_size=30))
def test_what_is_kept_is_what_was_there(events: list[tuple[str, Any, list[str]]]) -> None:
    quality = Quality()
    for minutes, (party, message, paths) in enumerate(events):
        whose = subject(party, message=message)
        quality.seen(whose)
        quality.checked(whose, tuple(map(violation, paths)), NOON + timedelta(minutes=minutes))
    again = Quality()
    again.restore(orjson.loads(orjson.dumps(quality.rows())))
    assert again.rows() == quality.rows()


@pytest.mark.parametrize("rows", [[{}], [1], None, [{"contract": "c", "party": "p", "message": "other"}]])
def test_what_is_no_report_is_refused(rows: Any) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Quality().restore(rows)
