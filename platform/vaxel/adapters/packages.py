"""Contract packages on disk: read from a folder or an archive within bounds, written to a home whole or not at all."""

import os
import shutil
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from vaxel import documents
from vaxel.contracts.install import Plan
from vaxel.errors import DataError

KINDS = (".wsdl", ".xsd", ".xml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a package may be: files, bytes of one file and of all, and how far an archive's member may swell."""

    files: int = 5_000
    file_bytes: int = 10_000_000
    total_bytes: int = 100_000_000
    ratio: int = 200


USUAL = Limits()


def read(path: Path, limits: Limits = USUAL) -> dict[str, bytes]:
    """The WSDLs, schemas and rules of a package by path; `DataError` where it is none, or is a trap."""
    try:
        found = _folder(path, limits) if path.is_dir() else _archive(path, limits)
        return dict(found)
    except (OSError, zipfile.BadZipFile, NotImplementedError, EOFError, ValueError) as error:
        raise _refused(str(path), f"cannot be read: {error}", "name a folder or a zip archive") from error


def write(home: Path, plan: Plan) -> None:
    """Put a plan into a home: written beside, then renamed; what fails half-way is taken back. Raises `OSError`."""
    work = home / "schemas" / f".installing-{os.getpid()}"
    former = {name: _content(home / name) for name in plan.catalogue}
    made: list[Path] = []
    try:
        for number, (name, files) in enumerate(plan.folders.items()):
            _write_files(work / str(number), dict(files))
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (work / str(number)).rename(home / name)
            made.append(home / name)
        for name, content in plan.catalogue.items():
            _replace(home / name, content)
    except BaseException:
        for folder in made:
            shutil.rmtree(folder, ignore_errors=True)
        for name, old in former.items():
            _restore(home / name, old)
        raise
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _folder(root: Path, limits: Limits) -> Iterator[tuple[str, bytes]]:
    count = total = 0
    for folder, folders, files in os.walk(root):
        for name in sorted((*folders, *files)):
            path = Path(folder, name)
            kind = path.lstat()
            where = path.relative_to(root).as_posix()
            if stat.S_ISLNK(kind.st_mode):
                raise _refused(where, "is a symbolic link", "give a package of plain files")
            if not stat.S_ISREG(kind.st_mode) or not name.lower().endswith(KINDS):
                continue
            count, total = count + 1, total + kind.st_size
            _bound(where, count, kind.st_size, total, limits)
            yield where, path.read_bytes()


def _archive(path: Path, limits: Limits) -> Iterator[tuple[str, bytes]]:
    count = total = 0
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if len(members) > limits.files:
            raise _refused(path.name, f"has more than {limits.files} members", "give a package of contracts only")
        seen: set[str] = set()
        for member in members:
            name = _member(member)
            if member.is_dir() or not name.lower().endswith(KINDS):
                continue
            if name in seen:
                raise _refused(name, "stands twice in the archive", "give an archive with each file once")
            seen.add(name)
            count, total = count + 1, total + member.file_size
            _bound(name, count, member.file_size, total, limits)
            if member.file_size > 65_536 and member.file_size > member.compress_size * limits.ratio:
                raise _refused(name, f"swells more than {limits.ratio} times", "give an ordinary archive")
            with archive.open(member) as stream:
                content = stream.read(member.file_size + 1)
            yield name, content


def _member(member: zipfile.ZipInfo) -> str:
    """A member's path; `DataError` for one that would lead out of the package or is no plain file."""
    name = member.filename
    parts = PurePosixPath(name).parts
    if name.startswith("/") or "\\" in name or ".." in parts or ":" in name or "\0" in name:
        raise _refused(name, "leads out of the package", "give an archive of relative paths")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise _refused(name, "is a symbolic link", "give a package of plain files")
    if member.flag_bits & 1:
        raise _refused(name, "is encrypted", "give an archive without password")
    return PurePosixPath(name).as_posix()


def _bound(name: str, count: int, size: int, total: int, limits: Limits) -> None:
    if count > limits.files:
        raise _refused(name, f"is one file too many: at most {limits.files}", "give a package of contracts only")
    if size > limits.file_bytes:
        raise _refused(name, f"has more than {limits.file_bytes} bytes", "give a package of contracts only")
    if total > limits.total_bytes:
        raise _refused(name, f"is beyond {limits.total_bytes} bytes in all", "give a package of contracts only")


def _write_files(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _restore(path: Path, content: bytes | None) -> None:
    if content is None:
        path.unlink(missing_ok=True)
    else:
        _replace(path, content)


def _refused(file: str, what: str, remedy: str) -> DataError:
    return DataError((documents.finding("package.refused", file, 0, what, remedy),))
