"""Answers that producers send as gzip: offered where a setting says so, decoded whenever they come (SW-13.5)."""

import zlib
from collections.abc import AsyncIterator
from dataclasses import replace

from vaxel.call import Body
from vaxel.delivery import Answer, Outgoing, Producer
from vaxel.errors import ProducerFailed

OFFER = (b"accept-encoding", b"gzip")
PIECE_BYTES = 65_536
"""Largest piece decoded at once, and how much of an answer is decoded before its status is decided (SW-11.1)."""


class Decoding:
    """The `Producer` port around another: what comes coded goes on as it was meant, so limits count decoded bytes."""

    def __init__(self, producer: Producer, *, offer: bool) -> None:
        self._producer = producer
        self._offer = offer

    async def send(self, outgoing: Outgoing) -> Answer:
        """The answer without its coding; VP009 `producer.protocol` where that is none we know, or broken."""
        if self._offer and OFFER not in outgoing.headers:
            outgoing = replace(outgoing, headers=(*outgoing.headers, OFFER))
        answer = await self._producer.send(outgoing)
        for name, value in answer.headers:
            if name == b"content-encoding" and value.strip().lower() not in {b"", b"identity"}:
                return await _decoded(answer, value.strip().lower(), outgoing.url)
        return answer


async def _decoded(answer: Answer, coding: bytes, url: str) -> Answer:
    if not answer.body.start and answer.body.rest is None:
        return answer
    if coding not in {b"gzip", b"x-gzip"}:
        await _close(answer.body.rest)
        raise _failed("producer.protocol", "the answer's Content-Encoding was not offered", url)
    pieces = _pieces(answer.body, url)
    start = b""
    async for piece in pieces:
        start += piece
        if len(start) >= PIECE_BYTES:
            return replace(answer, body=Body(start=start, rest=pieces))
    return replace(answer, body=Body.whole(start))


async def _pieces(body: Body, url: str) -> AsyncIterator[bytes]:
    """What the coded body holds, in pieces of bounded size whatever it was packed from."""
    unzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        async for chunk in _chunks(body):
            left = chunk
            while left:
                piece = unzip.decompress(left, PIECE_BYTES)
                left = unzip.unconsumed_tail
                if piece:
                    yield piece
        if last := unzip.flush():
            yield last
    except zlib.error as error:
        raise _failed("producer.protocol", "the answer's gzip coding is broken", url) from error
    finally:
        await _close(body.rest)
    if not unzip.eof:
        raise _failed("producer.response-truncated", "the answer's gzip coding is cut off", url)


async def _chunks(body: Body) -> AsyncIterator[bytes]:
    yield body.start
    if body.rest is not None:
        async for chunk in body.rest:
            yield chunk


async def _close(rest: AsyncIterator[bytes] | None) -> None:
    close = getattr(rest, "aclose", None)
    if close is not None:
        await close()


def _failed(cause: str, reason: str, url: str) -> ProducerFailed:
    return ProducerFailed(reason, cause=cause, fields={"address": url})
