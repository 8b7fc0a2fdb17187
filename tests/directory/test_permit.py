"""Permission rule by rule (switch.md section 8)."""

import pytest
from build import COMPONENTS_ROWS, CONTRACT, DAY, load, permission, route

from vaxel.directory.permit import Permit, permit
from vaxel.directory.resolve import RoutingRules
from vaxel.directory.why import why

TREE = "  - {id: A, name: a, parent: B}\n  - {id: B, name: b}\n"
RULES = RoutingRules()


def judged(receiver: str, to: str, rules: RoutingRules = RULES, sender: str = "c") -> tuple[bool, str]:
    directory = load(addresses=TREE, components=COMPONENTS_ROWS, permissions=permission(to)).directory
    found = permit(directory, sender, receiver, CONTRACT.upper(), DAY, rules)
    return isinstance(found, Permit), found.trace


@pytest.mark.parametrize(
    ("receiver", "to", "permitted", "trace"),
    [
        ("A", "A", True, "A"),
        ("A", "*", True, "A,(default),*"),
        ("A", "B", True, "A,(default),*,(parent),B"),
        ("B", "A", False, "B,(default),*,(parent),SE"),
        ("A#X", "A", True, "(leaf),X,A"),
        ("X#Y", "*", False, "(leaf),Y,X"),
        ("A#B#X", "A", False, "(leaf),Invalid parameters"),
    ],
)
def test_the_order_of_permission(receiver: str, to: str, permitted: bool, trace: str) -> None:
    assert judged(receiver, to) == (permitted, trace)


def test_delimited_addresses_only_for_listed_contracts_and_senders() -> None:
    for rules in (
        RoutingRules(default_routing_contracts=("urn:other",)),
        RoutingRules(default_routing_senders=("other",)),
    ):
        assert judged("A#X", "A", rules) == (False, "(leaf),Invalid parameters")
    listed = RoutingRules(default_routing_contracts=(CONTRACT,), default_routing_senders=("C",))
    assert judged("A#X", "A", listed)[0]


def test_another_sender_is_denied() -> None:
    assert not judged("A", "*", sender="T")[0]


def test_why_tells_both_decisions() -> None:
    """SW-8.4, SW-3.1: VP004 wins over VP007; the rows are named."""
    directory = load(
        addresses=TREE, components=COMPONENTS_ROWS, routes=route("A"), permissions=permission("B")
    ).directory
    rules = RoutingRules()
    told = why(directory, "C", "A", CONTRACT, DAY, rules)
    assert (told.code, told.route_rows, told.permission_row) == (
        "",
        ("routing/routes.yaml:3",),
        "routing/permissions.yaml:3",
    )
    assert why(directory, "T", "A", CONTRACT, DAY, rules).code == "VP007"
    assert why(directory, "T", "B", CONTRACT, DAY, rules).code == "VP004"
    assert why(directory, "C", "A#X#Y", CONTRACT, DAY, rules).code == "VP007"
