"""Coded answers of producers: decoded whatever they were packed from, refused where they are broken (SW-13.5)."""

import asyncio
import gzip
import math
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaxel.adapters.coding import PIECE_BYTES, Decoding
from vaxel.call import Body, Headers
from vaxel.delivery import Answer, Outgoing
from vaxel.errors import ProducerFailed

GZIP = ((b"content-encoding", b"GZIP"),)


class Producer:
    """A producer in memory that answers with the parts it was given."""

    def __init__(self, parts: list[bytes], headers: Headers) -> None:
        self.parts, self.headers = parts, headers
        self.sent: list[Outgoing] = []
        self.closed = False

    async def send(self, outgoing: Outgoing) -> Answer:
        self.sent.append(outgoing)
        rest = self._rest() if len(self.parts) > 1 else None
        start = self.parts[0] if self.parts else b""
        return Answer(status=200, reason="OK", headers=self.headers, body=Body(start=start, rest=rest))

    async def _rest(self) -> AsyncIterator[bytes]:
        try:
            for part in self.parts[1:]:
                yield part
        finally:
            self.closed = True


def outgoing() -> Outgoing:
    return Outgoing(
        url="http://x/", headers=(), body=Body.whole(b""), idempotent=False, answer_timeout_s=1, deadline=math.inf
    )


async def answered(parts: list[bytes], headers: Headers = GZIP) -> bytes:
    answer = await Decoding(Producer(parts, headers), offer=False).send(outgoing())
    return answer.body.start + (b"".join([part async for part in answer.body.rest]) if answer.body.rest else b"")


@given(
    content=st.binary(max_size=300_000) | st.integers(0, 400_000).map(lambda size: b"x" * size), cut=st.integers(1, 99)
)
def test_what_was_packed_comes_out(content: bytes, cut: int) -> None:
    packed = gzip.compress(content, 1)
    at = len(packed) * cut // 100
    assert asyncio.run(answered([packed[:at], packed[at:]])) == content


@given(st.binary(min_size=1, max_size=2000))
def test_no_bytes_raise_anything_but_a_refusal(content: bytes) -> None:
    with pytest.raises(ProducerFailed):
        asyncio.run(answered([content]))


async def test_a_small_answer_that_unpacks_to_much_is_decoded_in_pieces() -> None:
    answer = await Decoding(Producer([gzip.compress(b"x" * 50_000_000)], GZIP), offer=False).send(outgoing())
    assert PIECE_BYTES <= len(answer.body.start) <= 2 * PIECE_BYTES
    assert answer.body.rest is not None
    assert len(await anext(answer.body.rest)) <= PIECE_BYTES
    assert answer.body.length is None


@pytest.mark.parametrize(
    ("parts", "headers", "cause"),
    [
        ([gzip.compress(b"<a/>")[:-4]], GZIP, "producer.response-truncated"),
        ([b"<a/>"], GZIP, "producer.protocol"),
        ([b"<a/>"], ((b"content-encoding", b"br"),), "producer.protocol"),
        ([b"<a/>", b"more"], ((b"content-encoding", b"gzip, br"),), "producer.protocol"),
    ],
)
async def test_broken_codings(parts: list[bytes], headers: Headers, cause: str) -> None:
    producer = Producer(parts, headers)
    with pytest.raises(ProducerFailed) as caught:
        await Decoding(producer, offer=False).send(outgoing())
    assert (caught.value.cause, caught.value.fields["address"]) == (cause, "http://x/")


async def test_an_answer_that_is_dropped_closes_its_connection() -> None:
    packed = gzip.compress(bytes(range(256)) * 4000, 0)
    producer = Producer([packed[:10_000], packed[10_000:200_000], packed[200_000:]], GZIP)
    answer = await Decoding(producer, offer=False).send(outgoing())
    assert answer.body.rest is not None
    await anext(answer.body.rest)
    await answer.body.rest.aclose()  # type: ignore[attr-defined]
    assert producer.closed


@pytest.mark.parametrize("headers", [(), ((b"content-encoding", b"identity"),)])
async def test_what_is_not_coded_is_not_touched(headers: Headers) -> None:
    assert await answered([b"<a", b"/>"], headers) == b"<a/>"


async def test_an_empty_answer_stays_empty() -> None:
    assert await answered([b""]) == b""


@pytest.mark.parametrize("offer", [True, False])
async def test_gzip_is_offered_by_setting_only(offer: bool) -> None:
    producer = Producer([b"<a/>"], ())
    await Decoding(producer, offer=offer).send(outgoing())
    assert ((b"accept-encoding", b"gzip") in producer.sent[0].headers) is offer
