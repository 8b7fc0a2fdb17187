"""spec/aggregation.md rule by rule, through real sockets where a socket has a say."""

import asyncio
import gzip
import time
from pathlib import Path
from typing import Any

import pytest
from published import ROOT
from region import (
    FAULT,
    HEADERS,
    OTHER_PATIENT,
    REGION,
    Joined,
    Region,
    System,
    engagement,
    fault,
    record,
    region,
    response,
    result,
    says,
    silent,
)
from scene import DIAGNOSIS, PATIENT, PLATFORM, PRODUCER, PROTECTED, REQUEST, TRUSTED, UNPERMITTED, message

from vaxel.aggregation import merge, question
from vaxel.contracts.entry import Contract
from vaxel.contracts.load import load
from vaxel.contracts.sample import Facts, Sampler
from vaxel.contracts.validate import validate
from vaxel.home import Home
from vaxel.soap import tree

OTHER = "SE2321000024-0000"
A, B, C = "SE2321000016-SYSA", "SE2321000016-SYSB", "SE2321000016-SYSC"
CATALOGUE = load(Home(path=ROOT).contract_files(), Home(path=ROOT).schema).catalogue


def entries() -> list[Contract]:
    return [entry for entry in CATALOGUE if entry.aggregation is not None]


def named(entry: Contract) -> str:
    return f"{entry.name}-{entry.version}"


# 2 Place and addressing


async def test_ag_2_1_sources_are_asked_for_the_sender(tmp_path: Path) -> None:
    """AG-2.1, AG-6.1, AG-6.2: contract and body all the way; the sender is who called."""
    async with region(tmp_path, System(A)) as stage:
        content = message(receiver=PLATFORM)
        await stage.ask(
            content, headers={"soapaction": '"other"', "x-rivta-demo": "kept", "x-vaxel-answer-within": "9"}
        )
        (seen,) = stage.systems[A].seen
        assert seen["body"] == content.replace(PLATFORM.encode(), A.encode())
        sent = {name.decode(): value.decode() for name, value in seen["headers"].items()}
        assert (sent["x-vp-sender-id"], sent["x-vp-instance-id"]) == (TRUSTED, PLATFORM)
        assert sent["soapaction"] == f'"{DIAGNOSIS}:GetDiagnosis"'
        assert (sent["x-rivta-demo"], sent["accept-encoding"]) == ("kept", "gzip")
        assert not {name for name in sent if name.startswith("x-vaxel")}
        closed = stage.journal("closed")
        assert {each["correlation_id"] for each in closed} == {sent["x-skltp-correlation-id"]}


async def test_ag_2_2_a_source_never_meets_the_service_again(tmp_path: Path) -> None:
    """AG-2.2, SW-7.9: a route to the service does not exist for a call to a source."""
    stage_ = Region(tmp_path, {"aggregation_tree": "on"}, [System(A)])
    stage_.extra_routes = f"  - {{to: [{REGION}], contract: [{DIAGNOSIS}], producer: {PLATFORM}, url: 'vaxel:aggregate', profile: rivtabp21}}\n"
    stage_.index.engagements += (engagement(REGION),)
    try:
        await stage_.start()
        joined = await stage_.ask()
        assert joined.documents == [f"{A}-1"]
        assert (list(joined.statuses), joined.omitted) == ([A], {"no-route": "1"})
    finally:
        await stage_.stop()


async def test_ag_2_3_over_http(tmp_path: Path) -> None:
    """AG-2.3, AG-3.1: for platforms that aggregate elsewhere; off unless it is wanted, and for known peers only."""
    path = "/GetAggregatedDiagnosis/service/v2"
    stated = {"x-rivta-original-serviceconsumer-hsaid": TRUSTED, "x-skltp-correlation-id": "c1"}
    async with region(tmp_path / "off", System(A)) as stage:
        assert (await stage.call(message(receiver=PLATFORM), headers=stated, path=path)).status == 404
    async with region(tmp_path / "on", System(A), aggregation_http="on") as stage:
        joined = await stage.ask(headers=stated, path=path)
        assert (joined.documents, joined.answer.headers["x-skltp-correlation-id"]) == ([f"{A}-1"], "c1")
        answer = await stage.call(message(receiver=PLATFORM), path=path)
        assert (answer.status, answer.code, answer.cause) == (500, "VX010", "request.header-missing")
        assert "x-rivta-original-serviceconsumer-hsaid x-skltp-correlation-id" in answer.text
        refused = await stage.call(message(receiver=PLATFORM), headers=stated, path=path, sender="SE-NOBODY")
        assert refused.code == "VP002"


async def test_ag_2_6_an_address_bounds_who_is_asked(tmp_path: Path) -> None:
    """AG-2.6: the service on a care provider's address asks what lies below it."""
    stage_ = Region(tmp_path, {}, [System(A), System(B)])
    stage_.extra_routes = f"  - {{to: [{OTHER}, {REGION}], contract: [{DIAGNOSIS}], producer: {PLATFORM}, url: 'vaxel:aggregate', profile: rivtabp21}}\n"
    stage_.extra_addresses = f"  - {{id: {OTHER}, name: O, kind: care_provider}}\n"
    try:
        await stage_.start()
        assert len((await stage_.ask(message(receiver=REGION))).documents) == 2
        joined = await stage_.ask(message(receiver=OTHER))
        assert (joined.documents, joined.omitted) == ([], {"request-filter": "2"})
    finally:
        await stage_.stop()


async def test_protection_is_decided_on_the_outer_call(tmp_path: Path) -> None:
    """AG-3.4, P-8: a consumer that the platform protects is refused before anybody is asked."""
    async with region(tmp_path, System(A)) as stage:
        answer = await stage.call(message(receiver=PLATFORM), sender=PROTECTED)
        assert (answer.code, stage.systems[A].seen) == ("AC001", [])


# 3 Order


async def test_ag_3_2_nobody_to_ask(tmp_path: Path) -> None:
    """AG-3.2: HTTP 200, no list elements, the header present."""
    async with region(tmp_path) as stage:
        joined = await stage.ask()
        assert (len(joined.response), joined.statuses, joined.omitted) == (0, {}, {})
        assert joined.root.find(f".//{{{HEADERS}}}ProcessingStatus") is not None


async def test_ag_3_2_every_source_failed(tmp_path: Path) -> None:
    async with region(tmp_path, System(A, fault("x")), System(B, fault("y"))) as stage:
        joined = await stage.ask()
        assert (len(joined.response), set(joined.statuses)) == (0, {A, B})


async def test_ag_3_3_a_request_that_violates_its_contract(tmp_path: Path) -> None:
    async with region(tmp_path, System(A)) as stage:
        answer = await stage.call(message(f'<GetDiagnosis xmlns="{DIAGNOSIS}"/>', PLATFORM))
        assert (answer.code, stage.systems[A].seen) == ("VP015", [])


# 4 The index


FIND = "urn:riv:itintegration:engagementindex:FindContentResponder:1"
ENGAGEMENTS = "urn:riv:itintegration:engagementindex:1"
INDEX = "SE2321000016-INDX"


def found(*addresses: str, following: str = "") -> bytes:
    rows = "".join(
        f'<engagement xmlns:e="{ENGAGEMENTS}"><e:registeredResidentIdentification>{PATIENT}</e:registeredResidentIdentification>'
        f"<e:serviceDomain>riv:clinicalprocess:healthcond:description</e:serviceDomain><e:categorization>dia</e:categorization>"
        f"<e:logicalAddress>{name}</e:logicalAddress><e:sourceSystem>{name}</e:sourceSystem></engagement>"
        for name in addresses
    )
    page = f'<nextPage xmlns="urn:vaxel:engagementindex:1" cursor="{following}"/>' if following else ""
    body = f'<FindContentResponse xmlns="{FIND}">{rows}{page}</FindContentResponse>'
    return (
        f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{body}</s:Body></s:Envelope>'.encode()
    )


class Elsewhere(Region):
    """A region whose index is another system."""

    def __init__(self, path: Path, index: System, **told: object) -> None:
        super().__init__(path, {"index_address": INDEX, **told}, [System(A), System(B)])
        self.index_system = index

    async def start(self) -> None:
        port = await self.several.listen(self.index_system, "127.0.0.1", 0)
        self.extra_routes = f"  - {{to: [{INDEX}], contract: [{FIND}], producer: {PRODUCER}, url: 'http://127.0.0.1:{port}/i', profile: rivtabp21}}\n"
        self.extra_permissions = f"  - {{consumer: [{PLATFORM}], to: [{INDEX}], contract: [{FIND}]}}\n"
        self.extra_addresses = f"  - {{id: {INDEX}, name: I, kind: system}}\n"
        await super().start()


async def elsewhere(tmp_path: Path, index: System, **told: object) -> tuple[Any, Elsewhere]:
    stage = Elsewhere(tmp_path, index, **told)
    try:
        await stage.start()
        return await stage.call(message(receiver=PLATFORM)), stage
    finally:
        await stage.stop()


async def test_ag_4_1_an_index_elsewhere(tmp_path: Path) -> None:
    """AG-4.1, AG-4.2, AG-4.6: asked in the platform's own name, with the same correlation id, on record."""
    index = System(INDEX, content=found(A, B))
    answer, stage = await elsewhere(tmp_path, index)
    assert sorted(Joined(answer).documents) == [f"{A}-1", f"{B}-1"]
    (seen,) = index.seen
    asked = tree.parse(seen["body"])
    assert (asked.receiver, seen["headers"][b"x-vp-sender-id"]) == (INDEX, PLATFORM.encode())
    assert [each.text for each in asked.payload] == [PATIENT, "riv:clinicalprocess:healthcond:description", "dia"]
    assert validate(CATALOGUE, CATALOGUE.get(FIND), asked.payload, response=False) == ()  # type: ignore[arg-type]
    record_ = next(each for each in stage.journal("closed") if each["receiver"] == INDEX)
    assert (record_["sender"], record_["parent"]) == (PLATFORM, record_["reference"])
    assert seen["headers"][b"x-skltp-correlation-id"] == answer.headers["x-skltp-correlation-id"].encode()


async def test_ag_4_5_every_page_is_read(tmp_path: Path) -> None:
    pages = [found(A, following="p2"), found(B)]

    async def paged(send: Any, system: System) -> None:
        await says(pages[len(system.seen) - 1])(send, system)

    index = System(INDEX, paged)
    answer, _ = await elsewhere(tmp_path, index)
    assert sorted(Joined(answer).documents) == [f"{A}-1", f"{B}-1"]
    assert b'cursor="p2"' in index.seen[1]["body"]


@pytest.mark.parametrize(
    ("behave", "cause", "attempts"),
    [
        (fault("trasigt"), "index.fault", 1),
        (says(b"not xml"), "index.fault", 1),
        (says(b"no", 404), "index.unreachable", 2),
        (silent, "index.timeout", 2),
    ],
    ids=["fault", "garbage", "404", "silent"],
)
async def test_ag_4_3_the_index_fails(tmp_path: Path, behave: Any, cause: str, attempts: int) -> None:
    """AG-4.3, AG-4.4: a fault for the whole call; asked again once where that can help."""
    index = System(INDEX, behave)
    answer, stage = await elsewhere(tmp_path, index, index_timeout_s=0.3)
    assert (answer.status, answer.code, answer.cause) == (500, "VX010", cause)
    assert len(index.seen) == attempts
    assert stage.systems[A].seen == []


# 5 Filters


async def test_ag_5_4_and_5_5_what_was_left_out(tmp_path: Path) -> None:
    """AG-5.4, AG-5.5, AG-9.4: counts by default, outcomes in the log."""
    async with region(tmp_path, System(A)) as stage:
        stage.index.engagements += (engagement(PLATFORM), engagement("SE-NOROUTE"))
        joined = await stage.ask()
        assert (list(joined.statuses), joined.omitted) == ([A], {"own-address": "1", "no-route": "1"})
        (line,) = [each for each in stage.log_lines() if each["message"] == "aggregation"]
        outcomes = {name: each["outcome"] for name, each in line["sources"].items()}
        assert outcomes == {A: "OK", PLATFORM: "FL", "SE-NOROUTE": "FT"}


@pytest.mark.parametrize(("filtered", "records"), [("records", [A, "SE-NOROUTE"]), ("off", [A])])
async def test_ag_5_5_by_setting(tmp_path: Path, filtered: str, records: list[str]) -> None:
    async with region(tmp_path, System(A), aggregation_filtered=filtered) as stage:
        stage.index.engagements += (engagement(PLATFORM), engagement("SE-NOROUTE"))
        joined = await stage.ask()
        assert list(joined.statuses) == records
        assert bool(joined.omitted) is (filtered == "records")
        if filtered == "records":
            assert joined.failed("SE-NOROUTE") == ("service_catalog", "VP004", "aggregation.no-route")


async def test_ag_5_d_the_request_names_a_source(tmp_path: Path) -> None:
    async with region(tmp_path, System(A), System(B)) as stage:
        source = f"<sourceSystemHSAId>{B}</sourceSystemHSAId></GetDiagnosis>"
        joined = await stage.ask(message(REQUEST.replace("</GetDiagnosis>", source), PLATFORM))
        assert (joined.documents, joined.omitted) == ([f"{B}-1"], {"request-filter": "1"})


async def test_a_refused_source_is_seen(tmp_path: Path) -> None:
    """AG-5 c, section 9.2: the original consumer's permission lets a source be asked; its refusal of the sender is told."""
    async with region(tmp_path, System(A), System(B)) as stage:
        stage.write(
            "routing/permissions.yaml",
            f"format: 1\npermissions:\n  - {{consumer: [{TRUSTED}], to: [{PLATFORM}, {A}], contract: [{DIAGNOSIS}]}}\n"
            f"  - {{consumer: [{UNPERMITTED}], to: [{B}], contract: [{DIAGNOSIS}]}}\n",
        )
        assert (await stage.platform.reload())["successful"]
        assert (await stage.ask()).omitted == {"not-permitted": "1"}
        joined = await stage.ask(headers={"x-rivta-original-serviceconsumer-hsaid": UNPERMITTED})
        assert joined.documents == [f"{A}-1"]
        assert joined.failed(B) == ("service_catalog", "VP007", "permission.denied")


# 6 Calls to sources


async def test_ag_6_3_compressed_answers(tmp_path: Path) -> None:
    """AG-6.3, AG-8.4: one call, gzip decoded; a broken coding is that source's failure."""
    packed = System(A, says(gzip.compress(response(record(A))), 200, (b"content-encoding", b"gzip")))
    broken = System(B, says(b"\x1f\x8bnot gzip", 200, (b"content-encoding", b"gzip")))
    async with region(tmp_path, packed, broken) as stage:
        stage.index.engagements *= 3
        joined = await stage.ask()
        assert joined.documents == [f"{A}-1"]
        assert joined.failed(B)[1:] == ("VP009", "producer.protocol")
        assert len(stage.systems[A].seen) == 1


async def test_ag_6_4_sources_headers_do_not_pass(tmp_path: Path) -> None:
    told = ((b"x-vp-demo", b"1"), (b"server", b"s"), (b"x-skltp-prt", b"9"), (b"breadcrumbid", b"b"))
    async with region(tmp_path, System(A, says(response(record(A)), 200, *told))) as stage:
        joined = await stage.ask()
        assert not {"x-vp-demo", "server", "breadcrumbid"} & set(joined.answer.headers)


# 7 Time and load


async def test_ag_7_2_one_deadline(tmp_path: Path) -> None:
    """AG-7.2, AG-7.3: what is late is named with how long it took, and its call ends."""
    async with region(tmp_path, System(A), System(B, silent), aggregation_timeout_s=1.0) as stage:
        begun = time.monotonic()
        joined = await stage.ask()
        assert 0.7 < time.monotonic() - begun < 1.5
        assert joined.failed(B)[:2] == ("service_producer", "504")
        await asyncio.wait_for(stage.systems[B].left.wait(), 1)


@pytest.mark.parametrize("stated", ["header", "catalogue"])
async def test_ag_7_4_an_early_answer(tmp_path: Path, stated: str) -> None:
    async with region(tmp_path, System(A), System(B, silent)) as stage:
        headers = {"x-vaxel-answer-within": "0.3"} if stated == "header" else {}
        if stated == "catalogue":
            await edit(stage, "timeout_s: 27", "timeout_s: 27\n    early_answer_s: 0.3")
        begun = time.monotonic()
        joined = await stage.ask(headers=headers)
        assert 0.25 < time.monotonic() - begun < 2
        assert joined.documents == [f"{A}-1"]
        assert joined.failed(B) == ("service_producer", "504", "aggregation.early-answer")


async def test_ag_7_4_nobody_has_answered_yet(tmp_path: Path) -> None:
    """The first answer after that time is given at once."""
    async with region(tmp_path, System(A, delay_s=0.6), System(B, silent)) as stage:
        joined = await asyncio.wait_for(stage.ask(headers={"x-vaxel-answer-within": "0.1"}), 10)
        assert joined.documents == [f"{A}-1"]
        assert joined.failed(B)[2] == "aggregation.early-answer"


async def edit(stage: Region, old: str, new: str) -> None:
    path = stage.path / "contracts/clinicalprocess.healthcond.description.yaml"
    path.write_text(path.read_text().replace(old, new))
    assert (await stage.platform.reload())["successful"]


async def test_ag_7_5_few_at_a_time(tmp_path: Path) -> None:
    """AG-7.5: others wait for a place; who got none is named."""
    systems = [System(A, delay_s=0.2), System(B, delay_s=0.2), System(C, silent), System("SE2321000016-SYSD")]
    async with region(tmp_path, *systems, aggregation_parallel=1, aggregation_timeout_s=1.5) as stage:
        joined = await stage.ask()
        assert sorted(joined.documents) == [f"{A}-1", f"{B}-1"]
        assert "was not called" in joined.text_of("SE2321000016-SYSD")
        assert stage.systems["SE2321000016-SYSD"].seen == []


async def test_ag_7_5_a_full_producer_is_named(tmp_path: Path) -> None:
    """AG-7.5: the bulkhead's refusal is a record, never silence."""
    async with region(tmp_path, System(A, delay_s=0.5), max_calls_per_producer=1) as stage:
        first = asyncio.ensure_future(stage.ask())
        await stage.systems[A].asked.wait()
        assert (await stage.ask()).failed(A)[:2] == ("service_producer", "503")
        assert (await first).documents == [f"{A}-1"]


# 8 Merging


async def test_ag_8_2_order_of_sources(tmp_path: Path) -> None:
    async with region(tmp_path, System(A, delay_s=0.2), System(B), aggregation_order="source") as stage:
        assert (await stage.ask()).documents == [f"{A}-1", f"{B}-1"]


async def test_ag_8_4_other_encodings(tmp_path: Path) -> None:
    """AG-8.4, SW-13.4: decoded before cutting; the consumer gets its own."""
    latin = response(record(A, note="Öroninflammation")).decode().replace("UTF-8", "ISO-8859-1").encode("latin-1")
    utf16 = response(record(B, note="Ångest")).decode().replace("UTF-8", "UTF-16").encode("utf-16")
    async with region(tmp_path, System(A, says(latin)), System(B, says(utf16))) as stage:
        joined = await stage.ask(message(receiver=PLATFORM).decode().replace("UTF-8", "ISO-8859-1").encode("latin-1"))
        assert {each.text for each in joined.response.iter("{*}originalText")} == {"Öroninflammation", "Ångest"}
        assert b'encoding="ISO-8859-1"' in joined.answer.content[:80]


async def test_ag_8_5_duplicates_are_counted(tmp_path: Path) -> None:
    same = response(record("SHARED"))
    async with region(tmp_path, System(A, says(same)), System(B, says(same))) as stage:
        joined = await stage.ask()
        assert (joined.documents, joined.omitted) == (["SHARED-1"], {"duplicate-record": "1"})


@pytest.mark.parametrize(("error_result", "failed"), [("fail", True), ("ignore", False)])
async def test_ag_8_10_result_error(tmp_path: Path, error_result: str, failed: bool) -> None:
    bare, filled = (
        System(A, says(response(result=result("ERROR")))),
        System(B, says(response(record(B), result=result("ERROR")))),
    )
    async with region(tmp_path, bare, filled, aggregation_error_result=error_result) as stage:
        joined = await stage.ask()
        assert joined.documents == [f"{B}-1"]
        assert joined.response.find("{*}result") is None
        code = joined.statuses[A].findtext(f"{{{HEADERS}}}statusCode")
        assert code == ("NoDataSynchFailed" if failed else "DataFromSource")


@pytest.mark.parametrize(("level", "used"), [("observe", True), ("warn", True), ("reject", False)])
async def test_ag_8_11_an_answer_that_violates_its_contract(tmp_path: Path, level: str, used: bool) -> None:
    wrong = response(record(A).replace("typeOfDiagnosis", "unknownHere"))
    async with region(tmp_path, System(A, says(wrong)), System(B)) as stage:
        await edit(stage, "{request: reject, response: observe}", f"{{request: reject, response: {level}}}")
        joined = await stage.ask()
        assert sorted(joined.documents) == ([f"{A}-1", f"{B}-1"] if used else [f"{B}-1"])
        if not used:
            assert joined.failed(A) == ("service_producer", "INVALID_RESPONSE", "producer.contract-violation")
            assert "unknownHere" in joined.text_of(A)


async def test_ag_8_12_what_is_too_much(tmp_path: Path) -> None:
    big = response(*(record(A, number) for number in range(20)))
    async with region(tmp_path, System(A, says(big)), System(B, delay_s=0.2), aggregation_max_bytes=len(big)) as stage:
        joined = await stage.ask()
        assert len(joined.documents) == 20
        assert joined.failed(B)[:2] == ("service_producer", "RESPONSE_TOO_LARGE")


async def test_ag_8_12_many_records_go_to_disk(tmp_path: Path) -> None:
    big = [response(*(record(name, number) for number in range(300))) for name in (A, B)]
    async with region(
        tmp_path, System(A, says(big[0])), System(B, says(big[1])), aggregation_spool_bytes=100_000
    ) as stage:
        joined = await stage.ask()
        assert len(joined.documents) == 600
        assert set(joined.statuses) == {A, B}


async def chunks_of(stage: Region, headers: dict[str, str]) -> list[tuple[float, bytes]]:
    stated = {"x-vp-sender-id": TRUSTED, "x-vp-instance-id": PLATFORM, **headers}
    url = f"http://127.0.0.1:{stage.platform.ports['http']}/vp"
    begun = time.monotonic()
    async with stage.session.post(url, data=message(receiver=PLATFORM), headers=stated) as answer:
        assert answer.status == 200
        return [(time.monotonic() - begun, chunk) async for chunk in answer.content.iter_any()]


async def test_ag_8_13_streamed(tmp_path: Path) -> None:
    """AG-8.13: records as each source finishes; the status last, in the body; valid by the contract."""
    async with region(tmp_path, System(A), System(B, delay_s=0.5), System(C, fault("x"))) as stage:
        came = await chunks_of(stage, {"x-vaxel-stream": "on"})
        first = next(moment for moment, chunk in came if f"{A}-1".encode() in chunk)
        assert first < 0.4 < came[-1][0]
        content = b"".join(chunk for _, chunk in came)
        joined = Joined(type("Answer", (), {"content": content})())  # type: ignore[arg-type]
        assert joined.documents == [f"{A}-1", f"{B}-1"]
        assert joined.response[-1].tag == f"{{{HEADERS}}}ProcessingStatus"
        assert joined.root.find(f"{{*}}Header/{{{HEADERS}}}ProcessingStatus") is None
        assert joined.failed(C)[1] == "500"
        entry = CATALOGUE.get(DIAGNOSIS)
        assert entry is not None
        assert validate(CATALOGUE, entry, tree.parse(content).payload, response=True) == ()
        outcomes = {each["receiver"]: each["outcome"] for each in stage.journal("closed")}
        assert outcomes == {PLATFORM: "answered", A: "answered", B: "answered", C: "fault"}


async def test_ag_8_13_an_encoding_that_must_be_written_whole(tmp_path: Path) -> None:
    async with region(tmp_path, System(A, says(response(record(A, note="Ö"))))) as stage:
        content = message(receiver=PLATFORM).decode().replace("UTF-8", "ISO-8859-1").encode("latin-1")
        joined = await stage.ask(content, headers={"x-vaxel-stream": "on"})
        assert (joined.documents, joined.answer.headers["content-type"]) == ([f"{A}-1"], "text/xml; charset=iso-8859-1")
        assert b'encoding="ISO-8859-1"' in joined.answer.content[:80]


async def test_ag_8_13_refused_without_extension_point(tmp_path: Path) -> None:
    async with region(tmp_path, System(A)) as stage:
        path = next(
            (tmp_path / "schemas/clinicalprocess.healthcond.description/2.1.3").rglob("GetDiagnosisResponder_2.0.xsd")
        )
        path.write_text(path.read_text().replace('<any namespace="##other"', '<any namespace="urn:none"'))
        assert (await stage.platform.reload())["successful"]
        answer = await stage.call(message(receiver=PLATFORM), headers={"x-vaxel-stream": "on"})
        assert (answer.status, answer.cause) == (500, "request.stream-not-possible")
        assert (await stage.ask()).documents == [f"{A}-1"]


async def test_ag_8_13_the_consumer_breaks_a_stream(tmp_path: Path) -> None:
    async with region(tmp_path, System(A), System(B, silent)) as stage:
        asking = asyncio.ensure_future(chunks_of(stage, {"x-vaxel-stream": "on"}))
        await asyncio.gather(stage.systems[A].left.wait(), stage.systems[B].asked.wait())
        await asyncio.sleep(0.1)
        asking.cancel()
        await asyncio.wait_for(stage.systems[B].left.wait(), 0.5)
        await stage.platform.journal.durable("admin", {"action": "test"})
        outcomes = {each["receiver"]: each["outcome"] for each in stage.journal("closed")}
        assert outcomes == {PLATFORM: "aborted", A: "answered", B: "cancelled"}


# 9 ProcessingStatus


async def test_ag_9_5_records_in_the_order_of_sources(tmp_path: Path) -> None:
    async with region(tmp_path, System(A, delay_s=0.2), System(B), System(C, fault("f"))) as stage:
        assert list((await stage.ask()).statuses) == [A, B, C]


async def test_ag_9_6_the_reference_of_the_call_to_the_source(tmp_path: Path) -> None:
    async with region(tmp_path, System(A, fault("s: 191212121212 föll"))) as stage:
        joined = await stage.ask()
        cause = joined.statuses[A].find(f".//{{{FAULT}}}cause")
        (closed,) = [each for each in stage.journal("closed") if each["receiver"] == A]
        assert cause.get("reference") == closed["call"]
        assert PATIENT not in joined.text_of(A)


async def test_ag_9_9_national_codes(tmp_path: Path) -> None:
    async with region(
        tmp_path, System(A, says(b"x")), aggregation_legacy_codes="on", aggregation_empty_synch="on"
    ) as stage:
        joined = await stage.ask()
        assert joined.failed(A)[:2] == ("virtualization_platform", "43000")
        assert joined.statuses[A].find(f"{{{HEADERS}}}lastSuccessfulSynch") is not None


# 10, 11 Contracts


@pytest.mark.parametrize("entry", entries(), ids=named)
def test_ag_8_8_the_joined_answer_is_valid(entry: Contract) -> None:
    """AG-8.9, CO-5.1: an answer of nobody, with the synthetic result where the entry wants one, keeps to the contract."""
    reference = "5b2ffb9a7a1e4b1c9a383e5b2f6f0f11"
    before, after = merge.ends(entry, {b"vxr": b'"%b"' % entry.namespace.encode()}, b"")
    content = before + merge.synthetic_result(entry, CATALOGUE.domain(entry), reference) + after
    violations = validate(CATALOGUE, entry, tree.parse(content).payload, response=True)
    assert not [each for each in violations if "Response/" in each.path], violations


async def test_co_9_3_a_contract_is_added_while_running(tmp_path: Path) -> None:
    """CO-9.3, AG-11.1: an entry, and nothing else; with categorizations of the request, and another list element."""
    namespace = "urn:riv:demo:things:GetThingsResponder:1"
    answers = {
        name: f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><GetThingsResponse xmlns="{namespace}">'
        f"<item><eventTime>20260115103000</eventTime><subjectOfCareId>{patient}</subjectOfCareId><name>{name}</name></item>"
        "</GetThingsResponse></s:Body></s:Envelope>".encode()
        for name, patient in ((A, PATIENT), (B, OTHER_PATIENT), (C, PATIENT))
    }
    stage_ = Region(
        tmp_path,
        {},
        [
            System(name, says(content.encode() if isinstance(content, str) else content))
            for name, content in answers.items()
        ],
    )
    stage_.contract = namespace
    stage_.index.engagements = tuple(
        engagement(name, service_domain="riv:demo:things", categorization=category)
        for name, category in ((A, "One"), (B, "one"), (C, "two"))
    )
    request = f'<GetThings xmlns="{namespace}"><person>{PATIENT}</person><kind>one</kind></GetThings>'
    try:
        await stage_.start()
        assert (await stage_.call(message(request, PLATFORM))).code == "VX004"
        (tmp_path / "contracts/demo.things.yaml").write_text(
            f"format: 1\ndomain: demo:things\ncontracts:\n  - name: GetThings\n    version: '1.0'\n    package: '1.0'\n"
            f"    namespace: {namespace}\n    wsdl: none.wsdl\n    request: GetThings\n    response: GetThingsResponse\n"
            "    access: patient\n    patient: person\n    records: {list: item, header: flat}\n"
            "    aggregation: {service_domain: 'riv:demo:things', mode: 'from_request:kind'}\n"
        )
        assert (await stage_.platform.reload())["successful"]
        joined = await stage_.ask(message(request, PLATFORM))
        assert [each.text for each in joined.response.iter("{*}name")] == [A]
        assert (list(joined.statuses), joined.omitted) == ([A, B], {"category": "1"})
    finally:
        await stage_.stop()


SCHEDULE = "urn:riv:crm:scheduling:GetSubjectOfCareScheduleResponder:1"


async def test_ag_11_the_schedule_is_asked_for_each_facility(tmp_path: Path) -> None:
    """AG-11: Actor passes, the logical address is called, facility and patient are set for each source."""
    slot = "<timeslotDetail><healthcare_facility>{0}</healthcare_facility><subject_of_care>{1}</subject_of_care></timeslotDetail>"
    answer = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><GetSubjectOfCareScheduleResponse xmlns="{0}">{1}</GetSubjectOfCareScheduleResponse></s:Body></s:Envelope>'
    systems = [System(name, says(answer.format(SCHEDULE, slot.format(name, PATIENT)).encode())) for name in (A, B)]
    stage_ = Region(tmp_path, {}, systems)
    stage_.contract = SCHEDULE
    stage_.index.engagements = tuple(
        engagement(name, service_domain="riv:crm:scheduling", categorization="Booking", source_system="SE-OTHER")
        for name in (A, B)
    )
    actor = (
        '<h:Actor xmlns:h="urn:riv:interoperability:headers:1"><h:actorId>191212121212</h:actorId>'
        "<h:actorType>subject_of_care</h:actorType></h:Actor></soap:Header>"
    )
    request = (
        f'<GetSubjectOfCareSchedule xmlns="{SCHEDULE}"><healthcare_facility>{PLATFORM}</healthcare_facility>'
        f"<subject_of_care>{PATIENT}</subject_of_care></GetSubjectOfCareSchedule>"
    )
    content = message(request, PLATFORM).replace(b"</soap:Header>", actor.encode())
    try:
        await stage_.start()
        joined = await stage_.ask(content)
        assert sorted(each.text for each in joined.response.iter("{*}healthcare_facility")) == [A, B]
        (seen,) = stage_.systems[B].seen
        assert seen["body"] == content.replace(PLATFORM.encode(), B.encode())
    finally:
        await stage_.stop()


async def test_ag_11_nothing_is_merged(tmp_path: Path) -> None:
    async with region(tmp_path, System(A), System(B, fault("x"))) as stage:
        await edit(
            stage,
            "service_domain: riv:clinicalprocess:healthcond:description\n      categorizations: [dia]",
            "service_domain: riv:clinicalprocess:healthcond:description\n      merge: nothing\n      most_recent: 1y\n      categorizations: [dia]",
        )
        stage.index.engagements = tuple(
            engagement(name, most_recent_content=time.strftime("%Y%m%d%H%M%S") if name != C else "20000101000000")
            for name in (A, B, C)
        )
        joined = await stage.ask()
        assert (len(joined.response), set(joined.statuses)) == (0, {A, B})


async def test_ag_11_a_refused_field(tmp_path: Path) -> None:
    """AG-11, section 12: the rest is fetched from the source itself."""
    notes = "urn:riv:clinicalprocess:healthcond:description:GetCareDocumentationResponder:3"
    core = "urn:riv:clinicalprocess:healthcond:description:3"
    stage_ = Region(tmp_path, {}, [System(A)])
    stage_.contract = notes
    request = (
        f'<GetCareDocumentation xmlns="{notes}" xmlns:c="{core}"><patientId><c:root>1.2.752.129.2.1.3.1</c:root>'
        f"<c:extension>{PATIENT}</c:extension></patientId><hasMoreReference>r1</hasMoreReference></GetCareDocumentation>"
    )
    try:
        await stage_.start()
        answer = await stage_.call(message(request, PLATFORM))
        assert (answer.status, answer.code, answer.cause) == (500, "VX010", "request.field-not-allowed")
        assert "SOAP-ENV:Client" in answer.text
        assert "hasMoreReference" in answer.text
    finally:
        await stage_.stop()


# 13 Metrics


async def test_ag_13_2_metrics_without_patients(tmp_path: Path) -> None:
    async with region(tmp_path, System(A), System(B, fault(f"x {PATIENT}"))) as stage:
        await stage.ask()
        url = f"http://127.0.0.1:{stage.platform.ports['http']}/metrics"
        async with stage.session.get(url) as answer:
            text = await answer.text()
        assert (
            f'vaxel_aggregation_sources_total{{code="500",contract="{DIAGNOSIS}",outcome="ERR",source="{B}"}} 1.0'
            in text
        )
        assert f'vaxel_aggregations_total{{contract="{DIAGNOSIS}"}} 1.0' in text
        assert PATIENT not in text


@pytest.mark.parametrize("entry", entries(), ids=named)
def test_ag_11_1_every_entry_says_what_is_asked(entry: Contract) -> None:
    """AG-10.1, AG-11.1: patient and source are found in a valid request by the entry's own paths."""
    schema = CATALOGUE.schema(entry)
    assert schema is not None
    asked = tree.parse(Sampler(entry, schema.structure()).request(Facts(patient=PATIENT), PLATFORM))
    found = question.read(asked.payload, asked.operation, entry)
    assert (found.resident, found.source) == (PATIENT, "")
    assert found.service_domain == f"riv:{CATALOGUE.domain(entry)}"
