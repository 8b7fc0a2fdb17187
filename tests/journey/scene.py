"""A stage for stories through real sockets: a platform in a home of its own, one producer, consumers of every class."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from vaxel import home as homes
from vaxel import settings as process
from vaxel.adapters.authority import Authority
from vaxel.adapters.server import Limits, Listeners
from vaxel.adapters.telemetry import Log
from vaxel.app import Platform
from vaxel.contracts.sample import envelope
from vaxel.journal.reader import records

PLATFORM = "SE5565594230-VAXEL"
TRUSTED = "SE5565594230-B9P"
PROTECTED = "SE2321000016-J001"
UNPERMITTED = "SE2321000016-X001"
PRODUCER = "SE2321000016-TC01"
UNIT = "SE2321000016-39KJ"
PATIENT = "191212121212"
DIAGNOSIS = "urn:riv:clinicalprocess:healthcond:description:GetDiagnosisResponder:2"
DOMAIN = "urn:riv:clinicalprocess:healthcond:description:2"
UNKNOWN = "urn:riv:demo:unknown:GetNothingResponder:1"
PING = "urn:riv:itintegration:monitoring:PingForConfigurationResponder:1"

REQUEST = (
    f'<GetDiagnosis xmlns="{DIAGNOSIS}"><patientId><id xmlns="{DOMAIN}">{PATIENT}</id>'
    f'<type xmlns="{DOMAIN}">1.2.752.129.2.1.3.1</type></patientId></GetDiagnosis>'
)
RESPONSE = envelope(
    f'<GetDiagnosisResponse xmlns="{DIAGNOSIS}"><result><resultCode xmlns="{DOMAIN}">OK</resultCode>'
    f'<logId xmlns="{DOMAIN}">1</logId></result></GetDiagnosisResponse>'
)


@dataclass
class Producer:
    """Answers as it is told, and keeps what it was sent."""

    status: int = 200
    content: bytes = RESPONSE
    headers: tuple[tuple[bytes, bytes], ...] = ()
    delay_s: float = 0
    chunks: int = 1
    break_after: int | None = None
    seen: list[dict[str, Any]] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.seen.append(
            {
                "headers": dict(scope["headers"]),
                "body": body,
                "path": scope["path"],
                "raw_path": scope["raw_path"],
                "query": scope["query_string"],
            }
        )
        await asyncio.sleep(self.delay_s)
        content_type = (b"content-type", b"text/xml;charset=UTF-8")
        await send({"type": "http.response.start", "status": self.status, "headers": [content_type, *self.headers]})
        step = max(1, len(self.content) // self.chunks)
        for number, start in enumerate(range(0, len(self.content), step)):
            if self.break_after is not None and number >= self.break_after:
                raise ConnectionError("the story wants this answer to break")
            await send({"type": "http.response.body", "body": self.content[start : start + step], "more_body": True})
        await send({"type": "http.response.body", "body": b""})


@dataclass
class Answer:
    """What a consumer got."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")

    @property
    def code(self) -> str:
        return self.text.partition("<faultstring>")[2][:5]

    @property
    def cause(self) -> str:
        return self.headers.get("x-vaxel-cause", "")


class Scene:
    """The stage; `told` is what the platform's settings say beyond the defaults of the stage."""

    def __init__(self, path: Path, told: dict[str, object]) -> None:
        self.path = path
        self.told = told
        self.producer = Producer()
        self.log = BytesIO()
        self._journal_from = 0
        self.authority = Authority()
        self.listeners = Listeners(Limits())
        self.platform: Any = None

    async def start(self) -> None:
        self.port = await self.listeners.listen(lambda *asgi: self.producer(*asgi), "127.0.0.1", 0)
        self.session = aiohttp.ClientSession(auto_decompress=False)
        if not (self.path / "logical_addresses.yaml").exists():
            self.furnish()
        await self.raise_platform()

    def fresh(self) -> "Scene":
        """The same stage as it was at its start, for the next of the tests that share it."""
        self.producer = Producer()
        self.log.seek(0)
        self.log.truncate()
        self._journal_from = len(self.all_records())
        return self

    async def raise_platform(self) -> None:
        """Start a platform, again where one was stopped."""
        stated = {f"VAXEL_{name.upper()}": str(value) for name, value in self.told.items()}
        settings = process.read(
            self.path,
            {
                "VAXEL_HTTP_PORT": "0",
                "VAXEL_HTTPS_PORT": "0",
                "VAXEL_WEB_PORT": "0",
                "VAXEL_PRODUCER_NETWORKS": "127.0.0.0/8",
                "VAXEL_INTERNAL_PEERS": f"127.0.0.1/32={TRUSTED}|{PROTECTED}|{UNPERMITTED}",
                "VAXEL_SHUTDOWN_GRACE_S": "1",
                "VAXEL_RETRY_DELAY_S": "0",
                "VAXEL_BREAKER": "off",  # stories of failures follow each other on one stage
                **stated,
            },
        )
        self.platform = Platform(settings, homes.find(self.path), Log(self.log))
        await self.platform.start()

    async def stop(self) -> None:
        await self.session.close()
        if self.platform is not None:
            await self.platform.stop()
        await self.listeners.drain(0)

    def furnish(self) -> None:
        homes.make(self.path)
        contracts = f"[{DIAGNOSIS}, {UNKNOWN}]"
        self.write(
            "logical_addresses.yaml",
            f"format: 1\naddresses:\n  - {{id: {PLATFORM}, name: Växel, kind: platform}}\n"
            f"  - {{id: SE2321000016-0000, name: Region Exempel, kind: care_provider}}\n"
            f"  - {{id: {UNIT}, name: Exempelsjukhuset, kind: care_unit, parent: SE2321000016-0000}}\n",
        )
        self.write(
            "routing/components.yaml",
            f"format: 1\ncomponents:\n  - {{id: {PLATFORM}, roles: [producer]}}\n"
            f"  - {{id: {PRODUCER}, roles: [producer]}}\n"
            f"  - {{id: {TRUSTED}, roles: [consumer], access_control: consumer}}\n"
            f"  - {{id: {PROTECTED}, roles: [consumer]}}\n  - {{id: {UNPERMITTED}, roles: [consumer]}}\n",
        )
        self.write("routing/routes.yaml", self.routes_of(contracts))
        self.write(
            "routing/permissions.yaml",
            f"format: 1\npermissions:\n  - {{consumer: [{TRUSTED}, {PROTECTED}], to: ['*'], "
            f"contract: [{DIAGNOSIS}, {UNKNOWN}, {PING}]}}\n",
        )

    def routes_of(self, contracts: str = f"[{DIAGNOSIS}]", *, profile: str = "rivtabp21", url: str = "") -> str:
        return (
            f"format: 1\nroutes:\n  - {{to: [{UNIT}], contract: {contracts}, producer: {PRODUCER}, "
            f"url: '{url or self.url}', profile: {profile}}}\n"
            f"  - {{to: [{PLATFORM}], contract: [{PING}], producer: {PLATFORM}, "
            "url: 'vaxel:monitoring', profile: rivtabp21}\n"
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/ws/Diagnosis"

    def write(self, name: str, content: str) -> None:
        (self.path / name).write_text(content, "utf-8")

    async def call(
        self,
        content: bytes | None = None,
        *,
        sender: str = TRUSTED,
        receiver: str = UNIT,
        headers: dict[str, str] | None = None,
        path: str = "/vp/any/path",
    ) -> Answer:
        """A call over HTTP by an internal peer."""
        stated = {"x-vp-sender-id": sender, "x-vp-instance-id": PLATFORM, "content-type": "text/xml;charset=UTF-8"}
        return await self.post(
            message(receiver=receiver) if content is None else content, stated | (headers or {}), path=path
        )

    async def post(self, content: bytes, headers: dict[str, str], *, path: str = "/vp", method: str = "POST") -> Answer:
        url = f"http://127.0.0.1:{self.platform.ports['http']}{path}"
        async with self.session.request(method, url, data=BytesIO(content), headers=headers) as response:
            answer = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, answer, await response.read())

    async def raw(self, *parts: bytes, port: str = "http", pause_s: float = 0) -> bytes:
        """What a connection answers to bytes that no client would send, until it is closed or silent for 5 s."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.platform.ports[port])
        answering = asyncio.create_task(_everything(reader))
        for part in parts:
            if answering.done():
                break
            writer.write(part)
            await asyncio.sleep(pause_s)
        try:
            return await answering
        finally:
            writer.close()

    def journal(self, kind: str = "") -> list[dict[str, Any]]:
        found = self.all_records()[self._journal_from :]
        return [record for record in found if not kind or record["kind"] == kind]

    def all_records(self) -> list[dict[str, Any]]:
        return list(records(self.path / "var" / "journal" / "node1"))

    def call_lines(self) -> list[dict[str, Any]]:
        """The lines about calls: a stage that is shared may have others from the making of it."""
        return [line for line in self.log_lines() if "trace.id" in line]

    def log_lines(self) -> list[dict[str, Any]]:
        self.platform.log.flush()
        return [orjson.loads(line) for line in self.log.getvalue().splitlines()]


async def _everything(reader: asyncio.StreamReader) -> bytes:
    answer = b""
    with suppress(ConnectionError):
        while chunk := await asyncio.wait_for(reader.read(65_536), 5):
            answer += chunk
    return answer


def message(payload: str = REQUEST, receiver: str | None = UNIT, profile: str = "rivtabp21") -> bytes:
    """A request's envelope."""
    return envelope(payload, receiver, profile)


@asynccontextmanager
async def scene(path: Path, **told: object) -> AsyncIterator[Scene]:
    """A stage that is set, and cleared afterwards."""
    made = Scene(path, told)
    try:
        await made.start()
        yield made
    finally:
        await made.stop()
