"""The listeners: uvicorn's HTTP protocol with the bounds it lacks (SW-2.12) and the client certificate (SW-16.1).

uvicorn bounds none of its own input: a 200 MB header is swallowed, a half-sent one waits for ever. The subclass
counts head bytes and connections, and one sweep a second closes what has been silent for too long. The server class
of uvicorn is not used: the platform runs several listeners in one loop and handles signals itself (SW-17.8).
"""

import asyncio
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

AsgiApp = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]
]


BACKLOG = 2048
"""Connections that may wait to be accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of a listener: bytes, seconds, connections (SW-2.12)."""

    header_bytes: int = 65_536
    header_timeout_s: float = 10
    body_idle_s: float = 30
    connections: int = 2000
    keep_alive_s: int = 60


LINGER_S = 2.0
"""How long a connection is read, and the bytes thrown away, after an answer that did not wait for the whole request."""


class _Closing:
    """What a request's cycle writes to: `close` before the request was read lets the answer arrive first.

    A socket that is closed with unread bytes is reset by the kernel, and the peer loses the answer with it (SW-13.2).
    """

    __slots__ = ("_protocol", "is_closing", "write")

    def __init__(self, protocol: "BoundedProtocol") -> None:
        self._protocol = protocol
        self.write = protocol.transport.write
        self.is_closing = protocol.transport.is_closing

    def close(self) -> None:
        """Close, or first end our side and let the peer's go by."""
        if self._protocol.phase == "body":
            self._protocol.linger()
        else:
            self._protocol.transport.close()


class BoundedProtocol(HttpToolsProtocol):
    """One connection: reads within its limits, and tells the application who is at the other end."""

    limits = Limits()
    counter: "ConnectionCounter"
    phase: Literal["head", "body", "answer"] = "head"
    since: float = 0.0
    head_bytes = 0
    certificate: bytes | None = None
    lingering = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, or close it at once where there are too many."""
        if not self.counter.take(self):
            transport.abort()
            return
        super().connection_made(transport)
        self.since = self.loop.time()
        tls = transport.get_extra_info("ssl_object")
        if tls is not None:
            self.certificate = tls.getpeercert(binary_form=True)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        if self.counter.release(self):
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, counting what belongs to an unfinished head."""
        if self.lingering:
            return
        super().data_received(data)
        if self.phase == "head":
            self.head_bytes += len(data)
            if self.head_bytes > self.limits.header_bytes:
                self.refuse(431)
        elif self.phase == "body":
            self.since = self.loop.time()

    def on_message_begin(self) -> None:
        """A request's first byte has come."""
        super().on_message_begin()
        self.phase, self.head_bytes, self.since = "head", 0, self.loop.time()
        self.scope["vaxel.client_certificate"] = self.certificate  # type: ignore[typeddict-unknown-key]

    def on_headers_complete(self) -> None:
        """The head is whole: refuse one that is too large, else start the application."""
        self.phase = "body"
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self.limits.header_bytes:
            self.refuse(431)
            return
        super().on_headers_complete()
        if self.cycle is not None:
            self.cycle.transport = cast("asyncio.Transport", _Closing(self))

    def on_body(self, body: bytes) -> None:
        """Hand a part of the body on, unless the request was refused."""
        if self.cycle is not None:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The whole request has been read."""
        if self.cycle is not None and not self.transport.is_closing():
            super().on_message_complete()
        self.phase = "answer"

    def overdue(self, now: float) -> bool:
        """Whether the peer owes us bytes for longer than it may."""
        if self.phase == "head" and (self.head_bytes or self.cycle is None):
            return now - self.since > self.limits.header_timeout_s
        reading = self.phase == "body" and not self.flow.read_paused and not self.lingering
        return reading and now - self.since > self.limits.body_idle_s

    def linger(self) -> None:
        """End our side of the connection, and close when the peer has seen it, or after `LINGER_S`."""
        self.lingering = True
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER_S, self.transport.close)

    def refuse(self, status: int) -> None:
        """Answer with a bare status, where the application has not begun to, and close."""
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(STATUS_LINE[status] + b"content-length: 0\r\nconnection: close\r\n\r\n")
        self.transport.close()


class ConnectionCounter:
    """The connections of all listeners together, at most `limit`."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.open: set[BoundedProtocol] = set()

    def take(self, connection: BoundedProtocol) -> bool:
        """Count a new connection; False where it is one too many."""
        if len(self.open) >= self._limit:
            return False
        self.open.add(connection)
        return True

    def release(self, connection: BoundedProtocol) -> bool:
        """Forget a connection; False where it was never taken."""
        if connection not in self.open:
            return False
        self.open.remove(connection)
        return True


class Listeners:
    """Every listening socket of the process, with one drain for all of them (SW-17.7)."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._counter = ConnectionCounter(limits.connections)
        self._servers: list[asyncio.Server] = []
        self._states: list[ServerState] = []

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._counter.open)

    async def listen(self, app: AsgiApp, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Start a listener; returns its port (of use where `port` is 0). Raises `OSError` where it cannot."""
        listening = socket.create_server((host, port), family=_family(host), backlog=BACKLOG)
        await self._serve(app, listening, tls)
        return int(listening.getsockname()[1])

    async def replace_tls(self, app: AsgiApp, port: int, tls: ssl.SSLContext) -> None:
        """Take new connections of a port with another context; those that are open go on (SW-16.4)."""
        former = next(each for each in self._servers if each.sockets and each.sockets[0].getsockname()[1] == port)
        # A duplicate shares the queue of waiting connections, so that none is refused in between.
        await self._serve(app, socket.socket(fileno=os.dup(former.sockets[0].fileno())), tls)
        self._servers.remove(former)
        former.close()

    async def _serve(self, app: AsgiApp, listening: socket.socket, tls: ssl.SSLContext | None) -> None:
        state = ServerState()
        config = Config(
            cast("Any", app),
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            interface="asgi3",
            timeout_keep_alive=self._limits.keep_alive_s,
        )
        config.load()
        protocol = type("Connection", (BoundedProtocol,), {"limits": self._limits, "counter": self._counter})
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: protocol(config=config, server_state=state, app_state={}, _loop=loop),
            sock=listening,
            ssl=tls,
            backlog=BACKLOG,
            ssl_handshake_timeout=self._limits.header_timeout_s if tls else None,
        )
        self._servers.append(server)
        self._states.append(state)

    async def sweep(self) -> None:
        """Close, once a second, what has been silent for too long."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(1)
            now = loop.time()
            for connection in [each for each in self._counter.open if each.overdue(now)]:
                connection.refuse(408)

    async def drain(self, grace_s: float) -> None:
        """Stop accepting, let calls in flight end within `grace_s`, then close."""
        loop = asyncio.get_running_loop()
        end = loop.time() + grace_s
        for server in self._servers:
            server.close()
        for connection in list(self._counter.open):
            connection.shutdown()
        while self._counter.open and loop.time() < end:  # noqa: ASYNC110 - connections end one by one
            await asyncio.sleep(0.02)
        for connection in list(self._counter.open):
            connection.transport.abort()
        tasks = [task for state in self._states for task in state.tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
