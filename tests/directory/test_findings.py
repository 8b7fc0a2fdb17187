"""What is wrong with a directory as a whole: whatever the order of rows, the same is found (DI-3.4, DI-3.9, DI-8.12).

The table of findings, each with its line, is in test_load.py; here are the rules that need more than one row.
"""

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaxel.directory.findings import SOON, at, errors, warnings
from vaxel.directory.model import ALWAYS, TOP, Address, Component, Permission, Route, Valid, assemble

DAY = date(2026, 6, 15)
PLATFORM = (Address(id="P", name="p", kind="platform"), "a:1")
PRODUCER = (Component(id="T", roles=frozenset({"producer"})), "c:1")
CONSUMER = (Component(id="K", roles=frozenset({"consumer"})), "c:2")


def route(number: int, valid: Valid = ALWAYS, *, to: str = "*", url: str = "") -> Route:
    url = url or f"http://{number}.se/"
    return Route(
        to=(to,), contract=("urn:c",), producer="T", url=url, profile="rivtabp21", valid=valid, source=f"r:{number}"
    )


def permission(valid: Valid = ALWAYS) -> Permission:
    return Permission(consumer=("K",), to=("*",), contract=("urn:c",), valid=valid, source="p:1")


def ids(found: object) -> list[str]:
    return [finding.id for finding in found]  # type: ignore[attr-defined]


def days(first: int, last: int) -> Valid:
    return Valid(first=DAY + timedelta(days=first), last=DAY + timedelta(days=last))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)).map(sorted), max_size=5))
def test_routes_overlap_where_a_day_has_two(spans: list[list[int]]) -> None:
    """DI-3.4: something is told exactly where some day would have more than one route (VP006)."""
    rows = tuple(route(number, days(first, last)) for number, (first, last) in enumerate(spans))
    ambiguous = any(sum(row.valid.on(DAY + timedelta(days=day)) for row in rows) > 1 for day in range(10))
    for order in itertools.islice(itertools.permutations(rows), 6):
        found = errors((PLATFORM,), (PRODUCER,), order, ())
        assert bool(found) is ambiguous
        assert set(ids(found)) <= {"route.overlap", "row.contradiction"}


def test_the_same_row_twice_is_no_contradiction() -> None:
    """DI-2.1."""
    assert errors((PLATFORM,), (PRODUCER,), (route(1, url="http://a.se/"), route(2, url="http://a.se/")), ()) == ()


@given(st.lists(st.integers(0, 4), min_size=4, max_size=4))
def test_every_circle_of_parents_is_found_once(parents: list[int]) -> None:
    """DI-8.12; an address may have no parent, or one that is there."""
    addresses = tuple(
        (Address(id=str(number), name="n", parent=str(parent) if parent else ""), f"a:{number}")
        for number, parent in enumerate(parents, start=1)
    )
    told = [finding for finding in errors((PLATFORM, *addresses), (), (), ()) if "go round" in finding.what]
    assert len(told) == circles(dict(enumerate(parents, start=1)))
    assert all(" → " in finding.what for finding in told)


def circles(parents: dict[int, int]) -> int:
    """How many circles there are, found another way: the sets of those that come back to themselves."""
    found = set()
    for start in parents:
        path, here = [start], parents[start]
        while here and here not in path:
            path.append(here)
            here = parents[here]
        if here == start:
            found.add(frozenset(path))
    return len(found)


def test_the_top_is_no_unknown_parent() -> None:
    assert errors((PLATFORM, (Address(id="A", name="a", parent=TOP), "a:2")), (), (), ()) == ()


@pytest.mark.parametrize("left", [0, 7, 8, 30, 31, 60, 61, -1])
def test_rows_that_end_soon_are_told_of(left: int) -> None:
    """DI-9.5: 60, 30 and 7 days before."""
    row, granted = route(1, days(-9, left)), permission(days(-9, left))
    found = warnings(assemble((PLATFORM[0],), (), (row,), (granted,)), (), {"urn:c"}, DAY)
    assert ids(found) == (["route.expires-soon", "permission.expires-soon"] if 0 <= left <= 60 else [])
    assert all(f"within {min(each for each in SOON if left <= each)} days" in finding.what for finding in found)


def test_an_address_that_a_parent_reaches_is_reached() -> None:
    addresses = (PLATFORM, (Address(id="A", name="a", parent="B"), "a:2"), (Address(id="B", name="b"), "a:3"))
    for to, expected in (("B", []), ("A", ["a:3"]), (TOP, []), ("*", [])):
        directory = assemble(tuple(each for each, _ in addresses), (), (route(1, to=to),), (permission(),))
        found = [each for each in warnings(directory, addresses, {"urn:c"}, DAY) if each.id == "address.without-route"]
        assert [f"{each.file}:{each.line}" for each in found] == expected


def test_a_finding_knows_its_row() -> None:
    found = at("route.overlap", "routing/routes.yaml:12", "what", "remedy")
    assert (found.file, found.line, found.warning) == ("routing/routes.yaml", 12, False)
