"""The listeners: several in one loop, with bounds on connections, TLS that can be replaced, and one drain (SW-17.7)."""

import asyncio
import os
import socket
import ssl

from vaxel.adapters.cycle import AsgiApp
from vaxel.adapters.inbound import Inbound, Limits
from vaxel.adapters.outbox import Outbox

__all__ = ["AsgiApp", "Limits", "Listeners"]

BACKLOG = 2048
"""Connections that may wait to be accepted."""


class ConnectionCounter:
    """The connections of all listeners together, at most `limit`."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.open: set[Inbound] = set()

    def take(self, connection: Inbound) -> bool:
        """Count a new connection; False where it is one too many."""
        if len(self.open) >= self._limit:
            return False
        self.open.add(connection)
        return True

    def release(self, connection: Inbound) -> None:
        """Forget a connection."""
        self.open.discard(connection)


class Listeners:
    """Every listening socket of the process."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._counter = ConnectionCounter(limits.connections)
        self._servers: list[asyncio.Server] = []

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
        loop = asyncio.get_running_loop()
        outbox = Outbox(loop)
        server = await loop.create_server(
            lambda: Inbound(app, self._limits, self._counter, loop, outbox),
            sock=listening,
            ssl=tls,
            backlog=BACKLOG,
            ssl_handshake_timeout=self._limits.header_timeout_s if tls else None,
        )
        self._servers.append(server)

    async def sweep(self) -> None:
        """Close, once a second, what has been silent for too long."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(1)
            now = loop.time()
            for connection in list(self._counter.open):
                if connection.overdue(now):
                    connection.refuse(408)
                elif connection.idle(now):
                    connection.shutdown()

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
        tasks = [connection.task for connection in self._counter.open if connection.task is not None]
        for connection in list(self._counter.open):
            connection.transport.abort()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
