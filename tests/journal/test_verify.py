"""Any change anywhere is found, at the byte where its line begins (SW-18.8, SW-18.10)."""

import asyncio
import tempfile
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pens import opened

from vaxel.journal.checkpoint import Signer
from vaxel.journal.verify import verify


async def written(var: Path, count: int = 6) -> list[bytes]:
    """A journal with records and checkpoints; the checkpoints as they were shipped."""
    shipped = []
    async with opened(var, segment_bytes=1500) as journal:
        for number in range(count):
            await journal.durable("closed", {"call": str(number)})
            checkpoint = await journal.checkpoint()
            shipped.append(orjson.dumps(checkpoint))
    return shipped


@pytest.fixture(scope="module")
def original() -> tuple[dict[str, bytes], str]:
    with tempfile.TemporaryDirectory() as folder:
        var = Path(folder)
        asyncio.run(written(var))
        public = Signer(var / "keys/journal.pem").public
        return {path.name: path.read_bytes() for path in (var / "journal/n").glob("*.jsonl")}, public


@settings(deadline=None, max_examples=150)
@given(place=st.floats(0, 0.999), segment=st.integers(0, 9), change=st.integers(1, 255))
def test_any_changed_byte_is_found(
    original: tuple[dict[str, bytes], str], place: float, segment: int, change: int
) -> None:
    contents, public = original
    name = sorted(contents)[segment % len(contents)]
    content = bytearray(contents[name])
    at = int(place * len(content))
    content[at] ^= change
    with tempfile.TemporaryDirectory() as folder:
        for other, kept in contents.items():
            (Path(folder) / other).write_bytes(bytes(content) if other == name else kept)
        damage = verify(Path(folder), public).damage
    assert damage is not None
    assert damage.segment == name
    assert damage.offset <= at < damage.offset + len(contents[name]) // contents[name].count(b"\n") * 3


async def test_removed_and_inserted_lines(tmp_path: Path) -> None:
    await written(tmp_path)
    path = tmp_path / "journal/n/00000001.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    for changed in (lines[:1] + lines[2:], lines[:2] + lines[1:], lines[1:]):
        path.write_bytes(b"".join(changed))
        damage = verify(path.parent).damage
        assert damage is not None
        assert "does not follow" in damage.what


async def test_a_cut_tail_is_found_by_a_checkpoint_elsewhere_only(tmp_path: Path) -> None:
    shipped = await written(tmp_path)
    found = sorted((tmp_path / "journal/n").glob("*.jsonl"))
    found[-1].unlink()
    assert verify(tmp_path / "journal/n").damage is None
    damage = verify(tmp_path / "journal/n", elsewhere=shipped).damage
    assert damage is not None
    assert "tail was cut" in damage.what


async def test_a_rewritten_journal_differs_from_the_checkpoint(tmp_path: Path) -> None:
    """Whoever has the program can write a whole new chain, but not the old signature."""
    shipped = await written(tmp_path / "true")
    await written(tmp_path / "false")
    other = Signer(tmp_path / "true/keys/journal.pem").public
    damage = verify(tmp_path / "false/journal/n", other, shipped).damage
    assert damage is not None


async def test_a_forged_checkpoint_elsewhere_is_told(tmp_path: Path) -> None:
    shipped = await written(tmp_path)
    forged = orjson.dumps(orjson.loads(shipped[0]) | {"head": "0" * 64})
    with pytest.raises(ValueError, match="not signed by the key"):
        verify(tmp_path / "journal/n", elsewhere=[forged])
