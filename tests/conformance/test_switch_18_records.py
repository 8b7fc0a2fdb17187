"""Logs, journal, metrics: spec/switch.md section 18, through real sockets.

| rule | also shown by |
|---|---|
| SW-18.1 | `journey/test_call.py`; its cost by `benchmarks/` |
| SW-18.6 | `test_switch_11_answers.py` (faults of producers) |
| SW-18.8 | `journal/test_writer.py`, `journal/test_verify.py` |
| SW-18.9, SW-18.11 | `journal/test_writer.py` |
| SW-18.10 | `journal/test_verify.py`, `test_switch_16_tls.py` (the caution) |

Not built: series for breakers and pools (SW-18.7), and what protection writes (P-120 but the patient).
"""

from pathlib import Path
from typing import Any

import orjson
import pytest
from scene import DIAGNOSIS, PATIENT, PRODUCER, TRUSTED, UNIT, Scene, message, scene

from stage import PAYLOAD, breaks, describe, lead, talking
from vaxel.journal.verify import verify

CALL = {
    # field of every call's line: its value, or its type
    "event.action": "call",
    "event.module": "skltp-messages",
    "event.kind": "event",
    "event.category": list,
    "event.type": list,
    "event.duration": int,
    "event.id": str,
    "trace.id": "c-7",
    "span.id": str,
    "transaction.id": str,
    "log.logger": "se.skl.tp.vp.logging.resp.out",
    "http.request.method": "POST",
    "http.request.headers": str,
    "http.request.body.bytes": int,
    "http.response.headers": str,
    "http.response.body.bytes": int,
    "http.response.status_code": 200,
    "url.full": str,
    "url.original": str,
    "source.ip": "127.0.0.1",
    "destination.address": str,
    "service.name": "vaxel",
    "host.hostname": str,
    "labels.senderid": TRUSTED,
    "labels.receiverid": UNIT,
    "labels.originalServiceconsumerHsaid": "SE-FIRST",
    "labels.originalServiceconsumerHsaid_in": "SE-FIRST",
    "labels.actingOnBehalfOfHsaid": "SE-BEHALF",
    "labels.servicecontract_namespace": DIAGNOSIS,
    "labels.rivversion": "rivtabp21",
    "labels.wsdl_namespace": "urn:riv:clinicalprocess:healthcond:description:GetDiagnosis:2:rivtabp21",
    "labels.routerVagvalTrace": UNIT,
    "labels.routerBehorighetTrace": f"{UNIT},(default),*",
    "labels.route": "vp-http-route",
    "labels.httpXForwardedProto": "https",
    "labels.httpXForwardedHost": "vp.example.se",
    "labels.httpXForwardedPort": "443",
    "labels.statusCode": 200,
    "labels.callClass": "internal",
    "labels.retryCount": 0,
    "labels.reference": str,
    "labels.release": 1,
    "message": f"call {TRUSTED} -> {UNIT}",
}
SENT = {
    "x-skltp-correlation-id": "c-7",
    "x-rivta-original-serviceconsumer-hsaid": "SE-FIRST",
    "x-rivta-acting-on-behalf-of-hsaid": "SE-BEHALF",
    "x-vp-forwarded-proto": "https",
    "x-vp-forwarded-host": "vp.example.se",
    "x-vp-forwarded-port": "443",
}


def lines_of(stage: Scene, action: str) -> list[dict[str, Any]]:
    return [line for line in stage.log_lines() if line.get("event.action") == action]


async def test_sw_18_2_and_18_3_fields_of_a_call(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        await stage.call(headers=SENT, path="/vp/x?secret=1")
        (line,) = lines_of(stage, "call")
        for name, value in CALL.items():
            assert name in line, name
            if isinstance(value, type):
                assert isinstance(line[name], value), name
            else:
                assert line[name] == value, name
        assert line["url.original"] == stage.url
        assert "secret" not in line["url.full"]
        assert orjson.loads(line["http.request.headers"])["x-skltp-correlation-id"] == "c-7"


REFUSED = {
    "labels.errorCode": "VP004",
    "labels.cause": "routing.no-route",
    "labels.sessionStatus": "true",
    "labels.sessionErrorDescription": str,
    "labels.sessionErrorTechnicalDescription": str,
    "error.type": "NoRoute",
    "error.message": str,
    "error.stack_trace": str,
    "http.response.status_code": 500,
    "labels.routerVagvalTrace": str,
}


async def test_sw_18_3_fields_of_a_refusal(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        answer = await stage.call(receiver="SE-NONE")
        (line,) = lines_of(stage, "call")
        for name, value in REFUSED.items():
            assert isinstance(line[name], value) if isinstance(value, type) else line[name] == value, name
        assert line["labels.reference"] == answer.headers["x-vaxel-reference"]


async def test_sw_18_1_four_events_of_a_call_and_their_spans(tmp_path: Path) -> None:
    """SW-18.2: the outer span A, the inner B with `labels.parent.id` = A."""
    async with scene(tmp_path, call_events="all") as stage:
        await stage.call()
        lines = [line for line in stage.log_lines() if "log.logger" in line]
        assert [line["event.action"] for line in lines] == ["req-in", "req-out", "resp-in", "resp-out"]
        outer, inner = lines[0]["span.id"], lines[1]["span.id"]
        assert [line["span.id"] for line in lines] == [outer, inner, inner, outer]
        assert [line.get("labels.parent.id") for line in lines] == [None, outer, outer, None]
        assert len({line["trace.id"] for line in lines}) == 1


async def test_sw_18_1_events_of_refusals_in_full(tmp_path: Path) -> None:
    """SW-3.2: at the door `error` and `resp-out` only; later `req-in` before them."""
    async with scene(tmp_path, call_events="all") as stage:
        await stage.post(message(), {})
        assert [line["event.action"] for line in stage.log_lines() if "labels.errorCode" in line] == [
            "error",
            "resp-out",
        ]
        assert lines_of(stage, "req-in") == []
        await stage.call(receiver="SE-NONE")
        events = [line["event.action"] for line in stage.log_lines() if line.get("labels.receiverid") == "SE-NONE"]
        assert events == ["req-in", "error", "resp-out"]


SECRETS = {
    "x-forwarded-tls-client-cert": "SECRET-1",
    "x-vp-auth-cert": "SECRET-2",
    "x-fk-auth-cert": "SECRET-3",
    "x-own-cert": "SECRET-4",
    "authorization": "Basic SECRET-5",
}


@pytest.mark.parametrize("events", ["summary", "all"])
async def test_sw_18_4_headers_in_the_log(tmp_path: Path, events: str) -> None:
    """Secrets as `<filtered>`, of the others only those on the list; on refusals too, and nothing from the producer."""
    async with scene(tmp_path, call_events=events, client_cert_header="x-own-cert") as stage:
        stage.producer.headers = ((b"x-answer", b"SECRET-6"), (b"set-cookie", b"SECRET-7"))
        await stage.call(headers={**SECRETS, "x-other": "SECRET-8", "x-rivta-any": "shown"})
        await stage.call(headers={**SECRETS, "x-other": "SECRET-8"}, receiver="SE-NONE")
        await stage.post(message(), {**SECRETS, "x-other": "SECRET-8"})
        text = stage.log.getvalue().decode()
        assert "SECRET" not in text
        assert "x-other" not in text
        shown = next(
            orjson.loads(line["http.request.headers"]) for line in stage.log_lines() if "http.request.headers" in line
        )
        assert {name: shown[name] for name in SECRETS} == dict.fromkeys(SECRETS, "<filtered>")
        assert shown["x-rivta-any"] == "shown"


async def admin(stage: Scene, method: str, **said: object) -> tuple[int, dict[str, Any]]:
    key = (stage.path / "var/admin.key").read_text().strip()
    url = f"http://127.0.0.1:{stage.platform.ports['web']}/api/v1/payload-log"
    async with stage.session.request(method, url, json=said, headers={"authorization": f"Bearer {key}"}) as answer:
        found: dict[str, Any] = await answer.json(content_type=None)
        return answer.status, found


async def test_sw_18_5_payloads_are_never_logged_by_default(tmp_path: Path) -> None:
    async with scene(tmp_path, call_events="all") as stage:
        status, problem = await admin(stage, "POST", kind="sender", value=TRUSTED, minutes=5)
        assert (status, problem["type"]) == (409, "urn:vaxel:problem:payload-log-off")
        await stage.call()
        await stage.call(message("<broken"))
        text = stage.log.getvalue().decode()
        assert "patientId" not in text
        assert PATIENT not in text
        assert not [record for record in stage.journal("admin") if record["action"] == "payload-log"]


@pytest.mark.parametrize(
    ("kind", "value", "other"),
    [
        ("sender", TRUSTED.lower(), {"sender": "SE2321000016-J001"}),
        ("contract", DIAGNOSIS, {"content": message(PAYLOAD)}),
        ("correlation_id", "c-7", {"headers": {"x-skltp-correlation-id": "c-8"}}),
    ],
)
async def test_sw_18_5_opened_for_one_caller_for_a_time_and_audited(
    tmp_path: Path, kind: str, value: str, other: dict[str, Any]
) -> None:
    """What looks like an identity number is masked in payloads too."""
    async with scene(tmp_path, log_payload="on") as stage:
        await describe(stage)
        status, shown = await admin(stage, "POST", kind=kind, value=value, minutes=5)
        assert (status, shown["by"], shown["value"]) == (200, kind, value)
        (record,) = [record for record in stage.journal("admin") if record["action"] == "payload-log"]
        assert (record["by"], record["value"], record["until"]) == (kind, value, shown["until"])
        await stage.call(other.get("content"), sender=other.get("sender", TRUSTED), headers=other.get("headers"))
        assert lines_of(stage, "payload-out") + lines_of(stage, "payload-in") == []
        await stage.call(headers={"x-skltp-correlation-id": "c-7"})
        (sent,), (got,) = lines_of(stage, "payload-out"), lines_of(stage, "payload-in")
        assert "<GetDiagnosis " in sent["payload"]
        assert "<GetDiagnosisResponse " in got["payload"]
        assert PATIENT not in stage.log.getvalue().decode()
        assert (await admin(stage, "DELETE"))[1] == {"open": False}
        await stage.call(headers={"x-skltp-correlation-id": "c-7"})
        assert len(lines_of(stage, "payload-out")) == 1


@pytest.mark.parametrize(
    "said",
    [
        {"kind": "sender", "value": TRUSTED, "minutes": 61},
        {"kind": "sender", "value": TRUSTED, "minutes": 0},
        {"kind": "sender", "value": "", "minutes": 5},
        {"kind": "receiver", "value": UNIT, "minutes": 5},
        {"kind": "sender", "value": TRUSTED},
        {"kind": "sender", "value": TRUSTED, "minutes": 5, "for_ever": True},
    ],
    ids=["too-long", "no-time", "nobody", "another-kind", "no-end", "unknown"],
)
async def test_sw_18_5_never_for_all_and_never_without_an_end(tmp_path: Path, said: dict[str, object]) -> None:
    async with scene(tmp_path, log_payload="on") as stage:
        status, problem = await admin(stage, "POST", **said)
        assert (status, problem["type"]) == (422, "urn:vaxel:problem:invalid")
        assert stage.platform.payloads.window is None


METRICS = [
    f'vaxel_calls_total{{cause="",code="",contract="{DIAGNOSIS}"}} 1.0',
    'vaxel_calls_total{cause="sender.certificate-missing",code="VP002",contract=""} 1.0',
    'vaxel_calls_total{cause="producer.reset",code="VP009",contract=',
    'vaxel_call_seconds_count{phase="platform"}',
    'vaxel_call_seconds_count{phase="producer"}',
    "vaxel_calls_in_flight 0.0",
    "vaxel_producer_calls_in_flight 0.0",
    'vaxel_bytes_total{direction="in"}',
    'vaxel_bytes_total{direction="out"}',
    "vaxel_retries_total 1.0",
    "vaxel_certificate_days NaN",
    "vaxel_directory_age_seconds ",
    "vaxel_log_lines_dropped 0.0",
    "vaxel_journal_records_total ",
]


async def test_sw_18_7_metrics(tmp_path: Path) -> None:
    """No personal data in labels: nothing that a caller makes up becomes one."""
    async with scene(tmp_path) as stage:
        await describe(stage, idempotent="true")
        await stage.call()
        await stage.post(message(), {})
        await stage.call(message(f'<x xmlns="urn:made-up:{PATIENT}"/>'))
        async with talking(stage, breaks):
            await stage.call(message(PAYLOAD))
        text = (await stage.post(b"", {}, path="/metrics", method="GET")).text
        for expected in METRICS:
            assert expected in text, expected
        assert PATIENT not in text


RECORDS = {
    "opened": "call reference correlation_id sender receiver contract class peer original_consumer patient",
    "closed": "call reference correlation_id sender receiver contract route permission producer url retries bytes ms"
    " outcome status",
    "refused": "call reference correlation_id outcome code cause peer listener",
}


async def test_sw_18_8_records_of_a_call(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        await stage.call()
        refused = await stage.post(message(), {})
        for kind, members in RECORDS.items():
            (record,) = stage.journal(kind)
            assert set(record) == {*members.split(), "seq", "time", "kind", "prev", "hash"}, kind
        (opened,), (closed,) = stage.journal("opened"), stage.journal("closed")
        assert set(opened["patient"]) == {"key", "tag", "sealed"}
        assert (closed["producer"], closed["url"], closed["outcome"]) == (PRODUCER, stage.url, "answered")
        assert stage.journal("refused")[0]["reference"] == refused.headers["x-vaxel-reference"]
        assert [record["kind"] for record in stage.journal()][:2] == ["release", "opened"]
        assert verify(tmp_path / "var/journal/node1").damage is None
        assert PATIENT.encode() not in b"".join(path.read_bytes() for path in (tmp_path / "var").rglob("*.jsonl"))


async def test_sw_18_8_a_query_in_the_routes_address_is_in_neither_log_nor_journal(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        await lead(stage, stage.url + "?key=SECRET")
        await stage.call()
        assert stage.producer.seen[0]["query"] == b"key=SECRET"
        assert "SECRET" not in stage.log.getvalue().decode()
        assert "SECRET" not in str(stage.journal())


async def test_sw_18_10_status_says_whether_checkpoints_are_kept_elsewhere(tmp_path: Path) -> None:
    for told, said in (({}, True), ({"checkpoint_to": str(tmp_path / "elsewhere.jsonl")}, False)):
        async with scene(tmp_path / "home", **told) as stage:
            status = orjson.loads((await stage.post(b"", {}, path="/status", method="GET")).content)
            assert any("cut tail" in caution for caution in status["Cautions"]) is said
