"""One connection of a listener: HTTP/1.1 in by llhttp, ASGI to the application, bytes out; bounded (SW-2.12).

The parser is the C one that the great servers use; what is around it is ours, since a server for everybody costs three
times the CPU of a call (docs/adr/0014) and bounds none of its input.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal, Protocol, cast
from urllib.parse import unquote

import httptools

Message = MutableMapping[str, Any]
AsgiApp = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]

STATUS_LINES = {each.value: f"HTTP/1.1 {each.value} {each.phrase}\r\n".encode() for each in HTTPStatus}
_ASGI = {"version": "3.0", "spec_version": "2.3"}
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

READ_AHEAD = 65_536
"""Bytes of a body that wait for the application before the peer is made to wait."""
LINGER_S = 2.0
"""How long a connection is read, and the bytes thrown away, after an answer that did not wait for the whole request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of a listener: bytes, seconds, connections (SW-2.12)."""

    header_bytes: int = 65_536
    header_timeout_s: float = 10
    body_idle_s: float = 30
    connections: int = 2000
    keep_alive_s: int = 60


class Counter(Protocol):
    """Counts the connections of all listeners together."""

    def take(self, connection: "Inbound") -> bool:
        """Count a new connection; False where it is one too many."""
        ...

    def release(self, connection: "Inbound") -> None:
        """Forget a connection."""
        ...


class Inbound(asyncio.Protocol):
    """One connection: reads within its limits, one request at a time, and says who is at the other end."""

    def __init__(self, app: AsgiApp, limits: Limits, counter: Counter, loop: asyncio.AbstractEventLoop) -> None:
        self.app = app
        self.loop = loop
        self.phase: Literal["idle", "head", "body", "answer", "closing"] = "idle"
        self.since = 0.0
        self._limits = limits
        self._counter = counter
        self._parser = httptools.HttpRequestParser(self)
        self._head_bytes = 0
        self._current: _Cycle | None = None
        self._reading: _Cycle | None = None
        self._queue: deque[_Cycle] = deque()
        self._drained: asyncio.Future[None] | None = None
        self._writable = True
        self._read_paused = False
        self.keep_alive = True

    # What the transport tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or close it at once where there are too many."""
        self.transport = cast("asyncio.Transport", transport)  # listeners make streams only
        if not self._counter.take(self):
            self.transport.abort()
            return
        info = transport.get_extra_info
        tls = info("ssl_object")
        self._facts = {
            "type": "http",
            "asgi": _ASGI,
            "scheme": "https" if tls is not None else "http",
            "server": info("sockname")[:2],
            "client": info("peername")[:2],
            "root_path": "",
            "vaxel.client_certificate": tls.getpeercert(binary_form=True) if tls is not None else None,
        }
        self.since = self.loop.time()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the application, and whoever waits to write."""
        self._counter.release(self)
        self.phase = "closing"
        for cycle in (self._current, self._reading):
            if cycle is not None:
                cycle.disconnect()
        self.resume_writing()

    def pause_writing(self) -> None:
        """The peer reads slowly: the application waits."""
        self._writable = False

    def resume_writing(self) -> None:
        """The application may go on."""
        self._writable = True
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, counting what belongs to an unfinished head."""
        if self.phase == "closing":
            return
        if self.phase == "idle":
            self.phase, self._head_bytes, self.since = "head", 0, self.loop.time()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.keep_alive = False  # the answer is HTTP/1.1 whatever was proposed, and ends the connection
        except httptools.HttpParserError:
            self.refuse(400)
            return
        if self.phase == "head":
            self._head_bytes += len(data)
            if self._head_bytes > self._limits.header_bytes:
                self.refuse(431)
        elif self.phase == "body":
            self.since = self.loop.time()

    # What the parser tells

    def on_message_begin(self) -> None:
        """A request's first byte has come."""
        self.phase, self._head_bytes, self.since = "head", 0, self.loop.time()
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._size = 0
        self._reading = None

    def on_url(self, url: bytes) -> None:
        """A part of the request's target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._size += len(name) + len(value) + 4
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is whole: refuse one that is too large, else start the application."""
        if self.phase == "closing":
            return
        if self._size + len(self._url) > self._limits.header_bytes:
            self.refuse(431)
            return
        self.phase = "body"
        cycle = self._reading = _Cycle(self, self._scope(), self._parser)
        if self._current is None:
            self._begin(cycle)
        else:  # a pipelined request waits for the answer to the one before it
            self._queue.append(cycle)
            self.pause_reading()

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        if self._reading is not None:
            self._reading.feed(body)

    def on_message_complete(self) -> None:
        """The whole request has been read."""
        if self.phase == "closing":
            return
        self.phase = "answer"
        if self._reading is not None:
            self._reading.complete()

    def _scope(self) -> Message:
        parser = self._parser
        target, _, query = self._url.partition(b"?")
        if target[:1] != b"/":  # absolute form, or no path at all
            target = _path(target)
        path = target.decode("ascii", "surrogateescape")
        return {
            **self._facts,
            "http_version": parser.get_http_version(),
            "method": parser.get_method().decode("ascii"),
            "path": unquote(path) if "%" in path else path,
            "raw_path": target,
            "query_string": query,
            "headers": self._headers,
            "state": {},
        }

    # What a cycle asks for

    def pause_reading(self) -> None:
        """Make the peer wait."""
        if not self._read_paused and not self.transport.is_closing():
            self._read_paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Let the peer go on."""
        if self._read_paused and not self._queue and not self.transport.is_closing():
            self._read_paused = False
            self.since = self.loop.time()
            self.transport.resume_reading()

    async def drain(self) -> None:
        """Wait until the peer has read enough of what was written."""
        if not self._writable:
            self._drained = self.loop.create_future()
            await self._drained

    def answered(self, cycle: "_Cycle") -> None:
        """An answer has been written whole: go on with the next request, or close."""
        self._current = None
        if self.transport.is_closing():
            return
        if not (self.keep_alive and cycle.keep_alive):
            self._end(cycle)
        elif self._queue:
            self._begin(self._queue.popleft())
            self.resume_reading()
        elif cycle.whole:
            if self.phase == "answer":  # else the head of the next request has begun
                self.phase, self.since = "idle", self.loop.time()
            self.resume_reading()
        else:
            self._end(cycle)

    def _begin(self, cycle: "_Cycle") -> None:
        self._current = cycle
        cycle.task = self.loop.create_task(cycle.run())

    def _end(self, cycle: "_Cycle") -> None:
        """Close; where the request was not read to its end, first let the answer arrive (SW-13.2).

        A socket that is closed with unread bytes is reset by the kernel, and the peer loses the answer with it.
        """
        self.phase = "closing"
        if cycle.whole and not self._queue:
            self.transport.close()
            return
        self._queue.clear()
        self.resume_reading()
        self.loop.call_later(LINGER_S, self.transport.close)

    # What the listeners ask for

    @property
    def task(self) -> "asyncio.Task[None] | None":
        """The application's task, where a request is under way."""
        return self._current.task if self._current is not None else None

    def overdue(self, now: float) -> bool:
        """Whether the peer owes us bytes for longer than it may."""
        if self.phase == "head":
            return now - self.since > self._limits.header_timeout_s
        if self.phase == "body":
            return not self._read_paused and now - self.since > self._limits.body_idle_s
        return False

    def idle(self, now: float) -> bool:
        """Whether nobody has asked anything for as long as a connection is kept."""
        return self.phase == "idle" and now - self.since > self._limits.keep_alive_s

    def refuse(self, status: int) -> None:
        """Answer with a bare status, where the application has not begun to, and close."""
        if self.transport.is_closing():
            return
        if self._current is None or not self._current.begun:
            self.transport.write(STATUS_LINES[status] + b"content-length: 0\r\nconnection: close\r\n\r\n")
        self.phase = "closing"
        self.transport.close()

    def shutdown(self) -> None:
        """Close when the answer under way is written; at once where there is none."""
        self.keep_alive = False
        if self._current is None:
            self.phase = "closing"
            self.transport.close()


class _Cycle:
    """One request and its answer, between the connection and the application."""

    __slots__ = (
        "_body",
        "_chunked",
        "_connection",
        "_continue",
        "_gone",
        "_head",
        "_http10",
        "_left",
        "_no_body",
        "_scope",
        "_waiter",
        "begun",
        "done",
        "keep_alive",
        "task",
        "whole",
    )  # fmt: skip

    def __init__(self, connection: Inbound, scope: Message, parser: httptools.HttpRequestParser) -> None:
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
        self.begun = False
        self.done = False
        self.task: asyncio.Task[None] | None = None

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
        """ASGI: the next part of the body, or `http.disconnect`."""
        if not self._body and not self.whole and not self._gone:
            if self._continue and not self.begun:
                self._continue = False
                self._connection.transport.write(_CONTINUE)
            self._connection.resume_reading()
            self._waiter = self._connection.loop.create_future()
            await self._waiter
        if self._gone or self.done:
            return {"type": "http.disconnect"}
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body.clear()
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
            self._connection.transport.writelines((head, body) if head else (body,))
        elif head or body:
            self._connection.transport.write(head + body)

    def _finish(self) -> None:
        self.done = True
        self._body.clear()
        self._connection.answered(self)


def _path(target: bytes) -> bytes:
    """The path of a target in absolute form; of anything else what stands there (it is found nowhere)."""
    try:
        return httptools.parse_url(target).path or b"/"
    except httptools.HttpParserInvalidURLError:
        return target
