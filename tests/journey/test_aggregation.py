"""One question, many sources, through real sockets: whatever one of them does, the others' records arrive."""

import asyncio
import time
from pathlib import Path

import pytest
from region import (
    OTHER_PATIENT,
    Behave,
    System,
    fault,
    record,
    region,
    reset,
    response,
    result,
    says,
    silent,
    trickle,
)
from scene import PATIENT, PLATFORM, message

A, B, C = "SE2321000016-SYSA", "SE2321000016-SYSB", "SE2321000016-SYSC"


async def test_every_source_answers(tmp_path: Path) -> None:
    async with region(tmp_path, System(A), System(B, delay_s=0.05), System(C)) as stage:
        joined = await stage.ask()
        assert sorted(joined.documents) == [f"{A}-1", f"{B}-1", f"{C}-1"]
        assert joined.documents[-1] == f"{B}-1"
        assert list(joined.statuses) == [A, B, C]
        assert {each.findtext("{*}statusCode") for each in joined.statuses.values()} == {"DataFromSource"}
        closed = {record["receiver"]: record for record in stage.journal("closed")}
        assert set(closed) == {PLATFORM, A, B, C}
        outer = closed.pop(PLATFORM)
        assert {record["parent"] for record in closed.values()} == {outer["call"]}
        assert {record["reference"] for record in closed.values()} == {outer["call"]}
        assert len({record["call"] for record in closed.values()}) == 3
        (line,) = [each for each in stage.log_lines() if each["message"] == "aggregation"]
        assert {name: each["outcome"] for name, each in line["sources"].items()} == {A: "OK", B: "OK", C: "OK"}
        assert PATIENT not in stage.log.getvalue().decode()


HUGE = response(*(record(B, number) for number in range(9000)))
MISBEHAVIOURS: dict[str, tuple[Behave, tuple[str, str, str]]] = {
    "silent": (silent, ("service_producer", "504", "producer.response-timeout")),
    "reset": (reset, ("service_producer", "VP009", "producer.response-truncated")),
    "trickle": (trickle, ("service_producer", "504", "producer.total-timeout")),
    "fault": (fault("trasig"), ("service_producer", "500", "producer.fault")),
    "http-404": (says(b"nothing here", 404), ("service_producer", "VP009", "producer.http-status")),
    "empty": (says(b""), ("service_producer", "VP009", "producer.empty-response")),
    "garbage": (says(b"\x00\x01 garbage"), ("service_producer", "INVALID_RESPONSE", "producer.invalid-response")),
    "doctype": (
        says(b"<!DOCTYPE x [<!ENTITY a 'a'>]>" + response()),
        ("service_producer", "INVALID_RESPONSE", "producer.invalid-response"),
    ),
    "cut": (says(response(record(B))[:-30]), ("service_producer", "INVALID_RESPONSE", "producer.invalid-response")),
    "result": (says(response(result=result("ERROR", "E17"))), ("service_producer", "E17", "producer.result-error")),
    "50 MB": (says(HUGE * 4), ("service_producer", "RESPONSE_TOO_LARGE", "producer.response-too-large")),
}


@pytest.mark.parametrize("name", MISBEHAVIOURS)
async def test_one_source_misbehaves(tmp_path: Path, name: str) -> None:
    """AG-3.2, AG-7.3, AG-8.4, section 9.2: nothing lost, nothing hangs, the outcome in status and journal."""
    behave, expected = MISBEHAVIOURS[name]
    seconds = 2.0 if name == "trickle" else 30.0
    async with region(tmp_path, System(A), System(B, behave), System(C), aggregation_timeout_s=seconds) as stage:
        if name == "silent":
            await shorten(stage)
        begun = time.monotonic()
        joined = await stage.ask()
        assert time.monotonic() - begun < 6
        assert sorted(joined.documents) == [f"{A}-1", f"{C}-1"]
        agent, code, cause = joined.failed(B)
        assert (agent, code) == expected[:2]
        assert cause in {expected[2], "aggregation.deadline"}
        closed = {each["receiver"]: each for each in stage.journal("closed")}
        assert set(closed) == {PLATFORM, A, B, C}
        reference = joined.statuses[B].find(".//{urn:vaxel:fault:1}cause").get("reference")
        assert closed[B]["call"] == reference
        (line,) = [each for each in stage.log_lines() if each["message"] == "aggregation"]
        assert line["sources"][B]["outcome"] == "ERR"


async def shorten(stage: object) -> None:
    """The contract's sources get one second."""
    path = stage.path / "contracts/clinicalprocess.healthcond.description.yaml"  # type: ignore[attr-defined]
    path.write_text(path.read_text().replace("timeout_s: 27", "timeout_s: 1"))
    assert (await stage.platform.reload())["successful"]  # type: ignore[attr-defined]


async def test_another_patients_records_are_removed_and_reported(tmp_path: Path) -> None:
    """AG-8.6, P-75."""
    mixed = System(B, content=response(record(B, 1), record(B, 2, patient=OTHER_PATIENT), record(B, 3)))
    async with region(tmp_path, System(A), mixed) as stage:
        joined = await stage.ask()
        assert sorted(joined.documents) == [f"{A}-1", f"{B}-1", f"{B}-3"]
        assert OTHER_PATIENT not in joined.answer.text
        (alarm,) = [each for each in stage.log_lines() if each["message"] == "records.about-another-patient"]
        assert (alarm["labels.receiverid"], alarm["count"]) == (B, 1)
        assert OTHER_PATIENT not in stage.log.getvalue().decode()


async def test_the_index_is_down(tmp_path: Path) -> None:
    """AG-4.3, section 12."""
    async with region(tmp_path, System(A)) as stage:
        stage.index.failing = "index.timeout"
        answer = await stage.call(message(receiver=PLATFORM))
        assert (answer.status, answer.code, answer.cause) == (500, "VX010", "index.timeout")
        assert "SOAP-ENV:Server" in answer.text
        assert stage.systems[A].seen == []
        assert [each["outcome"] for each in stage.journal("closed")] == ["refused"]


async def test_the_consumer_goes_away(tmp_path: Path) -> None:
    """AG-7.6: calls to sources end within 100 ms, and their records say so."""
    async with region(tmp_path, System(A, silent), System(B)) as stage:
        asking = asyncio.ensure_future(stage.ask())
        await asyncio.gather(stage.systems[A].asked.wait(), stage.systems[B].left.wait())
        await asyncio.sleep(0.05)
        begun = asyncio.get_running_loop().time()
        asking.cancel()
        await asyncio.wait_for(stage.systems[A].left.wait(), 5)
        assert stage.systems[A].cancelled_at - begun < 0.1
        closed: dict[str, str] = {}
        while len(closed) < 3:
            await asyncio.sleep(0.02)
            await stage.platform.journal.durable("admin", {"action": "test"})
            closed = {each["receiver"]: each["outcome"] for each in stage.journal("closed")}
        assert closed == {A: "cancelled", B: "answered", PLATFORM: "aborted"}
