"""The switch as an ASGI application, without sockets: one way out, whatever happens inside."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from vaxel.call import Body, Call, Reply
from vaxel.contracts.catalogue import Catalogue
from vaxel.errors import NotPermitted, Overloaded, RequestTooLarge, SenderUnknown
from vaxel.exchange import Exchange
from vaxel.exchange.bounds import Bounds
from vaxel.exchange.door import Arrival
from vaxel.exchange.gateway import Gateway
from vaxel.journal.memory import MemoryJournal


class Told:
    """A gateway whose door and handler do as they are told; keeps what was sent and what the events were told."""

    def __init__(self, outcome: Any, *, at_door: Exception | None = None, bounds: Bounds | None = None) -> None:
        self.outcome, self.at_door = outcome, at_door
        self.journal = MemoryJournal()
        self.bounds = bounds or Bounds(calls=10, calls_per_consumer=10, buffered_bytes=100)
        self.events: list[tuple[str, str]] = []
        self.sent: list[dict[str, Any]] = []
        exchange = Exchange(
            door=self._door,  # type: ignore[arg-type]
            handler=self._handle,
            catalogue=Catalogue(),
            directory=None,
            release=7,
        )
        self.gateway = Gateway(lambda: exchange, self.journal, self.bounds, self, lambda refusal, _: (500, b"fault"))

    async def _door(self, arrival: Arrival) -> Call:
        from calls import a_call

        async for _ in arrival.request.chunks:
            pass
        if self.at_door is not None:
            raise self.at_door
        self.bounds.hold(arrival.reference, 40)
        return a_call(correlation_id=arrival.correlation_id)

    async def _handle(self, call: Call) -> Reply:
        assert call.trail.release == 7
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return Reply(status=200, headers=((b"x-answer", b"1"),), body=self.outcome)

    def request_in(self, call: Call) -> None:
        self.events.append(("in", ""))

    def answered(self, call: Call, reply: Reply) -> None:
        self.events.append(("answered", ""))

    def refused(self, arrival: Arrival, call: Call | None, refusal: Any, status: int) -> None:
        self.events.append(("refused", refusal.code))

    def broken(self, arrival: Arrival, call: Call | None, error: BaseException) -> None:
        self.events.append(("broken", type(error).__name__))

    async def carry(self, *received: dict[str, Any]) -> None:
        messages = iter(received or ({"type": "http.request", "body": b"<a/>"},))

        async def receive() -> dict[str, Any]:
            return next(messages)

        async def send(message: Any) -> None:
            self.sent.append(message)

        scope = {"scheme": "http", "raw_path": b"/vp", "client": ("10.0.0.1", 1), "headers": [(b"host", b"x")]}
        await self.gateway(scope, receive, send)
        assert (self.bounds.calls, self.bounds.buffered_bytes) == (0, 0)

    @property
    def head(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])


async def parts(*contents: bytes, error: Exception | None = None) -> AsyncIterator[bytes]:
    for content in contents:
        yield content
    if error is not None:
        raise error


async def test_an_answer_goes_out_with_its_length() -> None:
    told = Told(Body.whole(b"<a/>"))
    await told.carry()
    assert [message["type"] for message in told.sent] == ["http.response.start", "http.response.body"]
    assert (told.head[b"content-length"], told.head[b"x-answer"]) == (b"4", b"1")
    assert told.events == [("in", ""), ("answered", "")]


async def test_a_streamed_answer_ends_with_an_empty_chunk() -> None:
    told = Told(Body(start=b"1", rest=parts(b"2", b"3")))
    await told.carry()
    assert [message.get("body") for message in told.sent[1:]] == [b"1", b"2", b"3", b""]
    assert [message.get("more_body", False) for message in told.sent[1:]] == [True, True, True, False]


async def test_a_streamed_answer_that_breaks_has_no_end() -> None:
    """Section 11: the server drops the connection; no fault is sent into the answer."""
    told = Told(Body(start=b"1", rest=parts(b"2", error=NotPermitted("x"))))
    await told.carry()
    assert told.sent[-1]["more_body"] is True
    assert told.events[-1] == ("broken", "NotPermitted")


@pytest.mark.parametrize(
    ("refusal", "header"),
    [
        (NotPermitted("x"), None),
        (Overloaded("x"), (b"retry-after", b"1")),
        (RequestTooLarge("x"), (b"connection", b"close")),
    ],
)
async def test_a_refusal_becomes_a_fault(refusal: Exception, header: tuple[bytes, bytes] | None) -> None:
    told = Told(refusal)
    await told.carry()
    assert (told.sent[0]["status"], told.sent[1]["body"]) == (500, b"fault")
    assert told.head[b"x-vaxel-cause"] == refusal.cause.encode()  # type: ignore[attr-defined]
    assert len(told.head[b"x-vaxel-reference"]) == 32
    assert header is None or header in told.sent[0]["headers"]
    assert told.journal.records == []  # the audit layer records what the door has let in


async def test_a_refusal_at_the_door_is_recorded_first() -> None:
    told = Told(None, at_door=SenderUnknown("x"))
    await told.carry()
    (record,) = told.journal.records
    assert (record["kind"], record["code"], record["peer"]) == ("refused", "VP002", "10.0.0.1")
    assert record["reference"] == told.head[b"x-vaxel-reference"].decode()
    assert told.events == [("refused", "VP002")]


async def test_a_refusal_at_the_door_that_cannot_be_recorded_is_vx001() -> None:
    told = Told(None, at_door=SenderUnknown("x"))
    told.journal.failing = True
    await told.carry()
    assert told.events == [("refused", "VX001")]


async def test_the_unexpected_is_vx000() -> None:
    told = Told(ValueError("secret"))
    await told.carry()
    assert told.events[-1] == ("refused", "VX000")
    assert b"secret" not in str(told.sent).encode()


async def test_a_consumer_that_goes_away() -> None:
    told = Told(None)
    await told.carry({"type": "http.request", "body": b"<a", "more_body": True}, {"type": "http.disconnect"})
    assert (told.sent, told.events) == ([], [("broken", "ConsumerGone")])


async def test_one_call_too_many() -> None:
    told = Told(None, bounds=Bounds(calls=0, calls_per_consumer=1, buffered_bytes=1))
    await told.carry()
    assert told.events == [("refused", "VX002")]
