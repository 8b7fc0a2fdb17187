"""Journey steps 4 and 11: a record exists before anything leaves, and a durable one before the answer does (DESIGN 3).

The journal fails closed: what cannot be recorded is refused (VX001). A streamed answer's last chunk waits for its
`closed` record; a break closes it as `aborted` (SW-11.3).
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any, Protocol

from vaxel.call import Body, Call, Handler, Layer, Reply
from vaxel.contracts.catalogue import Catalogue
from vaxel.contracts.entry import Contract
from vaxel.errors import JournalUnavailable, Refusal


class Journal(Protocol):
    """Where records go; raises `JournalUnavailable` when they cannot be kept."""

    async def durable(self, kind: str, fields: Mapping[str, Any], *, in_flight: bool = False) -> None:
        """Write a record and return when it survives a power cut. `in_flight` may use the reserve (SW-18.11)."""
        ...

    async def written(self, kind: str, fields: Mapping[str, Any], *, in_flight: bool = False) -> None:
        """Write a record and return when it survives this process; it becomes durable with the next one."""
        ...

    def append(self, kind: str, fields: Mapping[str, Any], *, in_flight: bool = False) -> None:
        """The same at once, for a call that ends here and waits for nothing."""
        ...

    def seal(self, patient: str) -> Mapping[str, str]:
        """A patient's identity as it may stand in a record: key, tag, sealed (P-120)."""
        ...


_ABORTED = {"outcome": "aborted"}
_CANCELLED = {"outcome": "cancelled"}
"""Ended by the platform itself: a call to a source that nobody waits for any more (AG-7.3, AG-7.6)."""


def audit(journal: Journal, catalogue: Catalogue) -> Layer:
    """Open a record before the inner steps, close it before the reply goes out."""

    def layer(inner: Handler) -> Handler:
        async def record(call: Call) -> Reply:
            names = identity(call)
            await _open(journal, call, names, catalogue.get(call.contract))
            try:
                reply = await inner(call)
            except Refusal as refusal:
                await _close(journal, call, names, _refused(refusal))
                raise
            except BaseException as error:
                unwanted = call.parent is not None and isinstance(error, asyncio.CancelledError)
                journal.append("closed", _closed(call, names, _CANCELLED if unwanted else _ABORTED), in_flight=True)
                raise
            return await _answer(journal, call, names, reply)

        return record

    return layer


async def _open(journal: Journal, call: Call, names: dict[str, Any], entry: Contract | None) -> None:
    fields = {
        **names,
        "class": call.caller.call_class,
        "peer": call.caller.peer,
        "original_consumer": call.original_consumer,
    }
    patient = patient_of(call, entry)
    if patient:
        fields["patient"] = journal.seal(patient)
    try:
        if entry is not None and entry.idempotent:
            await journal.written("opened", fields)
        else:
            await journal.durable("opened", fields)
    except JournalUnavailable as error:
        error.retryable = True  # nothing has left the platform yet (SW-14.9)
        raise


def patient_of(call: Call, entry: Contract | None) -> str:
    """The patient that the request is about, by the catalogue's path (CO-9.6); empty where it names none."""
    if entry is None or not entry.patient or call.envelope.payload is None:
        return ""
    element = call.envelope.payload
    for name in entry.patient:
        element = next(element.iterchildren(f"{{*}}{name}"), None)
        if element is None:
            return ""
    return (element.text or "").strip()


async def _answer(journal: Journal, call: Call, names: dict[str, Any], reply: Reply) -> Reply:
    outcome = {"outcome": "fault" if reply.status >= 400 else "answered", "status": reply.status}
    if reply.body.rest is None:
        call.trail.response_bytes = len(reply.body.start)
        await _close(journal, call, names, outcome)
        return reply
    return replace(reply, body=replace(reply.body, rest=_held(journal, call, names, reply.body, outcome)))


async def _held(
    journal: Journal, call: Call, names: dict[str, Any], body: Body, outcome: dict[str, Any]
) -> AsyncIterator[bytes]:
    """The rest of a streamed answer, one chunk behind, so that its end waits for the record (SW-11.3)."""
    assert body.rest is not None  # noqa: S101 - the caller has looked
    held, size = b"", len(body.start)
    closed = False
    try:
        async for chunk in body.rest:
            size += len(chunk)
            if held:
                yield held
            held = chunk
        call.trail.response_bytes = size
        await _close(journal, call, names, outcome)
        closed = True
        yield held
    finally:
        close = getattr(body.rest, "aclose", None)
        if close is not None:
            await close()
        if not closed:
            call.trail.response_bytes = size
            journal.append("closed", _closed(call, names, _ABORTED), in_flight=True)


async def _close(journal: Journal, call: Call, names: dict[str, Any], outcome: Mapping[str, Any]) -> None:
    await journal.durable("closed", _closed(call, names, outcome), in_flight=True)


def _closed(call: Call, names: dict[str, Any], outcome: Mapping[str, Any]) -> dict[str, Any]:
    trail = call.trail
    return {
        **names,
        "route": trail.route,
        "permission": trail.permission,
        "producer": trail.producer or None,
        "url": trail.producer_url.partition("?")[0],
        "retries": trail.retries,
        "bytes": trail.response_bytes,
        "rows": trail.rows,
        "ms": round((time.monotonic() - call.started) * 1000, 1),
        **outcome,
    }


def identity(call: Call) -> dict[str, Any]:
    """What names a call in each of its records (SW-18.8)."""
    return {
        "call": call.id,
        "parent": call.parent,
        "reference": call.reference,
        "correlation_id": call.correlation_id,
        "sender": call.sender,
        "receiver": call.receiver,
        "contract": call.contract,
    }


def _refused(refusal: Refusal) -> dict[str, Any]:
    return {"outcome": "refused", "code": refusal.code, "cause": refusal.cause}
