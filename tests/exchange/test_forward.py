"""The core of the onion, by its own port: services, translation, what is sent (sections 9, 10; answers are section 11's)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from calls import CONTRACT, a_call
from test_audit import entry
from test_headers import table

from vaxel.call import Body, Call, Envelope, Headers, HsaId, Multipart, Reply, RivtaProfile, Target
from vaxel.contracts.catalogue import Catalogue
from vaxel.delivery import Answer, Outgoing
from vaxel.errors import AddressUnusable, ProducerFailed, ProfileMismatch
from vaxel.exchange.bounds import Bounds
from vaxel.exchange.forward import Delivery, Forward, translated, whole

WSA = "http://www.w3.org/2005/08/addressing"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
BP20 = (
    f'<s:Envelope xmlns:s="{SOAP}"><s:Header><a:To xmlns:a="{WSA}">SE-UNIT</a:To></s:Header>'
    f'<s:Body><g xmlns="{CONTRACT}"/></s:Body></s:Envelope>'
).encode()


class Told:
    """A producer in memory, and the forwarder towards it."""

    def __init__(self, answer: Answer | Exception | None = None, **said: Any) -> None:
        self.answer = answer or answered(b"<a/>")
        self.sent: list[Outgoing] = []
        self.events: list[str] = []
        self.observed: list[bytes] = []
        self.forward = Forward(
            self,
            {"echo": self._serve},
            Catalogue([("demo", entry(**{"validation": {"request": "off", "response": "off"}, **said}))]),
            table(),
            Delivery(timeout_s=7, max_size_bytes=1000),
            Bounds(calls=9, calls_per_consumer=9, buffered_bytes=100_000),
            count=lambda *_: self.events.append("violation"),
            observe=lambda _, content: self.observed.append(content),
            sent=lambda *_: self.events.append("sent"),
            received=lambda *_: self.events.append("received"),
        )

    async def send(self, outgoing: Outgoing) -> Answer:
        self.sent.append(outgoing)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def _serve(self, call: Call) -> Reply:
        return Reply(status=200, headers=(), body=call.body)


def answered(content: bytes, *, status: int = 200, headers: Headers = (), length: int | None = None) -> Answer:
    body = Body.whole(content) if length is None else Body(start=content, rest=rest(), length=length)
    return Answer(status=status, reason="OK", headers=headers, body=body)


async def rest(*contents: bytes) -> AsyncIterator[bytes]:
    for content in contents:
        yield content


def routed(url: str = "http://p.example/", profile: str = "rivtabp21", **told: Any) -> Call:
    return a_call(**{"target": Target(url=url, profile=profile, producer=HsaId("SE-P")), **told})


async def test_a_service_of_the_platform_is_a_producer_too() -> None:
    told = Told()
    reply = await told.forward(routed("vaxel:echo"))
    assert (reply.body.start, told.sent) == (b"<a/>", [])
    with pytest.raises(AddressUnusable) as caught:
        await told.forward(routed("vaxel:none"))
    assert (caught.value.code, caught.value.cause) == ("VP010", "routing.address-invalid")


async def test_a_call_that_nobody_routed_goes_nowhere() -> None:
    """`UNROUTED` fails closed: the client refuses an address that is none (SW-7.6)."""
    told = Told(AddressUnusable("no URL"))
    with pytest.raises(AddressUnusable):
        await told.forward(a_call(target=Target(url="", profile="rivtabp21", producer=HsaId(""))))


@pytest.mark.parametrize(("said", "timeout_s"), [({}, 7), ({"timeout_s": 3}, 3)])
async def test_sw_10_1_the_contracts_time_else_the_settings(said: dict[str, Any], timeout_s: float) -> None:
    told = Told(idempotent=True, **said)
    await told.forward(routed(deadline=99.0))
    (sent,) = told.sent
    assert (sent.answer_timeout_s, sent.deadline, sent.idempotent) == (timeout_s, 99.0, True)
    assert told.events == ["sent", "received"]


async def test_a_failure_keeps_its_attempts_and_its_time() -> None:
    failed = ProducerFailed("x", cause="producer.reset")
    failed.retries = 2
    call = routed()
    with pytest.raises(ProducerFailed):
        await Told(failed).forward(call)
    assert call.trail.retries == 2
    assert call.trail.answered_at >= call.trail.sent_at > 0


def bp20(**told: Any) -> Call:
    envelope = Envelope(
        receiver="SE-UNIT", profile=RivtaProfile.BP20, contract=CONTRACT, operation="g", address_namespace=WSA
    )
    return routed(**{"envelope": envelope, "body": Body.whole(BP20), **told})


@pytest.mark.parametrize("profile", ["rivtabp22", "", "x"])
def test_sw_9_1_any_other_difference_is_vp005(profile: str) -> None:
    with pytest.raises(ProfileMismatch) as caught:
        translated(bp20(profile=profile), None)
    assert caught.value.detail.endswith("version: rivtabp20")


def test_sw_10_9_the_length_is_corrected_for_a_changed_head() -> None:
    body = translated(bp20(body=Body(start=BP20, rest=rest(b"x"), length=len(BP20) + 1)), None)
    assert body.length == len(body.start) + 1
    assert b"LogicalAddress" in body.start
    assert translated(bp20(profile="rivtabp20"), None).start == BP20


async def test_sw_13_7_a_multipart_goes_on_as_it_came_unless_it_is_translated() -> None:
    multipart = Multipart(content_type=b"multipart/related; boundary=b", content=b"--b...")
    told = Told()
    await told.forward(bp20(profile="rivtabp20", multipart=multipart))
    assert told.sent[0].body.start == b"--b..."
    assert dict(told.sent[0].headers)[b"content-type"] == multipart.content_type
    call = bp20(multipart=multipart)
    await told.forward(call)
    assert b"LogicalAddress" in told.sent[1].body.start
    assert dict(told.sent[1].headers)[b"content-type"] == b"text/xml;charset=UTF-8"
    assert call.trail.notes == {"attachments": "dropped"}


async def test_sw_13_2_limits_of_answers() -> None:
    with pytest.raises(ProducerFailed) as caught:
        await Told(answered(b"x", length=1001)).forward(routed())
    assert caught.value.cause == "producer.response-too-large"
    assert (await Told(answered(b"x", length=1500), max_size_bytes=2000).forward(routed())).body.length == 1500


@pytest.mark.parametrize(
    ("contents", "end", "cause"),
    [
        ((b"<a>", b"</a>"), None, ""),
        ((b"<a>", b"</a> <!-- -->"), "producer.response-truncated", ""),
        ((b"<a>", b"</a"), "producer.response-truncated", "producer.response-truncated"),
        ((b"<a>", b"</a>"), "producer.idle-timeout", "producer.idle-timeout"),
        ((b"<a>", b"x" * 1000), None, "producer.response-too-large"),
    ],
)
async def test_sw_11_an_answer_read_whole(contents: tuple[bytes, ...], end: str | None, cause: str) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for content in contents[1:]:
            yield content
        if end is not None:
            raise ProducerFailed("broke", cause=end)

    reading = whole(routed(), Body(start=contents[0], rest=chunks()), 1000)
    if not cause:
        assert await reading == b"".join(contents)
        return
    with pytest.raises(ProducerFailed) as caught:
        await reading
    assert caught.value.cause == cause
