"""Readiness where the organisation tree is missing (SW-17.6), and a directory that is new (DI-10.3)."""

from pathlib import Path

import orjson
import pytest
from scene import DIAGNOSIS, PLATFORM, PRODUCER, Scene, scene

COMPONENTS = (
    f"format: 1\ncomponents:\n  - {{id: {PLATFORM}, roles: [producer]}}\n  - {{id: {PRODUCER}, roles: [producer]}}\n"
)
ROUTES = (
    f"format: 1\nroutes:\n  - {{to: '*', contract: [{DIAGNOSIS}], producer: {PRODUCER}, url: 'http://127.0.0.1:1/', "
    "profile: rivtabp21}\n"
)
ADDRESSES = f"format: 1\naddresses:\n  - {{id: {PLATFORM}, name: Växel, kind: platform}}\n"
UNIT = "  - {id: SE-1, name: Enhet}\n"


async def ready(stage: Scene) -> tuple[int, dict[str, str], dict[str, str]]:
    answer = await stage.post(b"", {}, path="/health/ready", method="GET")
    told = orjson.loads(answer.content)
    assert told["status"] == ("UP" if answer.status == 200 else "DOWN")
    return answer.status, told["missing"], told["degraded"]


async def told(stage: Scene, addresses: str, routes: str) -> tuple[int, set[str], set[str]]:
    stage.write("routing/permissions.yaml", "format: 1\npermissions: []\n")
    stage.write("routing/components.yaml", COMPONENTS)
    stage.write("routing/routes.yaml", routes)
    stage.write("logical_addresses.yaml", addresses)
    assert (await stage.platform.reload())["successful"]
    status, missing, degraded = await ready(stage)
    return status, set(missing), set(degraded)


@pytest.mark.parametrize("required", ["on", "off"])
async def test_sw_17_6_a_missing_tree(tmp_path: Path, required: str) -> None:
    """Routes to others, but no address except one's own: not ready, or degraded only. A new home is ready and says so."""
    async with scene(tmp_path, tree_required=required) as stage:
        assert await ready(stage) == (200, {}, {})
        expected = (503, {"tree"}, set()) if required == "on" else (200, set(), {"tree"})
        assert await told(stage, ADDRESSES, ROUTES) == expected
        assert await told(stage, ADDRESSES + UNIT, ROUTES) == (200, set(), set())
        assert await told(stage, ADDRESSES, "format: 1\nroutes: []\n") == (200, set(), {"directory"})
