"""The switch as an ASGI application: HTTP in, the journey, HTTP out; the one place where a refusal becomes a fault."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any, Protocol

from vaxel.call import Call, Headers, Reply
from vaxel.errors import InternalError, Refusal
from vaxel.exchange import Exchange
from vaxel.exchange.audit import Journal
from vaxel.exchange.bounds import Bounds
from vaxel.exchange.door import Arrival, arrive
from vaxel.exchange.request import Request

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class ConsumerGone(Exception):
    """The consumer went away, or was closed for its silence, before its request was whole."""


class Events(Protocol):
    """Told how each call began and ended: log and metrics."""

    def request_in(self, call: Call) -> None:
        """The door has let the call in."""
        ...

    def answered(self, call: Call, reply: Reply) -> None:
        """The reply has been sent."""
        ...

    def refused(self, arrival: Arrival, call: Call | None, refusal: Refusal, status: int) -> None:
        """The call was refused: at the door where `call` is None, else later."""
        ...

    def broken(self, arrival: Arrival, call: Call | None, error: BaseException) -> None:
        """An answer broke while it was being sent, or the consumer went away."""
        ...


FaultWriter = Callable[[Refusal, str], tuple[int, bytes]]
"""Refusal and reference id → HTTP status and the fault's bytes (switch.md section 14)."""


class Gateway:
    """Answers `POST /vp/…` with whatever exchange is current when the call begins (SW-17.2)."""

    def __init__(
        self,
        current: Callable[[], Exchange],
        journal: Journal,
        bounds: Bounds,
        events: Events,
        fault: FaultWriter,
    ) -> None:
        self._current = current
        self._journal = journal
        self._bounds = bounds
        self._events = events
        self._fault = fault

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry one request; never raises."""
        await self._carry(_request(scope, receive), _Answering(send))

    async def _carry(self, request: Request, send: "_Answering") -> None:
        arrival = arrive(request, time.monotonic())
        call: Call | None = None
        entered = False
        try:
            self._bounds.enter()
            entered = True
            exchange = self._current()
            call = await self._admit(exchange, arrival)
            call.trail.release = exchange.release
            self._events.request_in(call)
            reply = await self._answer(exchange, call, send)
            self._events.answered(call, reply)
        except Refusal as refusal:
            await self._refuse(send, arrival, call, refusal)
        except ConsumerGone as error:
            self._events.broken(arrival, call, error)
        except Exception as error:  # noqa: BLE001 - the one place where the unexpected ends (SW-14.4)
            unexpected = InternalError()
            unexpected.__cause__ = error
            await self._refuse(send, arrival, call, unexpected)
        finally:
            if entered:
                self._bounds.leave()
            self._bounds.release(arrival.reference)

    async def _answer(self, exchange: Exchange, call: Call, send: "_Answering") -> Reply:
        self._bounds.enter_of(call.sender)
        try:
            reply = await exchange.handler(call)
            await _send_reply(send, call, reply)
        finally:
            self._bounds.leave_of(call.sender)
        return reply

    async def _admit(self, exchange: Exchange, arrival: Arrival) -> Call:
        """Steps 1–3; a refusal there is durable in the journal before it is sent (SW-3.2)."""
        try:
            return await exchange.door(arrival)
        except Refusal as refusal:
            await self._journal.durable("refused", _refused(arrival, refusal))
            raise

    async def _refuse(self, send: "_Answering", arrival: Arrival, call: Call | None, refusal: Refusal) -> None:
        if send.begun:  # the server drops the connection of an answer without end (section 11)
            self._events.broken(arrival, call, refusal)
            return
        status, content = self._fault(refusal, arrival.reference)
        self._events.refused(arrival, call, refusal, status)
        headers: Headers = (
            (b"content-type", b"text/xml; charset=UTF-8"),
            (b"content-length", b"%d" % len(content)),
            (b"x-skltp-correlation-id", arrival.correlation_id.encode("latin-1")),
            (b"x-vaxel-cause", refusal.cause.encode()),
            (b"x-vaxel-reference", arrival.reference.encode()),
        )
        if refusal.code == "VX002":
            headers += ((b"retry-after", b"1"),)
        if refusal.code == "VX003":
            headers += ((b"connection", b"close"),)
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        await send({"type": "http.response.body", "body": content})


class _Answering:
    """ASGI's `send`, and whether the answer has begun."""

    __slots__ = ("_send", "begun")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        self.begun = True
        await self._send(message)


def _request(scope: Scope, receive: Receive) -> Request:
    headers = tuple(scope["headers"])
    named = dict(reversed(headers))
    client = scope.get("client") or ("", 0)
    scheme, host = scope["scheme"], named.get(b"host", b"")
    return Request(
        listener="https" if scheme == "https" else "http",
        peer=client[0],
        url=f"{scheme}://{(host + scope['raw_path']).decode('latin-1')}",
        headers=headers,
        chunks=_chunks(receive),
        length=int(named[b"content-length"]) if b"content-length" in named else None,
        client_certificate=scope.get("vaxel.client_certificate"),
        gone=partial(_gone, receive),
    )


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConsumerGone
        if message.get("body"):
            yield message["body"]
        if not message.get("more_body"):
            return


async def _send_reply(send: _Answering, call: Call, reply: Reply) -> None:
    charset = b"UTF-8" if call.encoding == "utf-8" else call.encoding.encode("ascii")
    headers = [
        *reply.headers,
        (b"content-type", b"text/xml; charset=" + charset),
        (b"x-skltp-correlation-id", call.correlation_id.encode("latin-1")),
    ]
    body = reply.body
    if body.length is not None:
        headers.append((b"content-length", b"%d" % body.length))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if body.rest is None:
        await send({"type": "http.response.body", "body": body.start})
        return
    if body.start:
        await send({"type": "http.response.body", "body": body.start, "more_body": True})
    try:
        async for chunk in body.rest:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    finally:
        close = getattr(body.rest, "aclose", None)
        if close is not None:
            await close()
    await send({"type": "http.response.body", "body": b""})


def _refused(arrival: Arrival, refusal: Refusal) -> dict[str, Any]:
    caller = arrival.caller
    return {
        "call": arrival.reference,
        "reference": arrival.reference,
        "correlation_id": arrival.correlation_id,
        "sender": caller.sender if caller else None,
        "outcome": "refused",
        "code": refusal.code,
        "cause": refusal.cause,
        "peer": arrival.request.peer,
        "listener": arrival.request.listener,
    }
