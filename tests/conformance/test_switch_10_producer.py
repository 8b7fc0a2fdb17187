"""Calling the producer, spec/switch.md section 10, through real sockets.

| rule | also shown by |
|---|---|
| SW-10.4 | `adapters/test_producers.py` (an idle connection that the producer closed) |
| SW-10.5 | `test_settings.py` (negative stops the start) |
| SW-10.10 | `adapters/test_addresses.py` (which addresses) |

SW-10.2 is not built: the import of a national timeout table belongs to the import of a national configuration.
"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from scene import RESPONSE, Scene, message, scene

from stage import PAYLOAD, Talk, breaks, describe, hangs, head, lead, says, talking


@contextmanager
def deaf() -> Iterator[int]:
    """A port that accepts no connection: its queue is full."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        port = listening.getsockname()[1]
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        yield port
        for each in waiting:
            each.close()


async def test_sw_10_1_connect_within_its_timeout(tmp_path: Path) -> None:
    with deaf() as port:
        async with scene(tmp_path, connect_timeout_s=0.2, retry_attempts=0) as stage:
            await lead(stage, f"http://127.0.0.1:{port}/")
            begun = time.monotonic()
            answer = await stage.call()
            assert (answer.code, answer.cause) == ("VP009", "producer.connect-timeout")
            assert time.monotonic() - begun < 2
            assert 'retryable="true"' in answer.text


async def test_sw_10_1_answer_within_the_settings_timeout_where_the_contract_has_none(tmp_path: Path) -> None:
    async with scene(tmp_path, producer_timeout_s=0.2) as stage:
        await describe(stage)
        async with talking(stage, hangs):
            answer = await stage.call(message(PAYLOAD))
            assert (answer.code, answer.cause) == ("VP009", "producer.response-timeout")


async def test_sw_10_3_each_pause_in_the_body_is_bounded(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        await describe(stage, timeout_s=0.3)

        async def pauses(_: bytes, writer: asyncio.StreamWriter) -> None:
            writer.write(head(b"<a>", length=99))
            await writer.drain()
            await asyncio.sleep(5)

        async with talking(stage, pauses):
            answer = await stage.call(message(PAYLOAD))
            assert (answer.code, answer.cause) == ("VP009", "producer.idle-timeout")
            assert "timeout" in answer.text


async def test_sw_10_3_the_total_bounds_the_whole_retries_included(tmp_path: Path) -> None:
    async with scene(tmp_path, retry_attempts=50, retry_delay_s=0.2) as stage:
        await describe(stage, timeout_s=5, total_timeout_s=0.5)
        async with talking(stage, hangs):
            answer = await stage.call(message(PAYLOAD))
            assert (answer.code, answer.cause) == ("VP009", "producer.total-timeout")
        await lead(stage, f"http://127.0.0.1:{free_port()}/")
        begun = time.monotonic()
        answer = await stage.call(message(PAYLOAD))
        assert answer.cause == "producer.connect-refused"
        assert time.monotonic() - begun < 2


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


async def test_sw_10_4_connections_are_kept_and_idle_ones_dropped(tmp_path: Path) -> None:
    async with scene(tmp_path, pool_idle_s=0.3) as stage:
        await describe(stage)
        writers: set[int] = set()

        async def counts(_: bytes, writer: asyncio.StreamWriter) -> None:
            writers.add(writer.get_extra_info("peername")[1])
            writer.write(head(RESPONSE))

        async with talking(stage, counts) as seen:
            for pause_s in (0, 0, 1.0):
                await asyncio.sleep(pause_s)
                assert (await stage.call(message(PAYLOAD))).status == 200
            assert (len(seen), len(writers)) == (3, 2)


@pytest.mark.parametrize(
    ("idempotent", "talk", "size", "attempts"),
    [
        ("true", breaks, 0, 2),
        ("false", breaks, 0, 1),
        ("true", breaks, 30_000, 1),
        ("true", hangs, 0, 1),
        ("true", says(head(b"no", status="503 Busy")), 0, 1),
        ("true", says(head(b"no", status="500 No")), 0, 1),
        ("true", says(head(b"<a>", length=9), close=True), 0, 1),
        ("true", says(b"SSH-2.0\r\n\r\n", close=True), 0, 1),
    ],
    ids=["broke", "broke-not-idempotent", "broke-too-large", "timeout", "503", "500", "cut-off", "no-http"],
)
async def test_sw_10_6_and_10_7_what_may_be_sent_twice(
    tmp_path: Path, idempotent: str, talk: Talk, size: int, attempts: int
) -> None:
    async with scene(tmp_path, retry_buffer_bytes=20_000) as stage:
        await describe(stage, idempotent=idempotent, timeout_s=0.3)
        async with talking(stage, talk) as seen:
            answer = await stage.call(message(PAYLOAD.replace("/>", f">{'x' * size}</GetNothing>")))
            assert (answer.code, len(seen)) == ("VP009", attempts)
            closed = stage.journal("closed")[-1]
            assert (closed["code"], closed["retries"]) == ("VP009", attempts - 1)


@pytest.mark.parametrize(("attempts", "expected"), [(0, "VP009"), (1, "")])
async def test_sw_10_5_and_10_6_what_was_not_sent_is_repeated(tmp_path: Path, attempts: int, expected: str) -> None:
    """Refused at first, there at the second attempt: for a contract that may not be sent twice, too."""
    async with scene(tmp_path, retry_attempts=attempts, retry_delay_s=0.4) as stage:
        await describe(stage)
        port = free_port()
        await lead(stage, f"http://127.0.0.1:{port}/")
        calling = asyncio.create_task(stage.call(message(PAYLOAD)))
        await asyncio.sleep(0.15)
        later = await stage.listeners.listen(stage.producer, "127.0.0.1", port)
        answer = await calling
        assert (later, answer.code) == (port, expected)
        assert stage.journal("closed")[-1]["retries"] == attempts


async def test_sw_10_7_a_failed_handshake_is_not_repeated(tmp_path: Path) -> None:
    """An https address where nobody speaks TLS."""
    async with scene(tmp_path, retry_attempts=3) as stage:
        connections = 0

        async def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        await lead(stage, f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        answer = await stage.call()
        server.close()
        assert (answer.cause, connections) == ("producer.tls-handshake", 1)


async def test_sw_10_8_redirects_are_not_followed(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        stage.producer.status = 307
        stage.producer.headers = ((b"location", stage.url.encode()),)
        answer = await stage.call()
        assert (answer.code, answer.cause, len(stage.producer.seen)) == ("VP009", "producer.http-status", 1)


async def chunked(content: bytes) -> AsyncIterator[bytes]:
    for place in range(0, len(content), 1000):
        yield content[place : place + 1000]


async def chunked_call(stage: Scene, content: bytes) -> int:
    """A call whose length the consumer does not state."""
    url = f"http://127.0.0.1:{stage.platform.ports['http']}/vp"
    headers = {"x-vp-sender-id": "SE5565594230-B9P", "x-vp-instance-id": "SE5565594230-VAXEL"}
    async with stage.session.post(url, data=chunked(content), headers=headers) as answer:
        await answer.read()
        return int(answer.status)


@pytest.mark.parametrize("setting", ["off", "on"])
@pytest.mark.parametrize("size", [10, 600_000], ids=["small", "streamed"])
@pytest.mark.parametrize("stated", [True, False], ids=["length", "no-length"])
async def test_sw_10_9_length_or_chunks(tmp_path: Path, setting: str, size: int, stated: bool) -> None:
    """`Content-Length`, corrected for the changed head where the call is translated (BP 2.0 to 2.1)."""
    async with scene(tmp_path, producer_chunked=setting) as stage:
        await describe(stage)
        content = message(PAYLOAD.replace("/>", f">{'x' * size}</GetNothing>"), profile="rivtabp20")
        status = (await stage.call(content)).status if stated else await chunked_call(stage, content)
        assert status == 200
        sent = stage.producer.seen[0]
        assert sent["body"].count(b"x" * size) == 1
        assert sent["body"].endswith(b"Envelope>")
        if setting == "off":
            assert int(sent["headers"][b"content-length"]) == len(sent["body"])
            assert b"transfer-encoding" not in sent["headers"]
        else:
            assert sent["headers"][b"transfer-encoding"] == b"chunked"
            assert b"content-length" not in sent["headers"]


async def test_sw_10_10_a_producer_where_none_may_live(tmp_path: Path) -> None:
    """By default loopback is refused; link-local whatever the list says; the caller learns the cause."""
    async with scene(tmp_path, producer_networks="10.0.0.0/8, 169.254.0.0/16", retry_attempts=3) as stage:
        for host in ("127.0.0.1", "localhost", "169.254.169.254"):
            await lead(stage, f"http://{host}:{stage.port}/")
            answer = await stage.call()
            assert (answer.code, answer.cause) == ("VP009", "producer.address-refused"), host
            assert 'retryable="false"' in answer.text
        assert stage.producer.seen == []
