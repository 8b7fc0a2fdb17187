"""One connection of a listener: HTTP/1.1 in by llhttp, ASGI to the application, bytes out; bounded (SW-2.12).

The parser is the C one that the great servers use; what is around it is ours, since a server for everybody costs three
times the CPU of a call (docs/adr/0014) and bounds none of its input.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Literal, Protocol, cast
from urllib.parse import unquote

import httptools

from vaxel.adapters.cycle import STATUS_LINES, AsgiApp, Cycle, Message
from vaxel.adapters.outbox import Outbox

_ASGI = {"version": "3.0", "spec_version": "2.3"}
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

    def __init__(
        self, app: AsgiApp, limits: Limits, counter: Counter, loop: asyncio.AbstractEventLoop, outbox: Outbox
    ) -> None:
        self.app = app
        self.loop = loop
        self._outbox = outbox
        self.phase: Literal["idle", "head", "body", "answer", "closing"] = "head"
        self.since = 0.0
        self._limits = limits
        self._counter = counter
        self._parser = httptools.HttpRequestParser(self)
        self._head_bytes = 0
        self._current: Cycle | None = None
        self._reading: Cycle | None = None
        self._queue: deque[Cycle] = deque()
        self._drained: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._asked: asyncio.Future[None] | None = None
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
        self._wake()

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
        cycle = self._reading = Cycle(self, self._scope(), self._parser)
        if self._current is not None:  # a pipelined request waits for the answer to the one before it
            self._queue.append(cycle)
            self.pause_reading()
            return
        self._current = cycle
        if self._task is None:
            self._task = self.loop.create_task(self._serve())
        else:
            self._wake()

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

    def write(self, content: bytes) -> None:
        """Send, with the other writes of this turn of the loop."""
        self._outbox.write(self.transport, content)

    async def drain(self) -> None:
        """Wait until the peer has read enough of what was written."""
        self._outbox.flush()
        if not self._writable:
            self._drained = self.loop.create_future()
            await self._drained

    def answered(self, cycle: "Cycle") -> None:
        """An answer has been written whole: the connection waits for the next request, or closes."""
        if self.transport.is_closing():
            return
        if not (self.keep_alive and cycle.keep_alive and cycle.whole):
            self._end(cycle)
        elif self.phase == "answer":  # else the head of the next request has begun
            self.phase, self.since = "idle", self.loop.time()

    async def _serve(self) -> None:
        """One request after the other, for as long as the connection lives: a task for each would cost more."""
        while self._current is not None:
            await self._current.run()
            self._current = self._queue.popleft() if self._queue else None
            self.resume_reading()
            while self._current is None and self.phase != "closing":
                self._asked = self.loop.create_future()
                await self._asked

    def _wake(self) -> None:
        if self._asked is not None and not self._asked.done():
            self._asked.set_result(None)

    def _end(self, cycle: "Cycle") -> None:
        """Close; where the request was not read to its end, first let the answer arrive (SW-13.2).

        A socket that is closed with unread bytes is reset by the kernel, and the peer loses the answer with it.
        """
        self.phase = "closing"
        self._outbox.flush()
        if cycle.whole and not self._queue:
            self.transport.close()
            return
        self._queue.clear()
        self.resume_reading()
        self.loop.call_later(LINGER_S, self.transport.close)

    # What the listeners ask for

    @property
    def task(self) -> "asyncio.Task[None] | None":
        """What serves the connection, where it has begun to."""
        return self._task

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
        self._outbox.flush()
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


def _path(target: bytes) -> bytes:
    """The path of a target in absolute form; of anything else what stands there (it is found nowhere)."""
    try:
        return httptools.parse_url(target).path or b"/"
    except httptools.HttpParserInvalidURLError:
        return target
