"""Journey step 9, the core of the onion: to the producer and back (switch.md sections 9 to 13)."""

import time
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace

from vaxel.call import Body, Call, Handler, Reply, RivtaProfile
from vaxel.contracts.catalogue import Catalogue
from vaxel.contracts.entry import Contract
from vaxel.contracts.validate import validate
from vaxel.delivery import Answer, Outgoing, Producer
from vaxel.errors import AddressUnusable, MessageMalformed, ProducerFailed, ProfileMismatch
from vaxel.exchange.check import Count, lowered
from vaxel.exchange.headers import HeaderTable
from vaxel.soap import charset, scan, tree
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
        *,
        count: Count,
        observe: Callable[[Contract, bytes], None],
        sent: Callable[[Call, Outgoing], None],
        received: Callable[[Call, Answer], None],
    ) -> None:
        self._producer = producer
        self._services = services
        self._catalogue = catalogue
        self._headers = headers
        self._delivery = delivery
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
        answer = await self._producer.send(outgoing)
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
        return Outgoing(
            url=call.target.url,
            headers=self._headers.outgoing(call, entry.soap_action if entry and own_action else None),
            body=translated(call, entry),
            idempotent=entry.idempotent if entry else False,
            answer_timeout_s=(entry.timeout_s if entry else None) or self._delivery.timeout_s,
            deadline=call.deadline,
        )

    async def _reply(self, call: Call, answer: Answer, entry: Contract | None) -> Reply:
        limit = (entry.max_size_bytes if entry else None) or self._delivery.max_size_bytes
        if answer.body.length is not None and answer.body.length > limit:
            await _close(answer.body)
            raise _failed(call, "producer.response-too-large", f"the answer exceeds {limit} bytes")
        if (b"content-encoding", b"gzip") in answer.headers:  # only what is read here is asked for in it (AG-6.3)
            content = _inflated(call, await whole(call, answer.body, limit), limit)
            answer = replace(answer, body=Body.whole(content))
        body = answer.body
        if not 200 <= answer.status < 300:
            body = await self._fault(call, answer, limit)
        elif not body.start and body.rest is None:
            raise _failed(call, "producer.empty-response", f"status {answer.status} without a body")
        elif self._level(entry) in {"warn", "reject"} or call.encoding != "utf-8":
            body = Body.whole(await whole(call, body, limit))
        if entry is not None and 200 <= answer.status < 300:
            self._check(call, entry, body)
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

    def _check(self, call: Call, entry: Contract, body: Body) -> None:
        """Validate the answer at the contract's level (CO-7): in the call, or beside it."""
        level = self._level(entry)
        if level == "observe" and body.rest is None:
            self._observe(entry, body.start)
        if level not in {"warn", "reject"}:
            return
        try:
            violations = validate(self._catalogue, entry, tree.parse(body.start).payload, response=True)
        except MessageMalformed as error:
            raise _failed(call, "producer.contract-violation", "the answer is not a SOAP message") from error
        if violations:
            self._count(entry, "response", violations)
            if level == "reject":
                text = "; ".join(str(violation) for violation in violations)
                raise _failed(call, "producer.contract-violation", f"the answer violates its contract: {text}")

    async def _fault(self, call: Call, answer: Answer, limit: int) -> Body:
        """A status that is not 2xx: a SOAP 1.1 fault with 500 passes unchanged, all else is VP009 (section 11)."""
        content = await whole(call, answer.body, limit) if answer.status == 500 else answer.body.start
        if answer.status != 500:
            await _close(answer.body)
        if answer.status == 500 and SOAP11 in content:
            self._note_fault(call, content)
            return Body.whole(content)
        if answer.status == 500 and SOAP12 in content:
            if self._delivery.pass_soap12_faults:
                return Body.whole(content)
            raise _failed(call, "producer.soap12-fault", "the producer answered with a SOAP 1.2 fault", answer)
        self._note_fault(call, content)
        raise _failed(call, "producer.http-status", "the producer answered with an HTTP error", answer)

    def _note_fault(self, call: Call, content: bytes) -> None:
        code, text = scan.fault_code(content)
        if code:
            call.trail.notes["faultCode"], call.trail.notes["faultString"] = code, text


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
    """All of an answer's bytes; VP009 beyond the limit."""
    if body.rest is None:
        return body.start
    content = bytearray(body.start)
    async for chunk in _bounded(call, body, limit):
        content += chunk
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
        await _close(body)


def _inflated(call: Call, content: bytes, limit: int) -> bytes:
    unzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        plain = unzip.decompress(content, limit + 1)
    except zlib.error as error:
        raise _failed(call, "producer.protocol", "the answer's gzip coding is broken") from error
    if len(plain) > limit:
        raise _failed(call, "producer.response-too-large", f"the answer exceeds {limit} bytes")
    return plain


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""  # makes this an iterator


async def _close(body: Body) -> None:
    close = getattr(body.rest, "aclose", None)
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
