"""Answers as gzip for consumers that accept it: plain ASGI around the switch, where a setting says so (SW-13.5)."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

MINIMUM_BYTES = 1024
PART_BYTES = 262_144
THREAD_BYTES = 65_536
"""Parts this long are compressed in a thread, so that other calls go on meanwhile."""
FAST = 1
"""zlib's fastest level: XML shrinks to a tenth by it, and more costs several times the CPU."""

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Any, Send], Awaitable[None]]


class Compressed:
    """An application whose answers over 1 KiB leave as gzip where the request accepts that."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Send) -> None:
        """Answer one request."""
        coded = accepts_gzip(value for name, value in scope["headers"] if name == b"accept-encoding")
        await self._app(scope, receive, _Coder(send) if coded else send)


def accepts_gzip(values: Iterable[bytes]) -> bool:
    """Whether `Accept-Encoding` names gzip, or `*`, with a weight above nought (RFC 9110, 12.5.3)."""
    weights: dict[str, float] = {}
    for part in b",".join(values).decode("latin-1").lower().split(","):
        name, _, parameters = part.partition(";")
        weights[name.strip()] = _weight(parameters)
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


class _Coder:
    """ASGI's `send` that compresses: decided by the head, since nothing may be held back that was promised."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._zip: Any = None

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            await self._send(self._begun(message))
        elif self._zip is None:
            await self._send(message)
        else:
            await self._body(message.get("body", b""), more=message.get("more_body", False))

    def _begun(self, message: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        length = next((int(value) for name, value in message["headers"] if name == b"content-length"), None)
        if length is not None and length <= MINIMUM_BYTES:
            return message
        self._zip = zlib.compressobj(FAST, zlib.DEFLATED, zlib.MAX_WBITS | 16)
        headers = [(name, value) for name, value in message["headers"] if name != b"content-length"]
        headers += [(b"content-encoding", b"gzip"), (b"vary", b"accept-encoding")]
        return {**message, "headers": headers}

    async def _body(self, content: bytes, *, more: bool) -> None:
        for place in range(0, len(content), PART_BYTES):
            part = content[place : place + PART_BYTES]
            large = len(part) >= THREAD_BYTES
            coded = await asyncio.to_thread(self._zip.compress, part) if large else self._zip.compress(part)
            if coded:
                await self._send({"type": "http.response.body", "body": coded, "more_body": True})
        if not more:
            await self._send({"type": "http.response.body", "body": self._zip.flush()})
