"""HTTP as peers write it, byte by byte on real sockets (SW-2.7, SW-2.12, SW-13.2)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from vaxel.adapters.cycle import READ_AHEAD
from vaxel.adapters.inbound import Limits
from vaxel.adapters.server import Listeners

POST = b"POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b"


class Echo:
    """An application that answers with what it read; by path it does something else."""

    def __init__(self) -> None:
        self.scopes: list[dict[str, Any]] = []
        self.gone = asyncio.Event()
        self.under_way = 0
        self.most = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await getattr(self, scope["path"].strip("/") or "echo", self.echo)(scope, receive, send)
        finally:
            self.under_way -= 1

    async def echo(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.gone.set()
                return
            body += message["body"]
            if not message["more_body"]:
                break
        await answer(send, body)

    async def early(self, scope: Any, receive: Any, send: Any) -> None:
        await answer(send, b"early")

    async def parts(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for part in (b"one", b"", b"three"):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def large(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        self.sent = 0
        for _ in range(400):
            await send({"type": "http.response.body", "body": bytes(READ_AHEAD), "more_body": True})
            self.sent += READ_AHEAD
        await send({"type": "http.response.body", "body": b""})

    async def fails(self, scope: Any, receive: Any, send: Any) -> None:
        raise LookupError("nobody's business")

    async def breaks(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
        await send({"type": "http.response.body", "body": b"abc", "more_body": True})

    async def splits(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x", b"a\r\nset-cookie: b")]})
        await send({"type": "http.response.body", "body": b""})

    async def long(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"abc"})


async def answer(send: Any, body: bytes) -> None:
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def served(**limits: Any) -> AsyncIterator[tuple[Echo, int]]:
    app, listeners = Echo(), Listeners(Limits(**limits))
    port = await listeners.listen(app, "127.0.0.1", 0)
    sweep = asyncio.create_task(listeners.sweep())
    try:
        yield app, port
    finally:
        sweep.cancel()
        await listeners.drain(0)


async def talk(port: int, *parts: bytes, pause: float = 0) -> bytes:
    """Send parts, and read until the other side closes; `pause` seconds between parts."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
        await asyncio.sleep(pause)
    try:
        return await asyncio.wait_for(reader.read(), 4)
    except ConnectionResetError:
        return b"reset"
    finally:
        writer.close()


LAST = b"POST /a HTTP/1.1\r\nConnection: close\r\nContent-Length: 1\r\n\r\nz"


@pytest.mark.parametrize(
    ("sent", "bodies"),
    [
        (POST % (2, b"hi") + LAST, [b"hi", b"z"]),
        (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n" + LAST, [b"abc", b"z"]),
        (b"POST / HTTP/1.0\r\ncontent-length: 2\r\n\r\nok", [b"ok"]),
        (b"POST http://somewhere/a HTTP/1.1\r\nconnection: close\r\ncontent-length: 1\r\n\r\nq", [b"q"]),
        (POST % (0, b"") * 50 + LAST, [b""] * 50 + [b"z"]),
    ],
    ids=["kept", "chunked", "http10", "absolute", "pipelined"],
)
@pytest.mark.parametrize("step", [10_000, 7, 1])
async def test_requests_are_read_however_they_come(sent: bytes, bodies: list[bytes], step: int) -> None:
    async with served() as (app, port):
        parts = [sent[place : place + step] for place in range(0, len(sent), step)]
        got = await talk(port, *parts)
    assert [part.partition(b"\r\n\r\n")[2] for part in got.split(b"HTTP/1.1 200 OK\r\n")[1:]] == bodies
    assert app.most == 1


async def test_the_application_is_told_what_was_asked() -> None:
    async with served() as (app, port):
        await talk(port, b"POST /a%20b/c?d=e HTTP/1.1\r\nX-Y: z\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    [scope] = app.scopes
    assert (scope["method"], scope["path"], scope["raw_path"], scope["query_string"]) == (
        "POST",
        "/a b/c",
        b"/a%20b/c",
        b"d=e",
    )
    assert (b"x-y", b"z") in scope["headers"]
    assert scope["client"][0] == "127.0.0.1"
    assert scope["vaxel.client_certificate"] is None


async def test_a_client_that_waits_is_told_to_go_on() -> None:
    """SW-2.7."""
    head = b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 2\r\n\r\n"
    async with served() as (_, port):
        got = await talk(port, head, b"ok", pause=0.2)
    assert got.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert got.endswith(b"\r\n\r\nok")


async def test_an_answer_of_unknown_length_is_chunked_or_ends_with_the_connection() -> None:
    async with served() as (_, port):
        chunked = await talk(port, b"GET /parts HTTP/1.1\r\nConnection: close\r\n\r\n")
        old = await talk(port, b"GET /parts HTTP/1.0\r\n\r\n")
    assert chunked.endswith(
        b"transfer-encoding: chunked\r\nconnection: close\r\n\r\n3\r\none\r\n5\r\nthree\r\n0\r\n\r\n"
    )
    assert old.endswith(b"connection: close\r\n\r\nonethree")


async def test_a_head_request_gets_no_body() -> None:
    async with served() as (_, port):
        got = await talk(port, b"HEAD /parts HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert got.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nx: " + b"y" * 3000 + b"\r\nContent-Length: 0\r\n\r\n", b"431"),
        (b"POST / HTTP/1.1\r\nx: " + b"y" * 3000, b"431"),
        (b"POST /" + b"y" * 3000, b"431"),
        (b"GET /fails HTTP/1.1\r\n\r\n", b"500"),
        (b"GET /splits HTTP/1.1\r\n\r\n", b"500"),
    ],
)
async def test_what_is_not_to_be_answered_gets_a_bare_status(sent: bytes, status: bytes) -> None:
    async with served(header_bytes=2000) as (_, port):
        got = await talk(port, sent)
    assert got.startswith(b"HTTP/1.1 " + status)
    assert got.endswith(b"content-length: 0\r\nconnection: close\r\n\r\n")


@pytest.mark.parametrize("path", [b"/breaks", b"/long"])
async def test_an_answer_that_does_not_keep_its_word_has_no_clean_end(path: bytes) -> None:
    async with served() as (_, port):
        got = await talk(port, b"GET %b HTTP/1.1\r\n\r\n" % path)
    assert not got.endswith(b"\r\n\r\nabc\r\n")
    assert b"500" not in got.partition(b"\r\n")[0] or path == b"/long"


async def test_the_slow_are_closed() -> None:
    """SW-2.12: time to a whole head, each pause in a body, and idle connections."""
    async with served(header_timeout_s=0.5, body_idle_s=0.5, keep_alive_s=0) as (_, port):
        head, body, idle = await asyncio.gather(
            talk(port, b"POST / HTTP/1.1\r\n"),
            talk(port, POST % (9, b"abc")),
            talk(port, POST % (0, b"")),
        )
    assert head.startswith(b"HTTP/1.1 408")
    assert body.startswith(b"HTTP/1.1 408")
    assert idle.startswith(b"HTTP/1.1 200")


async def test_one_connection_too_many_is_closed_at_once() -> None:
    async with served(connections=1) as (_, port):
        _, kept = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.sleep(0.05)
        assert await talk(port) in {b"", b"reset"}
        kept.close()
        await asyncio.sleep(0.05)
        assert (await talk(port, LAST)).endswith(b"z")


async def test_an_early_answer_arrives_and_ends_the_connection() -> None:
    """SW-13.2: the answer is not lost with the bytes that nobody read."""
    async with served() as (app, port):
        got = await talk(port, b"POST /early HTTP/1.1\r\nContent-Length: 9000000\r\n\r\n", bytes(4_000_000), pause=0.1)
    assert got.endswith(b"connection: close\r\n\r\nearly")
    assert len(app.scopes) == 1


async def test_the_application_learns_that_the_peer_is_gone() -> None:
    async with served() as (app, port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(POST % (9, b"abc"))
        await asyncio.sleep(0.05)
        writer.close()
        await asyncio.wait_for(app.gone.wait(), 2)


async def test_a_peer_that_does_not_read_makes_the_application_wait() -> None:
    async with served() as (app, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(b"GET /large HTTP/1.1\r\nConnection: close\r\n\r\n")
        await asyncio.sleep(0.3)
        held = app.sent
        assert held < 400 * READ_AHEAD
        await asyncio.wait_for(reader.read(), 10)
        assert app.sent == 400 * READ_AHEAD
        writer.close()


async def test_a_drain_lets_the_call_under_way_end() -> None:
    """SW-17.7."""
    app, listeners = Echo(), Listeners(Limits())
    port = await listeners.listen(app, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    _, idle = await asyncio.open_connection("127.0.0.1", port)
    writer.write(POST % (2, b"o"))
    await asyncio.sleep(0.05)
    draining = asyncio.create_task(listeners.drain(5))
    await asyncio.sleep(0.05)
    writer.write(b"k")
    assert (await asyncio.wait_for(reader.read(), 2)).endswith(b"connection: close\r\n\r\nok")
    await draining
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    writer.close()
    idle.close()
