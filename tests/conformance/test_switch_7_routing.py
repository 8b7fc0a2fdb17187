"""Routing: switch.md section 7.

The table of steps with its traces (SW-7.1), SW-7.3, SW-7.4, SW-7.6, SW-7.8 and SW-7.9 are gone through in
directory/test_resolve.py, with an oracle that was written another way; here is what remains, and what is seen on the wire.
"""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scene import UNIT, UNKNOWN, Scene, message
from steps import CONTRACT

from vaxel.call import Target
from vaxel.directory.model import ALWAYS, TOP, Address, Directory, Route, Valid, assemble
from vaxel.directory.resolve import RoutingRules, ancestors, delimited, resolve
from vaxel.errors import Refusal

pytestmark = pytest.mark.asyncio(loop_scope="module")

DAY = date(2026, 6, 15)
RULES = RoutingRules()
PLATFORM_ADDRESS = Address(id="P", name="p", kind="platform")
OPEN = message(f'<GetNothing xmlns="{UNKNOWN}"/>')


def directory(*rows: tuple[str, str, str], parents: dict[str, str] | None = None, valid: Valid = ALWAYS) -> Directory:
    """Rows of address, URL and profile; parents by address."""
    routes = tuple(
        Route(to=(to,), contract=(CONTRACT,), producer="T", url=url, profile=profile, valid=valid)
        for to, url, profile in rows
    )
    addresses = tuple(Address(id=each, name="n", parent=parent) for each, parent in (parents or {}).items())
    return assemble((PLATFORM_ADDRESS, *addresses), (), routes, ())


def outcome(found: Directory, receiver: str, rules: RoutingRules = RULES, contract: str = CONTRACT) -> str:
    outcome = resolve(found, receiver, contract, DAY, rules).outcome
    return f"{outcome.code} {outcome.cause}" if isinstance(outcome, Refusal) else outcome.url


@pytest.mark.parametrize(
    ("receiver", "trace"),
    [
        ("X#A", "(leaf),A,X"),
        ("A", "A,(parent),B,SE,(default),*"),
        ("U", "U,(parent),SE,(default),*"),
        ("A#A#a", "(leaf),a"),
    ],
)
async def test_sw_7_1_traces_of_every_level(receiver: str, trace: str) -> None:
    """What is looked up where nothing is found: parts from the right, then none; else exact, tree up to `SE`, `*`."""
    assert resolve(directory(parents={"A": "B", "B": ""}), receiver, CONTRACT, DAY, RULES).trace == trace


async def test_sw_7_1_the_first_level_with_a_valid_route_decides() -> None:
    """A route that has ended does not; nearer parents win over farther ones, the tree over `*`."""
    parents = {"A": "B", "B": "D", "D": ""}
    rows = [(to, f"http://{to.strip('*') or 'any'}.se/", "rivtabp21") for to in ("A", "B", "D", TOP, "*")]
    while rows:
        assert outcome(directory(*rows, parents=parents), "A") == rows[0][1]
        rows.pop(0)
    ended = Valid(first=date.min, last=date(2026, 6, 14))
    assert outcome(directory(("A", "http://a.se/", "rivtabp21"), valid=ended), "A") == "VP004 routing.no-route"


@pytest.mark.parametrize("profile", ["rivtabp21", "rivtabp20"])
async def test_sw_7_2_two_valid_routes(profile: str) -> None:
    """Also where their profiles differ: the profile is no part of the key."""
    rows = (("A", "http://a.se/", "rivtabp21"), ("A", "http://b.se/", profile), ("*", "http://c.se/", "rivtabp21"))
    assert outcome(directory(*rows), "A") == "VP006 routing.ambiguous"


@pytest.mark.parametrize(
    ("url", "cause"), [("", "empty"), (" ", "empty"), ("x", "invalid"), ("ftp://a.se/", "invalid")]
)
async def test_sw_7_3_a_route_without_a_usable_address(url: str, cause: str) -> None:
    """SW-7.6: by parsing, not by a substring."""
    assert outcome(directory(("A", url, "rivtabp21")), "A") == f"VP010 routing.address-{cause}"


@pytest.mark.parametrize(
    ("stated", "contract", "climbs"),
    [
        ({}, CONTRACT, True),
        ({"tree_routes": False}, CONTRACT, False),
        ({"tree_routes_except": (CONTRACT,)}, CONTRACT, False),
        ({"tree_routes_except": ("urn:riv:a:",)}, CONTRACT.upper(), False),
        ({"tree_routes_except": ("", " ")}, CONTRACT, True),
        ({"tree_routes": False, "tree_routes_except": ("urn:riv:a:",)}, CONTRACT, True),
    ],
)
async def test_sw_7_4_the_tree_by_contract(stated: dict[str, object], contract: str, climbs: bool) -> None:
    found = directory(("B", "http://b.se/", "rivtabp21"), parents={"A": "B", "B": ""})
    rules = RoutingRules(**stated)  # type: ignore[arg-type]
    assert outcome(found, "A", rules, contract) == ("http://b.se/" if climbs else "VP004 routing.no-route")


@pytest.mark.parametrize(("delimiter", "receiver"), [("#", "X#A"), ("::", "X::A"), ("", "X#A")])
async def test_sw_7_4_the_delimiter(delimiter: str, receiver: str) -> None:
    """Empty switches step 1 off: then the whole is one address."""
    found = directory(("A", "http://a.se/", "rivtabp21"), ("X#A", "http://whole.se/", "rivtabp21"))
    expected = "http://a.se/" if delimiter else "http://whole.se/"
    assert outcome(found, receiver, RoutingRules(delimiter=delimiter)) == expected


@pytest.mark.parametrize("path", ["/a/b?c=d&e=%20f", "/", "/a//b/../c", "/%C3%A5?x", "/a?b=1?c"])
async def test_sw_7_5_the_address_is_used_as_it_is_written(stage: Scene, path: str) -> None:
    stage.write("routing/routes.yaml", stage.routes_of(f"[{UNKNOWN}]", url=f"http://127.0.0.1:{stage.port}{path}"))
    assert (await stage.platform.reload())["successful"]
    assert (await stage.call(OPEN)).status == 200
    (seen,) = stage.producer.seen
    written = seen["raw_path"] + (b"?" + seen["query"] if seen["query"] else b"")
    assert written == path.encode()


@given(
    st.dictionaries(st.sampled_from("ABCDE"), st.sampled_from([*"ABCDE", "", TOP]), max_size=5),
    st.sampled_from("ABCDEX"),
)
def climbs_end(parents: dict[str, str], start: str) -> None:
    climb = list(ancestors(directory(parents=parents), start, RULES))
    assert len(climb) == len(set(climb)) <= len(parents) + 1
    assert start not in climb


async def test_sw_7_7_a_climb_ends_whatever_the_parents_are() -> None:
    """A cycle ends it; empty parts of a delimited address are ignored."""
    climbs_end()
    assert list(ancestors(directory(parents={"A": "B", "B": "A"}), "A", RULES)) == ["B"]
    assert delimited("#X##A#", RULES) == ("A", "X")
    assert outcome(directory(("A", "http://a.se/", "rivtabp21")), "##A##") == "http://a.se/"


@pytest.mark.parametrize("receiver", ["A", "a"])
async def test_sw_7_8_keys_without_case_but_the_tree_with_it(receiver: str) -> None:
    """By setting the tree is tried again without."""
    exact = directory(("A", "http://a.se/", "rivtabp21"))
    assert outcome(exact, receiver, contract=CONTRACT.upper()) == "http://a.se/"
    above = directory(("B", "http://b.se/", "rivtabp21"), parents={"A": "B"})
    assert outcome(above, receiver) == ("http://b.se/" if receiver == "A" else "VP004 routing.no-route")
    assert outcome(above, receiver, RoutingRules(tree_ignore_case=True)) == "http://b.se/"


async def test_sw_7_9_a_sub_call_climbs_past_the_aggregator() -> None:
    """Depth is 1; that no header makes a sub-call is shown in exchange/test_door.py."""
    found = directory(("A", "vaxel:aggregate", "rivtabp21"), ("B", "http://b.se/", "rivtabp21"), parents={"A": "B"})
    assert outcome(found, "A") == "vaxel:aggregate"
    inner = resolve(found, "A", CONTRACT, DAY, RULES, sub_call=True).outcome
    assert isinstance(inner, Target)
    assert inner.url == "http://b.se/"
    alone = directory(("*", "vaxel:aggregate", "rivtabp21"))
    refused = resolve(alone, "A", CONTRACT, DAY, RULES, sub_call=True).outcome
    assert isinstance(refused, Refusal)
    assert refused.code == "VP004"


async def test_sw_7_6_a_service_that_the_platform_lacks(stage: Scene) -> None:
    stage.write("routing/routes.yaml", stage.routes_of(f"[{UNKNOWN}]", url="vaxel:nothing"))
    assert (await stage.platform.reload())["successful"]
    answer = await stage.call(OPEN)
    assert (answer.code, answer.cause) == ("VP010", "routing.address-invalid")


async def test_sw_7_1_the_trace_is_in_journal_and_log(stage: Scene) -> None:
    stage.write("routing/routes.yaml", stage.routes_of(f"[{UNKNOWN}]").replace(f"[{UNIT}]", "[SE2321000016-0000]"))
    assert (await stage.platform.reload())["successful"]
    stage.fresh()
    assert (await stage.call(OPEN)).status == 200
    (closed,) = stage.journal("closed")
    (line,) = stage.call_lines()
    assert closed["route"] == line["labels.routerVagvalTrace"] == f"{UNIT},(parent),SE2321000016-0000"
    assert closed["permission"] == line["labels.routerBehorighetTrace"] == f"{UNIT},(default),*"
