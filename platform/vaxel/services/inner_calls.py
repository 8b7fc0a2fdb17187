"""Calls that the platform makes itself, through its own switch: recorded, routed, permitted like any other."""

import math
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime

from vaxel.call import Body, Call, Caller, Handler, HsaId, Reply
from vaxel.soap import tree


def inner_call(content: bytes, *, sender: str, correlation_id: str, soap_action: str) -> Call:
    """A call by the platform itself, as component `sender`."""
    drawn = os.urandom(16).hex()
    return Call(
        id=drawn,
        reference=drawn,
        correlation_id=correlation_id,
        caller=Caller(sender=HsaId(sender), call_class="internal", listener="http", peer="", address=""),
        envelope=tree.parse(content),
        body=Body.whole(content),
        headers=((b"soapaction", f'"{soap_action}"'.encode()),),
        url="",
        encoding="utf-8",
        received_at=datetime.now(UTC),
        started=time.monotonic(),
        deadline=math.inf,
        original_consumer=sender,
        original_consumer_in="",
        routing_history=sender,
    )


class Switch:
    """The platform's own finished handler; `ended` lets go of what a call held, by its reference (SW-2.12)."""

    def __init__(self, current: Callable[[], Handler], ended: Callable[[str], None]) -> None:
        self._current, self._ended = current, ended

    async def ask(self, call: Call) -> tuple[int, bytes]:
        """Status and content of the reply; raises what the handler raises."""
        try:
            reply = await self._current()(call)
            return reply.status, await content_of(reply)
        finally:
            self._ended(call.reference)


async def content_of(reply: Reply) -> bytes:
    """All of a reply; reading it to the end is what closes the call's record."""
    content = bytearray(reply.body.start)
    if reply.body.rest is not None:
        async for chunk in reply.body.rest:
            content += chunk
    return bytes(content)
