"""Steps 4 and 11 as a layer: what is recorded when, and what is refused where it cannot be (DESIGN section 3)."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from calls import CONTRACT, PATIENT, a_call

from vaxel.call import Body, Call, Envelope, Reply, RivtaProfile
from vaxel.contracts.catalogue import Catalogue
from vaxel.contracts.entry import Contract
from vaxel.errors import JournalUnavailable, NotPermitted
from vaxel.exchange.audit import audit, patient_of
from vaxel.journal.memory import MemoryJournal
from vaxel.soap import tree


class Journal(MemoryJournal):
    """Tells which records were asked to be durable."""

    def __init__(self) -> None:
        super().__init__()
        self.durable_kinds: list[str] = []
        self.reserved: list[bool] = []

    async def durable(self, kind: str, fields: Mapping[str, Any], *, in_flight: bool = False) -> None:
        await super().durable(kind, fields, in_flight=in_flight)
        self.durable_kinds.append(kind)
        self.reserved.append(in_flight)


def entry(**said: Any) -> Contract:
    stated = {
        "name": "GetNothing",
        "version": "1.0",
        "package": "1.0",
        "namespace": CONTRACT,
        "wsdl": "none.wsdl",
        "request": "GetNothing",
        "response": "GetNothingResponse",
        "access": "open",
        "idempotent": False,
    }
    return Contract(**{**stated, **said})


class Answering:
    """A catalogue of one entry and a handler that answers, fails or streams."""

    def __init__(self, outcome: Any, **said: Any) -> None:
        self.outcome, self.journal = outcome, Journal()
        self.handler = audit(self.journal, Catalogue([("demo", entry(**said))]))(self.inner)

    async def inner(self, call: Call) -> Reply:
        assert [record["kind"] for record in self.journal.records] == ["opened"]
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome  # type: ignore[no-any-return]

    def closed(self) -> dict[str, Any]:
        (record,) = [record for record in self.journal.records if record["kind"] == "closed"]
        return record


def reply(body: Body, status: int = 200) -> Reply:
    return Reply(status=status, headers=(), body=body)


@pytest.mark.parametrize(("idempotent", "kinds"), [(False, ["opened", "closed"]), (True, ["closed"])])
async def test_opened_is_durable_unless_the_call_may_be_repeated(idempotent: bool, kinds: list[str]) -> None:
    told = Answering(reply(Body.whole(b"<a/>")), idempotent=idempotent)
    await told.handler(a_call())
    assert told.journal.durable_kinds == kinds
    assert told.journal.reserved[-1] is True
    assert (told.closed()["outcome"], told.closed()["bytes"]) == ("answered", 4)


async def test_a_fault_and_a_refusal_are_told_apart() -> None:
    told = Answering(reply(Body.whole(b"fault"), 500))
    await told.handler(a_call())
    assert (told.closed()["outcome"], told.closed()["status"]) == ("fault", 500)
    told = Answering(NotPermitted("no"))
    with pytest.raises(NotPermitted):
        await told.handler(a_call())
    assert (told.closed()["outcome"], told.closed()["code"]) == ("refused", "VP007")


@pytest.mark.parametrize("error", [ValueError("x"), asyncio.CancelledError()])
async def test_what_breaks_is_closed_as_aborted(error: BaseException) -> None:
    told = Answering(error)
    with pytest.raises(type(error)):
        await told.handler(a_call())
    assert told.closed()["outcome"] == "aborted"


async def test_a_call_to_a_source_that_is_not_waited_for_any_more_is_cancelled() -> None:
    """AG-7.3, AG-7.6."""
    told = Answering(asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await told.handler(replace(a_call(), parent="outer"))
    assert told.closed()["outcome"] == "cancelled"


async def streamed(told: Answering) -> AsyncIterator[bytes]:
    answer = await told.handler(a_call())
    assert answer.body.rest is not None
    yield answer.body.start
    async for chunk in answer.body.rest:
        yield chunk


async def parts(*contents: bytes, error: Exception | None = None) -> AsyncIterator[bytes]:
    for content in contents:
        yield content
    if error is not None:
        raise error


async def test_sw_11_3_the_last_chunk_comes_after_its_record() -> None:
    told = Answering(reply(Body(start=b"1", rest=parts(b"2", b"3"))))
    seen = [(chunk, [record["kind"] for record in told.journal.records]) async for chunk in streamed(told)]
    assert [chunk for chunk, _ in seen] == [b"1", b"2", b"3"]
    assert seen[1][1] == ["opened"]
    assert seen[2][1] == ["opened", "closed"]
    assert told.closed()["bytes"] == 3


async def test_sw_11_3_a_break_is_closed_as_aborted() -> None:
    told = Answering(reply(Body(start=b"1", rest=parts(b"2", b"3", error=ConnectionError("broke")))))
    with pytest.raises(ConnectionError):
        [chunk async for chunk in streamed(told)]
    assert (told.closed()["outcome"], told.closed()["bytes"]) == ("aborted", 3)


async def test_sw_11_3_where_the_record_cannot_be_written_the_answer_has_no_end() -> None:
    told = Answering(reply(Body(start=b"1", rest=parts(b"2", b"3"))))
    seen: list[bytes] = []

    async def read() -> None:
        async for chunk in streamed(told):
            seen.append(chunk)
            told.journal.failing = len(seen) == 2

    with pytest.raises(JournalUnavailable):
        await read()
    assert seen == [b"1", b"2"]


async def test_sw_14_9_only_what_never_left_may_be_repeated() -> None:
    told = Answering(reply(Body.whole(b"<a/>")))
    told.journal.failing = True
    with pytest.raises(JournalUnavailable) as caught:
        await told.handler(a_call())
    assert caught.value.retryable
    told = Answering(reply(Body.whole(b"<a/>")))

    async def fails_later(call: Call) -> Reply:
        told.journal.failing = True
        return told.outcome  # type: ignore[no-any-return]

    with pytest.raises(JournalUnavailable) as caught:
        await audit(told.journal, Catalogue())(fails_later)(a_call())
    assert not caught.value.retryable


def parsed(payload: str) -> Envelope:
    content = f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{payload}</s:Body></s:Envelope>'
    return tree.parse(content.encode())


@pytest.mark.parametrize(
    ("payload", "path", "found"),
    [
        (f"<g><patientId><id> {PATIENT} </id></patientId></g>", ("patientId", "id"), PATIENT),
        (f"<g xmlns='urn:x'><patientId><id>{PATIENT}</id></patientId></g>", ("patientId", "id"), PATIENT),
        (f"<g><!-- c --><?pi x?><patientId><id>{PATIENT}</id></patientId></g>", ("patientId", "id"), PATIENT),
        ("<g><patientId/></g>", ("patientId", "id"), ""),
        ("<g/>", ("patientId", "id"), ""),
        (f"<g><id>{PATIENT}</id></g>", None, ""),
    ],
)
def test_co_9_6_the_patient_by_path(payload: str, path: tuple[str, ...] | None, found: str) -> None:
    assert patient_of(a_call(envelope=parsed(payload)), entry(patient=path)) == found
    head_only = Envelope(receiver="", profile=RivtaProfile.BP21, contract=CONTRACT, operation="g")
    assert patient_of(a_call(envelope=head_only), entry(patient=path)) == ""
