"""Journey step 2: read the message once, hardened and bounded, and keep its bytes (switch.md sections 4 and 13)."""

import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from vaxel.call import Body, Envelope, Multipart
from vaxel.contracts.catalogue import Catalogue
from vaxel.contracts.entry import Contract
from vaxel.errors import MessageMalformed, RequestTooLarge
from vaxel.exchange.beside import beside
from vaxel.exchange.bounds import Bounds
from vaxel.exchange.request import Request
from vaxel.soap import bounds, charset, mtom, scan, tree


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

    `multipart` is what the envelope was taken from, where it may go on as it came; `dropped` says that attachments will
    not.
    """

    envelope: Envelope
    body: Body
    encoding: str
    multipart: Multipart | None = None
    dropped: bool = False


class Read:
    """Reads a request's body as far as its contract needs: whole where it is validated or protected (SW-4.2)."""

    def __init__(self, catalogue: Catalogue, reading: Reading, bounds: Bounds) -> None:
        self._catalogue = catalogue
        self._reading = reading
        self._bounds = bounds
        self._largest = max([reading.max_size_bytes, *(entry.max_size_bytes or 0 for entry in catalogue)])

    async def __call__(self, request: Request, reference: str) -> Message:
        """The message; `MessageMalformed` (VP015), `RequestTooLarge` (VX003) or `Overloaded` (VX002).

        What is kept in memory is counted under the call's reference.
        """
        if request.length is not None and request.length > self._largest:
            raise _too_large(self._largest)
        content_type = request.header(b"content-type").lower()
        coding = request.header(b"content-encoding").strip().lower()
        plain = coding in {"", "identity"}
        chunks = self._counted(request.chunks if plain else _decoded(request.chunks, coding, self._largest), reference)
        if content_type.startswith("multipart/"):
            return await self._multipart(await self._rest(bytearray(), chunks), request.header(b"content-type"))
        start = bytearray()
        async for chunk in chunks:
            start += chunk
            if len(start) > self._reading.head_bytes:
                break
        else:
            return await self._whole(bytes(start))
        return await self._long(start, chunks, request if plain else None)

    async def _multipart(self, content: bytes, content_type: str) -> Message:
        """The envelope of an XOP message; what becomes of its attachments is a setting (SW-13.6, SW-13.7)."""
        mode = self._reading.mtom
        message = await self._whole(mtom.envelope_of(content, content_type, mode))
        if mode == "inline" or not mtom.has_attachments(content, content_type):
            return message
        entry = self._catalogue.get(message.envelope.contract)
        protected = entry is not None and entry.access == "patient"
        if mode == "pass" and not protected and message.encoding == "utf-8":
            original = Multipart(content_type=content_type.encode("latin-1"), content=content)
            return replace(message, multipart=original)
        return replace(message, dropped=True)

    async def _whole(self, content: bytes) -> Message:
        """A message that is at hand in full."""
        content, encoding, envelope = await beside(len(content), self._parsed, content)
        self._check_size(self._catalogue.get(envelope.contract), len(content))
        return Message(envelope=envelope, body=Body.whole(content), encoding=encoding)

    def _head(self, content: bytes) -> Envelope | None:
        """The envelope by its head alone, which has its limit (SW-4.9)."""
        limit = self._reading.head_bytes
        reader = scan.HeadReader(limit=limit, strict=self._reading.strict)
        return reader.feed(content[: limit + bounds.DEFAULT.tag_bytes])

    def _parsed(self, content: bytes) -> tuple[bytes, str, Envelope]:
        """The message in UTF-8, the encoding it came in, and its envelope."""
        content, encoding = charset.to_utf8(content)
        if len(content) > self._reading.head_bytes:
            self._head(content)
        try:
            return content, encoding, tree.parse(content, strict=self._reading.strict)
        except MessageMalformed as error:
            return content, encoding, self._head_only(content, error)

    def _head_only(self, content: bytes, malformed: MessageMalformed) -> Envelope:
        """The head of a message that is malformed later, where its contract lets that pass (SW-4.2)."""
        try:
            envelope = self._head(content)
        except MessageMalformed:
            envelope = None
        if envelope is None or parsed_whole(self._catalogue.get(envelope.contract)):
            raise malformed
        return envelope

    async def _long(self, start: bytearray, chunks: AsyncIterator[bytes], request: Request | None) -> Message:
        """A message longer than the head limit: streamed where nothing needs the whole of it.

        `request` is None where its bytes are not the message's, but coded.
        """
        if request is not None and request.length is not None and charset.declared(bytes(start[:256])) == "utf-8":
            envelope = self._head(bytes(start))
            entry = self._catalogue.get(envelope.contract) if envelope else None
            if envelope is not None and not parsed_whole(entry):
                self._check_size(entry, request.length)
                body = Body(start=bytes(start), rest=request.chunks, length=request.length)
                return Message(envelope=envelope, body=body, encoding="utf-8")
        return await self._whole(await self._rest(start, chunks))

    async def _rest(self, start: bytearray, chunks: AsyncIterator[bytes]) -> bytes:
        """Read to the end, within the largest size."""
        async for chunk in chunks:
            start += chunk
            if len(start) > self._largest:
                raise _too_large(self._largest)
        return bytes(start)

    async def _counted(self, chunks: AsyncIterator[bytes], reference: str) -> AsyncIterator[bytes]:
        """The same chunks, each counted against the bytes that all calls may hold (SW-2.12)."""
        async for chunk in chunks:
            self._bounds.hold(reference, len(chunk))
            yield chunk

    def _check_size(self, entry: Contract | None, size: int) -> None:
        limit = (entry.max_size_bytes if entry else None) or self._reading.max_size_bytes
        if size > limit:
            raise _too_large(limit)


def parsed_whole(entry: Contract | None) -> bool:
    """Whether messages of the contract are parsed to their end: validated in the call, or protected (SW-4.2)."""
    return entry is not None and (entry.validation.request in {"warn", "reject"} or entry.access == "patient")


def _too_large(limit: int) -> RequestTooLarge:
    return RequestTooLarge("the request is too large", fields={"limit": f"{limit} bytes"})


_PLAIN = frozenset({"", "identity"})


async def _decoded(chunks: AsyncIterator[bytes], coding: str, limit: int) -> AsyncIterator[bytes]:
    """The body without its `Content-Encoding`; limits count decoded bytes (SW-13.5)."""
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
