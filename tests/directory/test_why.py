"""Both decisions in words (SW-8.4). That they are the journey's own is shown in tests/exchange/test_route.py."""

from build import COMPONENTS_ROWS, CONTRACT, DAY, load, permission, route

from vaxel.directory.resolve import RoutingRules
from vaxel.directory.why import why

TREE = "  - {id: A, name: a, parent: B}\n  - {id: B, name: b}\n"


def test_a_call_that_would_go_through() -> None:
    directory = load(
        addresses=TREE, components=COMPONENTS_ROWS, routes=route("B"), permissions=permission("*")
    ).directory
    told = why(directory, "C", "A", CONTRACT, DAY, RoutingRules())
    assert (told.code, told.cause) == ("", "")
    assert told.target is not None
    assert told.target.url == "http://t.example.se/x"
    assert (told.route_trace, told.route_rows) == ("A,(parent),B", ("routing/routes.yaml:3",))
    assert (told.permission_trace, told.permission_row) == ("A,(default),*", "routing/permissions.yaml:3")


def test_a_call_that_would_be_refused_twice() -> None:
    """SW-3.1: VP004 wins over VP007; both traces are told all the same."""
    told = why(load(addresses=TREE).directory, "C", "A", CONTRACT, DAY, RoutingRules())
    assert (told.code, told.target, told.route_rows, told.permission_row) == ("VP004", None, (), "")
    assert told.route_trace == "A,(parent),B,SE,(default),*"
    assert told.permission_trace == "A,(default),*,(parent),B,SE"
