"""Calls that the platform makes itself, through its own switch: recorded, routed, permitted like any other."""

import math
import os
import time
from datetime import UTC, datetime

from vaxel.call import Body, Call, Caller, HsaId, Reply
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


async def content_of(reply: Reply) -> bytes:
    """All of a reply; reading it to the end is what closes the call's record."""
    content = bytearray(reply.body.start)
    if reply.body.rest is not None:
        async for chunk in reply.body.rest:
            content += chunk
    return bytes(content)
