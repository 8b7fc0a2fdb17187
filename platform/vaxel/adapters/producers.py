"""The way to producers: pooled connections of our own, every failure with its stable cause (switch.md sections 10, 11).

Our own, since it was measured: clients for everybody cost many times more CPU a call (docs/adr/0011).
"""

import asyncio
import errno
import re
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from vaxel.adapters.addresses import AddressRefused, AllowedNetworks
from vaxel.adapters.outbound import NotHttp, Outbound, Silent, Truncated
from vaxel.adapters.pool import ConnectTimeout, Endpoint, HandshakeFailed, NameUnknown, Pool
from vaxel.call import Body, Headers
from vaxel.delivery import Answer, Outgoing
from vaxel.errors import AddressUnusable, Overloaded, ProducerFailed

_HOP_BY_HOP = frozenset(
    b"connection keep-alive te trailer transfer-encoding upgrade proxy-authenticate proxy-authorization"
    b" proxy-connection".split()
)
_ENVELOPE_END = re.compile(rb"</(?:[\w.-]+:)?Envelope\s*>\s*\Z")
_REJECTED = re.compile("CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_UNKNOWN|REVOKED|EXPIRED", re.I)

TlsFor = Callable[[str, int], ssl.SSLContext]
"""Host and port → the context of their TLS profile (SW-16.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calling:
    """How producers are called; seconds and bytes (SW-10.1, SW-10.4 to SW-10.6, SW-11.1, SW-2.8)."""

    connect_timeout_s: float = 2
    pool_idle_s: float = 4
    retry_attempts: int = 1
    retry_delay_s: float = 2
    retry_buffer_bytes: int = 1_048_576
    peek_bytes: int = 65_536
    max_calls_per_producer: int = 200
    chunked: bool = False
    show_address: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Address:
    """A route's address, taken apart once (SW-7.5): `request_line` is what the producer is asked."""

    scheme: str
    host: str
    port: int
    name: str
    request_line: bytes


class Producers:
    """The `Producer` port over HTTP and HTTPS."""

    def __init__(self, calling: Calling, networks: AllowedNetworks, tls: TlsFor) -> None:
        self._calling = calling
        self._tls = tls
        self._in_flight: Counter[str] = Counter()
        self._address = lru_cache(maxsize=4096)(_address)
        self._pool = Pool(networks, connect_timeout_s=calling.connect_timeout_s, idle_s=calling.pool_idle_s)

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()

    @property
    def in_flight(self) -> dict[str, int]:
        """Calls under way by endpoint (`host:port`)."""
        return dict(self._in_flight)

    @property
    def connections(self) -> int:
        """Open connections to producers, idle ones included."""
        return self._pool.open

    async def probe(self, url: str) -> str:
        """Connect to a URL's endpoint and hang up, nothing sent (SW-10.10); the cause where that fails, else empty."""
        address = self._address(url)
        try:
            await self._pool.touch(self._endpoint(address))
        except OSError as error:
            return _connecting(error).cause
        return ""

    async def send(self, outgoing: Outgoing) -> Answer:
        """Send, again where that is safe (SW-10.5 to SW-10.7); `ProducerFailed` or `Overloaded`."""
        address = self._address(outgoing.url)
        attempts = 0
        self._enter(address)
        try:
            while True:
                try:
                    return await self._attempt(outgoing, address, attempts)
                except _Failure as failure:
                    again = attempts < self._calling.retry_attempts and self._repeatable(outgoing, failure)
                    pause = self._calling.retry_delay_s if failure.unsent else 0
                    if not again or time.monotonic() + pause >= outgoing.deadline:
                        failed = self.failed(outgoing, failure)
                        failed.retries = attempts
                        raise failed from failure.__cause__
                    attempts += 1
                    await asyncio.sleep(pause)
        except BaseException:
            self._leave(address)
            raise

    def _repeatable(self, outgoing: Outgoing, failure: "_Failure") -> bool:
        if failure.unsent:
            return True  # the body is not touched before a connection stands
        small = outgoing.body.rest is None and len(outgoing.body.start) <= self._calling.retry_buffer_bytes
        return failure.cause == "producer.reset" and outgoing.idempotent and small

    async def _attempt(self, outgoing: Outgoing, address: _Address, retries: int) -> Answer:
        """One request on one connection, until the answer's first bytes, which decide what it is (SW-11.1)."""
        endpoint = self._endpoint(address)
        try:
            connection = await self._pool.take(endpoint, outgoing.deadline - time.monotonic())
        except OSError as error:
            raise _connecting(error) from error
        reader = _Reader(self, outgoing, address, endpoint, connection)
        try:
            chunked = self._calling.chunked or outgoing.body.length is None
            connection.begin(
                self._head(outgoing, address, chunked=chunked),
                outgoing.body,
                chunked=chunked,
                pause_s=outgoing.answer_timeout_s,
                deadline=outgoing.deadline,
            )
            start = await reader.peek(self._calling.peek_bytes)
        except BaseException:
            self._pool.give_back(endpoint, connection)
            raise
        whole = connection.complete
        if whole:
            reader.close()
        return Answer(
            status=connection.status,
            reason=connection.reason.decode("latin-1"),
            headers=_passed(connection.headers),
            body=Body.whole(start) if whole else Body(start=start, rest=reader, length=connection.length),
            retries=retries,
        )

    def _endpoint(self, address: _Address) -> Endpoint:
        tls = self._tls(address.host, address.port) if address.scheme == "https" else None
        return Endpoint(address.host, address.port, tls)

    def _head(self, outgoing: Outgoing, address: _Address, *, chunked: bool) -> bytes:
        lines = [address.request_line]
        lines += [b"%b: %b\r\n" % header for header in outgoing.headers]
        if chunked:
            lines.append(b"transfer-encoding: chunked\r\n\r\n")
        else:
            lines.append(b"content-length: %d\r\n\r\n" % (outgoing.body.length or 0))
        return b"".join(lines)

    def _enter(self, address: _Address) -> None:
        """Count a call until its answer is read to the end (SW-2.8)."""
        if self._in_flight[address.name] >= self._calling.max_calls_per_producer:
            raise Overloaded("too many calls to this producer", fields={"bound": "VAXEL_MAX_CALLS_PER_PRODUCER"})
        self._in_flight[address.name] += 1

    def _leave(self, address: _Address) -> None:
        self._in_flight[address.name] -= 1
        if not self._in_flight[address.name]:
            del self._in_flight[address.name]

    def failed(self, outgoing: Outgoing, failure: "_Failure") -> ProducerFailed:
        """The refusal that a failure becomes."""
        fields = {"address": outgoing.url} if self._calling.show_address else {}
        return ProducerFailed(_WORDS[failure.cause], cause=failure.cause, fields=fields)

    def release(self, address: _Address, endpoint: Endpoint, connection: Outbound) -> None:
        """An answer has been read, or given up."""
        self._leave(address)
        self._pool.give_back(endpoint, connection)


class _Failure(Exception):
    """One attempt failed; `unsent`: certainly no byte of the request was written (SW-10.6)."""

    def __init__(self, cause: str, *, unsent: bool = False) -> None:
        super().__init__(cause)
        self.cause = cause
        self.unsent = unsent


class _Reader:
    """Reads one answer's body, first by `peek`, then as an iterator, and translates what goes wrong.

    No generator: closing one that was never begun would not run its end, and the connection would stay open.
    """

    __slots__ = ("_address", "_connection", "_ended", "_endpoint", "_outgoing", "_producers")

    def __init__(
        self, producers: Producers, outgoing: Outgoing, address: _Address, endpoint: Endpoint, connection: Outbound
    ) -> None:
        self._producers = producers
        self._outgoing = outgoing
        self._address = address
        self._endpoint = endpoint
        self._connection = connection
        self._ended = False

    async def peek(self, size: int) -> bytes:
        """The first bytes; raises `_Failure`."""
        connection = self._connection
        try:
            return await connection.peek(size)
        except Truncated as error:
            start = connection.taken()
            if not _ENVELOPE_END.search(start[-512:]):
                raise _Failure("producer.response-truncated") from error
            connection.complete = True  # longer by its own word than in fact, but complete (section 11)
            return start
        except (OSError, NotHttp, Silent) as error:
            raise _answering(error) from error

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        """What follows the first bytes, as it comes."""
        if self._ended:
            raise StopAsyncIteration
        try:
            chunk = await self._connection.read()
        except (OSError, NotHttp, Silent, Truncated) as error:
            self.close()
            raise self._producers.failed(self._outgoing, _answering(error)) from error
        except BaseException:
            self.close()
            raise
        if not chunk:
            self.close()
            raise StopAsyncIteration
        return chunk

    async def aclose(self) -> None:
        """End: the connection is dropped where not all of the answer was read."""
        self.close()

    def close(self) -> None:
        """The same, at once."""
        if not self._ended:
            self._ended = True
            self._producers.release(self._address, self._endpoint, self._connection)


_WORDS = {
    "producer.dns": "the producer's name could not be resolved",
    "producer.connect-refused": "the producer refused the connection",
    "producer.connect-timeout": "timeout: the producer did not accept a connection in time",
    "producer.unreachable": "the producer could not be reached",
    "producer.tls-handshake": "the TLS handshake with the producer failed",
    "producer.tls-untrusted": "the producer's certificate is not trusted",
    "producer.tls-hostname": "the producer's certificate is for another host",
    "producer.tls-client-rejected": "the producer rejected the platform's certificate",
    "producer.response-timeout": "timeout: the producer did not answer in time",
    "producer.idle-timeout": "timeout: the producer stopped in the middle of its answer",
    "producer.total-timeout": "timeout: the call took longer than its contract allows",
    "producer.reset": "the producer broke the connection",
    "producer.response-truncated": "the producer's answer was cut off",
    "producer.protocol": "the producer's answer is not HTTP",
    "producer.address-refused": "the producer's address is not allowed",
}
_HOSTNAME_MISMATCH = {62, 64}  # X509_V_ERR_HOSTNAME_MISMATCH, …_IP_ADDRESS_MISMATCH


def _connecting(error: OSError) -> _Failure:
    """What it means that no connection could be had (SW-14.3)."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _Failure(
            "producer.tls-hostname" if error.verify_code in _HOSTNAME_MISMATCH else "producer.tls-untrusted"
        )
    if isinstance(error, ssl.SSLError):
        return _Failure("producer.tls-client-rejected" if _REJECTED.search(str(error)) else "producer.tls-handshake")
    if isinstance(error, HandshakeFailed):
        return _Failure("producer.tls-handshake")
    if isinstance(error, AddressRefused):
        return _Failure("producer.address-refused")
    if isinstance(error, NameUnknown):
        return _Failure("producer.dns", unsent=True)
    if isinstance(error, ConnectTimeout) or error.errno == errno.ETIMEDOUT:
        return _Failure("producer.connect-timeout", unsent=True)
    if error.errno == errno.ECONNREFUSED:
        return _Failure("producer.connect-refused", unsent=True)
    return _Failure("producer.unreachable", unsent=True)


def _answering(error: BaseException) -> _Failure:
    """What it means that an exchange broke (SW-14.3)."""
    if isinstance(error, Silent) and error.late:
        return _Failure("producer.total-timeout")
    if isinstance(error, Silent):
        return _Failure("producer.idle-timeout" if error.begun else "producer.response-timeout")
    if isinstance(error, Truncated):
        return _Failure("producer.response-truncated")
    if isinstance(error, NotHttp):
        return _Failure("producer.protocol")
    if isinstance(error, ssl.SSLError):
        return _Failure("producer.tls-client-rejected" if _REJECTED.search(str(error)) else "producer.tls-handshake")
    return _Failure("producer.reset")


def _address(text: str) -> _Address:
    """The address as it stands (SW-7.5)."""
    try:
        parts = urlsplit(text)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and text.isascii() and text.isprintable()
    except ValueError:
        usable = False
    if not usable or " " in text:
        raise AddressUnusable("the route's address is no URL", cause="routing.address-invalid")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = parts.hostname or ""
    return _Address(
        scheme=parts.scheme,
        host=host,
        port=port,
        name=f"{host}:{port}",
        request_line=b"POST %b HTTP/1.1\r\n" % target.encode("ascii"),
    )


def _passed(headers: Headers) -> Headers:
    """The answer's headers without those that belong to its connection (SW-12.2)."""
    named = {word.strip().lower() for name, value in headers if name == b"connection" for word in value.split(b",")}
    dropped = _HOP_BY_HOP | named if named else _HOP_BY_HOP
    return tuple(header for header in headers if header[0] not in dropped)
