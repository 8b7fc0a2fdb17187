"""The national paths of the index (EI-2.1, EI-2.2, section 11)."""

from pathlib import Path

import orjson
from index_scene import SOURCE, SUBSCRIBER, IndexScene, index_scene
from rows import row, update
from scene import PLATFORM, Answer, message

UPDATE = "/skltp-ei/update-service/v1"


async def get(stage: IndexScene, path: str, headers: dict[str, str] | None = None) -> Answer:
    return await stage.post(b"", headers or {}, path=f"/skltp-ei/{path}", method="GET")


async def test_they_are_off_by_default(tmp_path: Path) -> None:
    async with index_scene(tmp_path) as stage:
        for path in ("status", "update-service/v1"):
            assert (await get(stage, path)).status == 404


async def test_services(tmp_path: Path) -> None:
    """A call by an internal peer, with its correlation id."""
    async with index_scene(tmp_path, index_http="on", index_sync="on") as stage:
        content = message(update(row()), PLATFORM)
        bare = await stage.call(content, sender=SOURCE, path=UPDATE)
        assert (bare.status, "EI000: HTTP-huvudet x-skltp-correlation-id saknas." in bare.text) == (500, True)
        answer = await stage.call(content, sender=SOURCE, path=UPDATE, headers={"x-skltp-correlation-id": "c-1"})
        assert (answer.status, answer.headers["x-skltp-correlation-id"]) == (200, "c-1")
        assert len(await stage.find()) == 1
        assert (await get(stage, "update-service/v1")).status == 405
    async with index_scene(tmp_path / "b", index_http="on", internal_peers=f"192.0.2.1/32={SOURCE}") as stage:
        assert (await stage.call(content, sender=SOURCE, path=UPDATE)).status == 403


async def test_operations(tmp_path: Path) -> None:
    """Section 11; SW-2.9."""
    async with index_scene(tmp_path, {SUBSCRIBER: ""}, index_http="on") as stage:
        assert orjson.loads((await get(stage, "status")).content)["rows"] == 0
        assert orjson.loads((await get(stage, "subscriber/status")).content) == [{"address": SUBSCRIBER, "filters": []}]
        assert orjson.loads((await get(stage, "resetcache")).content)["successful"] is True
        for path, locked in (("enable", True), ("status", True), ("disable", False), ("status", False)):
            assert orjson.loads((await get(stage, f"writelock/{path}")).content) == {"writeLock": locked}
        assert (await get(stage, "nothing")).status == 404
        assert (await stage.post(b"", {}, path="/skltp-ei/status")).status == 405
        assert (await get(stage, "status", {"x-forwarded-for": "192.0.2.1"})).status == 403
        assert [each["by"] for each in stage.journal("admin") if each.get("action") == "index.write-lock"] == [
            "http",
            "http",
        ]
