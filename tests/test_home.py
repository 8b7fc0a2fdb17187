"""The operator's folder: found, read, made; and nothing outside it."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaxel import home
from vaxel.errors import SettingsError


def test_made_found_and_read(tmp_path: Path) -> None:
    made = home.make(tmp_path / "h")
    assert home.find(tmp_path / "h") == made == home.find(environment={"VAXEL_HOME": str(tmp_path / "h")})
    assert set(made.directory_files()) == set(home.DIRECTORY_FILES)
    assert "contracts/itintegration.monitoring.yaml" in made.contract_files()
    assert all(made.schema(name) for name in made.schema_names())
    with pytest.raises(SettingsError, match="a home already"):
        home.make(tmp_path / "h")


def test_what_is_no_home(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is not a home"):
        home.find(tmp_path, {})


def test_a_missing_file_is_empty_of_rows(tmp_path: Path) -> None:
    (tmp_path / "logical_addresses.yaml").write_text("format: 1\n")
    assert home.Home(path=tmp_path).directory_files()["routing/routes.yaml"] == b"format: 1\n"
    assert home.Home(path=tmp_path).fault_texts() == b""
    assert home.Home(path=tmp_path).contract_files() == {}


@pytest.mark.parametrize(
    "name", ["../secret", "schemas/../../secret", "/etc/passwd", "schemas/link", "schemas", "", "vaxel.toml"]
)
def test_schemas_never_leave_their_folder(tmp_path: Path, name: str) -> None:
    made = home.make(tmp_path / "h")
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "h/vaxel.toml").write_text("")
    os.symlink(tmp_path / "secret", tmp_path / "h/schemas/link")
    assert made.schema(name) is None


FILES = st.dictionaries(st.text(max_size=8), st.binary(max_size=20), max_size=4)


@given(one=FILES, other=FILES)
def test_digests_are_equal_when_nothing_changed(one: dict[str, bytes], other: dict[str, bytes]) -> None:
    assert (home.digest(one) == home.digest(other)) is (one == other)
    assert home.digest(dict(reversed(one.items()))) == home.digest(one)


@pytest.fixture
def folder(tmp_path: Path) -> home.Home:
    core = tmp_path / "home" / "schemas" / "a" / "Core"
    core.mkdir(parents=True)
    (core / "x.xsd").write_bytes(b"lower")
    (core / "X.xsd").write_bytes(b"upper")
    (core / "One.xsd").write_bytes(b"one")
    (core / "link.xsd").symlink_to("/etc/hostname")
    (tmp_path / "home" / "secret.txt").write_bytes(b"secret")
    return home.Home(path=tmp_path / "home")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("schemas/a/Core/x.xsd", b"lower"),
        ("schemas/a/Core/X.xsd", b"upper"),
        ("schemas/A/core/one.XSD", b"one"),
        ("schemas/A/core/x.XSD", None),  # which of the two is meant cannot be known
        ("schemas/a/Core", None),
        ("schemas/a/Core/absent.xsd", None),
        ("schemas/a/Core/link.xsd", None),
        ("schemas/a/Core/LINK.xsd", None),
        ("schemas/../secret.txt", None),
        ("schemas/../SECRET.txt", None),
        ("/etc/hostname", None),
    ],
)
def test_a_schema_is_found_by_its_case_first(folder: home.Home, name: str, content: bytes | None) -> None:
    """CO-7.6: exact case, then without case, never outside `schemas`."""
    assert folder.schema(name) == content
