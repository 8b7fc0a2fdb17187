"""One connection to a producer: a request out, its answer in by llhttp, read as the caller reads (SW-10.4, SW-11.1)."""

import asyncio
import select
import time
from collections.abc import AsyncIterator, Callable
from typing import cast

import httptools

from vaxel.adapters.outbox import Outbox
from vaxel.call import Body, Headers

HEAD_BYTES = 65_536
HEADERS = 500
"""Largest head of an answer, in bytes and headers; beyond it the answer counts as no HTTP."""
READ_AHEAD = 262_144
"""Bytes of an answer that wait for their reader before the producer is made to wait."""
PART_BYTES = 262_144


class NotHttp(Exception):
    """The producer said something that is no HTTP/1.1, or too large a head."""


class Truncated(Exception):
    """The connection ended within an answer's body."""


class Silent(Exception):
    """The producer said nothing for longer than it may: `begun` within its answer, `late` past the call's deadline."""

    def __init__(self, *, begun: bool, late: bool) -> None:
        super().__init__()
        self.begun = begun
        self.late = late


class Outbound(asyncio.Protocol):
    """A connection that carries one exchange at a time; `reusable` says whether it may carry another.

    `lost` is called once when the connection ends, so that a pool can forget it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, lost: Callable[["Outbound"], None], outbox: Outbox) -> None:
        self._loop = loop
        self._outbox = outbox
        self._lost = lost
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._writable: asyncio.Future[None] | None = None
        self._upload: asyncio.Task[None] | None = None
        self._busy = self._in_body = self._until_close = self._keep = False
        self._paused = self._closed = False
        self._parts: list[bytes] = []
        self._size = self._wanted = self._head_bytes = 0
        self._pause_s = self._deadline = self._heard = 0.0
        self._error: BaseException | None = None
        self.complete = False
        self.idle_since = 0.0

    # What the transport tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands; over TLS, its handshake is done."""
        self.transport = cast("asyncio.Transport", transport)
        self._readable = select.poll()
        self._readable.register(transport.get_extra_info("socket").fileno(), select.POLLIN | select.POLLHUP)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; bytes that nobody asked for end the connection."""
        if not self._busy:
            self.abort()
            return
        self._heard = time.monotonic()
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserUpgrade, httptools.HttpParserError):
            if self.complete:
                self._keep = False  # it says more than it was asked: what follows is nobody's answer
            else:
                self._fail(NotHttp())
        if not self._in_body and self._error is None:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self._fail(NotHttp())

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended: with the answer, within it, or before it."""
        self._closed = True
        if self._busy and not self.complete:
            if self._in_body and self._until_close:
                self.complete = True
                self._wake()
            else:
                self._fail(Truncated() if self._in_body else exc or ConnectionResetError())
        self.resume_writing()
        self._lost(self)

    def pause_writing(self) -> None:
        """The producer reads slowly."""
        self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        """It reads again."""
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None

    # What the parser tells

    def on_message_begin(self) -> None:
        """An answer's first byte has come."""
        if self.complete:
            raise NotHttp
        self._raw: list[tuple[bytes, bytes]] = []
        self.reason = b""

    def on_status(self, status: bytes) -> None:
        """The words beside the status."""
        self.reason += status

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._raw.append((name.lower(), value))
        self._head_bytes += len(name) + len(value)

    def on_headers_complete(self) -> None:
        """The head is whole; an interim one (1xx) is passed over (SW-2.7)."""
        self.status = self._parser.get_status_code()
        if self.status < 200:
            return
        if len(self._raw) > HEADERS or self._head_bytes > HEAD_BYTES:
            self._fail(NotHttp())
            return
        self.headers: Headers = tuple(self._raw)
        self._in_body = True
        names = dict(self._raw)
        self._until_close = b"content-length" not in names and b"transfer-encoding" not in names
        self.length = int(names[b"content-length"]) if b"content-length" in names else None

    def on_body(self, body: bytes) -> None:
        """A part of the answer's body."""
        self._parts.append(body)
        self._size += len(body)
        if self._size > READ_AHEAD and not self._paused and not self.transport.is_closing():
            self._paused = True
            self.transport.pause_reading()
        if self._size >= self._wanted:
            self._wake()

    def on_message_complete(self) -> None:
        """The answer is whole."""
        if not self._in_body:
            return  # an interim answer
        self.complete = True
        self._keep = self._parser.should_keep_alive() and not self._until_close
        self._wake()

    # One exchange

    def begin(self, head: bytes, body: Body, *, chunked: bool, pause_s: float, deadline: float) -> None:
        """Send a request; a body that is still coming is sent as it comes.

        `pause_s` bounds each silence of the producer, `deadline` (monotonic seconds) the whole (SW-10.3).
        """
        self._pause_s, self._deadline = pause_s, deadline
        self._parser = httptools.HttpResponseParser(self)
        self._busy, self._in_body, self._until_close, self.complete = True, False, False, False
        self._error = None
        self._parts, self._size, self._head_bytes, self._wanted = [], 0, 0, 0
        self._keep = False
        self.status = 0
        if body.rest is None and not chunked and len(body.start) <= PART_BYTES:
            self._outbox.write(self.transport, head + body.start)
        else:
            self.transport.write(head)
            self._upload = self._loop.create_task(self._send(body, chunked=chunked))

    async def _send(self, body: Body, *, chunked: bool) -> None:
        """The body in parts, so that writing a large one does not hold up other calls."""
        try:
            async for part in _parts(body):
                self.transport.write(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)
                if self._writable is not None:
                    await self._writable
                if self._closed or self.complete:
                    return
            if chunked:
                self.transport.write(b"0\r\n\r\n")
        except Exception as error:  # noqa: BLE001 - the consumer's body broke: its error is the call's
            self._fail(error)

    async def peek(self, size: int) -> bytes:
        """The answer's first bytes, at least `size` where there are so many; `complete` tells whether they are all.

        Raises what the exchange broke with: `OSError`, `NotHttp`, `Truncated`, `Silent`. What had come of a body by
        then stays readable by `taken`.
        """
        self._wanted = size
        while not self.complete and (self._size < size or not self._in_body):
            await self._wait()
        return self.taken()

    async def read(self) -> bytes:
        """The next part of the body; empty at its end."""
        self._wanted = 1
        while not self._size and not self.complete:
            self._resume()
            await self._wait()
        return self.taken()

    def taken(self) -> bytes:
        """What is here of the body; each byte once."""
        parts, self._parts, self._size = self._parts, [], 0
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def end(self) -> bool:
        """The exchange is over; whether the connection may carry another."""
        self._busy = False
        uploading = self._upload is not None and not self._upload.done()
        if uploading:
            assert self._upload is not None  # noqa: S101 - just asked
            self._upload.cancel()
        self._upload = None
        reusable = self.complete and self._keep and not uploading and not self._closed and self._error is None
        if reusable:
            self._resume()
        else:
            self.abort()
        return reusable

    def _resume(self) -> None:
        if self._paused and not self._closed:
            self._paused = False
            self.transport.resume_reading()

    # Between exchanges

    @property
    def alive(self) -> bool:
        """Whether an idle connection is open: the socket itself is asked, the loop may not have told (SW-10.4)."""
        return not self._closed and not self.transport.is_closing() and not self._readable.poll(0)

    def abort(self) -> None:
        """Drop the connection."""
        if not self._closed:
            self.transport.abort()

    # Waiting

    async def _wait(self) -> None:
        if self._error is not None:
            raise self._error
        self._waiter = self._loop.create_future()
        self._heard = time.monotonic()
        self._timer = None
        self._watch()
        try:
            await self._waiter
        finally:
            if self._timer is not None:
                self._timer.cancel()
        if self._error is not None:
            raise self._error

    def _watch(self) -> None:
        """Look again when the producer will have been silent for too long; what it says meanwhile moves that on."""
        due = min(self._heard + self._pause_s, self._deadline)
        left = due - time.monotonic()
        if left > 0:
            self._timer = self._loop.call_later(left, self._watch)
        else:
            self._fail(Silent(begun=self._in_body, late=due >= self._deadline))

    def _fail(self, error: BaseException) -> None:
        if self._error is None:
            self._error = error
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


async def _parts(body: Body) -> AsyncIterator[bytes]:
    for place in range(0, len(body.start), PART_BYTES):
        yield body.start[place : place + PART_BYTES]
    if body.rest is not None:
        async for chunk in body.rest:
            yield chunk
