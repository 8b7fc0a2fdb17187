"""Health, metrics, status, the admin API, and what happens when the journal cannot be written."""

import asyncio
import os
from pathlib import Path

import orjson
import pytest
from scene import PATIENT, Scene, scene


async def get(
    stage: Scene, path: str, headers: dict[str, str] | None = None, *, port: str = "web"
) -> tuple[int, bytes, str]:
    url = f"http://127.0.0.1:{stage.platform.ports[port]}{path}"
    async with stage.session.get(url, headers=headers or {}) as answer:
        return answer.status, await answer.read(), answer.headers.get("content-type", "")


async def test_the_admin_api_needs_its_key(tmp_path: Path) -> None:
    """SW-2.11: 401 as problem+json; the key is made at the first start, for its owner only."""
    async with scene(tmp_path) as stage:
        key = tmp_path / "var/admin.key"
        assert key.stat().st_mode & 0o777 == 0o600
        for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": f"Basic {key.read_text().strip()}"}):
            status, content, kind = await get(stage, "/api/v1/release", headers)
            assert (status, kind) == (401, "application/problem+json")
            assert orjson.loads(content)["type"] == "urn:vaxel:problem:unauthorized"
        authorised = {"authorization": f"Bearer {key.read_text().strip()}"}
        assert orjson.loads((await get(stage, "/api/v1/release", authorised))[1])["number"] == 1
        assert orjson.loads((await get(stage, "/api/v1/status", authorised))[1])["Journal"]["writable"] is True
        assert (await get(stage, "/api/openapi.json"))[0] == 200


async def test_the_ports_keep_to_their_own(tmp_path: Path) -> None:
    """SW-2.10: no `/api` on the HTTP port, no switch on the web port."""
    async with scene(tmp_path) as stage:
        assert (await get(stage, "/api/v1/release", port="http"))[0] == 404
        assert (await get(stage, "/status"))[0] == 404
        assert (await get(stage, "/health/live", port="http"))[0] == 200


async def test_metrics_hold_no_patient(tmp_path: Path) -> None:
    """SW-18.7."""
    async with scene(tmp_path) as stage:
        await stage.call()
        text = (await get(stage, "/metrics", port="http"))[1].decode()
        for name in (
            "vaxel_calls_in_flight 0.0",
            "vaxel_ready 1.0",
            "vaxel_release 1.0",
            "vaxel_journal_sync_seconds_count",
        ):
            assert name in text
        assert PATIENT not in text


async def test_operations_only_from_listed_addresses(tmp_path: Path) -> None:
    """SW-2.9: a forwarded address is the one judged."""
    async with scene(tmp_path) as stage:
        for path in ("/status", "/metrics", "/resetcache", "/resethsacache"):
            assert (await get(stage, path, {"x-forwarded-for": "192.0.2.1"}, port="http"))[0] == 403
            assert (await get(stage, path, {"x-forwarded-for": "127.0.0.1, 192.0.2.1"}, port="http"))[0] == 403
            assert (await get(stage, path, {"x-forwarded-for": "127.0.0.1"}, port="http"))[0] == 200


async def test_without_a_journal_nothing_is_carried(tmp_path: Path) -> None:
    """DESIGN section 3: VX001, not ready and why; a call in flight is told the truth; it heals by itself."""
    async with scene(tmp_path) as stage:
        journal = stage.platform.journal
        kept = os.dup(journal._descriptor)
        read, write = os.pipe()
        os.close(read)
        os.dup2(write, journal._descriptor)  # a pipe without a reader: every write fails
        answer = await stage.call()
        assert (answer.status, answer.code, answer.cause) == (503, "VX001", "journal.unavailable")
        assert 'retryable="true"' in answer.text
        assert stage.producer.seen == []
        status, content, _ = await get(stage, "/health/ready", port="http")
        assert status == 503
        assert "cannot be written" in orjson.loads(content)["missing"]["journal"]
        assert (await get(stage, "/health/live", port="http"))[0] == 200
        await asyncio.sleep(1.2)
        assert (await stage.call()).status == 200
        assert (await get(stage, "/health/ready", port="http"))[0] == 200
        for descriptor in (kept, write):
            os.close(descriptor)


async def test_a_stop_lets_calls_in_flight_end(tmp_path: Path) -> None:
    """SW-17.7."""
    async with scene(tmp_path, shutdown_grace_s=5) as stage:
        stage.producer.delay_s = 0.5
        calling = asyncio.create_task(stage.call())
        await asyncio.sleep(0.2)
        stopping = asyncio.create_task(stage.platform.stop())
        assert (await calling).status == 200
        await stopping
        assert [record["outcome"] for record in stage.journal("closed")] == ["answered"]
        with pytest.raises(OSError, match=r".*"):
            await stage.call()
        stage.platform = None
