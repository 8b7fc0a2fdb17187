"""The simulated producer answers rightly, and wrongly in every way it is told to."""

import asyncio
from typing import Any

import pytest
from scene import PATIENT, REQUEST, message

from vaxel.demo.producer import FAILURES, Behaviour, SimulatedProducer, fault
from vaxel.soap.faults import read_fault

CONTRACT = "urn:riv:clinicalprocess:healthcond:description:GetDiagnosisResponder:2"


async def answered(failure: str = "", content: bytes | None = None) -> tuple[int, dict[bytes, bytes], bytes]:
    sent: list[Any] = []
    producer = SimulatedProducer({CONTRACT: lambda patient: f"<a>{patient}</a>".encode()}, Behaviour(failure=failure))

    async def receive() -> Any:
        return {"body": message(REQUEST) if content is None else content}

    async def send(said: Any) -> None:
        sent.append(said)

    await producer({}, receive, send)
    assert producer.calls == 1
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


async def test_a_sample_about_the_patient_that_was_asked_for() -> None:
    assert (await answered())[::2] == (200, f"<a>{PATIENT}</a>".encode())


@pytest.mark.parametrize(
    ("failure", "status", "begins"),
    [
        ("fault", 500, b"<?xml"),
        ("http-500", 500, b"<html>"),
        ("http-404", 404, b"<html>"),
        ("empty", 200, b""),
        ("garbage", 200, b"\x00"),
        ("soap12-fault", 500, b"<?xml"),
        ("truncate", 200, b"<a>"),
    ],
)
async def test_each_way_to_fail(failure: str, status: int, begins: bytes) -> None:
    found, headers, content = await answered(failure)
    assert (found, content.startswith(begins)) == (status, True)
    assert (int(headers[b"content-length"]) > len(content)) is (failure == "truncate")
    assert (b"soap/envelope" in content) is (failure == "fault")
    assert failure in FAILURES


async def test_hanging() -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(answered("hang"), 0.1)


@pytest.mark.parametrize("content", [b"", b"nonsense", message('<x xmlns="urn:other"/>')])
async def test_what_it_does_not_know_is_a_fault(content: bytes) -> None:
    status, _, answer = await answered(content=content)
    assert (status, read_fault(answer) is not None) == (500, True)


def test_a_faults_text_is_escaped() -> None:
    read = read_fault(fault("a < b & c"))
    assert read is not None
    assert read.faultstring == "a < b & c"
