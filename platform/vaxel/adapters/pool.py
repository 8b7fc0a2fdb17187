"""Connections to producers: made within the allowed networks, kept while idle (SW-10.1, SW-10.4, SW-10.10)."""

import asyncio
import ipaddress
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any

from vaxel.adapters.addresses import AllowedNetworks
from vaxel.adapters.outbound import Outbound
from vaxel.adapters.outbox import Outbox

Found = tuple[Any, ...]
"""One result of a name look-up, as `getaddrinfo` gives it."""


class NameUnknown(OSError):
    """The producer's name could not be resolved."""


class ConnectTimeout(OSError):
    """No connection stood in time."""


class HandshakeFailed(OSError):
    """The connection stood, and broke within the TLS handshake."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a connection goes, and how; equal endpoints share their idle connections."""

    host: str
    port: int
    tls: ssl.SSLContext | None


class Pool:
    """Idle connections by endpoint, newest first; a connection is dropped after `idle_s` seconds without a call."""

    def __init__(self, networks: AllowedNetworks, *, connect_timeout_s: float, idle_s: float) -> None:
        self._networks = networks
        self._connect_timeout_s = connect_timeout_s
        self._idle_s = idle_s
        self._idle: dict[Endpoint, list[Outbound]] = {}
        self._all: set[Outbound] = set()
        self._sweeper: asyncio.TimerHandle | None = None
        self._outbox: Outbox | None = None

    async def take(self, endpoint: Endpoint, timeout_s: float) -> Outbound:
        """An open connection, idle or new; an `OSError` (above, or `ssl.SSLError`) where none can be had."""
        idle = self._idle.get(endpoint)
        while idle:
            connection = idle.pop()
            if connection.alive:
                return connection
            connection.abort()
        return await self._connect(endpoint, min(self._connect_timeout_s, timeout_s))

    async def touch(self, endpoint: Endpoint) -> None:
        """Make a connection and drop it, nothing sent; an `OSError` as from `take` where none can be had."""
        (await self._connect(endpoint, self._connect_timeout_s)).abort()

    def give_back(self, endpoint: Endpoint, connection: Outbound) -> None:
        """Keep a connection whose exchange is over, where it may carry another."""
        if not connection.end():
            return
        connection.idle_since = time.monotonic()
        self._idle.setdefault(endpoint, []).append(connection)
        if self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().call_later(self._idle_s, self._sweep)

    @property
    def open(self) -> int:
        """Connections that are open, idle ones included."""
        return len(self._all)

    async def close(self) -> None:
        """Drop every connection."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        for connection in tuple(self._all):
            connection.abort()
        while self._all:  # noqa: ASYNC110 - connections end one by one
            await asyncio.sleep(0)

    def _sweep(self) -> None:
        """Drop what has been idle for too long, and come again while anything is idle."""
        oldest = time.monotonic() - self._idle_s
        for endpoint, idle in tuple(self._idle.items()):
            for connection in idle:
                if connection.idle_since <= oldest:
                    connection.abort()
            self._idle[endpoint] = kept = [each for each in idle if each.idle_since > oldest]
            if not kept:
                del self._idle[endpoint]
        loop = asyncio.get_running_loop()
        self._sweeper = loop.call_later(self._idle_s / 2, self._sweep) if self._idle else None

    async def _connect(self, endpoint: Endpoint, timeout_s: float) -> Outbound:
        loop = asyncio.get_running_loop()
        stood = False
        try:
            async with asyncio.timeout(timeout_s):
                connected = await self._reach(loop, endpoint)
                stood = True
                return await self._speak(loop, endpoint, connected)
        except TimeoutError as error:
            raise HandshakeFailed("timeout") if stood else ConnectTimeout() from error

    async def _reach(self, loop: asyncio.AbstractEventLoop, endpoint: Endpoint) -> socket.socket:
        """A connected socket to the first of the name's addresses that takes it (SW-10.10)."""
        failure: OSError = NameUnknown()
        for found in await _look_up(loop, endpoint):
            made = self._networks.socket(found)
            try:
                await loop.sock_connect(made, found[4])
            except OSError as error:
                made.close()
                failure = error
            except BaseException:
                made.close()
                raise
            else:
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return made
        raise failure

    async def _speak(self, loop: asyncio.AbstractEventLoop, endpoint: Endpoint, connected: socket.socket) -> Outbound:
        outbox = self._outbox = self._outbox or Outbox(loop)
        tls: dict[str, Any] = {"ssl": endpoint.tls, "server_hostname": endpoint.host} if endpoint.tls else {}
        try:
            _, connection = await loop.create_connection(
                lambda: Outbound(loop, self._forget, outbox), sock=connected, **tls
            )
        except (ssl.SSLError, ssl.CertificateError):
            connected.close()
            raise
        except OSError as error:
            connected.close()
            raise HandshakeFailed() from error  # it stood, so it broke in the handshake: not retried (SW-10.7)
        except BaseException:
            connected.close()
            raise
        self._all.add(connection)
        return connection

    def _forget(self, connection: Outbound) -> None:
        self._all.discard(connection)


async def _look_up(loop: asyncio.AbstractEventLoop, endpoint: Endpoint) -> list[Found]:
    """The addresses of a name, looked up once for each connection; a numeric host needs no look-up."""
    try:
        version = ipaddress.ip_address(endpoint.host).version
    except ValueError:
        pass
    else:
        family = socket.AF_INET6 if version == 6 else socket.AF_INET
        return [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (endpoint.host, endpoint.port))]
    try:
        return list(await loop.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM))
    except (socket.gaierror, UnicodeError) as error:
        raise NameUnknown() from error
