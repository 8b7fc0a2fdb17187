"""Journey step 9, the core of the onion: to the producer and back (switch.md sections 9 to 13)."""

import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace

from vaxel.call import Body, Call, Handler, Reply, RivtaProfile
from vaxel.contracts.catalogue import Catalogue
from vaxel.contracts.entry import Contract
from vaxel.contracts.validate import judge, refuses
from vaxel.delivery import Answer, Outgoing, Producer
from vaxel.errors import AddressUnusable, Overloaded, ProducerFailed, ProfileMismatch
from vaxel.exchange.beside import beside
from vaxel.exchange.bounds import Bounds
from vaxel.exchange.check import Count, Observe, lowered
from vaxel.exchange.headers import HeaderTable
from vaxel.soap import charset, scan
from vaxel.soap.translate import translate

SERVICE = "vaxel:"
SOAP11 = b"http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = b"http://www.w3.org/2003/05/soap-envelope"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How calls are delivered: default answer time in seconds, largest answer in bytes, and switches."""

    timeout_s: float = 29
    max_size_bytes: int = 15_728_640
    pass_soap12_faults: bool = False
    validation_max: str = "reject"


class Forward:
    """Sends a routed, permitted and checked call to its producer, and makes the reply of the answer."""

    def __init__(
        self,
        producer: Producer,
        services: Mapping[str, Handler],
        catalogue: Catalogue,
        headers: HeaderTable,
        delivery: Delivery,
        bounds: Bounds,
        *,
        count: Count,
        observe: Observe,
        sent: Callable[[Call, Outgoing], None],
        received: Callable[[Call, Answer], None],
    ) -> None:
        self._producer = producer
        self._services = services
        self._catalogue = catalogue
        self._headers = headers
        self._delivery = delivery
        self._bounds = bounds
        self._count = count
        self._observe = observe
        self._sent = sent
        self._received = received

    async def __call__(self, call: Call) -> Reply:
        """The producer's reply; VP005, VP009, VP010 or VP012."""
        call.trail.producer_url = call.target.url
        if call.target.url.startswith(SERVICE):
            return await self._serve(call)
        entry = self._catalogue.get(call.contract)
        outgoing = self._outgoing(call, entry)
        call.trail.sent_at = time.monotonic()
        self._sent(call, outgoing)
        try:
            answer = await self._producer.send(outgoing)
        except ProducerFailed as failed:
            call.trail.retries = failed.retries
            raise
        finally:
            call.trail.answered_at = time.monotonic()
        call.trail.producer_status, call.trail.retries = answer.status, answer.retries
        self._received(call, answer)
        return await self._reply(call, answer, entry)

    async def _serve(self, call: Call) -> Reply:
        handler = self._services.get(call.target.url[len(SERVICE) :])
        if handler is None:
            raise AddressUnusable(
                "the platform has no such service",
                cause="routing.address-invalid",
                fields={"serviceNamespace": call.contract, "receiverId": call.receiver},
            )
        return await handler(call)

    def _outgoing(self, call: Call, entry: Contract | None) -> Outgoing:
        own_action = entry is not None and (entry.access == "patient" or call.parent is not None)
        body, content_type = _message(call, entry)
        return Outgoing(
            url=call.target.url,
            headers=self._headers.outgoing(call, entry.soap_action if entry and own_action else None, content_type),
            body=body,
            idempotent=entry.idempotent if entry else False,
            answer_timeout_s=(entry.timeout_s if entry else None) or self._delivery.timeout_s,
            deadline=call.deadline,
        )

    async def _reply(self, call: Call, answer: Answer, entry: Contract | None) -> Reply:
        limit = (entry.max_size_bytes if entry else None) or self._delivery.max_size_bytes
        if answer.body.length is not None and answer.body.length > limit:
            await _close(answer.body.rest)
            raise _failed(call, "producer.response-too-large", f"the answer exceeds {limit} bytes")
        body = answer.body
        if not 200 <= answer.status < 300:
            body = await self._fault(call, answer, entry, limit)
        elif not body.start and body.rest is None:
            raise _failed(call, "producer.empty-response", f"status {answer.status} without a body")
        elif self._level(entry) in {"warn", "reject"} or call.encoding != "utf-8":
            body = Body.whole(await whole(call, self._counted(call, body), limit))
        if entry is not None and 200 <= answer.status < 300:
            await self._check(call, entry, body)
        if call.encoding != "utf-8":
            body = Body.whole(charset.from_utf8(body.start, call.encoding))
        elif body.rest is not None:
            body = replace(body, rest=_bounded(call, body, limit))
        return Reply(
            status=answer.status,
            headers=self._headers.incoming(answer.headers, round((time.monotonic() - call.trail.sent_at) * 1000)),
            body=body,
        )

    def _level(self, entry: Contract | None) -> str:
        return lowered(entry.validation.response, self._delivery.validation_max) if entry else "off"

    async def _check(self, call: Call, entry: Contract, body: Body) -> None:
        """Validate the answer at the contract's level (CO-7): in the call, or beside it."""
        level = self._level(entry)
        if level == "observe":
            self._observe(call, entry, "response", body)
        if level not in {"warn", "reject"}:
            return
        violations = await beside(len(body.start), judge, self._catalogue, entry, body.start, response=True)
        self._count(call, entry, "response", violations)
        if violations:
            call.trail.notes["answerViolations"] = str(len(violations))
            if level == "reject" and refuses(violations):
                text = "; ".join(str(violation) for violation in violations)
                raise _failed(call, "producer.contract-violation", f"the answer violates its contract: {text}")

    async def _fault(self, call: Call, answer: Answer, entry: Contract | None, limit: int) -> Body:
        """A status that is not 2xx: a SOAP 1.1 fault with 500 passes unchanged, all else is VP009 (section 11)."""
        if answer.status == 500:
            content = await whole(call, self._counted(call, answer.body), limit)
        else:
            content = answer.body.start
            await _close(answer.body.rest)
        if answer.status == 500 and SOAP11 in content:
            _note_fault(call, content, entry)
            return Body.whole(content)
        if answer.status == 500 and SOAP12 in content:
            if self._delivery.pass_soap12_faults:
                return Body.whole(content)
            raise _failed(call, "producer.soap12-fault", "the producer answered with a SOAP 1.2 fault", answer)
        _note_fault(call, content, entry)
        raise _failed(call, "producer.http-status", "the producer answered with an HTTP error", answer)

    def _counted(self, call: Call, body: Body) -> Body:
        """An answer that will be read whole, each byte of it counted against what all calls may hold (SW-2.12)."""
        return body if body.rest is None else replace(body, rest=self._held(call, body.start, body.rest))

    async def _held(self, call: Call, start: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        try:
            self._hold(call, len(start))
            async for chunk in rest:
                self._hold(call, len(chunk))
                yield chunk
        finally:
            await _close(rest)

    def _hold(self, call: Call, size_bytes: int) -> None:
        try:
            self._bounds.hold(call.reference, size_bytes)
        except Overloaded as error:
            error.retryable = False  # the producer has had the call (SW-14.9)
            raise


def _note_fault(call: Call, content: bytes, entry: Contract | None) -> None:
    """What the producer's fault says, for the log; the detail of a protected contract may speak of its patient."""
    code, text = scan.fault_code(content)
    if not code:
        return
    call.trail.notes["faultCode"], call.trail.notes["faultString"] = code, text
    if entry is not None and entry.access == "open":
        call.trail.notes["faultDetail"] = scan.fault_detail(content)


def _message(call: Call, entry: Contract | None) -> tuple[Body, bytes | None]:
    """What is sent: a multipart message as it came, where nothing in it must change (SW-13.7), else the envelope."""
    if call.multipart is None:
        return translated(call, entry), None
    if call.target.profile == call.envelope.profile:
        return Body.whole(call.multipart.content), call.multipart.content_type
    call.trail.notes["attachments"] = "dropped"
    return translated(call, entry), None


def translated(call: Call, entry: Contract | None) -> Body:
    """The body in the target's profile: BP 2.0 ↔ 2.1 by bytes, any other difference is VP005 (section 9)."""
    if call.target.profile == call.envelope.profile:
        return call.body
    if call.target.profile not in (RivtaProfile.BP20, RivtaProfile.BP21):
        raise ProfileMismatch("the producer does not support the version", fields={"version": call.envelope.profile})
    registry = entry.address_header if entry else None
    start = translate(call.body.start, RivtaProfile(call.target.profile), registry)
    length = call.body.length
    if length is not None:
        length += len(start) - len(call.body.start)
    return replace(call.body, start=start, length=length)


async def whole(call: Call, body: Body, limit: int) -> bytes:
    """All of an answer's bytes; VP009 beyond the limit, or where it is cut off inside its root element (section 11)."""
    if body.rest is None:
        return body.start
    content = bytearray(body.start)
    try:
        async for chunk in _bounded(call, body, limit):
            content += chunk
    except ProducerFailed as failed:
        if failed.cause != "producer.response-truncated" or not scan.complete(bytes(content)):
            raise
    return bytes(content)


async def _bounded(call: Call, body: Body, limit: int) -> AsyncIterator[bytes]:
    """The rest of an answer, ended with an error where it grows beyond the limit (SW-13.2)."""
    size = len(body.start)
    try:
        async for chunk in body.rest or _nothing():
            size += len(chunk)
            if size > limit:
                raise _failed(call, "producer.response-too-large", f"the answer exceeds {limit} bytes")
            yield chunk
    finally:
        await _close(body.rest)


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""  # makes this an iterator


async def _close(rest: AsyncIterator[bytes] | None) -> None:
    close = getattr(rest, "aclose", None)
    if close is not None:
        await close()


def _failed(call: Call, cause: str, reason: str, answer: Answer | None = None) -> ProducerFailed:
    fields = {"address": call.target.url}
    if answer is None:
        return ProducerFailed(reason, cause=cause, fields=fields)
    return ProducerFailed(
        reason,
        cause=cause,
        fields=fields | {"status": f"{answer.status} {answer.reason}".strip()},
        last_line=f"VP_PRODUCER_EXCEPTION_HTTP_STATUS={answer.status}",
    )
