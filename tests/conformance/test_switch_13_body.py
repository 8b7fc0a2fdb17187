"""Bodies: size, coding, encoding and attachments, spec/switch.md section 13, through real sockets.

| rule | also shown by |
|---|---|
| SW-13.2 | `journey/test_call.py` (`test_too_large`), `test_switch_11_answers.py` (answers) |
| SW-13.3 | `journey/test_streams.py` |
| SW-13.4 | `journey/test_call.py` (byte for byte; ISO-8859-1) |
| SW-13.5 | `adapters/test_coding.py`, `exchange/test_compressed.py` |
"""

import asyncio
import base64
import gzip
from pathlib import Path

import pytest
from scene import DIAGNOSIS, DOMAIN, RESPONSE, Scene, message, scene

from stage import PAYLOAD, describe, lead

BOUNDARY = "uuid:4f6f"
XOP = f'multipart/related; boundary="{BOUNDARY}"; type="application/xop+xml"; start="<root>"'
INCLUDE = '<xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:part%40example"/>'
ATTACHMENT = b"%PDF \x00\xff\r\n--not a boundary"


def package(payload: str, *, prefix: str = "soap", coded: bool = False, profile: str = "rivtabp21") -> bytes:
    """An XOP message with one attachment."""
    root = message(payload, profile=profile).decode().replace("soap:", f"{prefix}:" if prefix else "")
    root = root.replace("xmlns:soap=", f"xmlns:{prefix}=" if prefix else "xmlns=")
    body = base64.encodebytes(ATTACHMENT) if coded else ATTACHMENT
    coding = b"content-transfer-encoding: base64\r\n" if coded else b""
    return b"".join(
        (
            f"--{BOUNDARY}\r\ncontent-type: application/xop+xml\r\ncontent-id: <root>\r\n\r\n{root}\r\n".encode(),
            f"--{BOUNDARY}\r\ncontent-type: application/pdf\r\ncontent-id: <part@example>\r\n".encode(),
            coding + b"\r\n" + body,
            f"\r\n--{BOUNDARY}--\r\n".encode(),
        )
    )


def carrying(inside: str) -> str:
    return PAYLOAD.replace("/>", f"><data xmlns=''>{inside}</data></GetNothing>")


async def attached(stage: Scene, content: bytes, content_type: str = XOP) -> tuple[str, str, bytes, bytes]:
    """Code, cause, and what the producer got: content type and body."""
    stage.producer.seen.clear()
    answer = await stage.call(content, headers={"content-type": content_type})
    sent = stage.producer.seen[-1] if stage.producer.seen else {"headers": {}, "body": b""}
    return answer.code, answer.cause, sent["headers"].get(b"content-type", b""), sent["body"]


@pytest.mark.parametrize("prefix", ["soap", "e", ""], ids=["soap", "other", "unprefixed"])
async def test_sw_13_6_attachments_are_dropped_with_a_warning(tmp_path: Path, prefix: str) -> None:
    async with scene(tmp_path) as stage:
        await describe(stage)
        code, _, kind, body = await attached(stage, package(carrying(INCLUDE), prefix=prefix))
        assert (code, kind) == ("", b"text/xml;charset=UTF-8")
        assert body.startswith(f"<{prefix}:Envelope".encode() if prefix else b"<Envelope")
        assert body.endswith(b"Envelope>")
        assert INCLUDE.encode() in body
        assert ATTACHMENT not in body
        lines = [line for line in stage.log_lines() if line.get("event.action") == "call"]
        assert [line["labels.attachments"] for line in lines] == ["dropped"]


@pytest.mark.parametrize(
    ("content_type", "content", "cause"),
    [
        (XOP, b"--" + BOUNDARY.encode() + b"\r\n\r\n<a/>\r\n--" + BOUNDARY.encode() + b"--", "request.no-envelope"),
        ("multipart/related; type=application/xop+xml", package(PAYLOAD), "request.no-envelope"),
        (f'multipart/related; boundary="{BOUNDARY}"; type="text/xml"', package(PAYLOAD), "request.no-envelope"),
        (XOP, (b"--" + BOUNDARY.encode() + b"\r\n\r\nx\r\n") * 200, "request.too-complex"),
    ],
    ids=["no-envelope", "no-boundary", "swa", "too-many-parts"],
)
async def test_sw_13_6_and_13_8_what_is_refused(tmp_path: Path, content_type: str, content: bytes, cause: str) -> None:
    async with scene(tmp_path) as stage:
        await describe(stage)
        assert (await attached(stage, content, content_type))[:2] == ("VP015", cause)


@pytest.mark.parametrize("coded", [False, True], ids=["binary", "base64"])
async def test_sw_13_7_inline_puts_each_attachment_in_its_place(tmp_path: Path, coded: bool) -> None:
    async with scene(tmp_path, mtom="inline") as stage:
        await describe(stage)
        code, _, kind, body = await attached(stage, package(carrying(INCLUDE), coded=coded))
        assert (code, kind) == ("", b"text/xml;charset=UTF-8")
        assert f"<data xmlns=''>{base64.b64encode(ATTACHMENT).decode()}</data>".encode() in body
        assert b"Include" not in body
        assert not [line for line in stage.log_lines() if "labels.attachments" in line]


async def test_sw_13_7_inline_without_its_part_is_refused(tmp_path: Path) -> None:
    async with scene(tmp_path, mtom="inline") as stage:
        await describe(stage)
        content = package(carrying(INCLUDE.replace("part%40", "other%40")))
        assert (await attached(stage, content))[:2] == ("VP015", "request.malformed-xml")


async def test_sw_13_7_pass_forwards_the_multipart_unchanged(tmp_path: Path) -> None:
    async with scene(tmp_path, mtom="pass") as stage:
        await describe(stage)
        content = package(carrying(INCLUDE))
        assert await attached(stage, content) == ("", "", XOP.encode(), content)


async def test_sw_13_7_pass_strips_where_something_must_change(tmp_path: Path) -> None:
    """A translation; and a contract with `access: patient`, whose message is what was protected."""
    async with scene(tmp_path, mtom="pass") as stage:
        await describe(stage)
        _, _, kind, body = await attached(stage, package(carrying(INCLUDE), profile="rivtabp20"))
        assert kind == b"text/xml;charset=UTF-8"
        assert b"LogicalAddress" in body
        patient = (
            f'<GetDiagnosis xmlns="{DIAGNOSIS}"><patientId><id xmlns="{DOMAIN}">191212121212</id>'
            f'<type xmlns="{DOMAIN}">1.2.752.129.2.1.3.1</type></patientId></GetDiagnosis>'
        )
        code, _, kind, body = await attached(stage, package(patient))
        assert (code, kind) == ("", b"text/xml;charset=UTF-8")
        assert ATTACHMENT not in body
        notes = [line["labels.attachments"] for line in stage.log_lines() if "labels.attachments" in line]
        assert notes == ["dropped", "dropped"]


@pytest.mark.parametrize(
    ("said", "size", "status"),
    [({}, 900, 200), ({}, 1100, 413), ({"max_size_bytes": 5000}, 4000, 200), ({"max_size_bytes": 5000}, 5100, 413)],
)
async def test_sw_13_1_the_contracts_limit_else_the_settings(
    tmp_path: Path, said: dict[str, object], size: int, status: int
) -> None:
    async with scene(tmp_path, max_size_bytes=1000) as stage:
        await describe(stage, **said)
        stage.producer.content = b"<a/>"
        content = message(PAYLOAD)
        content = content.replace(b"<soap:Body>", b"<soap:Body>" + b" " * (size - len(content)))
        answer = await stage.call(content)
        assert (answer.status, len(content)) == (status, size)
        if status == 413:
            assert "limit: " in answer.text


@pytest.mark.parametrize("stated", [413, 500])
async def test_sw_13_2_too_large_closes_after_its_answer(tmp_path: Path, stated: int) -> None:
    async with scene(tmp_path, max_size_bytes=1000, too_large_status=stated) as stage:
        reader, writer = await asyncio.open_connection("127.0.0.1", stage.platform.ports["http"])
        writer.write(
            b"POST /vp HTTP/1.1\r\nhost: x\r\nx-vp-sender-id: SE5565594230-B9P\r\n"
            b"x-vp-instance-id: SE5565594230-VAXEL\r\ncontent-length: 90000000\r\n\r\n" + b"x" * 5000
        )
        answer = await asyncio.wait_for(reader.read(), 5)  # to its end: the connection is closed
        writer.close()
        assert answer.startswith(b"HTTP/1.1 %d " % stated)
        assert b"VX003" in answer


@pytest.mark.parametrize("encoding", ["UTF-16", "UTF-16LE", "ISO-8859-15", "windows-1252", "UTF-8"])
async def test_sw_13_4_there_as_utf_8_and_back_as_it_came(tmp_path: Path, encoding: str) -> None:
    async with scene(tmp_path) as stage:
        await describe(stage)
        text = message(carrying("Malmö")).decode().replace('encoding="UTF-8"', f'encoding="{encoding}"')
        stage.producer.content = '<?xml version="1.0" encoding="UTF-8"?><a>Åsa ☃</a>'.encode()
        answer = await stage.call(text.encode(encoding))
        sent = stage.producer.seen[0]
        assert "Malmö".encode() in sent["body"]
        assert b'encoding="UTF-8"' in sent["body"]
        assert sent["headers"][b"content-type"] == b"text/xml;charset=UTF-8"
        assert int(sent["headers"][b"content-length"]) == len(sent["body"])
        assert answer.headers["content-type"].lower() == f"text/xml; charset={encoding.lower()}"
        back = answer.content.decode(encoding)
        assert "Åsa" in back
        assert "☃" in back or "&#9731;" in back
        assert encoding.lower() in back[:60].lower()


async def test_sw_13_5_a_coded_request_is_decoded_and_its_limit_counts_what_it_holds(tmp_path: Path) -> None:
    async with scene(tmp_path, max_size_bytes=100_000) as stage:
        await describe(stage)
        content, coded = message(PAYLOAD), {"content-encoding": "gzip"}
        assert (await stage.call(gzip.compress(content), headers=coded)).status == 200
        sent = stage.producer.seen[0]
        assert sent["body"] == content
        assert b"content-encoding" not in sent["headers"]
        bomb = await stage.call(gzip.compress(b" " * 50_000_000), headers=coded)
        assert (bomb.status, bomb.code) == (413, "VX003")
        for broken in (b"not gzip", gzip.compress(content)[:-9]):
            assert (await stage.call(broken, headers=coded)).code == "VP015"
        assert (await stage.call(content, headers={"content-encoding": "br"})).code == "VP015"


@pytest.mark.parametrize("setting", ["on", "off"])
async def test_sw_13_5_gzip_to_the_consumer(tmp_path: Path, setting: str) -> None:
    async with scene(tmp_path, gzip_consumer=setting) as stage:
        await describe(stage)
        for large, chunks in ((RESPONSE * 20, 1), (RESPONSE * 1000, 5), (b"<small/>", 1)):
            stage.producer.content, stage.producer.chunks = large, chunks
            for asked in ("gzip", "identity"):
                answer = await stage.call(message(PAYLOAD), headers={"accept-encoding": asked})
                coded = setting == "on" and asked == "gzip" and len(large) > 1024
                assert (answer.headers.get("content-encoding") == "gzip") is coded
                assert (gzip.decompress(answer.content) if coded else answer.content) == large
        assert all(b"accept-encoding" not in seen["headers"] for seen in stage.producer.seen)


@pytest.mark.parametrize("setting", ["on", "off"])
async def test_sw_13_5_gzip_from_the_producer(tmp_path: Path, setting: str) -> None:
    """Offered by setting; decoded either way, streamed or not, and for contracts that are validated."""
    async with scene(tmp_path, gzip_producer=setting) as stage:
        await describe(stage)
        stage.producer.headers = ((b"content-encoding", b"gzip"),)
        for plain in (RESPONSE, RESPONSE * 3000):
            stage.producer.content = gzip.compress(plain, 0)
            answer = await stage.call(message(PAYLOAD))
            assert (answer.status, answer.content) == (200, plain)
            assert "content-encoding" not in answer.headers
        offered = stage.producer.seen[-1]["headers"].get(b"accept-encoding")
        assert offered == (b"gzip" if setting == "on" else None)
        stage.producer.content = b"not gzip"
        assert (await stage.call()).cause == "producer.protocol"


async def test_sw_13_4_with_13_7_a_translated_inline_message_is_still_whole(tmp_path: Path) -> None:
    async with scene(tmp_path, mtom="inline") as stage:
        await describe(stage)
        await lead(stage, stage.url, profile="rivtabp20")
        code, _, _, body = await attached(stage, package(carrying(INCLUDE)))
        assert code == ""
        assert b":To" in body
        assert base64.b64encode(ATTACHMENT) in body
