"""One request and its answer as ASGI: what an application reads and writes of a connection."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any, Protocol

import httptools

Message = MutableMapping[str, Any]
AsgiApp = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]

STATUS_LINES = {each.value: f"HTTP/1.1 {each.value} {each.phrase}\r\n".encode() for each in HTTPStatus}
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

READ_AHEAD = 65_536
"""Bytes of a body that wait for the application before the peer is made to wait."""


class Connection(Protocol):
    """What a cycle needs of its connection."""

    app: AsgiApp
    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    keep_alive: bool

    def pause_reading(self) -> None:
        """Make the peer wait."""
        ...

    def resume_reading(self) -> None:
        """Let the peer go on."""
        ...

    def write(self, content: bytes) -> None:
        """Send, with the other writes of this turn of the loop."""
        ...

    async def drain(self) -> None:
        """Wait until the peer has read enough of what was written."""
        ...

    def answered(self, cycle: "Cycle") -> None:
        """An answer has been written whole."""
        ...

    def refuse(self, status: int) -> None:
        """Answer with a bare status and close."""
        ...


class Cycle:
    """One request and its answer, between the connection and the application."""

    def __init__(self, connection: Connection, scope: Message, parser: httptools.HttpRequestParser) -> None:
        self._connection = connection
        self._scope = scope
        self._http10 = scope["http_version"] != "1.1"
        self._continue = not self._http10 and any(
            name == b"expect" and value.lower() == b"100-continue" for name, value in scope["headers"]
        )
        self._body: list[bytes] = []
        self._waiter: asyncio.Future[None] | None = None
        self._gone = False
        self._head = b""
        self._chunked = False
        self._no_body = scope["method"] == "HEAD"
        self._left = 0
        self.keep_alive: bool = parser.should_keep_alive()
        self.whole = False
        self._delivered = False
        self.begun = False
        self.done = False

    # From the connection

    def feed(self, body: bytes) -> None:
        """A part of the request's body has come."""
        if self.done:
            return
        self._body.append(body)
        if len(self._body) > 1 and sum(map(len, self._body)) > READ_AHEAD:
            self._connection.pause_reading()
        self._wake()

    def complete(self) -> None:
        """The request is whole."""
        self.whole = True
        self._wake()

    def disconnect(self) -> None:
        """The peer is gone."""
        self._gone = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # The application

    async def run(self) -> None:
        """Run the application; an answer without an end drops the connection (section 11)."""
        try:
            await self._connection.app(self._scope, self.receive, self.send)
        except Exception:  # noqa: BLE001 - the applications report their own failures; here the connection ends
            if not self.begun:
                self._connection.refuse(500)
        finally:
            if not self.done and not self._connection.transport.is_closing():
                self._connection.transport.abort()

    async def receive(self) -> Message:
        """ASGI: the next part of the body; after the last, `http.disconnect` when the peer is gone."""
        if not self._body and not self._gone and (not self.whole or self._delivered):
            if self._continue and not self.begun and not self.whole:
                self._continue = False
                self._connection.write(_CONTINUE)
            self._connection.resume_reading()
            self._waiter = self._connection.loop.create_future()
            await self._waiter
        if self._gone or self.done:
            return {"type": "http.disconnect"}
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body.clear()
        self._delivered = self.whole
        return {"type": "http.request", "body": body, "more_body": not self.whole}

    async def send(self, message: Message) -> None:
        """ASGI: the answer's start, then its body; the start is written with the first part of the body."""
        if self._gone or self._connection.transport.is_closing():
            return
        if message["type"] == "http.response.start":
            self._start(message["status"], message.get("headers", ()))
            return
        more = message.get("more_body", False)
        self._write(message.get("body", b""), last=not more)
        if more:
            await self._connection.drain()
        else:
            self._finish()

    def _start(self, status: int, headers: Any) -> None:
        length = None
        self.keep_alive = self.keep_alive and self.whole  # an answer that does not wait for the request ends both
        lines = [STATUS_LINES.get(status) or f"HTTP/1.1 {status} \r\n".encode()]
        for name, value in headers:
            if name == b"content-length":
                length = int(value)
            elif name == b"connection" and value == b"close":
                self.keep_alive = False
            lines.append(b"%b: %b\r\n" % (name, value))
        bodiless = status < 200 or status in {204, 304}
        self._no_body = self._no_body or bodiless
        if length is None and not bodiless:
            if self._http10:
                self.keep_alive = False
            else:
                self._chunked = True
                lines.append(b"transfer-encoding: chunked\r\n")
        if not (self.keep_alive and self._connection.keep_alive):
            lines.append(b"connection: close\r\n")
        head = b"".join(lines)
        if head.count(b"\n") != len(lines):
            raise ValueError("a header holds a line break")
        self._left = length if length is not None and not self._no_body else -1
        self._head = head + b"\r\n"

    def _write(self, body: bytes, *, last: bool) -> None:
        if self._no_body:
            body = b""
        elif self._chunked:
            body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + (b"0\r\n\r\n" if last else b"")
        elif self._left >= 0:
            self._left -= len(body)
            if self._left < 0 or (last and self._left):
                raise ValueError("the body is not as long as its Content-Length")
        head, self._head = self._head, b""
        self.begun = True
        if len(body) > READ_AHEAD:
            if head:
                self._connection.write(head)
            self._connection.write(body)
        elif head or body:
            self._connection.write(head + body)

    def _finish(self) -> None:
        self.done = True
        self._body.clear()
        self._connection.answered(self)
