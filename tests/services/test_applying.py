import asyncio
from io import BytesIO

from prometheus_client import CollectorRegistry
from rows import row
from stored import TURN, arrived, found

from vaxel.adapters.index_telemetry import IndexEvents
from vaxel.adapters.telemetry import Log
from vaxel.services.applying import Applier, Collecting
from vaxel.store import inbox
from vaxel.store.store import Store


def applier(store: Store, told: list[str], collecting: Collecting) -> Applier:
    events = IndexEvents(Log(BytesIO()), CollectorRegistry())
    return Applier(store, lambda: TURN, collecting, events, lambda: told.append("notify"))


async def test_everything_is_applied_and_notifying_is_told(store: Store) -> None:
    told: list[str] = []
    for number in range(inbox.MOST + 1):
        await store.write(inbox.keep, arrived(row(categorization=f"c{number}")))
    await applier(store, told, Collecting()).apply()
    assert len(await found(store)) == inbox.MOST + 1
    assert told == ["notify", "notify"]


async def test_collecting(store: Store) -> None:
    """EI-4.9: singles wait for their number or their time, larger requests for nobody; what was left is applied first."""
    await store.write(inbox.keep, arrived(row(categorization="left")))
    working = applier(store, [], Collecting(size=3, longest_s=30))
    running = asyncio.create_task(working.run())
    try:
        await _until(store, 1)
        for number in range(3):
            assert len(await found(store)) == 1
            await store.write(inbox.keep, arrived(row(categorization=f"c{number}")))
            working.arrived(1)
            await asyncio.sleep(0.05)
        await _until(store, 4)
        await store.write(inbox.keep, arrived(row(categorization="x"), row(categorization="y")))
        working.arrived(2)
        await _until(store, 6)
        await store.write(inbox.keep, arrived(row(categorization="z")))
        working.hurry()
        await _until(store, 7)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _until(store: Store, count: int) -> None:
    for _ in range(500):
        if len(await found(store)) == count:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"there are {len(await found(store))} rows, not {count}")
