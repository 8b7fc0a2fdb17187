"""Answers and producer failures: the table of spec/switch.md section 11, through real sockets.

| row | also shown by |
|---|---|
| empty, SOAP 1.2 fault, non-2xx | `journey/test_call.py` (`test_producer_failures`) |
| a SOAP 1.1 fault passes | `journey/test_call.py` |
| refused, reset, timeout, TLS, protocol error | `adapters/test_producers.py`, `adapters/test_producers_tls.py`, `test_switch_10_producer.py` |
| an answer that breaks while it is streamed (SW-11.3) | `journey/test_call.py` |
| back-pressure and memory (SW-11.1) | `journey/test_streams.py` |

Not built: the circuit breaker (`producer.circuit-open`), and what depends on protection (AC020, SW-11.2).
"""

import asyncio
import gzip
import os
from pathlib import Path

import aiohttp
import pytest
from scene import RESPONSE, message, scene

from stage import PAYLOAD, describe, head, says, talking

FAULT = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>'
    b"<faultcode>s:Server</faultcode><faultstring>no, 191212121212</faultstring>"
    b"<detail><x>because of 19121212-1212</x></detail></s:Fault></s:Body></s:Envelope>"
)
SOAP12 = b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body/></e:Envelope>'
LARGE = b"<a>" + b"x" * 200_000 + b"</a>"


@pytest.mark.parametrize(
    "content", [RESPONSE, b"plain text", b"\x00\x01", LARGE], ids=["soap", "text", "binary", "large"]
)
async def test_sw_11_a_body_of_any_kind_passes(tmp_path: Path, content: bytes) -> None:
    """Status and body as they came, the content type forced."""
    async with scene(tmp_path) as stage:
        await describe(stage)
        stage.producer.content, stage.producer.status = content, 203
        answer = await stage.call(message(PAYLOAD))
        assert (answer.status, answer.content) == (203, content)
        assert answer.headers["content-type"] == "text/xml; charset=UTF-8"


@pytest.mark.parametrize(
    ("status", "content", "setting", "expected"),
    [
        (500, FAULT, "off", ""),
        (500, SOAP12, "off", "producer.soap12-fault"),
        (500, SOAP12, "on", ""),
        (500, b"no", "off", "producer.http-status"),
        (400, FAULT, "off", "producer.http-status"),
        (503, FAULT, "off", "producer.http-status"),
        (301, RESPONSE, "off", "producer.http-status"),
        (204, b"", "off", "producer.empty-response"),
        (202, b"", "off", "producer.empty-response"),
        (202, RESPONSE, "off", ""),
    ],
)
async def test_sw_11_by_status(tmp_path: Path, status: int, content: bytes, setting: str, expected: str) -> None:
    async with scene(tmp_path, pass_soap12_faults=setting) as stage:
        await describe(stage)
        async with talking(stage, says(head(content, status=f"{status} Said"))):
            answer = await stage.call(message(PAYLOAD))
        if not expected:
            assert (answer.status, answer.content) == (status, content)
            return
        assert (answer.status, answer.code, answer.cause) == (500, "VP009", expected)
        assert b"because of" not in answer.content  # the body is dropped
        if expected == "producer.http-status":
            detail = answer.text.partition("<detailString>")[2].partition("</detailString>")[0]
            assert f"{status} Said" in detail
            assert detail.splitlines()[-1] == f"VP_PRODUCER_EXCEPTION_HTTP_STATUS={status}"


async def test_sw_11_the_dropped_bodys_faultcode_is_logged(tmp_path: Path) -> None:
    """SW-18.6: once, and masked where it holds what looks like an identity number."""
    async with scene(tmp_path) as stage:
        await describe(stage)
        stage.producer.status, stage.producer.content = 404, FAULT
        await stage.call(message(PAYLOAD))
        lines = [line for line in stage.log_lines() if "labels.faultCode" in line]
        assert [(line["labels.faultCode"], line["labels.faultString"]) for line in lines] == [
            ("s:Server", "no, ************")
        ]


@pytest.mark.parametrize(("access", "shown"), [("open", True), ("patient", False)])
async def test_sw_18_6_a_passed_fault_is_logged_once_and_a_patients_detail_never(
    tmp_path: Path, access: str, shown: bool
) -> None:
    async with scene(tmp_path) as stage:
        await describe(stage)
        stage.producer.status, stage.producer.content = 500, FAULT
        await stage.call(message(PAYLOAD) if access == "open" else message())
        lines = [line for line in stage.log_lines() if "labels.faultCode" in line]
        assert len(lines) == 1
        assert lines[0].get("labels.faultDetail") == ("because of ************" if shown else None)


CUT = [
    (RESPONSE, ""),
    (RESPONSE[:-5], "producer.response-truncated"),
    (RESPONSE[:-60] + b"</soap:Envelope>"[:9], "producer.response-truncated"),
    (b"", "producer.response-truncated"),
]


@pytest.mark.parametrize(("content", "expected"), CUT, ids=["complete", "cut", "cut-earlier", "nothing"])
async def test_sw_11_more_length_than_body(tmp_path: Path, content: bytes, expected: str) -> None:
    async with scene(tmp_path) as stage:
        await describe(stage)
        async with talking(stage, says(head(content, length=len(content) + 100), close=True)):
            answer = await stage.call(message(PAYLOAD))
        assert (answer.cause, answer.status) == (expected, 500 if expected else 200)
        if not expected:
            assert answer.content == content


async def test_sw_11_more_length_than_body_of_a_large_answer_that_is_read_whole(tmp_path: Path) -> None:
    """Beyond the peek: a fault is read whole before it passes, so its end decides as a small one's does."""
    async with scene(tmp_path) as stage:
        await describe(stage)
        for end, expected in ((b"", "producer.response-truncated"), (b"</s:Envelope>", "")):
            body = FAULT.replace(b"</s:Envelope>", b"<!--" + b"x" * 200_000 + b"-->") + end
            async with talking(stage, says(head(body, status="500 No", length=len(body) + 9), close=True)):
                answer = await stage.call(message(PAYLOAD))
            assert (answer.cause, answer.status) == (expected, 500)
            assert (answer.content == body) is not expected


async def test_sw_11_a_large_answer_cut_off_while_it_is_streamed(tmp_path: Path) -> None:
    """The head is with the consumer already: no clean end, closed as `aborted`, an `error` event with the cause."""
    async with scene(tmp_path) as stage:
        await describe(stage)
        async with talking(stage, says(head(LARGE, length=len(LARGE) + 100), close=True)):
            with pytest.raises((aiohttp.ClientError, ConnectionError)):
                await stage.call(message(PAYLOAD))
        assert [record["outcome"] for record in stage.journal("closed")] == ["aborted"]
        errors = [line for line in stage.log_lines() if line.get("event.action") == "error"]
        assert [line["labels.cause"] for line in errors] == ["producer.response-truncated"]


async def test_sw_11_3_the_last_chunk_waits_for_its_record(tmp_path: Path) -> None:
    """A journal that fails while an answer is on its way: the answer counts as broken."""
    async with scene(tmp_path) as stage:
        await describe(stage)
        stage.producer.content, stage.producer.chunks = LARGE * 5, 10
        reading = asyncio.Event()

        async def pauses(_: bytes, writer: asyncio.StreamWriter) -> None:
            content = head(LARGE)
            writer.write(content[:150_000])
            await writer.drain()
            await reading.wait()
            writer.write(content[150_000:])

        async with talking(stage, pauses):
            calling = asyncio.create_task(stage.call(message(PAYLOAD)))
            while not stage.journal("opened"):  # noqa: ASYNC110 - only its file tells
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.1)
            journal = stage.platform.journal
            read, write = os.pipe()
            os.close(read)
            os.dup2(write, journal._descriptor)  # every write fails from now on
            reading.set()
            with pytest.raises((aiohttp.ClientError, ConnectionError)):
                await calling
            os.close(write)


async def test_sw_11_a_refused_connection(tmp_path: Path) -> None:
    async with scene(tmp_path, retry_attempts=0) as stage:
        await stage.listeners.drain(0)
        answer = await stage.call()
        assert (answer.code, answer.cause) == ("VP009", "producer.connect-refused")
        assert 'retryable="true"' in answer.text


@pytest.mark.parametrize(
    ("level", "status", "cause"),
    [("reject", 500, "producer.contract-violation"), ("warn", 200, ""), ("observe", 200, ""), ("'off'", 200, "")],
)
async def test_sw_11_an_answer_that_violates_its_contract(tmp_path: Path, level: str, status: int, cause: str) -> None:
    async with scene(tmp_path) as stage:
        path = tmp_path / "contracts/clinicalprocess.healthcond.description.yaml"
        path.write_text(path.read_text().replace("response: observe", f"response: {level}"))
        await stage.platform.reload()
        stage.producer.content = RESPONSE.replace(b"OK", b"OKEJ")
        answer = await stage.call()
        assert (answer.status, answer.cause) == (status, cause)
        assert "OKEJ" not in answer.text or not cause


async def test_sw_13_2_an_answer_that_is_too_large(tmp_path: Path) -> None:
    """By its own word at once; else where it grows beyond, which a streamed one shows by breaking."""
    async with scene(tmp_path) as stage:
        await describe(stage, max_size_bytes=100_000)
        stage.producer.content = LARGE
        with pytest.raises((aiohttp.ClientError, ConnectionError)):
            await stage.call(message(PAYLOAD))
        async with talking(stage, says(head(LARGE))):
            answer = await stage.call(message(PAYLOAD))
            assert (answer.code, answer.cause) == ("VP009", "producer.response-too-large")
        packed = gzip.compress(LARGE * 100)
        async with talking(stage, says(head(packed, more=b"content-encoding: gzip\r\n"))):
            with pytest.raises((aiohttp.ClientError, ConnectionError)):
                await stage.call(message(PAYLOAD))
        outcomes = [record["outcome"] for record in stage.journal("closed")]
        assert outcomes == ["aborted", "refused", "aborted"]


async def test_sw_11_1_a_large_500_is_examined_beyond_the_peek(tmp_path: Path) -> None:
    async with scene(tmp_path, response_peek_bytes=100) as stage:
        await describe(stage)
        content = b"<!--" + b"x" * 5000 + b"-->" + FAULT
        stage.producer.status, stage.producer.content = 500, content
        answer = await stage.call(message(PAYLOAD))
        assert (answer.status, answer.content) == (500, content)
