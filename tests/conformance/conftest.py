"""One stage for all tests of a module: its settings are the module's `TOLD`, and an open contract is in the catalogue."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from scene import UNKNOWN, Scene, scene

OPEN = (
    "format: 1\ndomain: demo:unknown\ncontracts:\n"
    f"  - {{name: GetNothing, version: '1.0', package: '1.0', namespace: '{UNKNOWN}', wsdl: none.wsdl,\n"
    "     request: GetNothing, response: GetNothingResponse, access: open,\n"
    "     validation: {request: 'off', response: 'off'}}\n"
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with scene(tmp_path_factory.mktemp("home"), **getattr(request.module, "TOLD", {})) as stage:
        stage.write("contracts/demo.yaml", OPEN)
        assert (await stage.platform.reload())["successful"]
        yield stage


@pytest.fixture
def stage(shared: Scene) -> Scene:
    """The stage as it was at its start. Modules that use it run in one loop: `pytestmark = IN_ONE_LOOP`."""
    return shared.fresh()
