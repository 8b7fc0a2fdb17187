"""Packages on disk: traps are refused, and a home is changed whole or not at all."""

import io
import os
import stat
import zipfile
from pathlib import Path

import pytest
from tests.contracts.build import package, zipped

from vaxel.adapters.packages import Limits, read, write
from vaxel.contracts.install import Plan
from vaxel.errors import DataError


def refusal(path: Path, limits: Limits | None = None) -> str:
    with pytest.raises(DataError) as caught:
        read(path, limits or Limits())
    return str(caught.value)


def archive(tmp_path: Path, member: zipfile.ZipInfo | str, content: bytes = b"<x/>") -> Path:
    path = tmp_path / "p.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(member, content)
    return path


def test_folder_and_archive_are_read_alike(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    for name, content in {**package(), "docs/a.docx": b"x"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    assert read(folder) == package() == read(zipped({**package(), "docs/a.docx": b"x"}, tmp_path / "p.zip"))


@pytest.mark.parametrize("name", ["../a.xsd", "a/../../b.xsd", "/etc/a.xsd", "C:/a.xsd", "a\\..\\b.xsd", "..", "a/.."])
def test_a_member_that_leads_out(tmp_path: Path, name: str) -> None:
    """CO-2.3."""
    assert "leads out of the package" in refusal(archive(tmp_path, name))


def test_a_member_that_is_a_link(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("a.xsd")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert "is a symbolic link" in refusal(archive(tmp_path, link, b"/etc/passwd"))


@pytest.mark.parametrize("to_folder", [False, True])
def test_a_link_in_a_folder(tmp_path: Path, to_folder: bool) -> None:
    folder = tmp_path / "p"
    folder.mkdir()
    (folder / "a.xsd").symlink_to("/etc" if to_folder else "/etc/passwd")
    assert "a.xsd:0: is a symbolic link" in refusal(folder)


def test_bombs_and_floods(tmp_path: Path) -> None:
    assert "swells more than" in refusal(archive(tmp_path, "a.xsd", b" " * 5_000_000))
    assert "has more than 10 bytes" in refusal(archive(tmp_path, "a.xsd", b"x" * 11), Limits(file_bytes=10))
    assert "members" in refusal(zipped({f"{n}.txt": b"" for n in range(11)}, tmp_path / "b.zip"), Limits(files=10))
    assert "bytes in all" in refusal(
        zipped({"a.xsd": b"xxx", "b.xsd": b"xxx"}, tmp_path / "c.zip"), Limits(total_bytes=5)
    )


def test_a_member_that_is_longer_than_it_says(tmp_path: Path) -> None:
    """The stated size is what the bounds look at: more than it never comes out."""
    path = archive(tmp_path, "a.xsd", os.urandom(2000))
    content = path.read_bytes()
    path.write_bytes(content.replace((2000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    try:
        assert len(read(path)["a.xsd"]) <= 11
    except DataError as error:
        assert "cannot be read" in str(error)  # noqa: PT017 - either way nothing long comes out


def test_a_member_that_stands_twice(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        made.writestr("a.xsd", b"<a/>")
        with pytest.warns(UserWarning, match="Duplicate"):
            made.writestr("a.xsd", b"<b/>")
    path = tmp_path / "p.zip"
    path.write_bytes(content.getvalue())
    assert "stands twice" in refusal(path)


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 broken"])
def test_what_is_no_archive(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "p.zip"
    path.write_bytes(content)
    assert "cannot be read" in refusal(path)
    assert "cannot be read" in refusal(tmp_path / "absent.zip")


def planned(folder: str = "schemas/a/1.0") -> Plan:
    return Plan(
        folders={folder: {"x/a.xsd": b"<a/>"}}, catalogue={"contracts/a.yaml": b"new"}, outcomes=(), findings=()
    )


def test_what_is_planned_is_written(tmp_path: Path) -> None:
    write(tmp_path, planned())
    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {"schemas/a/1.0/x/a.xsd", "contracts/a.yaml"}


@pytest.mark.parametrize("former", [None, b"former"])
def test_what_fails_half_way_is_taken_back(tmp_path: Path, former: bytes | None) -> None:
    """The second file of the catalogue cannot be replaced: it is a folder."""
    (tmp_path / "contracts" / "b.yaml").mkdir(parents=True)
    if former:
        (tmp_path / "contracts" / "a.yaml").write_bytes(former)
    made = planned()
    made = Plan(
        folders=made.folders, catalogue={**made.catalogue, "contracts/b.yaml": b"new"}, outcomes=(), findings=()
    )
    with pytest.raises(OSError, match=r"b\.yaml"):
        write(tmp_path, made)
    assert not [path for path in (tmp_path / "schemas").rglob("*") if path.is_file()]
    catalogue = {path.name: path.read_bytes() for path in (tmp_path / "contracts").iterdir() if path.is_file()}
    assert catalogue == ({"a.yaml": former} if former else {})
