"""Checkpoints kept elsewhere: in a file, at a URL; what fails is told (SW-18.10)."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest

from vaxel.adapters.server import Limits, Listeners
from vaxel.journal.ship import Shipper

CHECKPOINT = {"node": "node1", "at": 7}


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_to_a_file(tmp_path: Path, scheme: str) -> None:
    shipper = Shipper(f"{scheme}{tmp_path}/kept.jsonl")
    shipper.ship(CHECKPOINT)
    shipper.ship({"at": 8})
    assert [orjson.loads(line) for line in (tmp_path / "kept.jsonl").read_bytes().splitlines()] == [
        CHECKPOINT,
        {"at": 8},
    ]


def test_nowhere() -> None:
    Shipper("").ship(CHECKPOINT)
    assert not Path("kept.jsonl").exists()


@pytest.mark.parametrize(("status", "well"), [(200, True), (204, True), (500, False), (302, False)])
async def test_to_a_url(status: int, well: bool) -> None:
    got: list[bytes] = []

    async def keeper(scope: Any, receive: Any, send: Any) -> None:
        got.append((await receive())["body"])
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    listeners = Listeners(Limits())
    port = await listeners.listen(keeper, "127.0.0.1", 0)
    shipper = Shipper(f"http://127.0.0.1:{port}/kept")
    if well:
        await asyncio.to_thread(shipper.ship, CHECKPOINT)
    else:
        with pytest.raises(OSError, match="could not be shipped"):
            await asyncio.to_thread(shipper.ship, CHECKPOINT)
    await listeners.drain(0)
    assert [orjson.loads(body) for body in got] == [CHECKPOINT]


def test_where_nobody_listens_or_there_is_no_folder(tmp_path: Path) -> None:
    for to in ("http://127.0.0.1:9/", str(tmp_path / "none/kept.jsonl")):
        with pytest.raises(OSError, match=r".*"):
            Shipper(to, timeout_s=1).ship(CHECKPOINT)
