"""HTTP headers: the table of spec/switch.md section 12, each row through real sockets or by the table's own function.

| rule | also shown by |
|---|---|
| SW-12.1 (lists), SW-12.6 | `exchange/test_headers.py` |
| SW-12.7 | `journey/test_call.py` (`test_headers_to_an_http_producer`) |

SW-12.5 (tracing) is not built, nor `pass_actor_token` of SW-12.6: federation does not exist yet.
"""

import uuid
from pathlib import Path

import pytest
from calls import a_call
from scene import PLATFORM, TRUSTED, Scene, message, scene
from test_headers import table

from stage import PAYLOAD, describe

SENDER = "SE-SENDER"
TO_PRODUCER = [
    # header, what the consumer sent, to http://, to https://
    ("x-vp-sender-id", "SE-OTHER", SENDER, None),
    ("x-vp-instance-id", "SE-OTHER", "SE-OWN", None),
    ("x-vp-anything", "1", None, None),
    ("x-vp-auth-cert", "MII", None, None),
    ("x-forwarded-tls-client-cert", "MII", None, None),
    ("x-skltp-correlation-id", "c-1", "c-1", None),
    ("x-rivta-original-serviceconsumer-hsaid", SENDER, SENDER, SENDER),
    ("x-rivta-acting-on-behalf-of-hsaid", "SE-1", "SE-1", "SE-1"),
    ("x-rivta-anything", "1", "1", "1"),
    ("soapaction", '"urn:x"', '"urn:x"', '"urn:x"'),
    ("content-type", "application/soap+xml", "text/xml;charset=UTF-8", "text/xml;charset=UTF-8"),
    ("user-agent", "consumer/1", "Vaxel", "Vaxel"),
    ("host", "platform", "producer.example", "producer.example"),
    ("authorization", "Bearer abc", None, None),
    ("authorization", "Basic abc", "Basic abc", "Basic abc"),
    ("accept-encoding", "gzip", None, None),
    ("connection", "close", None, None),
    ("x-forwarded-for", "10.1.1.1", None, None),
    ("x-forwarded-host", "x", None, None),
    ("mule_session", "x", None, None),
    ("x-mule_correlation", "x", None, None),
    ("peer_certificates", "x", None, None),
    ("keep-alive", "x", None, None),
    ("te", "trailers", None, None),
    ("trailer", "x", None, None),
    ("transfer-encoding", "chunked", None, None),
    ("upgrade", "h2c", None, None),
    ("proxy-authorization", "x", None, None),
    ("x-anything", "1", "1", "1"),
]


@pytest.mark.parametrize(("name", "value", "http", "https"), TO_PRODUCER, ids=[row[0] for row in TO_PRODUCER])
@pytest.mark.parametrize("scheme", ["http", "https", "HTTPS"])
def test_sw_12_1_to_the_producer(name: str, value: str, http: str | None, https: str | None, scheme: str) -> None:
    call = a_call(headers=((name.encode(), value.encode()),), url=f"{scheme}://producer.example/ws")
    sent = dict(table().outgoing(call, None))
    expected = http if scheme == "http" else https
    assert sent.get(name.encode()) == (expected.encode() if expected is not None else None)


@pytest.mark.parametrize(("setting", "expected"), [(True, b"c-1"), (False, None)])
def test_sw_12_1_correlation_id_to_https_by_setting(setting: bool, expected: bytes | None) -> None:
    sent = dict(table(correlation_id_to_https=setting).outgoing(a_call(url="https://a.se"), None))
    assert sent.get(b"x-skltp-correlation-id") == expected


@pytest.mark.parametrize(("history", "expected"), [("", None), ("SE-1#SE-OWN", b"SE-1#SE-OWN")])
def test_sw_12_1_routing_history(history: str, expected: bytes | None) -> None:
    """Whatever the consumer sent, what the door made of it goes on."""
    call = a_call(headers=((b"x-rivta-routing-history", b"forged"),), routing_history=history)
    assert dict(table().outgoing(call, None)).get(b"x-rivta-routing-history") == expected


def test_sw_12_2_what_connection_names_is_hop_by_hop() -> None:
    headers = ((b"connection", b"close, X-Custom"), (b"x-custom", b"1"), (b"x-other", b"2"))
    sent = dict(table().outgoing(a_call(headers=headers), None))
    assert b"x-custom" not in sent
    assert sent[b"x-other"] == b"2"


FROM_PRODUCER = [
    ("soapaction", False),
    ("mule_session", False),
    ("x-mule_session", False),
    ("local_certificate", False),
    ("peer_certificates", False),
    ("http.method", False),
    ("x-skltp-correlation-id", False),
    ("x-skltp-prt", False),
    ("keep-alive", False),
    ("proxy-authenticate", False),
    ("x-anything", True),
    ("set-cookie", True),
    ("x-rivta-anything", True),
]


async def test_sw_12_1_to_the_consumer(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        stage.producer.headers = tuple((name.encode(), b"of-the-producer") for name, _ in FROM_PRODUCER)
        answer = await stage.call(headers={"x-skltp-correlation-id": "c-2"})
        assert answer.status == 200
        passed = {name for name, value in answer.headers.items() if value == "of-the-producer"}
        assert passed == {name for name, passes in FROM_PRODUCER if passes}
        assert answer.headers["x-skltp-correlation-id"] == "c-2"
        assert answer.headers["content-type"] == "text/xml; charset=UTF-8"


@pytest.mark.parametrize(
    ("stated", "kept"),
    [
        (None, False),
        ("", False),
        ("a" * 256, True),
        ("a" * 257, False),
        ("a\tb", False),
        ("å", False),
        ("any thing", True),
    ],
    ids=["absent", "empty", "256", "257", "tab", "not-ascii", "blank-inside"],
)
async def test_sw_12_3_correlation_ids(tmp_path: Path, stated: str | None, kept: bool) -> None:
    """Used where it can be; else a new UUIDv4, on faults and published contracts too."""
    async with scene(tmp_path) as stage:
        headers = {} if stated is None else {"x-skltp-correlation-id": stated}
        for answer in (
            await stage.call(headers=headers),
            await stage.call(headers=headers, receiver="SE-NONE"),
            await stage.post(b"", headers, path="/vp/none?wsdl", method="GET"),
        ):
            shown = answer.headers["x-skltp-correlation-id"]
            assert (shown == stated) is kept
            assert kept or uuid.UUID(shown).version == 4
        lines = [line for line in stage.log_lines() if line.get("event.action") == "call"]
        replaced = "labels.correlation_id" in lines[0]
        assert replaced is (not kept and bool(stated))


async def test_sw_12_1_original_consumer_absent_or_empty_is_the_sender(tmp_path: Path) -> None:
    name = "x-rivta-original-serviceconsumer-hsaid"
    async with scene(tmp_path) as stage:
        for headers, expected in (({}, TRUSTED), ({name: ""}, TRUSTED), ({name: "SE-FIRST"}, "SE-FIRST")):
            await stage.call(headers=headers)
            assert stage.producer.seen[-1]["headers"][name.encode()] == expected.encode()


async def prt(stage: Scene, content: bytes | None = None) -> int:
    answer = await stage.call(content)
    assert answer.status == 200
    return int(answer.headers["x-skltp-prt"])


async def test_sw_12_4_the_producers_time(tmp_path: Path) -> None:
    """To the answer's headers where it is streamed, to its end where it is buffered; not on own faults."""
    async with scene(tmp_path, response_peek_bytes=10) as stage:
        await describe(stage)
        stage.producer.delay_s = 0.15
        assert 150 <= await prt(stage, message(PAYLOAD)) < 1500
        stage.producer.delay_s = 0
        assert await prt(stage, message(PAYLOAD)) < 150
        refused = await stage.call(receiver="SE-NONE")
        assert "x-skltp-prt" not in refused.headers


async def test_sw_12_1_content_type_and_user_agent_by_setting(tmp_path: Path) -> None:
    async with scene(tmp_path, content_type="text/xml", user_agent="Own/2") as stage:
        await stage.call()
        sent = stage.producer.seen[0]["headers"]
        assert (sent[b"content-type"], sent[b"user-agent"]) == (b"text/xml", b"Own/2")


async def test_sw_12_7_soap_action_of_a_contract_that_is_not_protected_passes(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        await describe(stage)
        for sent in ('"urn:any"', "unquoted", '""'):
            await stage.call(message(PAYLOAD), headers={"soapaction": sent})
            assert stage.producer.seen[-1]["headers"][b"soapaction"] == sent.encode()


async def test_sw_12_1_instance_and_sender_of_an_internal_call(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        await stage.call()
        sent = stage.producer.seen[0]["headers"]
        assert (sent[b"x-vp-sender-id"], sent[b"x-vp-instance-id"]) == (TRUSTED.encode(), PLATFORM.encode())
