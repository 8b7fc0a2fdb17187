"""What travels through the platform: frozen, complete, and carried through layers in order (STYLE 9, 12)."""

import asyncio
import dataclasses

import pytest
from steps import call

from vaxel.call import UNROUTED, Body, Call, Handler, Layer, Reply, onion


def marked(name: str, seen: list[str]) -> Layer:
    def layer(inner: Handler) -> Handler:
        async def handle(call: Call) -> Reply:
            seen.append(f"{name} in")
            reply = await inner(call)
            seen.append(f"{name} out")
            return reply

        return handle

    return layer


def test_the_first_layer_sees_a_call_first_and_its_reply_last() -> None:
    seen: list[str] = []

    async def core(call: Call) -> Reply:
        seen.append("core")
        return Reply(status=200, headers=(), body=Body.whole(b""))

    asyncio.run(onion((marked(name, seen) for name in "ab"), core)(call()))  # type: ignore[arg-type]
    assert seen == ["a in", "b in", "core", "b out", "a out"]


def test_a_call_cannot_be_changed() -> None:
    made = call()
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.deadline = 0.0  # type: ignore[misc]
    with pytest.raises((AttributeError, TypeError)):
        made.colour = "red"  # type: ignore[attr-defined]


def test_a_call_is_read_by_the_words_of_its_envelope() -> None:
    made = call(sender="SE-1")
    assert (made.sender, made.receiver, made.contract) == ("SE-1", "A", "urn:riv:a:b:GetXResponder:1")
    assert (made.target, made.parent) == (UNROUTED, None)


def test_a_whole_body_knows_its_length() -> None:
    body = Body.whole("å".encode())
    assert (body.start, body.rest, body.length) == (b"\xc3\xa5", None, 2)
