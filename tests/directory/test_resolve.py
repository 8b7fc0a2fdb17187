"""Routing rule by rule (switch.md section 7), and against an oracle that was written another way."""

from datetime import date

import pytest
from build import COMPONENTS_ROWS, CONTRACT, DAY, load, route
from hypothesis import given
from hypothesis import strategies as st

from vaxel.call import Target
from vaxel.directory.model import Address, Route, Valid, assemble
from vaxel.directory.resolve import Resolution, RoutingRules, resolve
from vaxel.errors import Refusal

TREE = "  - {id: A, name: a, parent: B}\n  - {id: B, name: b, parent: D}\n  - {id: D, name: d}\n"
RULES = RoutingRules()


def resolved(
    receiver: str, *routes: str, rules: RoutingRules = RULES, day: date = DAY, sub_call: bool = False
) -> Resolution:
    directory = load(addresses=TREE, components=COMPONENTS_ROWS, routes="".join(routes)).directory
    return resolve(directory, receiver, CONTRACT.upper(), day, rules, sub_call=sub_call)


def outcome(found: Resolution) -> str:
    return found.outcome.url if isinstance(found.outcome, Target) else f"{found.outcome.code} {found.outcome.cause}"


@pytest.mark.parametrize(
    ("receiver", "to", "trace"),
    [
        ("A", "A", "A"),
        ("a", "A", "a"),
        ("A", "B", "A,(parent),B"),
        ("A", "D", "A,(parent),B,D"),
        ("A", "*", "A,(parent),B,D,SE,(default),*"),
        ("Unknown", "*", "Unknown,(parent),SE,(default),*"),
        ("X#A", "A", "(leaf),A"),
        ("A#X", "A", "(leaf),X,A"),
        ("A##A#", "A", "(leaf),A"),
    ],
)
def test_the_first_level_with_a_route_decides(receiver: str, to: str, trace: str) -> None:
    """SW-7.1, SW-7.7; the trace as national logs write it."""
    found = resolved(receiver, route(to))
    assert (outcome(found), found.trace) == ("http://t.example.se/x", trace)


@pytest.mark.parametrize(
    ("receiver", "expected"),
    [
        ("", "VP003 request.logical-address-missing"),
        (" \t", "VP003 request.logical-address-missing"),
        ("A ", "VP004 routing.no-route-whitespace"),
        ("B", "VP004 routing.no-route"),
        ("X#Y", "VP004 routing.no-route"),
        ("#", "VP004 routing.no-route"),
    ],
)
def test_no_target(receiver: str, expected: str) -> None:
    """SW-7.3, SW-4.3."""
    assert outcome(resolved(receiver, route("A"))) == expected


def test_a_default_route_is_not_for_delimited_addresses() -> None:
    assert outcome(resolved("X#Y", route("*"))).startswith("VP004")


def test_days_are_inclusive() -> None:
    """DI-3.1."""
    row = route("A", valid="from: 2026-06-15, until: 2026-06-15")
    assert outcome(resolved("A", row)) == "http://t.example.se/x"
    for day in (date(2026, 6, 14), date(2026, 6, 16)):
        assert outcome(resolved("A", row, day=day)).startswith("VP004")


def test_the_tree_by_contract() -> None:
    """SW-7.4."""
    assert outcome(resolved("A", route("B"), rules=RoutingRules(tree_routes=False))).startswith("VP004")
    excepted = RoutingRules(tree_routes_except=("", "urn:riv:a:"))
    assert outcome(resolved("A", route("B"), rules=excepted)).startswith("VP004")
    inverted = RoutingRules(tree_routes=False, tree_routes_except=("urn:riv:a:",))
    assert outcome(resolved("A", route("B"), rules=inverted)) == "http://t.example.se/x"


def test_the_tree_is_searched_with_case() -> None:
    """SW-7.8."""
    assert outcome(resolved("a", route("B"))).startswith("VP004")
    assert outcome(resolved("a", route("B"), rules=RoutingRules(tree_ignore_case=True))) == "http://t.example.se/x"


def test_a_sub_call_never_meets_the_aggregator() -> None:
    """SW-7.9: the lookup climbs on as if the row were absent."""
    rows = (route("A", url="vaxel:aggregate"), route("*"))
    assert outcome(resolved("A", *rows)) == "vaxel:aggregate"
    assert outcome(resolved("A", *rows, sub_call=True)) == "http://t.example.se/x"


def ambiguous(*urls: str) -> Resolution:
    valid = Valid(first=DAY, last=DAY)
    routes = tuple(
        Route(to=("A",), contract=(CONTRACT,), producer="T", url=url, profile="RIVTABP21", valid=valid) for url in urls
    )
    platform = Address(id="P", name="p", kind="platform")
    return resolve(assemble((platform,), (), routes, ()), "A", CONTRACT, DAY, RULES)


def test_rows_that_the_files_would_not_let_pass() -> None:
    """SW-7.2, SW-7.3, SW-7.6: a directory may come from elsewhere."""
    assert outcome(ambiguous("http://a.se/", "http://b.se/")) == "VP006 routing.ambiguous"
    assert outcome(ambiguous(" ")) == "VP010 routing.address-empty"
    for url in ("mailto:x@y.se", "http://", "https://[::1", "http://h:99999/", "vaxel:", "//h/"):
        assert outcome(ambiguous(url)) == "VP010 routing.address-invalid"


IDS = ("A", "B", "D", "X", "a")


@given(
    routed=st.lists(st.sampled_from([*IDS, "*"]), unique_by=str.lower, max_size=5),
    receiver=st.lists(st.sampled_from([*IDS, ""]), min_size=1, max_size=3).map("#".join),
)
def test_an_oracle_agrees(routed: list[str], receiver: str) -> None:
    """The table of section 7 as a list of steps, looked through in order."""
    url = {name.lower(): f"http://{number}.se/" for number, name in enumerate(routed)}
    valid = Valid(first=DAY, last=DAY)
    routes = tuple(
        Route(to=(name,), contract=(CONTRACT,), producer="T", url=url[name.lower()], profile="rivtabp21", valid=valid)
        for name in routed
    )
    addresses = tuple(
        Address(id=name, name=name, parent=parent) for name, parent in (("A", "B"), ("B", "D"), ("D", ""))
    )
    platform = Address(id="P", name="p", kind="platform")
    expected = oracle(receiver, url)
    for order in (routes, routes[::-1]):
        found = resolve(assemble((platform, *addresses), (), order, ()), receiver, CONTRACT, DAY, RULES).outcome
        assert (found.code if isinstance(found, Refusal) else found.url) == expected


def oracle(receiver: str, url: dict[str, str]) -> str:
    if not receiver:
        return "VP003"
    if "#" in receiver:
        tried = [part for part in receiver.split("#") if part][::-1]
    else:
        climb = {"A": ["B", "D"], "B": ["D"]}.get(receiver, [])
        tried = [receiver, *climb, "SE", "*"]
    return next((url[name.lower()] for name in tried if name.lower() in url), "VP004")
