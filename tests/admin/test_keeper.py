"""Files to release to use: what is kept, what is refused whole, what the last reading says (DI-4.11, SW-17.1)."""

from pathlib import Path

import pytest
from kept import Kept

from vaxel.errors import DataError, JournalUnavailable


async def test_the_first_start_makes_a_release(tmp_path: Path) -> None:
    kept = await Kept(tmp_path / "h").start()
    assert (kept.swapped[0].release.number, kept.kinds, kept.status) == (1, ["release"], "REFRESH_OK")
    assert kept.keeper.read_at is not None


async def test_a_start_with_the_same_files_makes_none(tmp_path: Path) -> None:
    await Kept(tmp_path / "h").start()
    kept = await Kept(tmp_path / "h").start()
    assert (kept.swapped[0].release.number, kept.kinds, kept.status) == (1, [], "REFRESH_OK")


async def test_an_edit_is_a_release_and_none_is_not(tmp_path: Path) -> None:
    kept = await Kept(tmp_path / "h").start()
    assert await kept.keeper.reload(kept.journal) is kept.swapped[0]
    kept.write("format: 1\nroutes: []\n# edited\n")
    state = await kept.keeper.reload(kept.journal)
    assert (state.release.number, state.release.base, kept.kinds) == (2, 1, ["release", "release"])


async def test_a_bad_edit_is_refused_whole_until_it_is_mended(tmp_path: Path) -> None:
    kept = await Kept(tmp_path / "h").start()
    read_at = kept.keeper.read_at
    kept.write("format: 1\nroutes: nonsense\n")
    with pytest.raises(DataError, match=r"routes\.yaml:2"):
        await kept.keeper.reload(kept.journal)
    assert (kept.status, len(kept.swapped), bool(kept.keeper.problem)) == ("REUSING_EXISTING_CACHE", 1, True)
    assert kept.keeper.read_at == read_at
    kept.write("format: 1\nroutes: []\n# mended\n")
    await kept.keeper.reload(kept.journal)
    assert (kept.status, kept.keeper.problem) == ("REFRESH_OK", ())


async def test_a_start_with_bad_files_takes_the_newest_whole_release(tmp_path: Path) -> None:
    kept = await Kept(tmp_path / "h").start()
    kept.write("format: 1\nroutes: []\n# two\n")
    await kept.keeper.reload(kept.journal)
    (tmp_path / "h/var/releases/00000002").write_bytes(b"damaged")
    kept.write("format: 1\nroutes: nonsense\n")
    again = await Kept(tmp_path / "h").start()
    assert (again.swapped[0].release.number, again.status) == (1, "RESTORED_FROM_LOCAL_CACHE")
    again.write("format: 1\nroutes: []\n# three\n")
    assert (await again.keeper.reload(again.journal)).release.number == 3


async def test_a_first_start_with_bad_files_is_refused(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "h")
    kept.write("format: 1\nroutes: nonsense\n")
    with pytest.raises(DataError):
        kept.keeper.load()


async def test_a_release_that_cannot_be_recorded_is_not_used(tmp_path: Path) -> None:
    kept = await Kept(tmp_path / "h").start()
    kept.journal.failing = True
    kept.write("format: 1\nroutes: []\n# edited\n")
    with pytest.raises(JournalUnavailable):
        await kept.keeper.reload(kept.journal)
    assert len(kept.swapped) == 1


async def test_a_changed_catalogue_is_recorded(tmp_path: Path) -> None:
    kept = await Kept(tmp_path / "h").start()
    path = tmp_path / "h/contracts/itintegration.monitoring.yaml"
    path.write_text(path.read_text() + "# edited\n")
    await kept.keeper.reload(kept.journal)
    assert kept.kinds == ["release", "catalogue"]
