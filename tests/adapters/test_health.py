"""Health through real sockets: hung, dead, restarted and slow producers beside good ones (section 11, AG-7.5)."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest
from tests.adapters.test_producers import LOOPBACK, OK, Talk, _no_tls, listening, outgoing, request, says

from vaxel.adapters.breaker import BreakerRules, State
from vaxel.adapters.health import SERIES, Health
from vaxel.adapters.producers import Calling, Producers
from vaxel.adapters.vitals import OTHER, Origin, Vitals
from vaxel.call import Body
from vaxel.delivery import Answer, Outgoing
from vaxel.errors import AddressUnusable, Overloaded, ProducerFailed

FAULT = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 2\r\n\r\nno"
RULES = BreakerRules(failures=3, open_s=0.4, max_open_s=3.2)


class Told:
    """Keeps what breakers told."""

    def __init__(self) -> None:
        self.states: list[State] = []

    def __call__(self, vitals: Vitals, before: State) -> None:
        self.states.append(vitals.breaker.state)


@asynccontextmanager
async def healthy(*talks: Talk, rules: BreakerRules = RULES, **calling: Any) -> AsyncIterator[tuple[Health, list[str]]]:
    """Producers that say what the talks do, and the way to them."""
    servers = [await listening(talk) for talk in talks]
    client = Producers(Calling(retry_delay_s=0, retry_attempts=0, **calling), LOOPBACK, _no_tls)
    try:
        yield (
            Health(client, rules, Told()),
            [f"http://127.0.0.1:{each.sockets[0].getsockname()[1]}/x" for each in servers],
        )
    finally:
        await client.close()
        for server in servers:
            server.close()


async def cause(health: Health, outgoing: Outgoing) -> str:
    """What a call fails with; empty where it is answered."""
    try:
        answer = await health.send(outgoing)
        if answer.body.rest is not None:
            async for _ in answer.body.rest:
                pass
    except ProducerFailed as failure:
        return failure.cause
    return ""


def hurried(url: str) -> Outgoing:
    return replace(outgoing(url), answer_timeout_s=0.1)


async def test_a_hung_producer_is_no_longer_waited_for_and_others_are_called_as_before() -> None:
    async with healthy(says(pause=9), says(OK)) as (health, (hung, good)):
        for _ in range(RULES.failures):
            assert await cause(health, hurried(hung)) == "producer.response-timeout"
        with pytest.raises(ProducerFailed) as caught:
            await health.send(outgoing(hung))
        assert (caught.value.cause, caught.value.code, caught.value.retryable) == (
            "producer.circuit-open",
            "VP009",
            True,
        )
        assert caught.value.fields == {"address": hung}
        assert [await cause(health, outgoing(good)) for _ in range(9)] == [""] * 9
        first, second = health.vitals
        assert (first.breaker.state, first.skipped, first.failures["producer.response-timeout"]) == (State.OPEN, 1, 3)
        assert (second.breaker.state, second.answered, len(second.recent_s)) == (State.CLOSED, 9, 9)


async def test_a_call_to_an_open_endpoint_does_not_reach_it() -> None:
    met = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal met
        met += 1

    async with healthy(talk) as (health, (url,)):
        for _ in range(20):
            await cause(health, outgoing(url))
    assert met == RULES.failures


@pytest.mark.parametrize(
    ("talk", "failed_as"),
    [
        (says(FAULT), ""),
        (says(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"), ""),
        (says(b"SSH-2.0-OpenSSH\r\n\r\n"), "producer.protocol"),
        (says(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab"), "producer.response-truncated"),
    ],
)
async def test_who_says_anything_lives(talk: Talk, failed_as: str) -> None:
    async with healthy(talk) as (health, (url,)):
        assert {await cause(health, outgoing(url)) for _ in range(9)} == {failed_as}
        assert health.vitals[0].breaker.state is State.CLOSED
        assert health.vitals[0].failures.total() == (9 if failed_as else 0)
        for probe in (*["producer.unreachable"] * RULES.failures, ""):
            health.probed(health.vitals[0], probe)
        assert health.vitals[0].breaker.state is State.HALF_OPEN
        await cause(health, outgoing(url))
        assert health.vitals[0].breaker.state is State.CLOSED


async def test_half_open_under_many_calls_at_once_lets_exactly_one_through() -> None:
    met, mended = 0, False

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal met
        await request(reader)
        met += 1
        await asyncio.sleep(0.05)
        if mended:
            writer.write(OK)

    async with healthy(talk) as (health, (url,)):
        for _ in range(RULES.failures):
            await cause(health, outgoing(url))
        for mended, outcome in ((False, "producer.reset"), (True, "")):  # noqa: B007 - the producer reads it
            met = 0
            await asyncio.sleep(max(0, health.vitals[0].breaker.until - time.monotonic()))
            causes = await asyncio.gather(*(cause(health, outgoing(url)) for _ in range(50)))
            assert met == 1
            assert sorted(causes) == sorted([outcome, *["producer.circuit-open"] * 49])
        assert await cause(health, outgoing(url)) == ""
        assert health._changed.states == [State.OPEN, State.OPEN, State.CLOSED]  # type: ignore[attr-defined]


async def test_a_test_call_whose_caller_goes_away_does_not_shut_the_endpoint_for_ever() -> None:
    hangs = True

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        if hangs:
            await asyncio.sleep(9)
        writer.write(OK)

    async with healthy(talk) as (health, (url,)):
        for _ in range(RULES.failures):
            await cause(health, hurried(url))
        await asyncio.sleep(RULES.open_s)
        test = asyncio.create_task(health.send(outgoing(url)))
        await asyncio.sleep(0.05)
        test.cancel()
        with suppress(asyncio.CancelledError):
            await test
        hangs = False
        assert await cause(health, outgoing(url)) == ""
        assert health.vitals[0].breaker.state is State.CLOSED


async def test_a_stream_under_way_when_the_breaker_opens_ends_well() -> None:
    size = 300_000
    calls = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        await request(reader)
        if calls == 1:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size + b"a" * 100_000)
            await asyncio.sleep(0.2)
            writer.write(b"a" * (size - 100_000))

    async with healthy(talk) as (health, (url,)):
        answer = await health.send(outgoing(url))
        for _ in range(RULES.failures):
            assert await cause(health, outgoing(url)) == "producer.reset"
        assert health.vitals[0].breaker.state is State.OPEN
        assert answer.body.rest is not None
        assert len(answer.body.start) + sum([len(part) async for part in answer.body.rest]) == size


async def test_an_answer_that_breaks_on_its_way_is_told_of() -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 200000\r\n\r\n"
    async with healthy(says(head, b"a" * 100_000)) as (health, (url,)):
        assert await cause(health, outgoing(url)) == "producer.response-truncated"
        vitals = health.vitals[0]
        assert (vitals.answered, vitals.last_cause) == (1, "producer.response-truncated")


async def test_a_consumer_that_is_slow_to_send_does_not_open_the_breaker_for_others() -> None:
    async def slowly() -> AsyncIterator[bytes]:
        await asyncio.sleep(5)
        yield b"/>"

    async with healthy(says(OK)) as (health, (url,)):
        for _ in range(RULES.failures):
            slow = replace(hurried(url), body=Body(start=b"<a", rest=slowly(), length=4))
            assert await cause(health, slow) == "producer.response-timeout"
        assert health.vitals[0].breaker.consecutive == 0
        assert await cause(health, outgoing(url)) == ""


async def test_a_streamed_request_that_was_sent_and_not_answered_counts() -> None:
    async def rest() -> AsyncIterator[bytes]:
        yield b"/>"

    async with healthy(says(pause=9)) as (health, (url,)):
        await cause(health, replace(hurried(url), body=Body(start=b"<a", rest=rest(), length=4)))
        assert health.vitals[0].breaker.consecutive == 1


async def test_a_bound_of_ones_own_says_nothing_of_the_producer() -> None:
    async with healthy(says(OK, pause=1), max_calls_per_producer=0) as (health, (url,)):
        for _ in range(9):
            with pytest.raises(Overloaded):
                await health.send(outgoing(url))
        with pytest.raises(AddressUnusable):
            await health.send(outgoing("http:///x"))
        assert [(each.breaker.consecutive, each.overloaded) for each in health.vitals] == [(0, 9)]


class Silent:
    """A producer in memory that answers with nothing."""

    async def send(self, outgoing: Outgoing) -> Answer:
        return Answer(status=200, reason="OK", headers=(), body=Body.whole(b"x"))


async def test_series_are_bounded_and_what_no_route_leads_to_is_forgotten() -> None:
    health = Health(Silent(), RULES, Told())
    for number in range(SERIES + 3):
        await health.send(outgoing(f"https://p{number}/x"))
    assert len({each.label for each in health.vitals}) == SERIES + 1
    assert [each.label for each in health.vitals[-3:]] == [OTHER] * 3
    health.keep({Origin("https", "p7", 443)})
    assert [str(each.origin) for each in health.vitals] == ["https://p7:443"]


async def test_http_and_https_of_one_host_are_endpoints_of_their_own() -> None:
    health = Health(Silent(), RULES, Told())
    for url in ("http://P:443/a", "https://p/b", "https://p:443/c?d"):
        await health.send(outgoing(url))
    assert [(str(each.origin), each.answered) for each in health.vitals] == [("http://p:443", 1), ("https://p:443", 2)]
