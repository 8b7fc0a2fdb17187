"""The way to producers: one pooled aiohttp session, every failure with its stable cause (switch.md sections 10, 11).

aiohttp, since it was measured: other clients cost many times more CPU a call (docs/adr/0011).
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

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from vaxel.adapters.addresses import AddressRefused, AllowedNetworks
from vaxel.call import Body, Headers
from vaxel.delivery import Answer, Outgoing
from vaxel.errors import AddressUnusable, Overloaded, ProducerFailed

_HOP_BY_HOP = frozenset(
    b"connection keep-alive te trailer transfer-encoding upgrade proxy-authenticate proxy-authorization"
    b" proxy-connection".split()
)
_ENVELOPE_END = re.compile(rb"</(?:[\w.-]+:)?Envelope\s*>\s*\Z")
_AUTO = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
_REJECTED = re.compile("CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_UNKNOWN|REVOKED|EXPIRED", re.I)

PART_BYTES = 262_144

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


class Producers:
    """The `Producer` port over HTTP and HTTPS."""

    def __init__(self, calling: Calling, networks: AllowedNetworks, tls: TlsFor) -> None:
        self._calling = calling
        self._networks = networks
        self._tls = tls
        self._in_flight: Counter[str] = Counter()
        self._url = lru_cache(maxsize=4096)(_url)
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Make the pool; needs a running loop."""
        connector = aiohttp.TCPConnector(
            limit=0,
            keepalive_timeout=self._calling.pool_idle_s,
            use_dns_cache=False,  # a name is resolved once for each connection (SW-10.10)
            resolver=aiohttp.ThreadedResolver(),
            socket_factory=self._networks.socket,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=_AUTO,
            timeout=aiohttp.ClientTimeout(total=None),
        )

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    @property
    def in_flight(self) -> dict[str, int]:
        """Calls under way by endpoint (`host:port`)."""
        return dict(self._in_flight)

    async def send(self, outgoing: Outgoing) -> Answer:
        """Send, again where that is safe (SW-10.5 to SW-10.7); `ProducerFailed` or `Overloaded`."""
        url = self._url(outgoing.url)
        attempts = 0
        leave = self._enter(url)
        try:
            while True:
                try:
                    return await self._attempt(outgoing, url, attempts, leave)
                except _Failure as failure:
                    again = attempts < self._calling.retry_attempts and self._repeatable(outgoing, failure)
                    pause = self._calling.retry_delay_s if failure.unsent else 0
                    if not again or time.monotonic() + pause >= outgoing.deadline:
                        failed = self._failed(outgoing, failure)
                        failed.retries = attempts
                        raise failed from failure.__cause__
                    attempts += 1
                    await asyncio.sleep(pause)
        except BaseException:
            leave()
            raise

    def _repeatable(self, outgoing: Outgoing, failure: "_Failure") -> bool:
        if failure.unsent:
            return True  # the body is not touched before a connection stands
        small = outgoing.body.rest is None and len(outgoing.body.start) <= self._calling.retry_buffer_bytes
        return failure.cause == "producer.reset" and outgoing.idempotent and small

    async def _attempt(self, outgoing: Outgoing, url: URL, retries: int, leave: Callable[[], None]) -> Answer:
        session = self._session
        assert session is not None, "open() comes first"  # noqa: S101
        if not outgoing.idempotent:
            await _notice_closed()
        try:
            response = await session.request(
                "POST",
                url,
                headers=_headers(outgoing, chunked=self._calling.chunked),
                data=_content(outgoing.body),
                chunked=self._calling.chunked or None,
                allow_redirects=False,
                ssl=self._tls(url.host or "", url.port or 443) if url.scheme == "https" else False,
                timeout=self._timeout(outgoing),
            )
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise _failure(error) from error
        return await self._answer(outgoing, response, retries, leave)

    async def _answer(
        self, outgoing: Outgoing, response: aiohttp.ClientResponse, retries: int, leave: Callable[[], None]
    ) -> Answer:
        """The answer with its first bytes, which decide what it is before a status is sent (SW-11.1)."""
        reader = _Reader(response, lambda failure: self._failed(outgoing, failure), leave)
        try:
            start, whole = await reader.peek(self._calling.peek_bytes)
        except BaseException:
            response.close()
            raise
        if whole:
            leave()
        return Answer(
            status=response.status,
            reason=response.reason or "",
            headers=_lowered(response.raw_headers),
            body=Body.whole(start) if whole else Body(start=start, rest=reader, length=response.content_length),
            retries=retries,
        )

    def _timeout(self, outgoing: Outgoing) -> aiohttp.ClientTimeout:
        left = outgoing.deadline - time.monotonic()
        if left == float("inf"):
            return _endless(self._calling.connect_timeout_s, outgoing.answer_timeout_s)
        return aiohttp.ClientTimeout(
            total=max(left, 0.001), connect=self._calling.connect_timeout_s, sock_read=outgoing.answer_timeout_s
        )

    def _enter(self, url: URL) -> Callable[[], None]:
        """Count a call until its answer is read to the end (SW-2.8); returns how to count it out, once."""
        endpoint = f"{url.host}:{url.port}"
        if self._in_flight[endpoint] >= self._calling.max_calls_per_producer:
            raise Overloaded("too many calls to this producer", fields={"bound": "VAXEL_MAX_CALLS_PER_PRODUCER"})
        self._in_flight[endpoint] += 1

        def leave() -> None:
            self._in_flight[endpoint] -= 1
            if not self._in_flight[endpoint]:
                del self._in_flight[endpoint]

        return leave

    def _failed(self, outgoing: Outgoing, failure: "_Failure") -> ProducerFailed:
        fields = {"address": outgoing.url} if self._calling.show_address else {}
        return ProducerFailed(_WORDS[failure.cause], cause=failure.cause, fields=fields)


class _Failure(Exception):
    """One attempt failed; `unsent`: certainly no byte of the request was written (SW-10.6)."""

    def __init__(self, cause: str, *, unsent: bool = False) -> None:
        super().__init__(cause)
        self.cause = cause
        self.unsent = unsent


async def _notice_closed() -> None:
    """Let the loop see which idle connections were closed: what is not sent twice must not meet one (SW-10.4).

    One turn of the loop asks the sockets, the next handles what they said.
    """
    await asyncio.sleep(0)
    await asyncio.sleep(0)


class _Reader:
    """Reads one answer's body, first by `peek`, then as an iterator, and translates what goes wrong.

    No generator: closing one that was never begun would not run its end, and the connection would stay open.
    """

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        failed: Callable[[_Failure], ProducerFailed],
        leave: Callable[[], None],
    ) -> None:
        self._response = response
        self._failed = failed
        self._leave = leave
        self._ended = False

    async def peek(self, size: int) -> tuple[bytes, bool]:
        """The first bytes, and whether they are all."""
        start = b""
        try:
            while len(start) < size:
                chunk = await self._response.content.readany()
                if not chunk:
                    return start, True
                start = start + chunk if start else chunk
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            if isinstance(error, aiohttp.ClientPayloadError) and _ENVELOPE_END.search(start[-512:]):
                self._response.close()
                return start, True  # longer by its own word than in fact, but complete (section 11)
            raise self._broken(error) from error
        return start, self._response.content.at_eof()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        """What follows the first bytes, as it comes."""
        if self._ended:
            raise StopAsyncIteration
        try:
            chunk = await self._response.content.readany()
        except BaseException as error:
            await self.aclose()
            if isinstance(error, aiohttp.ClientError | OSError):  # TimeoutError is an OSError
                raise self._broken(error) from error
            raise
        if not chunk:
            await self.aclose()
            raise StopAsyncIteration
        return chunk

    async def aclose(self) -> None:
        """End: the connection is dropped where not all of the answer was read."""
        if self._ended:
            return
        self._ended = True
        self._leave()
        if not self._response.content.at_eof():
            self._response.close()

    def _broken(self, error: BaseException) -> ProducerFailed:
        if isinstance(error, aiohttp.ClientPayloadError):
            return self._failed(_Failure("producer.response-truncated"))
        if isinstance(error, aiohttp.SocketTimeoutError):
            return self._failed(_Failure("producer.idle-timeout"))
        return self._failed(_failure(error))


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
_ERRNO = {
    errno.ECONNREFUSED: "producer.connect-refused",
    errno.ETIMEDOUT: "producer.connect-timeout",
}
_HOSTNAME_MISMATCH = {62, 64}  # X509_V_ERR_HOSTNAME_MISMATCH, …_IP_ADDRESS_MISMATCH


def _failure(error: BaseException) -> _Failure:
    """What an error of the client means (SW-14.3); the one place that knows aiohttp's exceptions."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return _Failure("producer.dns", unsent=True)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        code = getattr(error.certificate_error, "verify_code", 0)
        return _Failure("producer.tls-hostname" if code in _HOSTNAME_MISMATCH else "producer.tls-untrusted")
    if isinstance(error, aiohttp.ClientConnectorError) and not isinstance(error, aiohttp.ClientSSLError):
        return _connecting(error.os_error)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return _Failure("producer.connect-timeout", unsent=True)
    if isinstance(error, aiohttp.SocketTimeoutError):
        return _Failure("producer.response-timeout")
    if isinstance(error, TimeoutError):
        return _Failure("producer.total-timeout")
    if tls := _tls_error(error):
        rejected = _REJECTED.search(str(tls)) is not None
        return _Failure("producer.tls-client-rejected" if rejected else "producer.tls-handshake")
    if isinstance(error, aiohttp.ServerDisconnectedError | OSError):
        return _Failure("producer.reset")
    return _Failure("producer.protocol")


def _connecting(error: OSError) -> _Failure:
    if isinstance(error, AddressRefused):
        return _Failure("producer.address-refused")
    if isinstance(error, ConnectionResetError | ConnectionAbortedError | BrokenPipeError):
        return _Failure("producer.tls-handshake")  # the connection stood, so it broke in the handshake: not retried
    return _Failure(_ERRNO.get(error.errno or 0, "producer.unreachable"), unsent=True)


def _tls_error(error: BaseException | None) -> ssl.SSLError | None:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return error
        if isinstance(error, aiohttp.ClientSSLError):
            return getattr(error, "os_error", None) or ssl.SSLError()
        error = error.__cause__ or error.__context__
    return None


@lru_cache(maxsize=256)
def _endless(connect_s: float, answer_s: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, connect=connect_s, sock_read=answer_s)


def _url(text: str) -> URL:
    """The address as it stands (SW-7.5)."""
    try:
        url = URL(text, encoded=True)
        usable = url.scheme in {"http", "https"} and bool(url.host)
    except ValueError:
        usable = False
    if not usable:
        raise AddressUnusable("the route's address is no URL", cause="routing.address-invalid")
    return url


def _headers(outgoing: Outgoing, *, chunked: bool) -> CIMultiDict[str]:
    headers = CIMultiDict([(name.decode("latin-1"), value.decode("latin-1")) for name, value in outgoing.headers])
    if outgoing.body.length is not None and not chunked:
        headers["Content-Length"] = str(outgoing.body.length)
    return headers


def _content(body: Body) -> bytes | AsyncIterator[bytes]:
    """The body as aiohttp takes it: a large one in parts, so that writing it does not hold up other calls."""
    return body.start if body.rest is None and len(body.start) <= PART_BYTES else _stream(body)


async def _stream(body: Body) -> AsyncIterator[bytes]:
    for place in range(0, len(body.start), PART_BYTES):
        yield body.start[place : place + PART_BYTES]
    if body.rest is not None:
        async for chunk in body.rest:
            yield chunk


def _lowered(headers: Headers) -> Headers:
    named = {
        word.strip().lower() for name, value in headers if name.lower() == b"connection" for word in value.split(b",")
    }
    dropped = _HOP_BY_HOP | named
    return tuple((key, value) for name, value in headers if (key := name.lower()) not in dropped)
