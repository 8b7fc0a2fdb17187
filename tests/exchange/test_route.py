"""Steps 5 and 6 as layers: what they decide is `directory`'s; here, what they make of it (SW-3.1, SW-5.16, SW-17.1)."""

import asyncio
from datetime import date

import pytest
from build import COMPONENTS_ROWS, CONTRACT, DAY, load, permission, route
from hypothesis import given
from hypothesis import strategies as st
from steps import call, message

from vaxel.call import Body, Call, Reply, onion
from vaxel.directory.model import Directory
from vaxel.directory.resolve import RoutingRules
from vaxel.directory.why import why
from vaxel.errors import NoDirectory, NotPermitted, Refusal
from vaxel.exchange.route import permission as permitting
from vaxel.exchange.route import routing

RULES = RoutingRules()
TREE = "  - {id: A, name: a, parent: B}\n  - {id: B, name: b, parent: D}\n  - {id: D, name: d}\n"
IDS = ("A", "B", "D", "*")


def today() -> date:
    return DAY


async def core(call: Call) -> Reply:
    return Reply(status=200, headers=(), body=Body.whole(f"{call.target.url} {call.target.producer}".encode()))


def steps(directory: Directory | None, asked: Call) -> Reply:
    handler = onion([routing(directory, RULES, today), permitting(directory, RULES, today)], core)
    return asyncio.run(handler(asked))  # type: ignore[arg-type] # a handler is a coroutine function


def asked(receiver: str = "A", sender: str = "C") -> Call:
    return call(message(f'<GetX xmlns="{CONTRACT}"/>', receiver), sender=sender)


def directory(routes: str = "", permissions: str = "") -> Directory:
    return load(addresses=TREE, components=COMPONENTS_ROWS, routes=routes, permissions=permissions).directory


def test_a_call_gets_its_target_and_its_trail() -> None:
    made = asked()
    reply = steps(directory(route("B"), permission("*")), made)
    assert reply.body.start == b"http://t.example.se/x T"
    assert (made.trail.route, made.trail.permission, made.trail.producer) == ("A,(parent),B", "A,(default),*", "T")


@pytest.mark.parametrize("layer", [routing, permitting])
def test_without_a_directory(layer: object) -> None:
    """SW-17.1: VP008, by either step."""
    with pytest.raises(NoDirectory):
        asyncio.run(layer(None, RULES, today)(core)(asked()))  # type: ignore[operator]


def test_a_denial_says_who_what_and_where() -> None:
    made = asked(sender="T")
    with pytest.raises(NotPermitted) as caught:
        steps(directory(route("A"), permission("A")), made)
    assert caught.value.fields == {"serviceNamespace": CONTRACT, "receiverId": "A", "senderId": "T"}
    assert made.trail.route == "A"


@given(
    routed=st.lists(st.sampled_from(IDS), unique=True, max_size=3),
    permitted=st.lists(st.sampled_from(IDS), unique=True, max_size=3),
    receiver=st.sampled_from(["A", "B", "a", "X", "", " ", "A#B", "A#B#D", "#", "X#A", "A "]),
    sender=st.sampled_from(["C", "c", "T"]),
)
def test_why_agrees_with_the_journey(routed: list[str], permitted: list[str], receiver: str, sender: str) -> None:
    """SW-8.4: for every input, the codes, causes and traces that the steps come to."""
    rows = directory("".join(map(route, routed)), "".join(map(permission, permitted)))
    told = why(rows, sender, receiver, CONTRACT, DAY, RULES)
    made = asked(receiver, sender)
    code, cause = "", ""
    try:
        steps(rows, made)
    except Refusal as refusal:
        code, cause = refusal.code, refusal.cause
    assert (told.code, told.cause, told.route_trace) == (code, cause, made.trail.route)
    if code in {"", "VP007"}:
        assert told.permission_trace == made.trail.permission
        assert told.target is not None
    if not code:
        assert told.route_rows[0].startswith("routing/routes.yaml:")
        assert told.permission_row.startswith("routing/permissions.yaml:")
