"""A call from consumer to producer and back, through real sockets: spec/switch.md rule by rule."""

import asyncio
from pathlib import Path

import pytest
from scene import (
    DIAGNOSIS,
    PATIENT,
    PING,
    PLATFORM,
    PRODUCER,
    PROTECTED,
    RESPONSE,
    TRUSTED,
    UNIT,
    UNKNOWN,
    UNPERMITTED,
    message,
    scene,
)


async def test_a_call_is_carried_and_recorded(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        answer = await stage.call()
        assert (answer.status, answer.content) == (200, RESPONSE)
        assert answer.headers["content-type"] == "text/xml; charset=UTF-8"
        assert answer.headers["x-skltp-prt"].isdigit()
        opened, closed = stage.journal("opened"), stage.journal("closed")
        assert [record["sender"] for record in opened + closed] == [TRUSTED, TRUSTED]
        assert opened[0]["call"] == closed[0]["call"]
        assert (closed[0]["outcome"], closed[0]["producer"]) == ("answered", PRODUCER)
        assert PATIENT not in (tmp_path / "var/journal/node1/00000001.jsonl").read_text()


async def test_the_body_arrives_byte_for_byte(tmp_path: Path) -> None:
    """SW-13.4: UTF-8 bodies pass unchanged."""
    async with scene(tmp_path) as stage:
        content = message().replace(b"<soap:Body>", b"<!-- k\xc3\xa5 --><soap:Body>\r\n\t")
        await stage.call(content)
        assert stage.producer.seen[0]["body"] == content


async def test_one_line_for_each_call(tmp_path: Path) -> None:
    """SW-18.1: one line, without payload, patient or certificate."""
    async with scene(tmp_path) as stage:
        await stage.call(headers={"x-vp-auth-cert": "secret", "x-private": "hidden"})
        lines = [line for line in stage.log_lines() if line.get("event.action") == "call"]
        assert len(lines) == 1
        assert lines[0]["labels.senderid"] == TRUSTED
        text = stage.log.getvalue().decode()
        assert PATIENT not in text
        assert "secret" not in text
        assert "hidden" not in text


async def test_all_four_events_by_setting(tmp_path: Path) -> None:
    """SW-18.1: `all` writes four events with the national logger names."""
    async with scene(tmp_path, call_events="all") as stage:
        await stage.call()
        loggers = [line["log.logger"].rpartition("logging.")[2] for line in stage.log_lines() if "log.logger" in line]
        assert loggers == ["req.in", "req.out", "resp.in", "resp.out"]


@pytest.mark.parametrize(
    ("receiver", "sender", "payload", "code", "cause"),
    [
        ("", TRUSTED, None, "VP003", "request.logical-address-missing"),
        ("   ", TRUSTED, None, "VP003", "request.logical-address-missing"),
        ("SE2321000016-NONE", TRUSTED, None, "VP004", "routing.no-route"),
        (f" {UNIT}", TRUSTED, None, "VP004", "routing.no-route-whitespace"),
        ("SE2321000016-NONE", UNPERMITTED, None, "VP004", "routing.no-route"),
        (UNIT, UNPERMITTED, None, "VP007", "permission.denied"),
        (UNIT, TRUSTED, f'<GetNothing xmlns="{UNKNOWN}"/>', "VX004", "contract.unknown"),
        (UNIT, TRUSTED, f'<GetDiagnosis xmlns="{DIAGNOSIS}"/>', "VP015", "request.contract-violation"),
        (UNIT, PROTECTED, None, "AC001", "access.token-missing"),
    ],
)
async def test_refusals(tmp_path: Path, receiver: str, sender: str, payload: str | None, code: str, cause: str) -> None:
    """Sections 3, 7, 8 and 14: the first step that fails decides the code; nothing reaches the producer."""
    async with scene(tmp_path) as stage:
        content = message(payload, receiver) if payload else message(receiver=receiver)
        answer = await stage.call(content, sender=sender)
        assert (answer.code, answer.cause) == (code, cause)
        reference = answer.headers["x-vaxel-reference"]
        assert f'reference="{reference}"' in answer.text
        closed = stage.journal("closed")
        assert [(record["reference"], record["code"]) for record in closed] == [(reference, code)]
        assert [line["labels.reference"] for line in stage.log_lines() if "labels.errorCode" in line] == [reference]
        assert stage.producer.seen == []
        assert PATIENT not in answer.text


async def test_a_bearer_token_cannot_be_verified_yet(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        answer = await stage.call(sender=PROTECTED, headers={"authorization": "Bearer abc.def.ghi"})
        assert (answer.status, answer.code) == (401, "AC003")
        assert "abc.def.ghi" not in stage.log.getvalue().decode()


@pytest.mark.parametrize(
    ("headers", "code", "cause"),
    [
        ({}, "VP002", "sender.certificate-missing"),
        ({"x-vp-sender-id": "SE-OTHER", "x-vp-instance-id": PLATFORM}, "VP002", "sender.not-listed-for-peer"),
        ({"x-vp-sender-id": TRUSTED, "x-vp-instance-id": "SE-ELSE"}, "VP002", "sender.certificate-missing"),
        ({"x-vp-auth-cert": "MIIabc"}, "VP002", "sender.certificate-header-untrusted"),
    ],
)
async def test_a_sender_must_be_established(tmp_path: Path, headers: dict[str, str], code: str, cause: str) -> None:
    """SW-5.3, SW-5.6, SW-5.7; what fails at the door has a record `refused` and no `opened` (SW-3.2)."""
    async with scene(tmp_path) as stage:
        answer = await stage.post(message(), headers)
        assert (answer.code, answer.cause) == (code, cause)
        assert [record["kind"] for record in stage.journal() if record["kind"] in {"opened", "refused"}] == ["refused"]


async def test_a_peer_on_no_list(tmp_path: Path) -> None:
    """SW-5.1 (C): an empty list admits nobody."""
    async with scene(tmp_path, internal_peers="") as stage:
        answer = await stage.call()
        assert (answer.code, answer.cause) == ("VP011", "network.peer-not-allowed")


async def test_headers_to_an_http_producer(tmp_path: Path) -> None:
    """Section 12."""
    async with scene(tmp_path) as stage:
        await stage.call(
            headers={
                "x-skltp-correlation-id": "abc-123",
                "x-rivta-acting-on-behalf-of-hsaid": "SE-1",
                "x-vp-other": "1",
                "authorization": "Bearer secret",
                "soapaction": '"x"',
                "x-forwarded-host": "y",
                "x-custom": "kept",
            }
        )
        sent = stage.producer.seen[0]["headers"]
        assert sent[b"x-vp-sender-id"] == TRUSTED.encode()
        assert sent[b"x-vp-instance-id"] == PLATFORM.encode()
        assert sent[b"x-skltp-correlation-id"] == b"abc-123"
        assert sent[b"x-rivta-original-serviceconsumer-hsaid"] == TRUSTED.encode()
        assert sent[b"x-custom"] == b"kept"
        assert not {b"authorization", b"x-vp-other", b"x-forwarded-host", b"accept-encoding"} & set(sent)
        assert sent[b"soapaction"].strip(b'"').endswith(b"GetDiagnosis")
        assert sent[b"content-length"] == str(len(message())).encode()


async def test_translation_between_profiles(tmp_path: Path) -> None:
    """SW-9.1, SW-9.2: only the address element changes."""
    async with scene(tmp_path) as stage:
        await stage.call(message(profile="rivtabp20"))
        body = stage.producer.seen[0]["body"]
        assert b"LogicalAddress" in body
        assert b"addressing" not in body.partition(b"<soap:Body>")[0].replace(b"xmlns:wsa", b"") or b":To" not in body
        assert body.partition(b"<soap:Body>")[2] == message(profile="rivtabp20").partition(b"<soap:Body>")[2]


async def test_another_encoding(tmp_path: Path) -> None:
    """SW-13.4: to the producer as UTF-8, back in the request's encoding."""
    async with scene(tmp_path) as stage:
        stage.producer.content = RESPONSE.replace(b"</result>", "<!-- å --></result>".encode())
        text = message().decode().replace("UTF-8", "ISO-8859-1").replace("<soap:Body>", "<!-- å --><soap:Body>")
        answer = await stage.call(text.encode("latin-1"))
        assert b"\xc3\xa5" in stage.producer.seen[0]["body"]
        assert b"<!-- \xe5 -->" in answer.content
        assert "iso-8859-1" in answer.headers["content-type"].lower()


@pytest.mark.parametrize(
    ("status", "content", "cause"),
    [
        (200, b"", "producer.empty-response"),
        (202, b"", "producer.empty-response"),
        (500, b"<html/>", "producer.http-status"),
        (404, RESPONSE, "producer.http-status"),
        (302, b"moved", "producer.http-status"),
        (
            500,
            b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body/></e:Envelope>',
            "producer.soap12-fault",
        ),
    ],
)
async def test_producer_failures(tmp_path: Path, status: int, content: bytes, cause: str) -> None:
    """Section 11."""
    async with scene(tmp_path) as stage:
        stage.producer.status, stage.producer.content = status, content
        answer = await stage.call()
        assert (answer.status, answer.code, answer.cause) == (500, "VP009", cause)
        assert 'retryable="false"' in answer.text
        if cause == "producer.http-status":
            assert f"VP_PRODUCER_EXCEPTION_HTTP_STATUS={status}" in answer.text
        assert "x-skltp-prt" not in answer.headers


async def test_a_soap_fault_of_the_producer_passes(tmp_path: Path) -> None:
    fault = (
        b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>'
        b"<faultcode>s:Server</faultcode><faultstring>no</faultstring></s:Fault></s:Body></s:Envelope>"
    )
    async with scene(tmp_path) as stage:
        stage.producer.status, stage.producer.content = 500, fault
        answer = await stage.call()
        assert (answer.status, answer.content) == (500, fault)
        assert stage.journal("closed")[0]["outcome"] == "fault"


async def test_a_slow_producer(tmp_path: Path) -> None:
    """SW-10.3, SW-14.8: the detail says that it was a timeout."""
    async with scene(tmp_path) as stage:
        catalogue = tmp_path / "contracts/clinicalprocess.healthcond.description.yaml"
        catalogue.write_text(catalogue.read_text().replace("timeout_s: 27", "timeout_s: 0.2"))
        await stage.platform.reload()
        stage.producer.delay_s = 2
        answer = await stage.call()
        assert (answer.code, answer.cause) == ("VP009", "producer.response-timeout")
        assert "timeout" in answer.text


async def test_the_platform_answers_ping(tmp_path: Path) -> None:
    """SW-17.9."""
    async with scene(tmp_path) as stage:
        payload = f'<PingForConfiguration xmlns="{PING}"><serviceContractNamespace>x</serviceContractNamespace>'
        payload += f"<logicalAddress>{PLATFORM}</logicalAddress></PingForConfiguration>"
        answer = await stage.call(message(payload, PLATFORM))
        assert answer.status == 200
        assert "pingDateTime" in answer.text


async def test_a_loop_is_found(tmp_path: Path) -> None:
    """SW-6.4, SW-6.6: examined for proxied calls, passed untouched for internal ones."""
    async with scene(tmp_path) as stage:
        await stage.call(headers={"x-rivta-routing-history": f"SE-1#{PLATFORM}"})
        assert stage.producer.seen[0]["headers"][b"x-rivta-routing-history"] == f"SE-1#{PLATFORM}".encode()


async def test_too_large(tmp_path: Path) -> None:
    """SW-13.2: VX003 with 413."""
    async with scene(tmp_path) as stage:
        answer = await stage.call(message() + b" " * 16_000_000)
        assert (answer.status, answer.code) == (413, "VX003")


async def test_too_many_calls_at_once(tmp_path: Path) -> None:
    """SW-2.8: beyond the bound the caller is refused at once."""
    async with scene(tmp_path, max_calls_per_consumer=2) as stage:
        stage.producer.delay_s = 0.5
        answers = await asyncio.gather(*(stage.call() for _ in range(5)))
        assert sorted(answer.status for answer in answers) == [200, 200, 503, 503, 503]
        refused = next(answer for answer in answers if answer.status == 503)
        assert (refused.code, refused.headers["retry-after"]) == ("VX002", "1")


async def test_methods(tmp_path: Path) -> None:
    """SW-2.5."""
    async with scene(tmp_path) as stage:
        for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS"):
            answer = await stage.post(b"", {}, method=method)
            assert (answer.status, answer.headers["allow"]) == (405, "GET, POST")


async def test_a_broken_stream_drops_the_connection(tmp_path: Path) -> None:
    """Section 11, SW-11.3: closed as `aborted`, no clean end."""
    async with scene(tmp_path) as stage:
        stage.producer.content, stage.producer.chunks, stage.producer.break_after = b"x" * 1_000_000, 20, 10
        with pytest.raises(Exception, match=r"payload|disconnect|Connection"):
            await stage.call()
        assert [record["outcome"] for record in stage.journal("closed")] == ["aborted"]


async def test_operations_surfaces(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        await stage.call()
        assert (await stage.post(b"", {}, path="/health/live", method="GET")).status == 200
        assert (await stage.post(b"", {}, path="/actuator/health/readiness", method="GET")).status == 200
        metrics = (await stage.post(b"", {}, path="/metrics", method="GET")).text
        assert f'vaxel_calls_total{{cause="",code="",contract="{DIAGNOSIS}"}} 1.0' in metrics
        reset = await stage.post(b"", {}, path="/resetcache", method="GET")
        assert reset.text.splitlines()[-1].endswith("was successful: true")
        assert all(line.startswith("<br>") for line in reset.text.splitlines())
        status = await stage.post(b"", {}, path="/status", method="GET")
        assert '"ServiceStatus":"Started"' in status.text
