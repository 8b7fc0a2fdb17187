"""The listeners' own bounds, through real sockets (SW-2.12), and how they end (SW-17.7)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from vaxel.adapters.server import ConnectionCounter, Limits, Listeners

GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


class App:
    """Reads the request, waits where it is told to, answers 200."""

    def __init__(self) -> None:
        self.begun, self.bodies, self.go_on = 0, list[bytes](), asyncio.Event()
        self.go_on.set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.begun += 1
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.bodies.append(body)
        await self.go_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


@asynccontextmanager
async def listening(**limits: Any) -> AsyncIterator[tuple[App, Listeners, int]]:
    app, listeners = App(), Listeners(Limits(**limits))
    port = await listeners.listen(app, "127.0.0.1", 0)
    sweeping = asyncio.create_task(listeners.sweep())
    try:
        yield app, listeners, port
    finally:
        sweeping.cancel()
        await listeners.drain(0)


async def talk(port: int, *parts: bytes, pause_s: float = 0) -> bytes:
    """What comes back until the connection ends, or half a second passes in silence after the last part."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    content = b""
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause_s)
        while chunk := await asyncio.wait_for(reader.read(65536), 2.6):
            content += chunk
            if content.endswith(b"ok"):
                break
    except (TimeoutError, ConnectionError):
        content += b"<open or reset>"
    finally:
        writer.close()
    return content


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ((GET,), b"200"),
        ((b"GET /" + b"x" * 3000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",), b"431"),
        ((b"GET / HTTP/1.1\r\nx: " + b"y" * 3000 + b"\r\n\r\n",), b"431"),
        ((b"GET / HTTP/1.1\r\n", *[b"a: b\r\n" * 100] * 5), b"431"),
        ((b"GET / HTTP/1.1\r\nx: " + b"y" * 1500, b"y" * 1500), b"431"),
        ((b"NONSENSE\r\n\r\n",), b"400"),
    ],
    ids=["fits", "target", "one-header", "many-headers", "unfinished", "no-http"],
)
async def test_sw_2_12_heads(parts: tuple[bytes, ...], status: bytes) -> None:
    async with listening(header_bytes=2000) as (app, _, port):
        answer = await talk(port, *parts)
        assert answer.startswith(b"HTTP/1.1 " + status)
        assert app.begun == (status == b"200")


@pytest.mark.parametrize(
    "part",
    [b"GET / HTTP/1.1\r\nhost", b"", b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nab"],
    ids=["head", "nothing", "body"],
)
async def test_sw_2_12_silence_is_408(part: bytes) -> None:
    async with listening(header_timeout_s=0.3, body_idle_s=0.3) as (_, listeners, port):
        assert (await talk(port, part)).startswith(b"HTTP/1.1 408")
        assert listeners.connections == 0


async def test_a_body_that_comes_slowly_but_comes_is_read() -> None:
    async with listening(body_idle_s=1.2) as (app, _, port):
        parts = (b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\n", b"a", b"b", b"c", b"d")
        assert (await talk(port, *parts, pause_s=0.4)).startswith(b"HTTP/1.1 200")
        assert app.bodies == [b"abcd"]


async def test_sw_2_12_one_connection_too_many_is_closed_at_once() -> None:
    async with listening(connections=2) as (_, listeners, port):
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        assert await talk(port, GET) in {b"", b"<open or reset>"}
        assert listeners.connections == 2
        held[0][1].close()
        await asyncio.sleep(0.05)
        assert (await talk(port, GET)).startswith(b"HTTP/1.1 200")
        held[1][1].close()


async def test_requests_on_one_connection() -> None:
    async with listening() as (app, _, port):
        assert (await talk(port, GET * 3)).count(b"200 OK") >= 1
        assert app.begun == 3


@pytest.mark.parametrize(("grace_s", "answered"), [(5, True), (0.1, False)])
async def test_sw_17_7_a_drain_waits_for_answers_as_long_as_it_may(grace_s: float, answered: bool) -> None:
    async with listening() as (app, listeners, port):
        app.go_on.clear()
        calling = asyncio.create_task(talk(port, GET))
        while not app.begun:  # noqa: ASYNC110 - the app is asked, it does not tell
            await asyncio.sleep(0.01)
        draining = asyncio.create_task(listeners.drain(grace_s))
        await asyncio.sleep(0.3)
        app.go_on.set()
        assert (b"200 OK" in await calling) is answered
        await draining
        with pytest.raises(OSError, match=r".*"):
            await asyncio.open_connection("127.0.0.1", port)


def test_connections_are_counted_once() -> None:
    counter = ConnectionCounter(1)
    one, other = object(), object()
    assert counter.take(one)  # type: ignore[arg-type]
    assert not counter.take(other)  # type: ignore[arg-type]
    counter.release(other)  # type: ignore[arg-type]
    assert not counter.take(other)  # type: ignore[arg-type]
    counter.release(one)  # type: ignore[arg-type]
    assert counter.take(other)  # type: ignore[arg-type]
