"""What answers hold while they are under way (AG-8.12), and that one source's accident is its own."""

import asyncio
from collections.abc import AsyncIterator

from asked_calls import call
from scene import message
from test_plan import entry

from vaxel.aggregation.plan import Source
from vaxel.call import Body, Call, Handler, Reply
from vaxel.services.subcall import Cutting, SubCalls

SOURCE = Source(address="A", resident="191212121212")


def calls(handler: Handler, failed: list[str], held_bytes: int = 100) -> SubCalls:
    cutting = Cutting(entry=entry(), names=("x",), held_bytes=held_bytes)
    content = message()
    return SubCalls(call(content=content), content, handler, cutting, 9e9, lambda _, error: failed.append(str(error)))


async def test_answers_under_way_are_bounded_together() -> None:
    go = asyncio.Event()

    async def rest() -> AsyncIterator[bytes]:
        await go.wait()
        yield b"y"

    async def slow(_: Call) -> Reply:
        return Reply(status=200, headers=(), body=Body(start=b"x" * 60, rest=rest()))

    several = calls(slow, [])
    first = asyncio.ensure_future(several.ask(SOURCE, "1"))
    await asyncio.sleep(0)
    second = await several.ask(SOURCE, "2")
    assert second.failure is not None
    assert second.failure.code == "RESPONSE_TOO_LARGE"
    go.set()
    done = await first
    assert done.failure is not None
    assert (done.failure.code, done.size_bytes) == ("INVALID_RESPONSE", 61)
    several.release(done.size_bytes)
    third = await several.ask(SOURCE, "3")
    assert third.failure is not None
    assert third.failure.code == "INVALID_RESPONSE"


async def test_what_nobody_foresaw_is_one_sources_failure() -> None:
    async def broken(_: Call) -> Reply:
        raise ZeroDivisionError("secret")

    failed: list[str] = []
    outcome = await calls(broken, failed).ask(SOURCE, "1")
    assert outcome.failure is not None
    assert (outcome.failure.agent, outcome.failure.code) == ("other", "INTERNAL")
    assert "secret" not in outcome.failure.text
    assert failed == ["secret"]
