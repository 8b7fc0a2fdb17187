from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows import OWN, ROW, row, transactions, wanted

from vaxel.engagements import checks
from vaxel.engagements.model import Transaction
from vaxel.engagements.read import Changes
from vaxel.errors import Refusal

RULES = checks.Rules(own=OWN, addresses=frozenset({OWN.lower(), "se-other"}), reserved=frozenset({OWN.lower()}))


def refusal(*found: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        checks.check_transactions([Transaction(engagement=each) for each in found], RULES)
    return caught.value


@pytest.mark.parametrize(
    ("changed", "code", "cause", "field"),
    [
        ({"service_domain": ""}, "EI004", "request.field-missing", "serviceDomain"),
        ({"data_controller": " SE-1"}, "EI004", "request.field-white-space", "dataController"),
        ({"categorization": "c" * 256}, "EI004", "request.field-length", "categorization"),
        ({"most_recent_content": "20260231000000"}, "EI004", "request.field-date", "mostRecentContent"),
        ({"creation_time": "2026"}, "EI004", "request.field-date", "creationTime"),
        ({"logical_address": OWN.lower()}, "EI005", "request.reserved-address", "logicalAddress"),
        ({"source_system": OWN}, "EI006", "request.reserved-source", "sourceSystem"),
        ({"owner": ""}, "EI004", "request.field-missing", "owner"),
    ],
)
def test_each_problem_has_its_code(changed: dict[str, str], code: str, cause: str, field: str) -> None:
    """EI-4.4, section 3, section 9."""
    found = refusal(row(**changed))
    assert (found.code, found.cause, found.fields["field"], found.fields["number"]) == (code, cause, field, "1")


def test_the_same_identity_twice() -> None:
    """EI-4.3: both numbers, counted from 1."""
    found = refusal(row(), row(categorization="voo"), row(most_recent_content=""))
    assert (found.code, found.fields["first"], found.fields["second"]) == ("EI002", "1", "3")


@pytest.mark.parametrize(
    ("changed", "code", "cause"),
    [
        ({}, "EI002", "request.duplicate-identity"),
        ({"categorization": "voo ", "logical_address": OWN}, "EI004", "request.field-white-space"),
        ({"logical_address": OWN, "categorization": ""}, "EI005", "request.reserved-address"),
        ({"categorization": "", "source_system": "s" * 65}, "EI004", "request.field-missing"),
        ({"source_system": "s" * 65, "most_recent_content": "x"}, "EI004", "request.field-length"),
    ],
)
def test_the_first_problem_in_order_decides(changed: dict[str, str], code: str, cause: str) -> None:
    """EI-4.5: identity, white space, reserved, mandatory, length, dates."""
    found = refusal(ROW, row(**changed, update_time="x"))
    assert (found.code, found.cause) == (code, cause)


def test_an_earlier_transaction_decides_before_a_later_one() -> None:
    assert refusal(row(most_recent_content="x"), row(logical_address=OWN)).cause == "request.field-date"


def test_at_most_a_hundred_problems_are_listed_without_values() -> None:
    """EI-4.5, EI-9.2."""
    found = refusal(
        *(row(registered_resident_identification=f"1912121212{n:02}", data_controller="") for n in range(150))
    )
    assert found.detail.count("; ") == 99
    assert "1912121212" not in found.detail


@given(st.lists(transactions, max_size=6))
def test_what_passes_has_distinct_identities(found: list[Transaction]) -> None:
    if len({each.engagement.identity for each in found}) == len(found):
        checks.check_transactions(found, RULES)
        return
    with pytest.raises(Refusal) as caught:
        checks.check_transactions(found, RULES)
    assert caught.value.code == "EI002"


def test_receivers() -> None:
    """EI-4.2."""
    checks.check_receiver(OWN.lower(), RULES)
    checks.check_receiver("SE-OTHER", RULES)
    for receiver, shown in (("SE-X", "SE-X"), ("", "(missing)")):
        with pytest.raises(Refusal) as caught:
            checks.check_receiver(receiver, RULES)
        assert (caught.value.code, caught.value.fields["logicalAddress"]) == ("EI003", shown)


@pytest.mark.parametrize(("count", "passes"), [(0, False), (1, True), (1000, True), (1001, False)])
def test_counts(count: int, passes: bool) -> None:
    """EI-4.1."""
    if passes:
        checks.check_count(count, RULES)
        return
    with pytest.raises(Refusal) as caught:
        checks.check_count(count, RULES)
    assert (caught.value.code, caught.value.cause) == ("EI000", "request.count")


def test_a_query_needs_resident_and_domain() -> None:
    """EI-6.1."""
    checks.check_query(wanted())
    for missing, name in (
        ("registered_resident_identification", "registeredResidentIdentification"),
        ("service_domain", "serviceDomain"),
    ):
        with pytest.raises(Refusal) as caught:
            checks.check_query(wanted(**{missing: ""}))
        assert (caught.value.code, caught.value.fields) == ("EI000", {"field": name})
    with pytest.raises(Refusal, match="date"):
        checks.check_query(wanted(most_recent_content="2026"))


def test_changes_since() -> None:
    """EI-7.4."""
    asked = Changes(service_domain="riv:x", since="20260101000000")
    checks.check_changes(asked, "20260101000000")
    for changes, oldest, cause in (
        (asked, "20260101000001", "get-updates.too-old"),
        (Changes(service_domain="", since=asked.since), "", "request.field-missing"),
        (Changes(service_domain="riv:x", since="20261301000000"), "", "request.field-date"),
    ):
        with pytest.raises(Refusal) as caught:
            checks.check_changes(changes, oldest)
        assert caught.value.cause == cause


@pytest.mark.parametrize(
    ("resident", "passes"),
    [
        ("191212121212", True),
        ("19121212T212", True),
        ("19121212p212", True),
        ("19121212ABCD", True),
        ("19121212abcd", False),
        ("19121212121", False),
        ("191212121212 ", False),
    ],
)
def test_residents(resident: str, passes: bool) -> None:
    """EI-3.2: either published pattern, no check digit."""
    if passes:
        checks.check_resident(resident, RULES)
        return
    with pytest.raises(Refusal) as caught:
        checks.check_resident(resident, RULES)
    assert caught.value.code == "EI001"
