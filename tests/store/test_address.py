"""Where the store is."""

from pathlib import Path

import pytest

from vaxel.errors import SettingsError
from vaxel.store.address import address


def test_addresses(tmp_path: Path) -> None:
    default = address("", tmp_path)
    assert default.path == tmp_path / "vaxel.db"
    assert default.url.drivername == "sqlite+aiosqlite"
    other = address("postgresql://vaxel:secret@db/vaxel", tmp_path)
    assert (other.path, other.url.drivername) == (None, "postgresql+asyncpg")
    assert "secret" not in other.shown
    for wrong in ("mysql://x/y", "nonsense", "sqlite://"):
        with pytest.raises(SettingsError):
            address(wrong, tmp_path)
