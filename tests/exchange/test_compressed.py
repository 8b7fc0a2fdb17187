"""Answers as gzip: for whom, from which size, and unchanged when they are unpacked (SW-13.5)."""

import gzip
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaxel.exchange.compressed import MINIMUM_BYTES, Compressed, accepts_gzip


@pytest.mark.parametrize(
    ("value", "accepted"),
    [
        (b"gzip", True),
        (b"GZip", True),
        (b"deflate, gzip;q=0.5", True),
        (b"*", True),
        (b"x-gzip", True),
        (b"gzip;q=0", False),
        (b"gzip; q=0.000", False),
        (b"*;q=1, gzip;q=0", False),
        (b"br, deflate", False),
        (b"gzip;q=x", False),
        (b"notgzip", False),
        (b"", False),
    ],
)
def test_who_accepts_gzip(value: bytes, accepted: bool) -> None:
    assert accepts_gzip([value]) is accepted


@given(st.lists(st.binary(max_size=60), max_size=3))
def test_no_header_raises(values: list[bytes]) -> None:
    assert accepts_gzip(values) in {True, False}


async def answered(
    parts: list[bytes], *, length: int | None, accept: bytes = b"gzip"
) -> tuple[dict[bytes, bytes], Any]:
    """The head and the body that a consumer gets of an application that sends `parts`."""
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/xml")]
        if length is not None:
            headers.append((b"content-length", b"%d" % length))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for number, part in enumerate(parts):
            await send({"type": "http.response.body", "body": part, "more_body": number + 1 < len(parts)})

    async def send(message: Any) -> None:
        sent.append(message)

    await Compressed(app)({"headers": [(b"accept-encoding", accept)]}, None, send)
    assert [message.get("more_body", False) for message in sent[1:]] == [True] * (len(sent) - 2) + [False]
    return dict(sent[0]["headers"]), b"".join(message["body"] for message in sent[1:])


@pytest.mark.parametrize("size", [MINIMUM_BYTES + 1, 100_000, 700_000])
@pytest.mark.parametrize("stated", [True, False])
async def test_unpacked_it_is_what_was_sent(size: int, stated: bool) -> None:
    content = b"<record>kliniskt v\xc3\xa4rde</record>" * (size // 32 + 1)
    head, body = await answered([content[:50], content[50:]], length=len(content) if stated else None)
    assert gzip.decompress(body) == content
    assert len(body) < len(content) / 5
    assert head[b"content-encoding"] == b"gzip"
    assert head[b"vary"] == b"accept-encoding"
    assert b"content-length" not in head


async def test_small_answers_and_others_are_not_touched() -> None:
    head, body = await answered([b"x" * MINIMUM_BYTES], length=MINIMUM_BYTES)
    assert (body, b"content-encoding" in head) == (b"x" * MINIMUM_BYTES, False)
    head, body = await answered([b"x" * 5000], length=5000, accept=b"br")
    assert (body, head[b"content-length"]) == (b"x" * 5000, b"5000")
