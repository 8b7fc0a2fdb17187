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
