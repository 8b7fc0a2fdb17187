"""Record headers by the layouts of contracts.md section 10, held against lxml on the published examples."""

from typing import Any

import pytest
from lxml import etree
from published import RIVTA, ROOT, with_reference_data

from vaxel.contracts.entry import Contract, Records
from vaxel.contracts.layouts import LAYOUTS, layout_of
from vaxel.contracts.load import load
from vaxel.contracts.sample import Facts, Sampler
from vaxel.home import Home
from vaxel.soap.records import cut


def records(header: str, name: str = "thing", **fields: str) -> Records:
    return Records.model_validate({"list": name, "header": header, "fields": fields})


def test_psh_is_read_by_name_whatever_the_order() -> None:
    """CO-10.2."""
    record = (
        b"<x:thing><x:body><documentId>9</documentId></x:body><x:thingHeader><!-- <documentId>8</documentId> -->"
        b"<a:approvedForPatient> true </a:approvedForPatient><a:accountableHealthcareProfessional><a:authorTime>20260115103000"
        b"</a:authorTime><a:healthcareProfessionalCareUnitHSAId>SE1-U</a:healthcareProfessionalCareUnitHSAId>"
        b"<a:healthcareProfessionalCareGiverHSAId>SE1-G</a:healthcareProfessionalCareGiverHSAId>"
        b"</a:accountableHealthcareProfessional><a:patientId><a:type>1.2</a:type><a:id>191212121212</a:id></a:patientId>"
        b"<a:sourceSystemHSAId>SE1-S</a:sourceSystemHSAId><a:documentId>d&amp;1</a:documentId></x:thingHeader></x:thing>"
    )
    (header,) = layout_of(records("psh")).headers(record)
    assert header.identity == ("SE1-S", "", "d&1")
    assert (header.care_provider, header.care_unit, header.blocking_time) == ("SE1-G", "SE1-U", "20260115103000")
    assert (header.patient, header.approved, (header.start, header.end)) == ("191212121212", "true", (0, len(record)))


@pytest.mark.parametrize(
    "written",
    ["<![CDATA[191212121212]]>", "1912<!-- x -->12121212", "&#49;91212121212", "<?pi?>191212121212", " 191212121212\n"],
)
def test_a_value_is_what_a_parser_would_read(written: str) -> None:
    """Whom a record is about must not depend on how it is written."""
    (header,) = layout_of(records("flat")).headers(
        f"<thing><subjectOfCareId>{written}</subjectOfCareId></thing>".encode()
    )
    assert header.about("191212121212")


@pytest.mark.parametrize("time", ["20260115", "20260230103000", "20260115256100", "2026-01-15T10:30", "²0260115103000"])
def test_a_time_that_does_not_exist_counts_as_missing(time: str) -> None:
    """CO-10.6."""
    (header,) = layout_of(records("flat")).headers(f"<thing><eventTime>{time}</eventTime></thing>".encode())
    assert (header.blocking_time, header.bad_time) == ("", time)


def test_a_group_has_a_header_for_each_of_its_parts() -> None:
    """P-77: each observation is judged by itself; the group says whose it is."""
    part = "<observation><id><root>r</root><extension>{}</extension></id><registrationTime>{}</registrationTime></observation>"
    record = (
        "<thing>" + part.format("o1", "20260115103000") + part.format("o2", "20250115103000")
        + "<sourceSystem><id><extension>SE1-S</extension></id></sourceSystem>"
        "<patient><id><extension>191212121212</extension></id></patient></thing>"
    ).encode()  # fmt: skip
    headers = layout_of(records("obs")).headers(record)
    assert [header.identity for header in headers] == [("SE1-S", "r", "o1"), ("SE1-S", "r", "o2")]
    assert [header.blocking_time[:4] for header in headers] == ["2026", "2025"]
    assert {header.patient for header in headers} == {"191212121212"}
    assert [record[header.start : header.end][:13] for header in headers] == [b"<observation>"] * 2


def test_own_paths_and_attributes() -> None:
    """CO-9.6: a last part `@name` is an attribute."""
    stated = records("own", document_id="statusId/@extension", patient="patient/personId/@extension")
    record = (
        b"<thing><statusId root='1' x:extension='s1'/><patient><personId extension=\"191212121212\"/></patient></thing>"
    )
    (header,) = layout_of(stated).headers(record)
    assert (header.document_id, header.patient) == ("s1", "191212121212")


@pytest.mark.parametrize(
    ("patient", "original", "about"),
    [
        ("191212121212", "", True),
        ("191212121212", "191212121212", True),
        ("", "191212121212", True),
        ("", "", False),
        ("201212121212", "", False),
        ("191212121212", "201212121212", False),
    ],
)
def test_whom_a_record_is_about(patient: str, original: str, about: bool) -> None:
    """CO-10.7, CO-10.8."""
    named = "<thing><header><accessControlHeader>{}</accessControlHeader></header></thing>"
    ids = f"<patientId><extension>{patient}</extension></patientId>" if patient else ""
    ids += f"<originalPatientId><extension>{original}</extension></originalPatientId>" if original else ""
    (header,) = layout_of(records("jol")).headers(named.format(ids).encode())
    assert header.about("191212121212") is about


def patient_contracts() -> list[Contract]:
    home = Home(path=ROOT)
    return [entry for entry in load(home.contract_files(), home.schema).catalogue if entry.records is not None]


def expected(record: Any, path: str, name: str) -> set[str]:
    found: set[str] = set()
    for alternative in path.replace("{H}", f"{name}Header").replace("*", "").split("|"):
        steps = "/".join(f"*[local-name()='{step}']" for step in alternative.split("/"))
        found |= {each.text.strip() for each in record.xpath(steps)}
    return found or {""}


def check(entry: Contract, content: bytes) -> int:
    """Hold every value against lxml's; how many records there were."""
    assert entry.records is not None
    name = entry.records.list
    elements = cut(content, entry.namespace, entry.response, [name]).records[name]
    trees = next(iter(etree.fromstring(content).iter(f"{{*}}{entry.response}"))).findall(f"{{*}}{name}")
    for element, record in zip(elements, trees, strict=True):
        headers = layout_of(entry.records).headers(content[element.start : element.end])
        for key, path in {**LAYOUTS[entry.records.header], **entry.records.fields}.items():
            values = {getattr(header, key) for header in headers}
            if key == "blocking_time":
                values = {header.blocking_time or header.bad_time for header in headers}
            assert values == expected(record, path, name), key
    return len(trees)


@with_reference_data
def test_published_examples_are_read_as_lxml_reads_them() -> None:
    seen = 0
    for entry in patient_contracts():
        for file in (RIVTA / "examples").glob(f"*/{entry.response}_v{entry.version[0]}*.xml"):
            content = file.read_bytes().removeprefix(b"\xef\xbb\xbf").lstrip()
            seen += check(entry, content) if b"Envelope" in content else 0
    assert seen > 10


@pytest.mark.parametrize("entry", patient_contracts(), ids=lambda entry: f"{entry.name}-{entry.version}")
def test_samples_of_every_contract_are_read_as_lxml_reads_them(entry: Contract) -> None:
    home = Home(path=ROOT)
    schema = load(home.contract_files(), home.schema).catalogue.schema(entry)
    assert schema is not None
    content = Sampler(entry, schema.structure()).response(Facts())
    assert check(entry, content) == 1
    assert entry.records is not None
    (header,) = layout_of(entry.records).headers(content[content.index(b"<" + entry.records.list.encode()) :])
    assert header.document_id
    assert not layout_of(entry.records).names_patient or header.about(Facts().patient)
