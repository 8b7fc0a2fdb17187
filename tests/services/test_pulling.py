"""Fetching changes through the switch, from a source over a real socket (EI-7.6, EI-7.7)."""

from pathlib import Path

import pytest
from index_scene import SUBSCRIBER, IndexScene, index_scene
from rows import DOMAIN, RESIDENT, row
from scene import PLATFORM

from vaxel.engagements import write
from vaxel.engagements.fields import CHANGES
from vaxel.engagements.model import Engagement
from vaxel.services.pulling import PullFailed, Source

SOURCE = Source(address=SUBSCRIBER, domain=DOMAIN)


def mine(**changed: str) -> Engagement:
    return row(source_system=SUBSCRIBER, logical_address=SUBSCRIBER, **changed)


async def ready(stage: IndexScene) -> None:
    """The subscriber's address answers GetUpdates too."""
    routes, permissions = (stage.path / "routing" / name for name in ("routes.yaml", "permissions.yaml"))
    routes.write_text(
        routes.read_text() + f"  - {{to: [{SUBSCRIBER}], contract: [{CHANGES}], producer: SE2321000016-TC01, "
        f"url: 'http://127.0.0.1:{stage.port}/pull', profile: rivtabp21}}\n"
    )
    permissions.write_text(
        permissions.read_text() + f"  - {{consumer: [{PLATFORM}], to: [{SUBSCRIBER}], contract: [{CHANGES}]}}\n"
    )
    assert (await stage.platform.reload())["successful"]
    stage.producer.plain = True


async def test_a_run(tmp_path: Path) -> None:
    async with index_scene(tmp_path, index_sync="on") as stage:
        await ready(stage)
        await stage.send(mine(categorization="voo"), row())
        stage.producer.content = write.updates([(RESIDENT, (mine(),))], complete=True)
        puller = stage.platform.index.puller
        assert await puller.fetch(SOURCE) == 1
        assert [(each.categorization, each.source_system) for each in await stage.find()] == [
            ("dia", row().source_system),
            ("dia", SUBSCRIBER),
        ]
        assert b"<timeStamp>19700101000000" in stage.producer.seen[0]["body"]
        await puller.fetch(SOURCE)
        assert b"<timeStamp>19700101000000" not in stage.producer.seen[1]["body"]


@pytest.mark.parametrize(
    "content",
    [
        write.updates([], complete=False),
        write.updates([(RESIDENT, ())], complete=False),
        write.updates([(RESIDENT, (mine(service_domain="riv:other"),))], complete=True),
    ],
)
async def test_a_run_that_fails_moves_no_mark(tmp_path: Path, content: bytes) -> None:
    async with index_scene(tmp_path, index_sync="on") as stage:
        await ready(stage)
        stage.producer.content = content
        for _ in range(2):
            with pytest.raises(PullFailed):
                await stage.platform.index.puller.fetch(SOURCE)
            assert b"<timeStamp>19700101000000" in stage.producer.seen[-1]["body"]
