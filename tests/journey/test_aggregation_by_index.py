"""Aggregated answers over the platform's own index: what an Update told of is asked, and nothing else (EI-6.8)."""

from pathlib import Path

import pytest
from index_scene import until
from region import Region, System, engagement
from rows import update
from scene import PLATFORM, TRUSTED, Scene, message

from vaxel.engagements.fields import UPDATE

A, B = "SE2321000016-SYSA", "SE2321000016-SYSB"
INDEX = "SE2321000016-INDX"


class OwnIndex(Region):
    """A region whose platform holds the index itself, at `address`; nowhere where that is empty."""

    def __init__(self, path: Path, address: str, **told: object) -> None:
        super().__init__(path, {"index_collect_s": "0.05", **told}, [System(A), System(B)])
        if address:
            self.extra_addresses = f"  - {{id: {INDEX}, name: I, kind: system}}\n"
            self.extra_routes = (
                f"  - {{to: [{address}], contract: [{UPDATE}], producer: {PLATFORM}, "
                "url: 'vaxel:engagement-index', profile: rivtabp21}\n"
            )
            self.extra_permissions = f"  - {{consumer: [{TRUSTED}], to: [{address}], contract: [{UPDATE}]}}\n"

    async def raise_platform(self) -> None:
        await Scene.raise_platform(self)


@pytest.mark.parametrize(("address", "told"), [(PLATFORM, {}), (INDEX, {"index_address": INDEX})])
async def test_an_update_makes_its_source_asked(
    tmp_path: Path, store_url: str, address: str, told: dict[str, str]
) -> None:
    """AG-4.1, EI-4.8, EI-6.8: the index asked in process is the one that Update is addressed to."""
    stage = OwnIndex(tmp_path, address, store_url=store_url, **told)
    try:
        await stage.start()
        await until(lambda: stage.platform.index.store.is_open)
        assert (await stage.ask()).documents == []
        answer = await stage.call(message(update(engagement(A)), address), receiver=address)
        assert (answer.status, "<ResultCode>OK</ResultCode>" in answer.text) == (200, True)

        async def documents() -> list[str]:
            return (await stage.ask()).documents

        assert await until(documents) == [f"{A}-1"]
        assert stage.systems[B].seen == []
    finally:
        await stage.stop()


async def test_an_index_that_no_update_can_reach_is_none(tmp_path: Path) -> None:
    """AG-4.4: an empty store that nothing leads to must not look like sources that hold nothing."""
    stage = OwnIndex(tmp_path, "")
    try:
        await stage.start()
        answer = await stage.call(message(receiver=PLATFORM), receiver=PLATFORM)
        assert (answer.status, answer.code, answer.cause) == (500, "VX010", "index.unreachable")
    finally:
        await stage.stop()
