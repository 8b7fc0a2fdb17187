"""Who produces and who consumes a contract."""

from build import COMPONENTS_ROWS, CONTRACT, DAY, load, permission, route

from vaxel.directory.parties import Party, consumers, producers

ENDED = "until: 2026-06-14"
ADDRESSES = "".join(f"  - {{id: {name}, name: Unit}}\n" for name in ("A", "B", "C"))


def test_producers_are_those_of_todays_routes() -> None:
    rows = (
        route("A")
        + route("a", url="http://t.example.se/x")
        + route("B")
        + route("*", producer="U")
        + route("C", producer="U", valid=ENDED)
    )
    directory = load(addresses=ADDRESSES, components=COMPONENTS_ROWS, routes=rows).directory
    assert producers(directory, CONTRACT.upper(), DAY) == (
        Party(component="T", name="", addresses=2, default=False),
        Party(component="U", name="", addresses=0, default=True),
    )
    assert producers(directory, "urn:other", DAY) == ()


def test_consumers_are_those_of_todays_permissions() -> None:
    components = "  - {id: C, name: Overview, roles: [consumer]}\n  - {id: D, roles: [consumer]}\n"
    rows = permission("A") + permission("*") + permission("A", consumer="D", valid=ENDED)
    directory = load(addresses=ADDRESSES, components=components, permissions=rows).directory
    assert consumers(directory, CONTRACT, DAY) == (Party(component="C", name="Overview", addresses=1, default=True),)
