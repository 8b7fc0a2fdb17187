"""Listeners, paths, methods and the bounds at the door: switch.md section 2, rule by rule.

Also shown elsewhere: SW-2.5 and SW-2.8 in journey/test_call.py, SW-2.10 and SW-2.11 in journey/test_operations.py,
the WSDL side of SW-2.4 in journey/test_publication.py.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import orjson
import pytest
from pki import Pki
from prometheus_client import CollectorRegistry
from scene import DIAGNOSIS, PLATFORM, TRUSTED, UNKNOWN, Scene, message, scene

from vaxel.admin.front import asks_for_contract
from vaxel.admin.operations import Operations, Reloaded, Surfaces
from vaxel.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

OPEN = message(f'<GetNothing xmlns="{UNKNOWN}"/>')
PATH = "/vp/clinicalprocess/healthcond/description/GetDiagnosis/2/rivtabp21"
HEAD = (
    f"POST /vp HTTP/1.1\r\nhost: x\r\nx-vp-sender-id: {TRUSTED}\r\nx-vp-instance-id: {PLATFORM}\r\n"
    f"content-type: text/xml\r\n"
).encode()


async def test_sw_2_1_the_listeners_have_their_places(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert (settings.host, settings.http_port, settings.https_port) == ("127.0.0.1", 8080, 8443)
    assert (settings.web_host, settings.web_port, settings.https) == ("127.0.0.1", 8090, False)


@pytest.mark.parametrize("path", ["/vp", "/vp/", "/vp/any/path", "/vp/%C3%A5/..%2F", PATH, "/vp//"])
async def test_sw_2_2_any_path_below_is_accepted(stage: Scene, path: str) -> None:
    assert (await stage.call(path=path)).status == 200


@pytest.mark.parametrize("path", ["/", "/vpx", "/VP", "/v", "/api/v1/status", "/operate", "/tak-services/export/pv"])
async def test_sw_2_10_nothing_else_is_on_the_http_listener(stage: Scene, path: str) -> None:
    """SW-2.2: and only below `/vp`."""
    assert (await stage.call(path=path)).status == 404
    assert stage.producer.seen == []


async def test_sw_2_3_neither_path_nor_soap_action_decides(stage: Scene) -> None:
    answer = await stage.call(OPEN, path=PATH, headers={"soapaction": f'"{DIAGNOSIS}:GetDiagnosis"'})
    assert answer.status == 200
    assert [record["contract"] for record in stage.journal("opened")] == [UNKNOWN]


@pytest.mark.parametrize(
    ("query", "asks"),
    [(b"wsdl", True), (b"WSDL=", True), (b"a=b&xsd=x", True), (b"wsdl=1&wsdl", True), (b"xsd", True), (b"wsdlx", False),
     (b"a=wsdl", False), (b"", False)],
)  # fmt: skip
async def test_sw_2_4_a_query_that_asks_for_a_contract(query: bytes, asks: bool) -> None:
    assert asks_for_contract(query) is asks


async def test_sw_2_4_contracts_are_published_before_anybody_is_known(tmp_path: Path) -> None:
    """On both listeners, and to peers whose calls would be refused."""
    pki = Pki(tmp_path / "pki")
    async with scene(tmp_path / "home", internal_peers="", trusted_proxies="192.0.2.1/32", **pki.told) as stage:
        assert (await stage.call()).code == "VP011"
        assert (await stage.post(b"", {}, path=PATH + "?wsdl", method="GET")).status == 200
        url = f"https://localhost:{stage.platform.ports['https']}{PATH}?wsdl"
        async with aiohttp.ClientSession() as session, session.get(url, ssl=pki.context(pki.consumer)) as answer:
            assert answer.status == 200
        assert stage.journal("opened") == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_sw_2_5_calls_are_post(stage: Scene, method: str) -> None:
    answer = await stage.post(b"", {}, path="/vp/x?a=b", method=method)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, POST")


async def test_sw_2_6_a_query_is_not_passed(stage: Scene) -> None:
    assert (await stage.call(path="/vp?a=b")).status == 200
    assert stage.producer.seen[0]["query"] == b""
    assert b"?" not in stage.log.getvalue()


async def test_sw_2_7_an_expected_continue_is_answered(stage: Scene) -> None:
    content = message()
    head = HEAD + b"expect: 100-continue\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(content)
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.platform.ports["http"])
    writer.write(head)
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(content)
    assert (await reader.read()).startswith(b"HTTP/1.1 200 OK\r\n")
    writer.close()


async def test_sw_2_7_a_continue_of_the_producer_is_ignored(tmp_path: Path) -> None:
    async def producer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"</soap:Envelope>")
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n<a/>")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(producer, "127.0.0.1", 0)
    async with server, scene(tmp_path) as stage:
        stage.write(
            "routing/routes.yaml", stage.routes_of(url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        )
        assert (await stage.platform.reload())["successful"]
        answer = await stage.call()
        assert (answer.status, answer.content) == (200, b"<a/>")


@pytest.mark.parametrize("bound", ["max_calls", "max_calls_per_consumer", "max_calls_per_producer"])
async def test_sw_2_8_calls_in_flight_are_bounded(tmp_path: Path, bound: str) -> None:
    """In all, per consumer, per producer: beyond it the caller is refused at once, and nothing is left counted."""
    async with scene(tmp_path, **{bound: 2}) as stage:
        stage.producer.delay_s = 0.7
        answers = await asyncio.gather(*(stage.call() for _ in range(5)))
        refused = [answer for answer in answers if answer.status != 200]
        assert [(answer.status, answer.code, answer.cause) for answer in refused] == [
            (503, "VX002", "platform.overloaded")
        ] * 3
        assert all(f"bound: VAXEL_{bound.upper()}" in answer.text for answer in refused)
        assert all('retryable="true"' in answer.text and answer.headers["retry-after"] for answer in refused)
        stage.producer.delay_s = 0
        assert (await stage.call()).status == 200
        assert stage.platform.bounds.calls == 0


SURFACES = {
    "/health/live": "application/json",
    "/health/ready": "application/json",
    "/metrics": "text/plain",
    "/status": "application/json",
    "/actuator/health": "application/json",
    "/actuator/health/liveness": "application/json",
    "/actuator/health/readiness": "application/json",
    "/actuator/prometheus": "text/plain",
    "/resetcache": "text/html;",
    "/resethsacache": "text/plain",
}


@pytest.mark.parametrize(("path", "kind"), SURFACES.items())
async def test_sw_2_10_the_operation_surfaces_and_their_national_names(stage: Scene, path: str, kind: str) -> None:
    answer = await stage.post(b"", {}, path=path, method="GET")
    assert (answer.status, answer.headers["content-type"].startswith(kind)) == (200, True)
    assert (await stage.post(b"", {}, path=path)).status == 405


async def test_sw_2_10_aliases_tell_the_same(stage: Scene) -> None:
    ready = await stage.post(b"", {}, path="/health/ready", method="GET")
    assert (await stage.post(b"", {}, path="/actuator/health/readiness", method="GET")).content == ready.content
    assert orjson.loads(ready.content)["status"] == "UP"
    assert b"vaxel_ready 1.0" in (await stage.post(b"", {}, path="/actuator/prometheus", method="GET")).content


async def _reload() -> Reloaded:
    return Reloaded(successful=True, reason="", routes=0, permissions=0, tree_before=0, tree_after=0, files=())


def surfaces() -> Operations:
    settings = Settings.model_validate(
        {
            "home": "/",
            "operations_allow": "10.0.0.0/8, ::1/128",
            "trusted_proxies": "192.0.2.0/24",
            "tls_client_ca": "/x",
        }
    )
    return Operations(
        Surfaces(
            ready=dict,
            status=dict,
            registry=CollectorRegistry(),
            reload=_reload,
            host="h",
            allow=settings.operations_allow,
            proxies=settings.proxies,
            forwarded_for=b"x-forwarded-for",
        )
    )


@pytest.mark.parametrize(
    ("peer", "forwarded", "status"),
    [
        ("10.1.2.3", [], 200),
        ("::ffff:10.1.2.3", [], 200),
        ("::1", [], 200),
        ("192.0.2.1", [], 403),
        ("11.0.0.1", [], 403),
        ("", [], 403),
        ("192.0.2.1", ["10.1.2.3"], 200),
        ("10.9.9.9", ["10.1.2.3"], 200),
        ("192.0.2.1", ["10.1.2.3, 10.1.2.4"], 200),
        ("192.0.2.1", ["10.1.2.3", "11.0.0.1"], 403),
        ("10.1.2.3", ["11.0.0.1"], 403),
        ("10.1.2.3", ["11.0.0.1, 10.1.2.3"], 403),
        ("11.0.0.1", ["10.1.2.3"], 403),
        ("10.1.2.3", ["unknown"], 403),
        ("10.1.2.3", [""], 200),
    ],
)
@pytest.mark.parametrize(
    "path", ["/status", "/metrics", "/actuator/prometheus", "/resetcache", "/resethsacache", "/health/ready"]
)
async def test_sw_2_9_operations_only_from_listed_addresses(
    path: str, peer: str, forwarded: list[str], status: int
) -> None:
    """Every forwarded address is judged where there is one, and the peer must be listed or a trusted proxy."""
    sent: list[dict[str, int]] = []

    async def send(answer: dict[str, int]) -> None:
        sent.append(answer)

    headers = [(b"x-forwarded-for", each.encode()) for each in forwarded]
    scope = {"method": "GET", "path": path, "headers": headers, "client": (peer, 1)}
    await surfaces()(scope, None, send)  # type: ignore[arg-type]
    assert sent[0]["status"] == (200 if path == "/health/ready" else status)


async def test_sw_2_10_each_listener_keeps_to_its_own(tmp_path: Path) -> None:
    pki = Pki(tmp_path / "pki")
    async with scene(tmp_path / "home", **pki.told) as stage, aiohttp.ClientSession() as session:
        https = f"https://localhost:{stage.platform.ports['https']}"
        for path in ("/", *SURFACES, "/api/v1/status", "/api/docs"):
            async with session.get(https + path, ssl=pki.context(pki.consumer)) as answer:
                assert answer.status == 404, path
        web = f"http://127.0.0.1:{stage.platform.ports['web']}"
        async with session.post(web + "/vp", data=message()) as answer:
            assert answer.status in {404, 405}


async def test_sw_2_11_the_api_needs_its_key(stage: Scene) -> None:
    for headers in ({}, {"authorization": "Bearer "}, {"authorization": "Bearer x"}):
        url = f"http://127.0.0.1:{stage.platform.ports['web']}/api/v1/status"
        async with stage.session.get(url, headers=headers) as answer:
            assert answer.status == 401
    assert (stage.path / "var/admin.key").stat().st_mode & 0o777 == 0o600


NARROW: dict[str, object] = {"max_header_bytes": 4000, "header_timeout_s": 0.6, "body_idle_s": 1}


def status_of(answer: bytes) -> bytes:
    return answer[9:12]


Story = Callable[[Scene], Awaitable[bytes]]
STORIES: dict[str, tuple[Story, bytes]] = {
    "a large header": (lambda stage: stage.raw(HEAD + b"x: " + b"a" * 5000 + b"\r\n\r\n"), b"431"),
    "many headers": (lambda stage: stage.raw(HEAD + b"x: 1\r\n" * 1000 + b"\r\n"), b"431"),
    "a header without end": (lambda stage: stage.raw(HEAD, b"x: " + b"a" * 5000), b"431"),
    "a long address": (lambda stage: stage.raw(b"POST /vp/" + b"a" * 5000 + HEAD[8:] + b"\r\n"), b"431"),
    "half a head": (lambda stage: stage.raw(HEAD), b"408"),
    "a head by drops": (lambda stage: stage.raw(*[b"POST /vp HTTP/1.1\r\n", *[b"x: 1\r\n"] * 20], pause_s=0.1), b"408"),
    "nothing at all": (lambda stage: stage.raw(), b"408"),
    "half a body": (lambda stage: stage.raw(HEAD + b"content-length: 500\r\n\r\n<a>"), b"408"),
    "a body with pauses": (
        lambda stage: stage.raw(
            HEAD + b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(message()),
            *[message()[at : at + 200] for at in range(0, len(message()), 200)],
            pause_s=0.15,
        ),
        b"200",
    ),
}


async def test_sw_2_12_bytes_and_times_at_the_door(tmp_path: Path) -> None:
    """431 and 408, and the connection is closed; pauses that are short enough do no harm."""
    async with scene(tmp_path, **NARROW) as stage:
        answers = await asyncio.gather(*(story(stage) for story, _ in STORIES.values()))
        found = dict(zip(STORIES, map(status_of, answers), strict=True))
        assert found == {name: status for name, (_, status) in STORIES.items()}
        assert (await stage.call()).status == 200
        assert stage.platform.bounds.calls == 0


async def test_sw_2_12_one_connection_too_many_is_closed_at_once(tmp_path: Path) -> None:
    async with scene(tmp_path, max_connections=2) as stage:
        port = stage.platform.ports["http"]
        kept = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        await asyncio.sleep(0.05)
        assert await stage.raw() == b""
        kept[0][1].close()
        await asyncio.sleep(0.05)
        assert (await stage.call(headers={"connection": "close"})).status == 200
        kept[1][1].close()


async def test_sw_2_12_bytes_in_memory_are_bounded(tmp_path: Path) -> None:
    """Of requests, and of answers that must be read whole: then the producer has had the call, so it is not repeated."""
    async with scene(tmp_path, max_buffered_bytes=200_000) as stage:
        large = await stage.call(message() + b" " * 250_000)
        assert (large.status, large.code, large.cause) == (503, "VX002", "platform.overloaded")
        assert "VAXEL_MAX_BUFFERED_BYTES" in large.text
        assert stage.producer.seen == []
        stage.producer.content = b"<a>" + b"x" * 300_000 + b"</a>"
        latin = message().decode().replace("UTF-8", "ISO-8859-1").encode("latin-1")
        answer = await stage.call(latin)
        assert (answer.code, 'retryable="false"' in answer.text, len(stage.producer.seen)) == ("VX002", True, 1)
        assert (await stage.call()).status == 200
        assert stage.platform.bounds.buffered_bytes == 0
