"""What producers say, as the connection reads it (SW-2.7, SW-10.4, SW-13.3)."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from tests.adapters.test_producers import OK, Talk, outgoing, producer, says

from vaxel.adapters.outbound import READ_AHEAD
from vaxel.call import Body
from vaxel.errors import ProducerFailed


@pytest.mark.parametrize(
    ("said", "status", "body"),
    [
        (OK, 200, b"ok"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200, b"ok"),
        (b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + OK, 200, b"ok"),
        (b"HTTP/1.1 200 OK\r\n\r\nto the end", 200, b"to the end"),
        (b"HTTP/1.0 500 Sorry\r\n\r\nto the end", 500, b"to the end"),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\nt: u\r\n\r\n",
            200,
            b"abc",
        ),
        (b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n", 202, b""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
    ],
)
@pytest.mark.parametrize("step", [1000, 1])
async def test_answers_of_every_form(said: bytes, status: int, body: bytes, step: int) -> None:
    parts = [said[place : place + step] for place in range(0, len(said), step)]
    async with producer(says(*parts)) as (client, url):
        answer = await client.send(outgoing(url))
        assert (answer.status, answer.body.start, answer.body.rest) == (status, body, None)


async def test_a_connection_carries_one_call_after_the_other() -> None:
    connections = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while True:
            await reader.readuntil(b"\r\n\r\n<a/>")
            writer.write(OK)

    async with producer(talk) as (client, url):
        for _ in range(5):
            assert (await client.send(outgoing(url))).body.start == b"ok"
        assert (connections, client.connections) == (1, 1)
        await asyncio.gather(*(client.send(outgoing(url)) for _ in range(3)))
        assert (connections, client.connections) == (3, 3)


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok",
        OK + b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nsmuggled",
    ],
    ids=["closes", "says more than it was asked"],
)
async def test_a_connection_that_ends_or_lies_is_not_used_again(said: bytes) -> None:
    connections = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n<a/>")
        writer.write(said)
        await reader.read()

    async with producer(talk) as (client, url):
        for number in (1, 2):
            assert (await client.send(outgoing(url))).body.start == b"ok"
            assert connections == number


async def test_idle_connections_are_dropped_after_their_time() -> None:
    async with producer(says(OK, pause=9), pool_idle_s=0.1) as (client, url):
        await client.send(outgoing(url))
        assert client.connections == 1
        await asyncio.sleep(0.5)
        assert client.connections == 0


async def test_a_producer_that_sends_faster_than_is_read_waits() -> None:
    sent = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n<a/>")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (200 * READ_AHEAD))
        for _ in range(200):
            writer.write(bytes(READ_AHEAD))
            await writer.drain()
            sent += READ_AHEAD

    async with producer(talk) as (client, url):
        answer = await client.send(outgoing(url))
        await asyncio.sleep(0.2)
        assert sent < 100 * READ_AHEAD
        assert answer.body.rest is not None
        size = len(answer.body.start) + sum([len(part) async for part in answer.body.rest])
    assert size == 200 * READ_AHEAD


async def test_a_connection_that_was_made_to_wait_reads_again_for_the_next_call() -> None:
    """The last bytes of the first answer are those that are too many to be held."""
    sizes = (100_000, 270_000)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n<a/>")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % sum(sizes))
            for size in sizes:
                writer.write(bytes(size))
                await writer.drain()
                await asyncio.sleep(0.05)

    async with producer(talk) as (client, url):
        for _ in range(2):
            answer = await client.send(outgoing(url))
            assert answer.body.rest is not None
            await asyncio.sleep(0.2)
            rest = [part async for part in answer.body.rest]
            assert len(answer.body.start) + sum(map(len, rest)) == sum(sizes)
        assert client.connections == 1


def refuses_early() -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 3\r\n\r\nbig")
        await reader.read()

    return talk


async def test_an_answer_before_the_whole_request_is_the_answer() -> None:
    async def rest() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield bytes(10_000)
            await asyncio.sleep(0.01)

    async with producer(refuses_early()) as (client, url):
        begun = time.monotonic()
        answer = await client.send(outgoing(url, body=Body(start=b"", rest=rest(), length=1_000_000)))
        assert (answer.status, answer.body.start) == (413, b"big")
        assert time.monotonic() - begun < 1


async def test_a_body_that_breaks_while_it_is_sent_is_the_calls_error() -> None:
    class ConsumerGone(Exception):
        pass

    async def rest() -> AsyncIterator[bytes]:
        yield b"b"
        raise ConsumerGone

    async with producer(says(OK)) as (client, url):
        with pytest.raises(ConsumerGone):
            await client.send(outgoing(url, body=Body(start=b"a", rest=rest(), length=9)))
        await asyncio.sleep(0.05)
        assert (client.in_flight, client.connections) == ({}, 0)


async def test_a_call_that_is_cancelled_drops_its_connection() -> None:
    closed = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n<a/>")
        await reader.read()
        closed.set()

    async with producer(talk) as (client, url):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.send(outgoing(url)), 0.1)
        await asyncio.wait_for(closed.wait(), 1)
        assert client.in_flight == {}


async def test_bytes_that_nobody_asked_for_end_an_idle_connection() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n<a/>")
        writer.write(OK)
        await asyncio.sleep(0.05)
        writer.write(OK)
        await reader.read()

    async with producer(talk) as (client, url):
        await client.send(outgoing(url))
        await asyncio.sleep(0.2)
        assert client.connections == 0


async def test_the_whole_call_has_a_deadline() -> None:
    """SW-10.3: each pause is short enough, the whole is not."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n<a/>")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n")
        for _ in range(9):
            writer.write(b"a")
            await asyncio.sleep(0.1)

    async with producer(talk) as (client, url):
        asked = outgoing(url)
        with pytest.raises(ProducerFailed) as caught:
            await client.send(replace(asked, deadline=time.monotonic() + 0.5))
    assert caught.value.cause == "producer.total-timeout"
