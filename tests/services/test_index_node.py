import pytest
from rows import OWN

from vaxel.directory.model import ALWAYS, Address, Directory, Route, assemble
from vaxel.services.index_node import holds, reserved


def directory(*routes: Route) -> Directory:
    return assemble((Address(id=OWN, name="x", kind="platform"),), (), routes, ())


def route(to: str, url: str) -> Route:
    return Route(to=(to,), contract=("urn:x",), producer=OWN, url=url, profile="rivtabp21", valid=ALWAYS)


def test_no_engagement_names_the_index_or_the_platform() -> None:
    """EI-4.4."""
    assert reserved(directory(), "SE-INDEX") == {OWN.lower(), "se-index"}


@pytest.mark.parametrize(
    ("address", "held"), [("SE-INDEX", True), ("se-index", True), ("SE-ELSEWHERE", False), (OWN, False)]
)
def test_an_index_is_held_where_a_route_leads_to_it(address: str, *, held: bool) -> None:
    """EI-6.8."""
    routes = (route("SE-INDEX", "vaxel:engagement-index"), route("SE-ELSEWHERE", "https://index.example.org/"))
    assert holds(directory(*routes), address) is held
