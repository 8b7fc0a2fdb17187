"""Everything that can be wrong with the operator's files, told at once with line and remedy (directory.md section 3)."""

import pytest
from build import COMPONENTS_ROWS, CONTRACT, files, load, permission, route

from vaxel.directory.load import load_directory
from vaxel.directory.model import Owner
from vaxel.errors import DataError

UNIT = "  - {id: A, name: Unit, kind: unit}\n"


def found(**rows: str) -> list[tuple[str, int]]:
    with pytest.raises(DataError) as caught:
        load(**rows)
    return [(finding.id, finding.line) for finding in caught.value.findings]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ({"addresses": "  - {id: 'A B', name: x}\n"}, ("value.white-space", 4)),
        ({"addresses": "  - {id: 'A#B', name: x}\n"}, ("value.illegal-characters", 4)),
        ({"addresses": f"  - {{id: {'A' * 256}, name: x}}\n"}, ("value.length", 4)),
        ({"addresses": "  - {id: A}\n"}, ("value.missing", 4)),
        ({"addresses": "  - {id: A, name: x, colour: red}\n"}, ("value.unknown", 4)),
        ({"addresses": UNIT + UNIT.replace("A,", "a,")}, ("row.duplicate", 5)),
        ({"addresses": "  - {id: Q, name: x, kind: platform}\n"}, ("platform.address", 4)),
        ({"addresses": "  - {id: A, name: x, parent: B}\n"}, ("reference.unknown", 4)),
        ({"addresses": "  - {id: A, name: x, parent: B}\n  - {id: B, name: y, parent: A}\n"}, ("reference.unknown", 4)),
        ({"components": COMPONENTS_ROWS, "routes": route("A")}, ("reference.unknown", 3)),
        ({"addresses": UNIT, "routes": route("A")}, ("reference.unknown", 3)),
        ({"addresses": UNIT, "components": COMPONENTS_ROWS, "routes": route("A", producer="C")}, ("component.role", 3)),
        (
            {"addresses": UNIT, "components": COMPONENTS_ROWS, "permissions": permission("A", consumer="T")},
            ("component.role", 3),
        ),
        ({"components": COMPONENTS_ROWS, "routes": route("*", url="ftp://x.se/")}, ("url.invalid", 3)),
        ({"components": COMPONENTS_ROWS, "routes": route("*", url="http:///nohost")}, ("url.invalid", 3)),
        (
            {"components": COMPONENTS_ROWS, "routes": route("*", valid="from: 2026-02-01, until: 2026-01-01")},
            ("period.inverted", 3),
        ),
        ({"components": COMPONENTS_ROWS, "routes": route("*", valid="from: 2026-13-01")}, ("value.illegal", 3)),
        (
            {
                "components": COMPONENTS_ROWS,
                "routes": route("*", valid="until: 2026-06-30") + route("*", producer="U", valid="from: 2026-06-30"),
            },
            ("route.overlap", 4),
        ),
        ({"components": COMPONENTS_ROWS, "routes": route("*") + route("*", producer="U")}, ("row.contradiction", 4)),
        (
            {"components": COMPONENTS_ROWS, "routes": route("*") + route("*", profile="rivtabp20")},
            ("row.contradiction", 4),
        ),
        (
            {
                "components": COMPONENTS_ROWS,
                "permissions": permission("*") + permission("*", valid="from: 2026-01-01"),
            },
            ("permission.overlap", 4),
        ),
    ],
)
def test_errors(rows: dict[str, str], expected: tuple[str, int]) -> None:
    """DI-2.6, DI-3.3 to DI-3.9, DI-8.12: id and line of each."""
    assert expected in found(**rows)


def test_no_platform_address() -> None:
    content = files() | {"logical_addresses.yaml": b"format: 1\naddresses: []\n"}
    with pytest.raises(DataError) as caught:
        load_directory(content, set(), __import__("build").DAY)
    assert [finding.id for finding in caught.value.findings] == ["platform.address"]


def test_everything_at_once() -> None:
    """DI-3.9: the findings of every file, each with a remedy."""
    with pytest.raises(DataError) as caught:
        load(addresses="  - {id: 'A B', name: x}\n", routes="  - {to: [A]}\n")
    assert {finding.file for finding in caught.value.findings} == {"logical_addresses.yaml", "routing/routes.yaml"}
    assert all(finding.remedy for finding in caught.value.findings)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            {"routes": route("*").replace("GetX", "GetY"), "permissions": permission("*").replace("GetX", "GetY")},
            "reference.contract-unknown",
        ),
        ({"routes": route("*")}, "route.without-permission"),
        ({"permissions": permission("*")}, "permission.without-route"),
        ({"routes": route("*", valid="until: 2026-06-20"), "permissions": permission("*")}, "route.expires-soon"),
        ({"routes": route("*"), "permissions": permission("*", valid="until: 2026-08-10")}, "permission.expires-soon"),
        ({"addresses": UNIT, "routes": route("P"), "permissions": permission("*")}, "address.without-route"),
    ],
)
def test_warnings(rows: dict[str, str], expected: str) -> None:
    """DI-3.8, DI-9.5: what works but deserves a look does not stop anything."""
    loaded = load(components=COMPONENTS_ROWS, **rows)
    assert [finding.id for finding in loaded.warnings] == [expected]
    assert all(finding.warning for finding in loaded.warnings)


def test_lists_stand_for_every_combination() -> None:
    """DI-2.1: and the same row from two entries is one."""
    rows = (
        route("*")
        + f"  - {{to: ['*', A], contract: [{CONTRACT}], producer: T, url: 'http://t.example.se/x', profile: rivtabp21}}\n"
    )
    directory = load(addresses=UNIT, components=COMPONENTS_ROWS, routes=rows).directory
    assert {key[0]: len(found) for key, found in directory.by_route.items()} == {"*": 1, "a": 1}


def test_values_are_trimmed_and_kept_as_spelt() -> None:
    """DI-3.6, DI-2.2."""
    directory = load(addresses="  - {id: ' AbC ', name: x, owner: {type: region, code: '01'}}\n").directory
    assert (directory.addresses[1].id, directory.addresses[1].owner) == ("AbC", Owner(type="region", code="01"))
