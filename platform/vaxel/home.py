"""The operator's folder ("home"): finds it, reads its files, makes a fresh one (DESIGN sections 1 and 4)."""

import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vaxel.errors import SettingsError

ADDRESSES = "logical_addresses.yaml"
DIRECTORY_FILES = (ADDRESSES, "routing/components.yaml", "routing/routes.yaml", "routing/permissions.yaml")
PARTS = ("logical_addresses.yaml", "routing", "contracts", "schemas")
_PACKAGE = Path(__file__).parent


Stamp = tuple[int, int, int]
"""A file's time of change in ns, size in bytes and inode."""
ABSENT: Stamp = (0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """When each file and folder that the platform is told by was changed; `files` are equal when none was."""

    files: dict[str, Stamp]
    folders: dict[str, Stamp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """An operator's folder. Its files are read whole; `schemas` are read when a contract asks for them."""

    path: Path

    def directory_files(self) -> dict[str, bytes]:
        """The directory's files by name below the home; a missing one is empty of rows."""
        return {name: self._bytes(name) for name in DIRECTORY_FILES}

    def contract_files(self) -> dict[str, bytes]:
        """The catalogue's files by name below the home."""
        return {f"contracts/{path.name}": path.read_bytes() for path in sorted(self.path.glob("contracts/*.yaml"))}

    def schema(self, name: str) -> bytes | None:
        """A file below the home by its path, `schemas/…`; None when there is none. Never leaves `schemas`.

        Exact case first, then without case, as packages from other systems need (CO-7.6).
        """
        root = (self.path / "schemas").resolve()
        path = (self.path / name).resolve()
        if not path.is_relative_to(root):
            return None
        found = path if path.is_file() else _without_case(root, path.relative_to(root).parts)
        return found.read_bytes() if found else None

    def schema_names(self) -> tuple[str, ...]:
        """Every file below `schemas`, as `schema` takes them."""
        return tuple(
            sorted(path.relative_to(self.path).as_posix() for path in self.path.glob("schemas/**/*") if path.is_file())
        )

    def fault_texts(self) -> bytes:
        """`faults.toml`: texts that the operator would rather send (SW-14.2); empty where there is none."""
        path = self.path / "faults.toml"
        return path.read_bytes() if path.is_file() else b""

    def watched(self) -> tuple[Path, ...]:
        """The files and folders whose change is a new release."""
        return tuple(self.path / part for part in PARTS if (self.path / part).exists())

    def look(self, former: "Look | None" = None) -> "Look":
        """What the folders hold now. Folders that did not change since `former` are not opened, only asked for.

        It is done every few seconds: opening them costs milliseconds, and the system's own watch would tell of it.
        """
        if former is not None and all(_stamp(folder) == stamp for folder, stamp in former.folders.items()):
            return Look(files={file: _stamp(file) for file in former.files}, folders=former.folders)
        found = Look(files={}, folders={})
        for part in PARTS:
            _walk(str(self.path / part), found)
        return found

    def _bytes(self, name: str) -> bytes:
        path = self.path / name
        return path.read_bytes() if path.is_file() else b"format: 1\n"


def _walk(path: str, found: Look) -> None:
    stamp = _stamp(path)
    try:
        with os.scandir(path) as entries:
            found.folders[path] = stamp
            for entry in entries:
                if entry.is_dir():
                    _walk(entry.path, found)
                else:
                    found.files[entry.path] = _stamp(entry.path)
    except NotADirectoryError:
        found.files[path] = stamp
    except OSError:
        return  # it went away meanwhile, or goes round: the next look sees what is there


def _stamp(path: str) -> Stamp:
    try:
        status = os.stat(path)
    except OSError:
        return ABSENT
    return status.st_mtime_ns, status.st_size, status.st_ino


def find(stated: Path | None = None, environment: Mapping[str, str] = os.environ) -> Home:
    """The home that was named, `VAXEL_HOME`, or the current folder; raises `SettingsError` where it is none."""
    path = (stated or Path(environment.get("VAXEL_HOME") or ".")).absolute()
    if not (path / ADDRESSES).is_file():
        raise SettingsError((f"{path} is not a home: it has no {ADDRESSES}; make one with `vaxel init {path}`",))
    return Home(path=path)


def packaged() -> Path:
    """The home that comes with the program: inside the wheel, or the checkout's root."""
    inside = _PACKAGE / "_home"
    return inside if inside.is_dir() else _PACKAGE.parents[1]


def make(path: Path) -> Home:
    """Write a fresh home; raises `SettingsError` where there is one already."""
    if (path / ADDRESSES).exists():
        raise SettingsError((f"{path} is a home already; choose another folder",))
    path.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        source = packaged() / part
        if source.is_dir():
            shutil.copytree(source, path / part, dirs_exist_ok=True)
        else:
            shutil.copyfile(source, path / part)
    return Home(path=path)


def _without_case(folder: Path, parts: tuple[str, ...]) -> Path | None:
    """The one file that a path means when case is not looked at; None where there is none, or several."""
    for part in parts:
        same = [path for path in folder.iterdir() if path.name.lower() == part.lower()] if folder.is_dir() else []
        if len(same) != 1 or same[0].is_symlink():
            return None
        folder = same[0]
    return folder if folder.is_file() else None


def digest(files: Mapping[str, bytes]) -> str:
    """SHA-256 over names and contents, in hex: equal when nothing changed."""
    total = hashlib.sha256()
    for name in sorted(files):
        total.update(f"{name}\0{len(files[name])}\0".encode())
        total.update(files[name])
    return total.hexdigest()
