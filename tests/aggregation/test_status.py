"""The header that says how it went with each source (aggregation.md section 9), valid by its own schema."""

from pathlib import Path

import pytest
from lxml import etree

from vaxel.aggregation import status
from vaxel.aggregation.status import Failure, Record, Wording, header
from vaxel.errors import (
    InternalError,
    JournalUnavailable,
    NoRoute,
    NotPermitted,
    Overloaded,
    ProducerFailed,
    ProfileMismatch,
    Refusal,
)

SCHEMA = etree.XMLSchema(
    etree.parse(
        Path(__file__).parents[2]
        / "schemas/interoperability.headers/1.0/core_components/interoperability_headers_1.0.xsd"
    )
)
NS = f"{{{status.NAMESPACE}}}"
OURS = Wording()
NOW = "20260115103000"
LATE = status.late("aggregation.deadline", "too late")


def written(*records: Record, wording: Wording = OURS, **omitted: int) -> etree._Element:
    counts = {name.replace("_", "-"): count for name, count in omitted.items()}
    return etree.fromstring(header(records, counts, wording))


def test_success_and_failure_in_the_national_order() -> None:
    """Section 9.1, AG-9.2."""
    good, bad = written(Record(source="A", time=NOW), Record(source="B", time=NOW, failure=LATE, reference="r1"))
    names = ["logicalAddress", "statusCode", "isResponseFromCache", "isResponseInSynch"]
    assert [each.tag for each in good] == [NS + name for name in [*names, "lastSuccessfulSynch"]]
    assert [each.text for each in good] == ["A", "DataFromSource", "false", "true", NOW]
    assert [each.tag for each in bad] == [
        NS + name for name in [*names, "lastUnsuccessfulSynch", "lastUnsuccessfulSynchError"]
    ]
    assert [each.text for each in bad][:5] == ["B", "NoDataSynchFailed", "false", "false", NOW]
    cause = bad[-1][-1]
    assert (cause.tag, dict(cause.attrib)) == (
        "{urn:vaxel:fault:1}cause", {"id": "aggregation.deadline", "retryable": "false", "reference": "r1"},
    )  # fmt: skip


def test_valid_by_the_published_shape() -> None:
    """AG-9.2: with the empty element it is valid; left out is what the national platform does."""
    records = (Record(source="A", time=NOW), Record(source="B", time=NOW, failure=LATE))
    assert SCHEMA.validate(written(*records, wording=Wording(empty_synch=True), no_route=1)), SCHEMA.error_log
    assert SCHEMA.validate(written(Record(source="A", time=NOW)))
    assert SCHEMA.validate(written())
    assert not SCHEMA.validate(written(*records))


def test_nobody_was_asked() -> None:
    """AG-3.2."""
    assert len(written()) == 0


def test_what_was_left_out_stands_last() -> None:
    """Section 9.3."""
    found = written(Record(source="A", time=NOW), no_route=2, duplicate_record=1)
    assert found[-1].tag == "{urn:vaxel:aggregation:1}omitted"
    assert [dict(each.attrib) for each in found[-1]] == [
        {"id": "duplicate-record", "count": "1"},
        {"id": "no-route", "count": "2"},
    ]


@pytest.mark.parametrize(
    ("refusal", "agent", "code"),
    [
        (ProducerFailed(cause="producer.response-timeout"), "service_producer", "504"),
        (ProducerFailed(cause="producer.connect-timeout"), "service_producer", "504"),
        (ProducerFailed(cause="producer.total-timeout"), "service_producer", "504"),
        (ProducerFailed(cause="producer.reset"), "service_producer", "VP009"),
        (ProducerFailed(cause="producer.circuit-open"), "service_producer", "503"),
        (ProducerFailed(cause="producer.contract-violation"), "service_producer", "INVALID_RESPONSE"),
        (ProducerFailed(cause="producer.response-too-large"), "service_producer", "RESPONSE_TOO_LARGE"),
        (Overloaded(), "service_producer", "503"),
        (NoRoute(), "service_catalog", "VP004"),
        (ProfileMismatch(), "service_catalog", "VP005"),
        (NotPermitted(), "service_catalog", "VP007"),
        (JournalUnavailable(), "virtualization_platform", "VX001"),
        (InternalError(), "other", "INTERNAL"),
    ],
)
def test_agents_and_codes(refusal: Refusal, agent: str, code: str) -> None:
    """Section 9.2."""
    failure = status.refused(refusal)
    assert (failure.agent, failure.code, failure.cause) == (agent, code, refusal.cause)


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (LATE, "504"),
        (status.faulted("s:Server", "x"), "500"),
        (status.invalid("x"), "43000"),
        (status.errored("E1"), "43000"),
    ],
)
def test_national_codes(failure: Failure, code: str) -> None:
    """AG-9.9."""
    (record,) = written(Record(source="A", time=NOW, failure=failure), wording=Wording(legacy_codes=True))
    assert record.findtext(f".//{NS}causingAgent") == "virtualization_platform"
    assert record.findtext(f".//{NS}code") == code


def test_a_text_is_one_line_short_and_names_nobody() -> None:
    """AG-9.8."""
    failure = status.faulted("s:Server", "rad ett\n  <rad> två om 19121212-1212 \x00" + "x" * 900)
    (record,) = written(Record(source="A", time=NOW, failure=failure))
    text = record.findtext(f".//{NS}text") or ""
    assert text.startswith("s:Server: rad ett <rad> två om ")
    assert "1212" not in text
    assert len(text) == 500
