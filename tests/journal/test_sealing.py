"""Patients in the journal: found by tag, read only with the key (P-120)."""

import base64
from pathlib import Path

import pytest

from vaxel.journal.sealing import Sealer

PATIENT = "191212121212"


def test_sealed_and_revealed(tmp_path: Path) -> None:
    sealer = Sealer(tmp_path, lambda: 2026)
    first, second = sealer.seal(PATIENT), sealer.seal(PATIENT)
    assert first["tag"] == second["tag"] == sealer.tags(PATIENT)["2026"]
    assert first["sealed"] != second["sealed"]
    assert PATIENT not in str(first)
    assert Sealer(tmp_path, lambda: 2027).reveal(first) == PATIENT
    assert (tmp_path / "seal-2026.key").stat().st_mode & 0o777 == 0o600


def test_each_year_has_its_keys(tmp_path: Path) -> None:
    year = [2026]
    sealer = Sealer(tmp_path, lambda: year[0])
    old = sealer.seal(PATIENT)
    year[0] = 2027
    new = sealer.seal(PATIENT)
    assert sealer.tags(PATIENT) == {"2026": old["tag"], "2027": new["tag"]}
    assert old["tag"] != new["tag"]
    (tmp_path / "seal-2026.key").unlink()
    with pytest.raises(ValueError, match="cannot be revealed"):
        Sealer(tmp_path, lambda: 2027).reveal(old)


def test_a_changed_seal_is_refused(tmp_path: Path) -> None:
    sealer = Sealer(tmp_path, lambda: 2026)
    sealed = dict(sealer.seal(PATIENT))
    content = bytearray(base64.b64decode(sealed["sealed"]))
    content[-1] ^= 1
    for changed in (base64.b64encode(content).decode(), "", "!", "AAAA"):
        with pytest.raises(ValueError, match="cannot be revealed"):
            sealer.reveal(sealed | {"sealed": changed})
    for key in ("1999", "../../etc/passwd", ""):
        with pytest.raises(ValueError, match="cannot be revealed"):
            sealer.reveal(sealed | {"key": key})
