"""Calls to producers that misbehave on real sockets (switch.md sections 10 and 11)."""

import asyncio
import gc
import ipaddress
import os
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from vaxel.adapters.addresses import AllowedNetworks
from vaxel.adapters.producers import Calling, Producers
from vaxel.call import Body
from vaxel.delivery import Outgoing
from vaxel.errors import ProducerFailed

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
ENVELOPE = b"<s:Envelope xmlns:s='x'/></s:Envelope>"
LOOPBACK = AllowedNetworks((ipaddress.ip_network("127.0.0.0/8"),))


def _no_tls(host: str, port: int) -> ssl.SSLContext:
    raise AssertionError((host, port))


async def listening(talk: Talk, port: int = 0) -> asyncio.Server:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    return await asyncio.start_server(connected, "127.0.0.1", port)


@asynccontextmanager
async def producer(talk: Talk, **calling: float) -> AsyncIterator[tuple[Producers, str]]:
    """A producer that says what `talk` does, and the client towards it."""

    server = await listening(talk)
    client = Producers(Calling(retry_delay_s=0, **calling), LOOPBACK, _no_tls)  # type: ignore[arg-type]
    try:
        yield client, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
    finally:
        await client.close()
        server.close()
        gc.collect()  # what is left open is told of in the test that left it


def outgoing(url: str, *, idempotent: bool = False, body: Body | None = None) -> Outgoing:
    return Outgoing(
        url=url,
        headers=((b"host", b"x"),),
        body=body or Body.whole(b"<a/>"),
        idempotent=idempotent,
        answer_timeout_s=0.3,
        deadline=time.monotonic() + 5,
    )


async def request(reader: asyncio.StreamReader) -> None:
    await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(4)


def says(*parts: bytes, pause: float = 0, abort: bool = False) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        for part in parts:
            writer.write(part)
            await writer.drain()
        await asyncio.sleep(pause)
        if abort:
            writer.transport.abort()

    return talk


@pytest.mark.parametrize(
    ("talk", "cause"),
    [
        (says(), "producer.reset"),
        (says(abort=True), "producer.reset"),
        (says(pause=1), "producer.response-timeout"),
        (says(b"SSH-2.0-OpenSSH\r\n\r\n"), "producer.protocol"),
        (says(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n"), "producer.protocol"),
        (says(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 5000 + b"\r\n"), "producer.protocol"),
        (says(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab", pause=1), "producer.idle-timeout"),
        (says(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab"), "producer.response-truncated"),
        (says(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n"), "producer.response-truncated"),
    ],
)
async def test_each_failure_has_its_cause(talk: Talk, cause: str) -> None:
    async with producer(talk) as (client, url):
        with pytest.raises(ProducerFailed) as caught:
            await client.send(outgoing(url))
    assert caught.value.cause == cause


async def test_a_complete_envelope_shorter_than_stated_is_accepted() -> None:
    content = ENVELOPE
    talk = says(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (len(content) + 9) + content)
    async with producer(talk) as (client, url):
        answer = await client.send(outgoing(url))
        rest = b"".join([part async for part in answer.body.rest]) if answer.body.rest else b""
    assert answer.body.start + rest == content


async def test_a_large_answer_that_nobody_reads_leaves_no_connection_open() -> None:
    closed = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 900000\r\n\r\n" + b"a" * 100_000)
        try:
            await reader.read()
        finally:
            closed.set()

    async with producer(talk) as (client, url):
        answer = await client.send(outgoing(url))
        assert answer.body.rest is not None
        gc.disable()
        await answer.body.rest.aclose()  # type: ignore[attr-defined]
        await asyncio.wait_for(closed.wait(), 2)
        gc.enable()


async def test_a_call_counts_until_its_answer_is_read() -> None:
    talk = says(b"HTTP/1.1 200 OK\r\ncontent-length: 200000\r\n\r\n", b"a" * 200_000, pause=0.2)
    async with producer(talk) as (client, url):
        answer = await client.send(outgoing(url))
        assert sum(client.in_flight.values()) == 1
        assert answer.body.rest is not None
        async for _ in answer.body.rest:
            pass
        assert client.in_flight == {}


async def test_an_idle_connection_that_the_producer_closed_causes_no_error() -> None:
    writers: list[asyncio.StreamWriter] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await request(reader)
        writer.write(OK)
        await reader.read()

    async with producer(talk) as (client, url):
        await client.send(outgoing(url))
        with socket.socket(fileno=os.dup(writers[0].transport.get_extra_info("socket").fileno())) as held:
            held.shutdown(socket.SHUT_RDWR)  # unseen by the loop until it asks
        answer = await client.send(outgoing(url))  # not idempotent: never sent twice
        assert (answer.status, answer.retries) == (200, 0)


async def test_a_streamed_body_is_sent_again_when_no_connection_stood() -> None:
    async with producer(says(OK)) as (client, _url):
        free = await listening(says(OK))
        port = free.sockets[0].getsockname()[1]
        free.close()
        await free.wait_closed()

        async def rest() -> AsyncIterator[bytes]:
            yield b"/>"

        async def back_up() -> asyncio.Server:
            await asyncio.sleep(0.1)
            return await listening(says(OK), port)

        client._calling = Calling(retry_delay_s=0.5)
        restarted = asyncio.create_task(back_up())
        body = Body(start=b"<a", rest=rest(), length=4)
        answer = await client.send(outgoing(f"http://127.0.0.1:{port}/x", body=body))
        (await restarted).close()
        await asyncio.sleep(0.05)  # the client ends its own side of the upload
    assert (answer.status, answer.retries) == (200, 1)
