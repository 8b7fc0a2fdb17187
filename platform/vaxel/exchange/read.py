"""Journey step 2: read the message once, hardened and bounded, and keep its bytes (switch.md sections 4 and 13)."""

import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from vaxel.call import Body, Envelope
from vaxel.contracts.catalogue import Catalogue
from vaxel.contracts.entry import Contract
from vaxel.errors import MessageMalformed, RequestTooLarge
from vaxel.exchange.beside import beside
from vaxel.exchange.bounds import Bounds
from vaxel.exchange.request import Request
from vaxel.soap import charset, mtom, scan, tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How messages are read: limits in bytes, and the switches of section 19."""

    max_size_bytes: int = 15_728_640
    head_bytes: int = 262_144
    strict: bool = False
    mtom: str = "strip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message that has been read: its envelope, its body in UTF-8, and the encoding it came in.

    `held_bytes` were counted against the bound on buffered bytes and are given back when the call ends.
    """

    envelope: Envelope
    body: Body
    encoding: str
    held_bytes: int


class Read:
    """Reads a request's body as far as its contract needs: whole where it is validated or protected (SW-4.2)."""

    def __init__(self, catalogue: Catalogue, reading: Reading, bounds: Bounds) -> None:
        self._catalogue = catalogue
        self._reading = reading
        self._bounds = bounds
        self._largest = max([reading.max_size_bytes, *(entry.max_size_bytes or 0 for entry in catalogue)])

    async def __call__(self, request: Request) -> Message:
        """The message; `MessageMalformed` (VP015), `RequestTooLarge` (VX003) or `Overloaded` (VX002)."""
        if request.length is not None and request.length > self._largest:
            raise _too_large(self._largest)
        content_type = request.header(b"content-type").lower()
        coding = request.header(b"content-encoding").strip().lower()
        chunks = _decoded(request.chunks, coding, self._largest)
        if content_type.startswith("multipart/"):
            content = await self._rest(bytearray(), chunks)
            envelope_bytes = mtom.envelope_of(content, request.header(b"content-type"), self._reading.mtom)
            return await self._whole(envelope_bytes, len(content))
        start = bytearray()
        async for chunk in chunks:
            start += chunk
            if len(start) >= self._reading.head_bytes:
                break
        else:
            return await self._whole(bytes(start), 0)
        return await self._long(start, chunks, request.length if not coding else None)

    async def _whole(self, content: bytes, held: int) -> Message:
        """A message that is at hand in full."""
        content, encoding, envelope = await beside(len(content), self._parsed, content)
        self._check_size(self._catalogue.get(envelope.contract), len(content))
        if held:
            self._bounds.take(held)
        return Message(envelope=envelope, body=Body.whole(content), encoding=encoding, held_bytes=held)

    def _parsed(self, content: bytes) -> tuple[bytes, str, Envelope]:
        """The message in UTF-8, the encoding it came in, and its envelope."""
        content, encoding = charset.to_utf8(content)
        try:
            return content, encoding, tree.parse(content, strict=self._reading.strict)
        except MessageMalformed as error:
            return content, encoding, self._head_only(content, error)

    def _head_only(self, content: bytes, malformed: MessageMalformed) -> Envelope:
        """The head of a message that is malformed later, where its contract lets that pass (SW-4.2)."""
        reader = scan.HeadReader(limit=self._reading.head_bytes, strict=self._reading.strict)
        try:
            envelope = reader.feed(content)
        except MessageMalformed:
            envelope = None
        if envelope is None or parsed_whole(self._catalogue.get(envelope.contract)):
            raise malformed
        return envelope

    async def _long(self, start: bytearray, chunks: AsyncIterator[bytes], length: int | None) -> Message:
        """A message longer than the head limit: streamed where nothing needs the whole of it."""
        if charset.declared(bytes(start[:256])) == "utf-8":
            reader = scan.HeadReader(limit=self._reading.head_bytes, strict=self._reading.strict)
            envelope = reader.feed(bytes(start))
            if envelope is not None and length is not None:
                entry = self._catalogue.get(envelope.contract)
                self._check_size(entry, length)
                if not parsed_whole(entry):
                    return Message(
                        envelope=envelope,
                        body=Body(start=bytes(start), rest=chunks, length=length),
                        encoding="utf-8",
                        held_bytes=0,
                    )
        content = await self._rest(start, chunks)
        return await self._whole(content, len(content))

    async def _rest(self, start: bytearray, chunks: AsyncIterator[bytes]) -> bytes:
        """Read to the end, within the largest size and the bound on buffered bytes."""
        held = 0
        try:
            async for chunk in chunks:
                start += chunk
                if len(start) > self._largest:
                    raise _too_large(self._largest)
                self._bounds.take(len(chunk))
                held += len(chunk)
        finally:
            self._bounds.give_back(held)
        return bytes(start)

    def _check_size(self, entry: Contract | None, size: int) -> None:
        limit = (entry.max_size_bytes if entry else None) or self._reading.max_size_bytes
        if size > limit:
            raise _too_large(limit)


def parsed_whole(entry: Contract | None) -> bool:
    """Whether messages of the contract are parsed to their end: validated in the call, or protected (SW-4.2)."""
    return entry is not None and (entry.validation.request in {"warn", "reject"} or entry.access == "patient")


def _too_large(limit: int) -> RequestTooLarge:
    return RequestTooLarge("the request is too large", fields={"limit": f"{limit} bytes"})


async def _decoded(chunks: AsyncIterator[bytes], coding: str, limit: int) -> AsyncIterator[bytes]:
    """The body without its `Content-Encoding`; limits count decoded bytes (SW-13.5)."""
    if coding in {"", "identity"}:
        async for chunk in chunks:
            yield chunk
        return
    if coding != "gzip":
        raise MessageMalformed("the request's Content-Encoding is not supported")
    unzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
    size = 0
    try:
        async for chunk in chunks:
            content = unzip.decompress(chunk, limit - size + 1)
            size += len(content)
            if size > limit or unzip.unconsumed_tail:
                raise _too_large(limit)
            yield content
    except zlib.error as error:
        raise MessageMalformed("the request's gzip coding is broken") from error
    if not unzip.eof:
        raise MessageMalformed("the request's gzip coding is cut off")
