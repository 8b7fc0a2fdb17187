"""Validation levels, quality and publication, rule by rule (contracts.md sections 6 and 7, switch.md section 15).

Shown elsewhere: SW-15.1 to SW-15.6 in detail in `journey/test_publication.py`, the report's bounds (CO-7.9) in
`contracts/test_quality.py`, the CPU budget of level `observe` in `exchange/test_observe.py`. The levels that an
installed package gets (CO-7.1) belong to its installation.
"""

import asyncio
import re
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from scene import DIAGNOSIS, DOMAIN, PATIENT, PRODUCER, REQUEST, RESPONSE, TRUSTED, UNIT, UNKNOWN, Scene, message, scene

from vaxel.contracts.catalogue import Catalogue
from vaxel.contracts.entry import Contract, Validation
from vaxel.contracts.load import load
from vaxel.contracts.publish import Publication
from vaxel.contracts.sample import envelope
from vaxel.contracts.schema import Schema
from vaxel.contracts.validate import refuses, validate
from vaxel.home import Home
from vaxel.soap import tree

ROOT = Path(__file__).parents[2]
PERIOD = f'<timePeriod><start xmlns="{DOMAIN}">{PATIENT}-x</start><end xmlns="{DOMAIN}">20260101</end></timePeriod>'
INVALID_REQUEST = message(REQUEST.replace("</patientId>", f"</patientId>{PERIOD}"))
INVALID_ANSWER = RESPONSE.replace(b"<result>", b"<diagnosis/><diagnosis/><result>")
NEWER = f'<later xmlns="{DOMAIN}.9"><id xmlns="{DOMAIN}">1</id></later>'
"""An element that a minor of the core brought which no installed package knows."""


async def relevel(stage: Scene, request: str, response: str = "off") -> None:
    """Give GetDiagnosis other levels, as an operator does."""
    path = stage.path / "contracts/clinicalprocess.healthcond.description.yaml"
    before, name, after = path.read_text("utf-8").partition("- name: GetDiagnosis\n")
    stated = f"validation: {{request: '{request}', response: '{response}'}}"
    path.write_text(before + name + after.replace("validation: {request: reject, response: observe}", stated, 1))
    assert (await stage.platform.reload())["successful"]


async def rows(stage: Scene, message: str = "") -> list[dict[str, Any]]:
    """The report's rows, when everything seen has been judged or skipped."""
    while True:
        found: list[dict[str, Any]] = stage.platform.watch.quality.rows(message=message)
        if all(row["seen"] == row["checked"] + row["skipped"] for row in found):
            return found
        await asyncio.sleep(0.01)


def judged(payload: str, *, response: bool = False) -> list[tuple[str, str]]:
    """Path and rule of what is wrong with GetDiagnosis or its answer."""
    home = Home(path=ROOT)
    catalogue = load(home.contract_files(), home.schema).catalogue
    contract = catalogue.named("GetDiagnosis")
    assert contract is not None
    violations = validate(catalogue, contract, tree.parse(envelope(payload)).payload, response=response)
    return [(each.path, each.rule) for each in violations]


# CO-7.1, levels


def test_co_7_1_our_own_entries_reject_requests_and_observe_answers() -> None:
    assert Validation() == Validation(request="reject", response="observe")


@pytest.mark.parametrize(
    ("level", "status", "checked"), [("off", 200, None), ("observe", 200, 1), ("warn", 200, 1), ("reject", 500, 1)]
)
async def test_co_7_1_levels_of_a_request(tmp_path: Path, level: str, status: int, checked: int | None) -> None:
    """`observe` and `warn` carry the message as it is and count it, `reject` refuses it with VP015."""
    async with scene(tmp_path) as stage:
        await relevel(stage, level)
        answer = await stage.call(INVALID_REQUEST)
        assert answer.status == status
        assert answer.cause == ("request.contract-violation" if status == 500 else "")
        assert [seen["body"] for seen in stage.producer.seen] == ([INVALID_REQUEST] if status == 200 else [])
        found = await rows(stage)
        assert [(row["party"], row["checked"], row["violating"]) for row in found] == (
            [(TRUSTED, checked, 1)] if checked else []
        )


@pytest.mark.parametrize(
    ("level", "status", "checked"), [("off", 200, None), ("observe", 200, 1), ("warn", 200, 1), ("reject", 500, 1)]
)
async def test_co_7_1_levels_of_an_answer(tmp_path: Path, level: str, status: int, checked: int | None) -> None:
    """As for requests; `reject` is VP009 with cause `producer.contract-violation`."""
    async with scene(tmp_path) as stage:
        await relevel(stage, "off", level)
        stage.producer.content = INVALID_ANSWER
        answer = await stage.call()
        assert answer.status == status
        assert answer.cause == ("producer.contract-violation" if status == 500 else "")
        assert (answer.content == INVALID_ANSWER) is (status == 200)
        found = await rows(stage)
        assert [(row["party"], row["checked"], row["violating"]) for row in found] == (
            [(PRODUCER, checked, 1)] if checked else []
        )


@pytest.mark.parametrize(("highest", "status"), [("off", 200), ("observe", 200), ("warn", 200), ("reject", 500)])
async def test_co_7_1_every_level_can_be_lowered(tmp_path: Path, highest: str, status: int) -> None:
    async with scene(tmp_path, validation_max=highest) as stage:
        assert (await stage.call(INVALID_REQUEST)).status == status
        assert [row["message"] for row in await rows(stage)] == {
            "off": [], "observe": ["request", "response"], "warn": ["request", "response"], "reject": ["request"],
        }[highest]  # fmt: skip


async def test_co_7_1_contracts_without_entry_are_off(tmp_path: Path) -> None:
    async with scene(tmp_path, unknown_contracts="forward") as stage:
        (stage.path / "contracts/clinicalprocess.healthcond.description.yaml").unlink()
        await stage.platform.reload()
        assert (await stage.call(message(f'<GetNothing xmlns="{UNKNOWN}"/>'))).status == 200
        assert await rows(stage) == []


async def test_a_streamed_answer_and_one_beyond_the_budget_are_skipped_and_counted(tmp_path: Path) -> None:
    async with scene(tmp_path / "streamed", response_peek_bytes=100) as stage:
        stage.producer.content, stage.producer.chunks = RESPONSE + b"\n" * 300_000, 30
        assert len((await stage.call()).content) == len(stage.producer.content)
        [row] = await rows(stage, "response")
        assert (row["seen"], row["checked"], row["skipped"]) == (1, 0, 1)
        assert stage.platform.bounds.buffered_bytes == 0
    async with scene(tmp_path / "unpaid", observe_cpu=0) as stage:
        await stage.call()
        assert [(row["seen"], row["skipped"]) for row in await rows(stage, "response")] == [(1, 1)]
        text = (await stage.post(b"", {}, path="/metrics", method="GET")).text
        assert 'outcome="skipped-budget"} 1.0' in text


async def test_an_answer_that_is_no_soap_is_a_violation_and_passes_where_it_is_only_observed(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        for level in ("observe", "warn"):
            await relevel(stage, "reject", level)
            stage.producer.content = b"\x00 not xml"
            assert (await stage.call()).content == b"\x00 not xml"
        [row] = await rows(stage, "response")
        assert [(each["path"], each["rule"]) for each in row["violations"]] == [("/", "soap")]


# CO-7.8, what is said of a violation


async def test_co_7_8_a_violation_is_told_without_its_value(tmp_path: Path) -> None:
    """Line, path, rule and reason in fault, log and report; the value, here a patient's, nowhere."""
    async with scene(tmp_path) as stage:
        answer = await stage.call(INVALID_REQUEST)
        assert (
            "line 1: GetDiagnosis/timePeriod/start: the value does not match the pattern (pattern-valid)" in answer.text
        )
        await stage.platform.stop()
        kept = (tmp_path / "var/quality/node1.json").read_text("utf-8")
        assert '"path":"GetDiagnosis/timePeriod/start","rule":"pattern-valid"' in kept
        for text in (answer.text, kept, stage.log.getvalue().decode()):
            assert PATIENT not in text
        stage.platform = None


def test_co_7_8_a_name_that_could_hold_an_identity_is_not_told() -> None:
    wrong = f"<p{PATIENT}/>"
    assert judged(f'<GetDiagnosis xmlns="{DIAGNOSIS}"><patientId>{wrong * 2}</patientId></GetDiagnosis>') == [
        ("GetDiagnosis/patientId/*[1]", "element-content")
    ]


@pytest.mark.parametrize("prefix", ["", "q:"])
def test_co_7_8_the_path_leads_to_the_element(prefix: str) -> None:
    """Whatever prefixes the sender uses, and however deep the message lies in its envelope."""
    declared = f'xmlns{":" if prefix else ""}{prefix[:-1]}="{DIAGNOSIS}"'
    units = f"<{prefix}careUnitHSAId>A</{prefix}careUnitHSAId>" * 2
    period = f'<{prefix}timePeriod><c:start xmlns:c="{DOMAIN}">x</c:start><c:end xmlns:c="{DOMAIN}">y</c:end></{prefix}timePeriod>'
    patient = f'<{prefix}patientId><c:id xmlns:c="{DOMAIN}">1</c:id></{prefix}patientId>'
    assert judged(f"<{prefix}GetDiagnosis {declared}>{units}{patient}{period}</{prefix}GetDiagnosis>") == [
        ("GetDiagnosis/patientId", "element-content"),
        ("GetDiagnosis/timePeriod/c:start".replace("c:", ""), "pattern-valid"),
        ("GetDiagnosis/timePeriod/end", "pattern-valid"),
    ]


def test_co_7_8_positions_tell_repeated_elements_apart() -> None:
    unknown = "<diagnosis><unknown/></diagnosis>"
    answer = f'<GetDiagnosisResponse xmlns="{DIAGNOSIS}">{unknown * 2}</GetDiagnosisResponse>'
    assert [path for path, _ in judged(answer, response=True)] == [
        "GetDiagnosisResponse/diagnosis[1]/unknown",
        "GetDiagnosisResponse/diagnosis[2]/unknown",
    ]


# CO-7.9, the quality report


async def test_co_7_9_violations_are_grouped_and_survive_a_restart(tmp_path: Path) -> None:
    """Per producer and contract by path and rule, with count, first and last time; positions do not count."""
    async with scene(tmp_path) as stage:
        stage.producer.content = INVALID_ANSWER
        for _ in range(3):
            await stage.call()
        [row] = await rows(stage, "response")
        assert (row["contract"], row["party"], row["seen"], row["violating"]) == (DIAGNOSIS, PRODUCER, 3, 3)
        [found] = row["violations"]
        assert (found["path"], found["rule"]) == ("GetDiagnosisResponse/diagnosis", "element-content")
        assert found["count"] == 6
        assert found["first"] <= found["last"]
        assert found["first"].endswith("+00:00")
        await stage.platform.stop()
        await stage.raise_platform()
        assert await rows(stage, "response") == [row]
        await stage.call()
        assert [each["seen"] for each in await rows(stage, "response")] == [4]


async def test_co_7_9_a_damaged_report_is_moved_aside_with_an_event(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        await stage.call()
        await stage.platform.stop()
        file = tmp_path / "var/quality/node1.json"
        file.write_bytes(file.read_bytes()[:-9])
        await stage.raise_platform()
        assert stage.platform.watch.quality.rows() == []
        assert (tmp_path / "var/quality/node1.json.damaged-1").exists()
        assert [line["kept_as"] for line in stage.log_lines() if line["message"] == "quality.damaged"] == [
            "node1.json.damaged-1"
        ]


# CO-6.5, newer minors


@pytest.mark.parametrize("place", ["</type>", "</patientId>"])
async def test_co_6_5_a_newer_minor_is_no_reason_to_refuse(tmp_path: Path, place: str) -> None:
    """Where a wildcard takes it, and where the schema does not."""
    async with scene(tmp_path) as stage:
        content = message(REQUEST.replace(place, place + NEWER).replace("<patientId>", NEWER + "<patientId>"))
        assert (await stage.call(content)).status == 200
        assert stage.producer.seen[0]["body"] == content
        [row] = await rows(stage, "request")
        assert row["violating"] == 0
        assert {each["rule"] for each in row["violations"]} == {"newer-minor"}


@pytest.mark.parametrize("namespace", [f"{DOMAIN}.9", f"{DIAGNOSIS}.9"])
def test_co_6_5_what_else_is_wrong_is_still_found(namespace: str) -> None:
    later = f'<later xmlns="{namespace}"/>'
    found = judged(f'<GetDiagnosis xmlns="{DIAGNOSIS}">{later}<patientId/><unknown/></GetDiagnosis>')
    assert found == [
        ("GetDiagnosis/patientId", "element-content"),
        ("GetDiagnosis/unknown", "element-content"),
        ("GetDiagnosis/later", "newer-minor"),
    ]


def test_co_6_5_the_minors_that_are_installed_and_other_namespaces_are_judged() -> None:
    for namespace in (f"{DIAGNOSIS}.0", "urn:example:other.9"):
        later = f'<later xmlns="{namespace}"/>'
        found = judged(f'<GetDiagnosis xmlns="{DIAGNOSIS}">{later}</GetDiagnosis>')
        assert "newer-minor" not in {rule for _, rule in found}
        assert found[0] == ("GetDiagnosis/later", "element-content")


def test_co_6_5_findings_of_a_newer_minor_alone_refuse_nothing() -> None:
    home = Home(path=ROOT)
    catalogue = load(home.contract_files(), home.schema).catalogue
    contract = catalogue.named("GetDiagnosis")
    assert contract is not None
    for payload, refused in ((REQUEST, False), (REQUEST.replace("</patientId>", "</patientId><unknown/>"), True)):
        later = payload.replace("<patientId>", NEWER + "<patientId>")
        violations = validate(catalogue, contract, tree.parse(message(later, UNIT)).payload, response=False)
        assert refuses(violations) is refused


# SW-15, publication

URL = "https://vp.example.se/vp/a/b/Get/1/rivtabp21"
WSDL_FILE = "schemas/a.b/1.0/interactions/GetInteraction/Get_RIVTABP21.wsdl"
FILES = {
    WSDL_FILE: b"""\xef\xbb\xbf  <?xml version="1.0"?><w:definitions xmlns:w="x" targetNamespace='urn:riv:a:B:Get:1:rivtabp21'>
        <xs:import schemaLocation="Get.xsd"/><xs:import namespace='n' schemaLocation='../../core/registry.xsd'/>
        <xs:import namespace="without-location"/><soap:address location='http://tempuri.org'/></w:definitions>""",
    "schemas/a.b/1.0/interactions/GetInteraction/Get.xsd": b'<xs:include schemaLocation="../../core/core.xsd"/>',
    "schemas/a.b/1.0/core/core.xsd": b'<xs:import schemaLocation="enum.xsd"/>',
    "schemas/a.b/1.0/core/enum.xsd": b"<enum/>",
    "schemas/a.b/2.0/core/core.xsd": b"<other/>",
}


def publication(reads: Counter[str], **stated: Any) -> Publication:
    """What is published of a small package, telling what it reads."""

    def resolve(name: str) -> bytes | None:
        reads[name] += 1
        return FILES.get(name)

    file = WSDL_FILE.removeprefix("schemas/a.b/1.0/")
    contract = Contract(
        name="Get", version="1.0", package="1.0", namespace="urn:riv:a:b:GetResponder:1", wsdl=file,
        request="Get", response="GetResponse", **stated,
    )  # fmt: skip
    schema = Schema("schemas/a.b/1.0", file, resolve)
    return Publication(Catalogue([("a:b", contract)], {contract.namespace.lower(): schema}), resolve)


def test_sw_15_1_every_address_and_import_is_rewritten() -> None:
    """Whatever quotes; X stays as it is."""
    content = publication(Counter()).wsdl("/vp/a/b/Get/1/rivtabp21", URL) or b""
    assert f"location='{URL}'".encode() in content
    assert f'schemaLocation="{URL}?xsd=Get.xsd"'.encode() in content
    assert f"schemaLocation='{URL}?xsd=../../core/registry.xsd'".encode() in content
    assert content.count(b"schemaLocation") == 2


def test_sw_15_2_imports_and_includes_of_schemas_are_rewritten() -> None:
    """Relative to the WSDL, since a client resolves nothing: each name can be asked for as it stands."""
    published = publication(Counter())
    found, asked = [], ["Get.xsd"]
    while asked:
        content = published.schema("/vp/a/b/Get/1/rivtabp21", URL, asked[0]) or b""
        found.append(asked.pop(0))
        asked += [name.decode() for name in re.findall(rb"\?xsd=([^\"]+)", content)]
    assert found == ["Get.xsd", "../../core/core.xsd", "../../core/enum.xsd"]


def test_sw_15_4_the_path_comes_from_the_namespace_or_the_entry() -> None:
    """Without case; what stands before the declaration is dropped."""
    published = publication(Counter())
    for path in ("/vp/a/B/Get/1/rivtabp21", "/vp/A/b/get/1/RIVTABP21/"):
        assert (published.wsdl(path, URL) or b"").startswith(b"<?xml")
    elsewhere = publication(Counter(), publish_path="/vp/Old/Place")
    assert elsewhere.paths == ("/vp/old/place",)
    assert elsewhere.wsdl("/vp/old/Place", URL)
    assert elsewhere.wsdl("/vp/a/b/Get/1/rivtabp21", URL) is None


async def test_sw_15_5_an_unknown_path_is_told_what_there_is(tmp_path: Path) -> None:
    async with scene(tmp_path) as stage:
        answer = await stage.post(b"", {}, path="/vp/unknown?wsdl", method="GET")
        assert (answer.status, answer.headers["content-type"]) == (404, "text/plain")
        first, *urls = answer.text.splitlines()
        assert first == "not published; there are:"
        assert len(urls) == len(set(urls)) == len(stage.platform.publication.paths)
        for url in urls:
            async with stage.session.get(url) as published:
                assert published.status == 200


@pytest.mark.parametrize(
    "name", ["../../../2.0/core/core.xsd", "../../../../a.b/2.0/core/core.xsd", "Get_RIVTABP21.wsdl", ""]
)
def test_sw_15_6_no_file_outside_the_package_is_served(name: str) -> None:
    assert publication(Counter()).schema("/vp/a/b/get/1/rivtabp21", URL, name) is None


def test_a_file_is_read_once_for_each_release() -> None:
    reads: Counter[str] = Counter()
    published = publication(reads)
    for _ in range(3):
        published.wsdl("/vp/a/b/get/1/rivtabp21", URL)
        published.schema("/vp/a/b/get/1/rivtabp21", URL, "Get.xsd")
    assert {name: count for name, count in reads.items() if name in FILES} == {
        WSDL_FILE: 1, "schemas/a.b/1.0/interactions/GetInteraction/Get.xsd": 1,
    }  # fmt: skip


async def test_no_file_is_read_where_calls_are_carried(tmp_path: Path) -> None:
    """Publication reads in a thread."""
    threads: set[str] = set()

    def resolve(name: str) -> bytes | None:
        threads.add(threading.current_thread().name)
        return Home(path=ROOT).schema(name)

    async with scene(tmp_path) as stage:
        stage.platform.publication = Publication(stage.platform.keeper.state.catalogue, resolve)
        path = "/vp/clinicalprocess/healthcond/description/GetDiagnosis/2/rivtabp21?wsdl"
        assert (await stage.post(b"", {}, path=path, method="GET")).status == 200
    assert threads
    assert threading.main_thread().name not in threads
