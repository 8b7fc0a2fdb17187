"""One entry of the catalogue: what is taken, and what it means when it is not said (contracts.md section 9)."""

import pytest
from pydantic import ValidationError
from steps import entry

from vaxel.contracts.entry import Validation


@pytest.mark.parametrize(
    ("name", "twice"),
    [("GetX", True), ("FindX", True), ("CheckX", True), ("IsX", True), ("ListX", True), ("PingX", True), ("AssertX", True),
     ("RegisterX", False), ("getX", False), ("DeleteX", False)],
)  # fmt: skip
def test_what_may_be_sent_twice_by_its_name(name: str, twice: bool) -> None:
    assert entry(name=name).idempotent is twice
    assert entry(name=name, idempotent=not twice).idempotent is not twice


def test_access_is_never_open_by_itself() -> None:
    """CO-9.7."""
    stated = entry().model_dump()
    del stated["access"]
    assert type(entry()).model_validate(stated).access is None


def test_our_own_entries_reject_requests_and_observe_answers() -> None:
    """CO-7.1."""
    assert (Validation().request, Validation().response) == ("reject", "observe")


@pytest.mark.parametrize("missing", ["patient", "records"])
def test_a_contract_about_a_patient_says_where(missing: str) -> None:
    """P-3."""
    stated = {"access": "patient", "patient": "patientId/id", "records": {"list": "x", "header": "psh"}}
    assert entry(**stated).patient == ("patientId", "id")
    with pytest.raises(ValidationError, match="needs `patient` and `records`"):
        entry(**(stated | {missing: None}))


@pytest.mark.parametrize(
    "stated",
    [
        {"version": "2"},
        {"namespace": "urn:a b"},
        {"access": "public"},
        {"timeout_s": 0},
        {"max_size_bytes": -1},
        {"profiles": ["rivtabp22"]},
        {"validation": {"request": "maybe"}},
        {"colour": "red"},
    ],
)
def test_what_is_not_taken(stated: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        entry(**stated)
