"""The operator's folder: which files below it are read."""

from pathlib import Path

import pytest

from vaxel.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    folder = tmp_path / "home" / "schemas" / "a" / "Core"
    folder.mkdir(parents=True)
    (folder / "x.xsd").write_bytes(b"lower")
    (folder / "X.xsd").write_bytes(b"upper")
    (folder / "One.xsd").write_bytes(b"one")
    (folder / "link.xsd").symlink_to("/etc/hostname")
    (tmp_path / "home" / "secret.txt").write_bytes(b"secret")
    return Home(path=tmp_path / "home")


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
def test_a_schema_is_found_by_its_case_first(home: Home, name: str, content: bytes | None) -> None:
    """CO-7.6: exact case, then without case, never outside `schemas`."""
    assert home.schema(name) == content
