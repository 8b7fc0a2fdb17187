"""A process that is killed between its answer and the effect loses nothing (EI-4.8), and tells subscribers (EI-8.6)."""

import asyncio
import random
from pathlib import Path

import aiohttp
import kill
from index_scene import PEERS, SOURCE, SUBSCRIBER, IndexScene, until
from rows import row, update, wanted
from scene import PLATFORM, message

from vaxel.adapters.server import Limits, Listeners
from vaxel.store import asking
from vaxel.store.address import address
from vaxel.store.store import Store

ROUNDS = 5


async def test_what_was_answered_survives_kills(tmp_path: Path, store_url: str) -> None:
    stage = IndexScene(tmp_path / "home", {}, {SUBSCRIBER: ""})
    listeners = Listeners(Limits())
    stage.port = await listeners.listen(stage.producer, "127.0.0.1", 0)
    stage.furnish()
    told = {"VAXEL_STORE_URL": store_url, "VAXEL_INTERNAL_PEERS": PEERS, "VAXEL_INDEX_RETRY_S": "0.05"}
    told["VAXEL_INDEX_COLLECT_S"] = "60"  # so that single transactions are killed while they wait
    victim = kill.Victim(stage.path, told)
    answered: set[str] = set()
    try:
        for number in range(ROUNDS):
            victim.start()
            calling = asyncio.create_task(_update(await victim.port(), number, answered))
            await asyncio.sleep(random.Random(number).uniform(0.3, 1.0))  # noqa: S311 - repeatable, not secret
            victim.kill()
            await calling
        assert len(answered) > ROUNDS
        victim.start()
        await victim.port()
        await until(lambda: answered <= {each.engagement.categorization for each in stage.heard()}, within_s=30)
        victim.kill()
        store = Store(address(store_url, tmp_path))
        found = await asking.find(await store.reader(), wanted())
        await store.close()
        assert answered <= {each.categorization for each in found}
    finally:
        if victim.process.poll() is None:
            victim.kill()
        await listeners.drain(0)


async def _update(port: int, number: int, answered: set[str]) -> None:
    """Updates with one transaction each, until the platform is gone; the categorizations that were answered OK."""
    headers = {"x-vp-sender-id": SOURCE, "x-vp-instance-id": PLATFORM, "content-type": "text/xml;charset=UTF-8"}

    async def caller(session: aiohttp.ClientSession, who: int) -> None:
        count = 0
        while True:
            name = f"r{number}-{who}-{count}"
            content = message(update(row(categorization=name)), PLATFORM)
            try:
                async with session.post(f"http://127.0.0.1:{port}/vp", data=content, headers=headers) as answer:
                    text = await answer.read()
            except (aiohttp.ClientError, OSError):
                return
            assert b"<ResultCode>OK</ResultCode>" in text, text
            answered.add(name)
            count += 1

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(caller(session, who) for who in range(8)))
