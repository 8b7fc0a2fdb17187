"""One file of keys, journal and store, and back (SW-17.11)."""

import io
import sqlite3
import tarfile
from pathlib import Path

import pytest
from pens import opened

from vaxel.errors import SettingsError
from vaxel.journal.backup import backup, restore
from vaxel.journal.verify import verify


async def test_there_and_back(tmp_path: Path) -> None:
    var, target = tmp_path / "var", tmp_path / "backup.tar.gz"
    async with opened(var) as journal:
        await journal.durable("closed", {"call": "a", "patient": dict(journal.seal("191212121212"))})
        with sqlite3.connect(var / "vaxel.db") as store:
            store.execute("create table kept (value)")
            store.execute("insert into kept values (7)")
        store.close()
        backup(var, target)  # while the journal is open
        await journal.durable("closed", {"call": "b"})
    assert target.stat().st_mode & 0o777 == 0o600
    restored = tmp_path / "new"
    restore(target, restored)
    assert verify(restored / "journal/n").damage is None
    assert (restored / "keys/seal-2026.key").read_bytes() == (var / "keys/seal-2026.key").read_bytes()
    with sqlite3.connect(restored / "vaxel.db") as store:
        assert store.execute("select value from kept").fetchall() == [(7,)]
    store.close()
    with pytest.raises(SettingsError, match="already"):
        restore(target, restored)


async def test_a_changed_journal_is_not_restored(tmp_path: Path) -> None:
    async with opened(tmp_path / "var") as journal:
        await journal.durable("closed", {"call": "a"})
    segment = tmp_path / "var/journal/n/00000001.jsonl"
    segment.write_bytes(segment.read_bytes().replace(b'"call":"a"', b'"call":"b"'))
    backup(tmp_path / "var", tmp_path / "b.tar.gz")
    with pytest.raises(SettingsError, match="damaged"):
        restore(tmp_path / "b.tar.gz", tmp_path / "new")
    assert not any((tmp_path / "new").iterdir())


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("../evil", tarfile.REGTYPE),
        ("/etc/evil", tarfile.REGTYPE),
        ("journal/../../evil", tarfile.REGTYPE),
        ("other/file", tarfile.REGTYPE),
        ("keys/link", tarfile.SYMTYPE),
        ("keys/link", tarfile.LNKTYPE),
        ("keys/device", tarfile.CHRTYPE),
        ("keys/pipe", tarfile.FIFOTYPE),
    ],
)
def test_hostile_archives(tmp_path: Path, name: str, kind: bytes) -> None:
    with tarfile.open(tmp_path / "b.tar.gz", "w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info, io.BytesIO(b""))
    with pytest.raises(SettingsError, match="no part of a backup"):
        restore(tmp_path / "b.tar.gz", tmp_path / "new")
    assert not (tmp_path / "evil").exists()


def test_what_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"not a tar")
    with pytest.raises(SettingsError, match="cannot be read"):
        restore(tmp_path / "b", tmp_path / "new")
