"""The directory in memory: every combination of a row finds it, equal statements count once (DI-2.1 to DI-2.6)."""

import random
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaxel.directory.model import ALWAYS, TOP, Address, Component, Permission, Route, Valid, assemble, index_routes

PLATFORM = Address(id="P", name="p", kind="platform")
DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))
PERIODS = st.builds(lambda one, other: Valid(first=min(one, other), last=max(one, other)), DAYS, DAYS)


def route(
    to: tuple[str, ...], contract: tuple[str, ...] = ("C",), url: str = "http://a.se/", valid: Valid = ALWAYS
) -> Route:
    return Route(to=to, contract=contract, producer="T", url=url, profile="rivtabp21", valid=valid)


def permission(consumer: tuple[str, ...], agreement: str = "") -> Permission:
    return Permission(consumer=consumer, to=("A",), contract=("C",), valid=ALWAYS, agreement=agreement)


@given(PERIODS, DAYS)
def test_a_period_holds_both_its_ends(period: Valid, day: date) -> None:
    """DI-3.1."""
    assert period.on(period.first)
    assert period.on(period.last)
    assert period.on(day) is not (day < period.first or day > period.last)
    assert not period.on(period.last + timedelta(days=1))


@given(PERIODS, PERIODS)
def test_periods_overlap_where_they_share_a_day(one: Valid, other: Valid) -> None:
    """DI-3.4: inclusive."""
    shared = max(one.first, other.first) <= min(one.last, other.last)
    assert one.overlaps(other) is other.overlaps(one) is shared


@given(
    st.lists(st.lists(st.sampled_from("ABab"), min_size=1, max_size=3), max_size=4), st.randoms(use_true_random=False)
)
def test_every_combination_finds_its_rows(lists: list[list[str]], order: random.Random) -> None:
    """DI-2.1, DI-2.2: without case, and independent of the order of files."""
    rows = [route(tuple(to), ("C", "D"), f"http://{number}.se/") for number, to in enumerate(lists)]
    expected = {
        (to.lower(), contract): {row.url for row in rows if to.lower() in {each.lower() for each in row.to}}
        for row in rows
        for to in row.to
        for contract in ("c", "d")
    }
    order.shuffle(rows)
    assert {key: {row.url for row in found} for key, found in index_routes(tuple(rows)).items()} == expected


def test_equal_statements_count_once() -> None:
    """DI-2.1: the same row from two entries is one; another agreement is another."""
    rows = (route(("A",)), route(("A", "B")), route(("A",), url="http://b.se/"))
    permissions = (permission(("K",)), permission(("k", "L")), permission(("K",), "x"))
    directory = assemble((PLATFORM,), (), rows, permissions)
    assert {key: len(found) for key, found in directory.by_route.items()} == {("a", "c"): 2, ("b", "c"): 1}
    assert {key: len(found) for key, found in directory.by_permission.items()} == {
        ("k", "a", "c"): 2,
        ("l", "a", "c"): 1,
    }


def test_parents_and_components() -> None:
    """DI-8.3: without parent is below `SE`; components are found without case."""
    addresses = (PLATFORM, Address(id="Aa", name="a", parent="P"))
    directory = assemble(addresses, (Component(id="Kk"),), (), ())
    assert directory.parents == {"P": TOP, "Aa": "P"}
    assert directory.parents_without_case == {"p": TOP, "aa": "P"}
    assert (directory.platform, directory.component("kK"), directory.component("x")) == (
        PLATFORM,
        Component(id="Kk"),
        None,
    )


@pytest.mark.parametrize("addresses", [(), (PLATFORM, PLATFORM), (Address(id="A", name="a"),)])
def test_exactly_one_address_is_the_platform(addresses: tuple[Address, ...]) -> None:
    """DI-2.6, SW-19.4."""
    with pytest.raises(ValueError, match="platform"):
        assemble(addresses, (), (), ())
