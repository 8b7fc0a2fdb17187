"""The catalogue's files: one entry for a namespace, every error told with its line (CO-3.1, CO-3.4, CO-7.4, CO-9.7)."""

import itertools

import pytest

from vaxel.contracts.load import load, unusable
from vaxel.errors import DataError

NAMESPACE = "urn:riv:a:b:GetXResponder:1"


def row(version: str = "1.0", namespace: str = NAMESPACE, more: str = "access: open") -> str:
    return (
        f"  - {{name: GetX, version: '{version}', package: '{version}', namespace: '{namespace}', wsdl: x.wsdl, "
        f"request: GetX, response: GetXResponse, {more}}}\n"
    )


def file(*rows: str, domain: str = "a:b") -> bytes:
    return f"format: 1\ndomain: {domain}\ncontracts:\n{''.join(rows)}".encode()


def nothing(_: str) -> bytes | None:
    return None


def errors(files: dict[str, bytes]) -> list[tuple[str, str, int]]:
    with pytest.raises(DataError) as caught:
        load(files, nothing)
    return [(each.id, each.file, each.line) for each in caught.value.findings]


@pytest.mark.parametrize(
    ("rows", "version"),
    [
        ((row("1.0"), row("1.2"), row("1.10")), "1.10"),
        ((row("1.0", more="access: open, pinned: true"), row("1.2")), "1.0"),
        ((row("1.0", more="access: open, pinned: true"), row("1.1", more="access: open, pinned: true")), "1.1"),
    ],
)
def test_the_newest_minor_unless_one_is_pinned(rows: tuple[str, ...], version: str) -> None:
    """CO-3.4: in whatever order they stand."""
    for order in itertools.permutations(rows):
        found = load({"a.yaml": file(*order)}, nothing).catalogue.get(NAMESPACE)
        assert found is not None
        assert found.version == version


def test_the_same_entry_twice_and_namespaces_that_differ_in_case() -> None:
    """CO-3.1."""
    assert errors({"a.yaml": file(row(), row())}) == [("row.duplicate", "a.yaml", 5)]
    upper = {"a.yaml": file(row()), "b.yaml": file(row("2.0", NAMESPACE.upper()))}
    assert errors(upper) == [("row.duplicate", "b.yaml", 4)]


def test_every_error_of_every_file_at_once() -> None:
    files = {"a.yaml": file(row(more="access: public")), "b.yaml": b"nonsense", "c.yaml": file(row("1"))}
    assert [(each[0], each[1]) for each in errors(files)] == [
        ("value.illegal", "a.yaml"),
        ("value.illegal", "b.yaml"),
        ("value.illegal", "c.yaml"),
    ]


def test_an_entry_without_access_is_told_of() -> None:
    """CO-9.7."""
    found = load({"a.yaml": file(row(), row("1.0", NAMESPACE.replace("X", "Y"), "idempotent: true"))}, nothing).findings
    assert [(each.id, each.line, each.warning) for each in found] == [("contract.access-unstated", 5, True)]


def test_a_schema_that_cannot_be_used_hinders_nothing() -> None:
    """CO-7.4: the contract is there, and the finding says where it stands."""
    files = {"a.yaml": file(row())}
    loaded = load(files, nothing)
    contract = loaded.catalogue.get(NAMESPACE)
    assert contract is not None
    found = unusable(loaded.catalogue, contract, files)
    assert found is not None
    assert (found.id, found.file, found.line, found.warning) == ("schema.unusable", "a.yaml", 4, True)
