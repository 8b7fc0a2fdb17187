"""Faults: form, codes and causes of spec/switch.md section 14.

That each code has a heading in docs/errors.md and a text is shown by `docs/test_documents.py`; that each step refuses with
its code by `journey/test_call.py` and the files of sections 4 to 13. VP001 cannot arise over HTTP (SW-4.6); VX010 and
AC001–AC026 but AC001 and AC003 wait for aggregation and protection, `producer.circuit-open` for the breaker.
"""

import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from scene import PATIENT, PROTECTED, TRUSTED, UNIT, UNKNOWN, UNPERMITTED, message, scene

import vaxel
from stage import PAYLOAD, describe, lead
from vaxel import errors
from vaxel.errors import RETRYABLE, InternalError, MessageMalformed, NotPermitted, ProducerFailed, Refusal
from vaxel.soap.faults import CAUSE, FaultWriter, read_fault, read_texts

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
TEXTS = read_texts(resources.files("vaxel.soap").joinpath("faults.toml").read_bytes())
WRITER = FaultWriter(texts=TEXTS, instance_name="Växel & co")

CODES = {
    # code: (faultcode, HTTP status)
    "VP001": ("Client", 500),
    "VP002": ("Client", 500),
    "VP003": ("Client", 500),
    "VP004": ("Client", 500),
    "VP005": ("Client", 500),
    "VP006": ("Server", 500),
    "VP007": ("Server", 500),
    "VP008": ("Server", 500),
    "VP009": ("Server", 500),
    "VP010": ("Server", 500),
    "VP011": ("Client", 500),
    "VP012": ("Server", 500),
    "VP013": ("Client", 500),
    "VP014": ("Server", 500),
    "VP015": ("Client", 500),
    "VX000": ("Server", 500),
    "VX001": ("Server", 503),
    "VX002": ("Server", 503),
    "VX003": ("Client", 413),
    "VX004": ("Server", 500),
}

CAUSES = {
    "VP002": "sender.certificate-missing sender.certificate-unreadable sender.certificate-unknown-format"
    " sender.certificate-header-untrusted sender.certificate-header-repeated sender.certificate-untrusted"
    " sender.not-listed-for-peer sender.id-not-found sender.id-ambiguous",
    "VP003": "request.logical-address-missing",
    "VP004": "routing.no-route routing.no-route-whitespace",
    "VP005": "routing.profile-mismatch",
    "VP006": "routing.ambiguous",
    "VP007": "permission.denied",
    "VP008": "directory.unavailable",
    "VP009": "producer.dns producer.connect-refused producer.connect-timeout producer.unreachable"
    " producer.tls-handshake producer.tls-untrusted producer.tls-hostname producer.tls-client-rejected"
    " producer.response-timeout producer.idle-timeout producer.total-timeout producer.reset producer.http-status"
    " producer.soap12-fault producer.empty-response producer.response-truncated producer.response-too-large"
    " producer.protocol producer.contract-violation producer.circuit-open producer.address-refused",
    "VP010": "routing.address-empty routing.address-invalid",
    "VP011": "network.peer-not-allowed network.forwarded-not-allowed",
    "VP012": "transform.failed",
    "VP013": "original-consumer.not-allowed",
    "VP014": "routing.loop",
    "VP015": "request.malformed-xml request.empty request.no-envelope request.soap12 request.no-body-element"
    " request.ambiguous-envelope request.doctype-forbidden request.head-too-large request.too-complex"
    " request.contract-violation",
    "VX000": "internal.error",
    "VX001": "journal.unavailable",
    "VX002": "platform.overloaded",
    "VX003": "request.too-large",
    "VX004": "contract.unknown contract.access-unstated",
}


def kinds(of: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for kind in of.__subclasses__():
        yield kind
        yield from kinds(kind)


def parsed(content: bytes) -> etree._Element:
    return etree.fromstring(content)


def test_sw_14_1_the_form() -> None:
    refusal = NotPermitted("denied", fields={"serviceNamespace": "urn:x", "receiverId": "R", "senderId": "S"})
    status, content = WRITER(refusal, "ref-1")
    root = parsed(content)
    assert status == 500
    assert content.startswith(b'<?xml version="1.0" encoding="UTF-8"?><SOAP-ENV:Envelope')
    assert [child.tag for child in root] == [f"{{{SOAP}}}Header", f"{{{SOAP}}}Body"]
    (fault,) = root[1]
    assert [child.tag for child in fault] == ["faultcode", "faultstring", "detail"]
    assert fault[0].text == "SOAP-ENV:Server"
    assert fault[1].text == f"VP007 [Växel & co] {TEXTS['VP007'].sv}"
    assert [child.tag for child in fault[2]] == ["detailString", f"{{{CAUSE}}}cause"]
    assert fault[2][0].text == "denied, serviceNamespace: urn:x, receiverId: R, senderId: S"


@pytest.mark.parametrize(("code", "form"), CODES.items(), ids=CODES)
def test_sw_14_2_codes(code: str, form: tuple[str, int]) -> None:
    """Faultcode and status of each code, with our Swedish text in faultstring and the English one in `cause`.

    VP007 is `Server` although the consumer is at fault (SW-14.7).
    """
    (kind,) = [each for each in kinds() if each.code == code]
    status, content = WRITER(kind(), "ref")
    fault = parsed(content).find(".//{*}Fault")
    assert fault is not None
    assert (fault.findtext("faultcode"), status) == (f"SOAP-ENV:{form[0]}", form[1])
    assert TEXTS[code].sv in str(fault.findtext("faultstring"))
    assert fault.findtext(f"detail/{{{CAUSE}}}cause") == TEXTS[code].en


@pytest.mark.parametrize("code", ["AC001", "AC003"])
def test_sw_14_6_refusals_of_protection_have_the_same_form(code: str) -> None:
    """Those that exist yet: faultcode, texts and cause as any other's."""
    (kind,) = [each for each in kinds() if each.code == code]
    status, content = WRITER(kind("x"), "ref")
    fault = read_fault(content)
    assert fault is not None
    assert (status, fault.faultcode, fault.cause) == (401, "SOAP-ENV:Client", kind.default_cause)
    assert fault.faultstring == f"{code} [Växel & co] {TEXTS[code].sv}"


@pytest.mark.parametrize("code", CAUSES)
def test_sw_14_3_causes(code: str) -> None:
    """Every cause of the table is given somewhere; the first of each code is its default, or is named where it arises."""
    package = Path(vaxel.__file__).parent
    sources = "\n".join(path.read_text("utf-8") for path in package.rglob("*.py"))
    built = set(CAUSES[code].split()) - {"producer.circuit-open"}
    for cause in built:
        known = f'"{cause}"' in sources or (cause.startswith("request.") and f'"{cause.partition(".")[2]}"' in sources)
        assert known, cause
    (kind,) = [each for each in kinds() if each.code == code]
    assert kind.default_cause in built


def test_sw_14_9_what_may_be_repeated() -> None:
    assert frozenset(
        [
            "producer.dns",
            "producer.connect-refused",
            "producer.connect-timeout",
            "producer.unreachable",
            "producer.circuit-open",
            "directory.unavailable",
            "platform.overloaded",
            "index.locked",  # these two by engagement_index.md EI-9.3
            "store.unavailable",
        ]
    ) == (RETRYABLE)
    for causes in CAUSES.values():
        for cause in causes.split():
            assert ProducerFailed("x", cause=cause).retryable is (cause in RETRYABLE)


@given(reason=st.text(max_size=50), name=st.text(max_size=20), cause=st.text(max_size=20))
def test_sw_14_1_whatever_the_texts_the_fault_is_well_formed(reason: str, name: str, cause: str) -> None:
    refusal = MessageMalformed(reason, cause=cause, fields={"x": reason})
    writer = FaultWriter(texts=TEXTS, instance_name=name)
    _, content = writer(refusal, "ref")
    fault = read_fault(content)
    assert fault is not None
    assert (fault.faultcode, fault.reference) == ("SOAP-ENV:Client", "ref")


@pytest.mark.parametrize("setting", ["on", "off"])
async def test_sw_14_3_cause_element_by_setting_headers_always(tmp_path: Path, setting: str) -> None:
    async with scene(tmp_path, fault_cause=setting) as stage:
        answer = await stage.call(receiver="SE-NONE", headers={"x-skltp-correlation-id": "c-9", "x-custom": "echo"})
        fault = read_fault(answer.content)
        assert fault is not None
        assert fault.cause == ("routing.no-route" if setting == "on" else "")
        assert answer.headers["x-vaxel-cause"] == "routing.no-route"
        assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-vaxel-reference"])
        assert answer.headers["x-skltp-correlation-id"] == "c-9"
        assert answer.headers["content-type"] == "text/xml; charset=UTF-8"
        assert "x-custom" not in answer.headers


@pytest.mark.parametrize("setting", ["on", "off"])
async def test_sw_14_5_the_producers_address_by_setting(tmp_path: Path, setting: str) -> None:
    """Whichever way the producer fails: before, in, or after its answer's head."""
    async with scene(tmp_path, fault_address=setting, retry_attempts=0) as stage:
        await describe(stage)
        stage.producer.status = 404
        dropped = await stage.call(message(PAYLOAD))
        stage.producer.status, stage.producer.headers = 200, ((b"content-encoding", b"gzip"),)
        coded = await stage.call(message(PAYLOAD))
        await lead(stage, "http://127.0.0.1:9/address")
        refused = await stage.call(message(PAYLOAD))
        for answer, url in ((dropped, stage.url), (coded, stage.url), (refused, "http://127.0.0.1:9/address")):
            assert answer.code == "VP009"
            assert (url in answer.text) is (setting == "on")


FIELDS = [
    # receiver, sender, payload, code, what its detail holds
    ("", TRUSTED, None, "VP003", []),
    ("SE-NONE", TRUSTED, None, "VP004", ["serviceNamespace: urn:riv:clinical", "receiverId: SE-NONE"]),
    ("SE NONE", TRUSTED, None, "VP004", ["white"]),
    (UNIT, UNPERMITTED, None, "VP007", ["serviceNamespace: ", f"receiverId: {UNIT}", f"senderId: {UNPERMITTED}"]),
    (UNIT, TRUSTED, f'<GetNothing xmlns="{UNKNOWN}"/>', "VX004", [UNKNOWN]),
    (UNIT, TRUSTED, "<broken", "VP015", []),
    (UNIT, PROTECTED, None, "AC001", []),
]


async def test_sw_14_2_fields_of_each_code(tmp_path: Path) -> None:
    """`name: value`, separated by `, `; no fault holds a patient identity (SW-14.5)."""
    async with scene(tmp_path) as stage:
        for receiver, sender, payload, code, held in FIELDS:
            content = message(receiver=receiver) if payload is None else message(payload, receiver)
            answer = await stage.call(content, sender=sender)
            fault = read_fault(answer.content)
            assert fault is not None
            assert answer.code == code
            for text in held:
                assert text in fault.detail, (code, fault.detail)
            assert PATIENT not in answer.text


async def test_sw_14_4_the_unexpected_has_a_neutral_text(tmp_path: Path) -> None:
    """VX000: no exception text, no stack in the fault; the stack without texts in the log."""
    async with scene(tmp_path) as stage:
        stage.platform.exchange = None  # no code of ours puts this there
        answer = await stage.call()
        assert (answer.status, answer.code, answer.cause) == (500, "VX000", "internal.error")
        assert "NoneType" not in answer.text
        assert "Traceback" not in answer.text
        line = next(line for line in stage.log_lines() if line.get("labels.errorCode") == "VX000")
        assert line["error.type"] == "AttributeError"
        assert "gateway.py:" in line["error.stack_trace"]
        assert "attribute" not in line["error.stack_trace"]
        assert answer.headers["x-vaxel-reference"] == line["labels.reference"]


async def test_sw_14_2_texts_can_be_overridden(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        await stage.platform.stop()
        stage.write("faults.toml", '[VP004]\nsv = "Fråga förvaltningen på Å."\n')
        await stage.raise_platform()
        answer = await stage.call(receiver="SE-NONE")
        assert "<faultstring>VP004 [Växel] Fråga förvaltningen på Å.</faultstring>" in answer.text


def test_sw_14_8_a_timeout_says_so() -> None:
    from vaxel.adapters.producers import _WORDS

    for cause in (each for each in CAUSES["VP009"].split() if each.endswith("-timeout")):
        assert "timeout" in _WORDS[cause], cause


def test_sw_14_4_an_unexpected_error_says_nothing() -> None:
    unexpected = InternalError()
    unexpected.__cause__ = ValueError("secret")
    assert b"secret" not in WRITER(unexpected, "ref")[1]
    assert errors.InternalError.code == "VX000"
