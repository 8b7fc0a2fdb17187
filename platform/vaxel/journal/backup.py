"""One consistent file of keys, journal and store, and the way back (SW-17.11)."""

import os
import sqlite3
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

from vaxel.errors import SettingsError
from vaxel.journal.reader import nodes
from vaxel.journal.segments import sync_folder
from vaxel.journal.verify import verify

PARTS = ("journal", "keys", "releases")
STORE = "vaxel.db"
_LEFT_OUT = frozenset({"lock", "reserve", "reserve-commands"})


def backup(var: Path, target: Path) -> int:
    """Write `target` (0600, gzip'd tar); returns the number of files. Safe while the platform runs.

    Keys and releases are read after the journal, so that every record has its key and its release; a segment is read up
    to its last whole line by the reader of a restored journal. The file has its name only when it is whole: raises
    `SettingsError` where there is one of that name, `OSError` where it cannot be written.
    """
    if target.exists():
        raise SettingsError((f"{target} exists already: choose another name",))
    unfinished = target.with_name(f"{target.name}.unfinished")
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            with tarfile.open(fileobj=file, mode="w:gz") as archive:
                count = _pack(var, archive)
            file.flush()
            os.fsync(file.fileno())
        os.link(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)
    sync_folder(target.absolute().parent)
    return count


def restore(source: Path, var: Path) -> int:
    """Put a backup back into a home that has no keys, journal or store; returns the number of files.

    Raises `SettingsError` where the home has any, the archive is not one of ours, or its journal does not verify.
    """
    taken = [name for name in (*PARTS, STORE) if (var / name).exists()]
    if taken:
        raise SettingsError((f"{var} has {', '.join(taken)} already: restore into a fresh home",))
    var.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=var) as folder:
        count = _extract(source, Path(folder))
        _check(Path(folder) / "journal")
        for path in Path(folder).iterdir():
            path.rename(var / path.name)
    return count


def _pack(var: Path, archive: tarfile.TarFile) -> int:
    count = 0
    for part in PARTS:
        for path in sorted((var / part).rglob("*")):
            if path.is_file() and path.name not in _LEFT_OUT:
                _add(archive, path, path.relative_to(var))
                count += 1
    if (var / STORE).exists():
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / STORE
            _copy_store(var / STORE, copy)
            _add(archive, copy, Path(STORE))
        count += 1
    return count


def _add(archive: tarfile.TarFile, path: Path, name: Path) -> None:
    """Add as many bytes as the file has now: a segment may grow while it is read."""
    with path.open("rb") as content:
        info = archive.gettarinfo(arcname=str(name), fileobj=content)
        info.mode, info.uid, info.gid, info.uname, info.gname = 0o600, 0, 0, "", ""
        archive.addfile(info, content)


def _copy_store(source: Path, target: Path) -> None:
    with sqlite3.connect(f"file:{source}?mode=ro", uri=True) as read, sqlite3.connect(target) as write:
        read.backup(write)
    read.close()
    write.close()


def _extract(source: Path, folder: Path) -> int:
    try:
        with tarfile.open(source, "r:gz") as archive:
            members = archive.getmembers()
            for member in members:
                if not member.isreg() or not _ours(member.name):
                    raise SettingsError((f"{source} holds {member.name!r}, which is no part of a backup",))
            archive.extractall(folder, members=members, filter="data")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise SettingsError((f"{source} cannot be read as a backup: {error}",)) from error
    return len(members)


def _ours(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return name == STORE or (len(parts) > 1 and parts[0] in PARTS and ".." not in parts)


def _check(journal: Path) -> None:
    for folder in nodes(journal):
        damage = verify(folder).damage
        if damage is not None and "unfinished" not in damage.what:
            raise SettingsError((f"the backup's journal is damaged: {folder.name}/{damage}",))
