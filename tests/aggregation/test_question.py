"""What a request asks, by the catalogue's paths alone (aggregation.md sections 4, 11, 12)."""

import pytest
from lxml import etree
from test_plan import entry

from vaxel.aggregation.question import Question, read
from vaxel.contracts.entry import Contract
from vaxel.errors import QuestionRefused


def contract(**aggregation: object) -> Contract:
    return entry(**aggregation).model_copy(update={"patient": ("patientId", "id")})


def asked(inside: str, operation: str = "GetX", **aggregation: object) -> Question:
    payload = etree.fromstring(
        f'<GetX xmlns="urn:x"><p:patientId xmlns:p="urn:p"><p:id> 19 </p:id></p:patientId>{inside}</GetX>'
    )
    return read(payload, operation, contract(**aggregation))


def test_one_categorization_is_asked_for() -> None:
    """AG-4.2."""
    assert asked("") == Question(resident="19", service_domain="riv:a:b", categorization="x")


def test_of_several_none_is_asked_for_and_all_are_kept() -> None:
    """AG-4.2, AG-11: two categorizations."""
    found = asked("", categorizations=["x", "y"])
    assert (found.categorization, found.categories) == (None, ("x", "y"))


def test_categorizations_of_the_request() -> None:
    """AG-11: those that the request names; none given are all."""
    named = asked("<type>a</type><type/><type>b</type>", categorizations=[], mode="from_request:type")
    assert (named.categorization, named.categories) == (None, ("a", "b"))
    assert asked("", categorizations=[], mode="from_request:type").categories == ()


@pytest.mark.parametrize(("inside", "source"), [("<s><e>SE1</e></s>", "SE1"), ("<s><e/></s>", ""), ("", "")])
def test_the_source_field(inside: str, source: str) -> None:
    """AG-5 d: empty is no filter."""
    assert asked(inside, source_filter="s/e").source == source


@pytest.mark.parametrize(
    ("inside", "operation", "cause"),
    [
        ("<more>1</more>", "GetX", "request.field-not-allowed"),
        ("<more><id>1</id></more>", "GetX", "request.field-not-allowed"),
        ("", "GetY", "request.unknown-element"),
    ],
)
def test_what_many_sources_cannot_be_asked(inside: str, operation: str, cause: str) -> None:
    """Section 12, AG-2.5."""
    with pytest.raises(QuestionRefused) as refused:
        asked(inside, operation, refuse=["more"])
    assert (refused.value.code, refused.value.faultcode, refused.value.cause) == ("VX010", "Client", cause)


def test_an_empty_field_is_not_filled() -> None:
    assert asked("<more/>", refuse=["more"]).resident == "19"


def test_the_patient_is_missing() -> None:
    with pytest.raises(QuestionRefused, match="patientId/id") as refused:
        read(etree.fromstring("<GetX><patientId><id/></patientId></GetX>"), "GetX", contract())
    assert refused.value.cause == "request.patient-missing"


def test_an_entry_that_is_switched_off() -> None:
    with pytest.raises(QuestionRefused, match="not aggregated"):
        asked("", enabled=False)
