"""Step 2: the same message however it comes, within every bound, its bytes kept (SW-4.2, SW-4.9, SW-13.1 to SW-13.5)."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st
from steps import CONTRACT, catalogue, entry, message, request

from vaxel.errors import MessageMalformed, Overloaded, Refusal, RequestTooLarge
from vaxel.exchange.bounds import Bounds
from vaxel.exchange.read import Message, Read, Reading
from vaxel.exchange.request import Request

HEAD = 1000
LIMIT = 20_000
READING = Reading(max_size_bytes=LIMIT, head_bytes=HEAD)
WIDE = message(f'<GetX xmlns="{CONTRACT}">{"<a/>" * 1000}</GetX>')
HIDDEN = message(padding=f"<!--{'c' * HEAD}-->")


def reader(bounds: Bounds | None = None, **stated: object) -> Read:
    plenty = Bounds(calls=1, calls_per_consumer=1, buffered_bytes=1_000_000)
    return Read(catalogue(entry(**stated)), READING, bounds or plenty)


async def everything(message: Message) -> bytes:
    content = message.body.start
    if message.body.rest is not None:
        async for chunk in message.body.rest:
            content += chunk
    return content


async def cause(asked: Request, **stated: object) -> str:
    with pytest.raises(Refusal) as caught:
        await reader(**stated)(asked, "r")
    return caught.value.cause


@pytest.mark.parametrize("step", [1, 7, 999, 1000, 1001, 100_000])
@pytest.mark.parametrize("validation", ["off", "reject"])
@pytest.mark.parametrize("content", [message(), WIDE], ids=["short", "long"])
async def test_the_bytes_are_kept(content: bytes, validation: str, step: int) -> None:
    """However the message is cut, and whether its contract is parsed whole or streamed (SW-4.2, SW-13.4)."""
    read = await reader(validation={"request": validation})(request(content, step=step), "r")
    assert (read.envelope.receiver, read.envelope.contract, read.encoding) == ("A", CONTRACT, "utf-8")
    assert read.body.length == len(content)
    assert (read.body.rest is not None) is (validation == "off" and content is WIDE)
    assert await everything(read) == content


@pytest.mark.parametrize("length", [None, -1])
@pytest.mark.parametrize("step", [1, HEAD, 100_000])
@pytest.mark.parametrize("validation", ["off", "reject"])
@pytest.mark.parametrize("form", ["utf-8", "utf-16", "utf-8-sig", "gzip"])
async def test_a_head_beyond_its_limit(form: str, validation: str, step: int, length: int | None) -> None:
    """SW-4.9, for every way that a message can come."""
    content = gzip.compress(HIDDEN) if form == "gzip" else HIDDEN.decode().encode(form)
    told = [("content-encoding", "gzip")] if form == "gzip" else []
    asked = request(content, *told, step=step, length=length)
    assert await cause(asked, validation={"request": validation}) == "request.head-too-large"


@pytest.mark.parametrize("form", ["utf-8-sig", "utf-16", "iso-8859-1"])
async def test_a_long_message_in_another_form(form: str) -> None:
    declaration = f'<?xml version="1.0" encoding="{form.removesuffix("-sig")}"?>'
    content = (declaration + WIDE.decode()).encode(form)
    read = await reader()(request(content, step=100), "r")
    assert read.encoding == form.removesuffix("-sig")
    assert (await everything(read)).endswith(WIDE)


@pytest.mark.parametrize("step", [10, 100_000])
async def test_a_long_message_in_gzip_is_decoded_whole(step: int) -> None:
    """SW-13.5."""
    read = await reader()(request(gzip.compress(WIDE), ("Content-Encoding", " GZIP "), step=step), "r")
    assert (read.body.start, read.body.rest, read.body.length) == (WIDE, None, len(WIDE))


@pytest.mark.parametrize("content", [message() + b"<broken", WIDE.replace(b"</GetX>", b"</GetY>")])
async def test_malformed_only_later(content: bytes) -> None:
    """SW-4.2: forwarded where nothing needs the whole of it, else VP015."""
    assert await everything(await reader()(request(content), "r")) == content
    for stated in (
        {"validation": {"request": "warn"}},
        {"access": "patient", "patient": "id", "records": {"list": "x", "header": "psh"}},
    ):
        assert await cause(request(content), **stated) == "request.malformed-xml"


@pytest.mark.parametrize(
    ("asked", "limit"),
    [
        (request(b"x", length=LIMIT + 1), LIMIT),
        (request(WIDE * 10, length=None), LIMIT),
        (request(gzip.compress(b" " * (LIMIT + 1)), ("content-encoding", "gzip")), LIMIT),
        (request(WIDE), 3000),
    ],
)
async def test_too_large(asked: Request, limit: int) -> None:
    """SW-13.1, SW-13.5: by the contract's limit or the platform's; decoded bytes count."""
    with pytest.raises(RequestTooLarge) as caught:
        await reader(**({"max_size_bytes": limit} if limit != LIMIT else {}))(asked, "r")
    assert caught.value.fields == {"limit": f"{limit} bytes"}


async def test_what_is_kept_in_memory_is_counted() -> None:
    """SW-2.12: given back by the reference of the call."""
    bounds = Bounds(calls=1, calls_per_consumer=1, buffered_bytes=3000)
    with pytest.raises(Overloaded):
        await reader(bounds, validation={"request": "reject"})(request(WIDE, step=100), "r")
    assert bounds.buffered_bytes == 3000
    bounds.release("r")
    await reader(bounds)(request(WIDE, step=100), "r")
    assert bounds.buffered_bytes <= HEAD + 100


@pytest.mark.parametrize(
    ("coding", "content"),
    [("gzip", b"no gzip"), ("gzip", gzip.compress(message())[:-9]), ("br", message()), ("gzip, gzip", message())],
)
async def test_a_coding_that_cannot_be_undone(coding: str, content: bytes) -> None:
    assert await cause(request(content, ("content-encoding", coding))) == "request.malformed-xml"


@given(st.binary(max_size=400), st.integers(0, 400), st.sampled_from(["", "gzip"]), st.integers(1, 500))
async def test_no_bytes_raise_anything_but_a_refusal(noise: bytes, place: int, coding: str, step: int) -> None:
    content = message()[:place] + noise + message()[place:]
    asked = request(content, ("content-encoding", coding), step=step)
    try:
        read = await reader()(asked, "r")
    except (MessageMalformed, RequestTooLarge):
        return
    assert await everything(read)
