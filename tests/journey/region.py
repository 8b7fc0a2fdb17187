"""A stage with many sources: each on a socket of its own, answering well or badly; the index knows them all."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lxml import etree
from scene import DIAGNOSIS, DOMAIN, PATIENT, PLATFORM, PRODUCER, PROTECTED, TRUSTED, Answer, Scene, message

from vaxel.adapters.memory_index import MemoryIndex
from vaxel.adapters.server import Limits, Listeners
from vaxel.contracts.sample import envelope
from vaxel.engagements.model import Engagement

OTHER_PATIENT = "201212121212"
HEADERS = "urn:riv:interoperability:headers:1"
FAULT = "urn:vaxel:fault:1"
OMITTED = "urn:vaxel:aggregation:1"
REGION = "SE2321000016-0000"


def record(source: str, number: int = 1, *, patient: str = PATIENT, note: str = "Astma", prefix: str = "d") -> str:
    """One diagnosis as a source writes it."""
    p = f"{prefix}:"
    return (
        f"<diagnosis><{p}diagnosisHeader><{p}documentId>{source}-{number}</{p}documentId>"
        f"<{p}sourceSystemHSAId>{source}</{p}sourceSystemHSAId>"
        f"<{p}patientId><{p}id>{patient}</{p}id><{p}type>1.2.752.129.2.1.3.1</{p}type></{p}patientId>"
        f"<{p}accountableHealthcareProfessional><{p}authorTime>20260115103000</{p}authorTime>"
        f"<{p}healthcareProfessionalCareUnitHSAId>SE2321000016-1003</{p}healthcareProfessionalCareUnitHSAId>"
        f"<{p}healthcareProfessionalCareGiverHSAId>SE2321000016-1001</{p}healthcareProfessionalCareGiverHSAId>"
        f"</{p}accountableHealthcareProfessional><{p}approvedForPatient>true</{p}approvedForPatient>"
        f"</{p}diagnosisHeader><{p}diagnosisBody><{p}typeOfDiagnosis>Huvuddiagnos</{p}typeOfDiagnosis>"
        f"<{p}diagnosisCode><{p}originalText>{note}</{p}originalText></{p}diagnosisCode></{p}diagnosisBody></diagnosis>"
    )


def response(*records: str, result: str = "", prefix: str = "d") -> bytes:
    return envelope(
        f'<GetDiagnosisResponse xmlns="{DIAGNOSIS}" xmlns:{prefix}="{DOMAIN}">{"".join(records)}{result}</GetDiagnosisResponse>'
    )


def result(code: str, error: str = "") -> str:
    stated = f"<d:errorCode>{error}</d:errorCode>" if error else ""
    return f"<result><d:resultCode>{code}</d:resultCode>{stated}<d:logId>1</d:logId></result>"


Behave = Callable[[Any, "System"], Awaitable[None]]


async def reply(send: Any, content: bytes, status: int = 200, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
    start = [(b"content-type", b"text/xml;charset=UTF-8"), (b"content-length", b"%d" % len(content)), *headers]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": content})


async def well(send: Any, system: "System") -> None:
    await asyncio.sleep(system.delay_s)
    await reply(send, system.content)


async def silent(send: Any, system: "System") -> None:
    await asyncio.sleep(60)


async def reset(send: Any, system: "System") -> None:
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(system.content))]}
    )
    await send({"type": "http.response.body", "body": system.content[:-1], "more_body": True})
    raise ConnectionError("the story wants a reset")


async def trickle(send: Any, system: "System") -> None:
    start = [(b"content-type", b"text/xml"), (b"content-length", b"%d" % len(system.content))]
    await send({"type": "http.response.start", "status": 200, "headers": start})
    for place in range(len(system.content)):
        await send({"type": "http.response.body", "body": system.content[place : place + 1], "more_body": True})
        await asyncio.sleep(1)


def fault(text: str) -> Behave:
    async def answer(send: Any, _: "System") -> None:
        content = envelope(
            '<s:Fault xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><faultcode>s:Server</faultcode>'
            f"<faultstring>{text}</faultstring></s:Fault>"
        )
        await reply(send, content, 500)

    return answer


def says(content: bytes, status: int = 200, *headers: tuple[bytes, bytes]) -> Behave:
    async def answer(send: Any, _: "System") -> None:
        await reply(send, content, status, headers)

    return answer


@dataclass
class System:
    """One source system: how it behaves, what it answers, what it was sent, and whether it is waited for."""

    name: str
    behave: Behave = well
    content: bytes = b""
    delay_s: float = 0
    seen: list[dict[str, Any]] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled_at: float = 0

    def __post_init__(self) -> None:
        self.content = self.content or response(record(self.name))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            told = await receive()
            body += told.get("body", b"")
            if not told.get("more_body"):
                break
        self.seen.append({"headers": dict(scope["headers"]), "body": body})
        self.asked.set()
        work = asyncio.ensure_future(self.behave(send, self))
        gone = asyncio.ensure_future(receive())
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                self.cancelled_at = asyncio.get_running_loop().time()
        finally:
            self.left.set()
            gone.cancel()
            if not work.done():
                work.cancel()
            else:
                work.result()


class Joined:
    """An aggregated answer, read by lxml."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.root: Any = etree.fromstring(answer.content)
        self.response: Any = self.root.find("{*}Body")[0]

    @property
    def documents(self) -> list[str]:
        return [each.text for each in self.response.iter(f"{{{DOMAIN}}}documentId")]

    @property
    def statuses(self) -> dict[str, Any]:
        found = {}
        for each in self.root.iter(f"{{{HEADERS}}}ProcessingStatusList"):
            found[each.findtext(f"{{{HEADERS}}}logicalAddress")] = each
        return found

    def failed(self, source: str) -> tuple[str, str, str]:
        """Agent, code and cause of a source that gave nothing."""
        error = self.statuses[source].find(f"{{{HEADERS}}}lastUnsuccessfulSynchError")
        cause = error.find(f"{{{FAULT}}}cause").get("id")
        return error.findtext(f"{{{HEADERS}}}causingAgent"), error.findtext(f"{{{HEADERS}}}code"), cause

    def text_of(self, source: str) -> str:
        return str(self.statuses[source].findtext(f".//{{{HEADERS}}}text"))

    @property
    def omitted(self) -> dict[str, str]:
        return {each.get("id"): each.get("count") for each in self.root.iter(f"{{{OMITTED}}}reason")}


class Region(Scene):
    """The stage: systems by name; `ask` puts a question to all of them."""

    def __init__(self, path: Path, told: dict[str, object], systems: list[System]) -> None:
        super().__init__(path, told)
        self.systems = {system.name: system for system in systems}
        self.several = Listeners(Limits())
        self.index = MemoryIndex(tuple(engagement(name) for name in self.systems))
        self.contract = DIAGNOSIS
        self.extra_routes = ""
        self.extra_permissions = ""
        self.extra_addresses = ""

    async def start(self) -> None:
        self.ports = {name: await self.several.listen(system, "127.0.0.1", 0) for name, system in self.systems.items()}
        await super().start()

    async def raise_platform(self) -> None:
        await super().raise_platform()
        self.platform.engagements = self.index

    async def stop(self) -> None:
        await super().stop()
        await self.several.drain(0)

    def furnish(self) -> None:
        super().furnish()
        units = "".join(f"  - {{id: {name}, name: {name}, kind: system, parent: {REGION}}}\n" for name in self.systems)
        self.write(
            "logical_addresses.yaml",
            f"format: 1\naddresses:\n  - {{id: {PLATFORM}, name: Växel, kind: platform}}\n"
            f"  - {{id: {REGION}, name: Region Exempel, kind: care_provider}}\n{units}{self.extra_addresses}",
        )
        routes = "".join(
            f"  - {{to: [{name}], contract: [{self.contract}], producer: {PRODUCER}, "
            f"url: 'http://127.0.0.1:{self.ports[name]}/ws', profile: rivtabp21}}\n"
            for name in self.systems
        )
        own = f"  - {{to: [{PLATFORM}], contract: [{self.contract}], producer: {PLATFORM}, url: 'vaxel:aggregate', profile: rivtabp21}}\n"
        components = (self.path / "routing/components.yaml").read_text()
        self.write(
            "routing/components.yaml",
            components.replace(
                f"{{id: {PLATFORM}, roles: [producer]}}", f"{{id: {PLATFORM}, roles: [producer, consumer]}}"
            ),
        )
        self.write("routing/routes.yaml", "format: 1\nroutes:\n" + own + routes + self.extra_routes)
        self.write(
            "routing/permissions.yaml",
            f"format: 1\npermissions:\n  - {{consumer: [{TRUSTED}, {PROTECTED}], to: ['*'], contract: [{self.contract}]}}\n"
            + self.extra_permissions,
        )

    async def ask(self, content: bytes | None = None, **how: Any) -> Joined:
        answer = await self.call(message(receiver=PLATFORM) if content is None else content, **how)
        assert answer.status == 200, answer.text
        return Joined(answer)


def engagement(source: str, **said: str) -> Engagement:
    stated = {
        "registered_resident_identification": PATIENT,
        "service_domain": "riv:clinicalprocess:healthcond:description",
        "categorization": "dia",
        "logical_address": source,
        "business_object_instance_identifier": "NA",
        "clinical_process_interest_id": "NA",
        "source_system": source,
        "data_controller": "2321000016",
        "most_recent_content": "20260115103000",
    }
    return Engagement(**{**stated, **said})


@asynccontextmanager
async def region(path: Path, *systems: System, **told: object) -> AsyncIterator[Region]:
    """A region that is up, and down afterwards."""
    made = Region(path, told, list(systems))
    try:
        await made.start()
        yield made
    finally:
        await made.stop()
