"""Each value of the operator's files: what is taken, and which finding tells of what is not (DI-3.5, DI-3.6)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from vaxel.directory.files import AddressEntry, ComponentEntry, Period, PermissionEntry, RouteEntry

ROUTE = {"to": "A", "contract": "urn:c", "producer": "T", "url": "http://a.se/", "profile": "rivtabp21"}


def told(model: type, **stated: object) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(stated)  # type: ignore[attr-defined]
    return [str(error["type"]) for error in caught.value.errors()]


@pytest.mark.parametrize("value", ["A", "a-b_9", "x" * 255, " SE1 "])
def test_ids_that_are_taken(value: str) -> None:
    assert AddressEntry(id=value, name="n").id == value.strip()


@pytest.mark.parametrize(
    ("value", "finding"),
    [
        ("", "value.length"),
        ("x" * 256, "value.length"),
        ("A B", "value.white-space"),
        ("A\u00a0B", "value.white-space"),
        ("A\nB", "value.white-space"),
        ("A#B", "value.illegal-characters"),
        ("Å", "value.illegal-characters"),
        ("*", "value.illegal-characters"),
        ("A\u200bB", "value.illegal-characters"),
    ],
)
def test_ids_that_are_not(value: str, finding: str) -> None:
    assert told(AddressEntry, id=value, name="n") == [finding]


def test_any_is_an_address_of_rows_only() -> None:
    """DI-2.3."""
    assert RouteEntry.model_validate(ROUTE | {"to": "*"}).to == ("*",)
    assert told(ComponentEntry, id="*") == ["value.illegal-characters"]
    assert told(RouteEntry, **(ROUTE | {"producer": "*"})) == ["value.illegal-characters"]


@pytest.mark.parametrize(
    "url",
    [
        "http://a.se/", "https://a.se:8443/x/y?q=1&r=%20", "http://[::1]:80/", "http://10.0.0.1/a~b", "vaxel:monitoring",
        "HTTP://a.se/x", "https://a.se/" + "x" * 242,
    ],
)  # fmt: skip
def test_urls_that_are_taken(url: str) -> None:
    """DI-2.5, DI-3.5: kept as they are written."""
    assert RouteEntry.model_validate(ROUTE | {"url": url}).url == url


@pytest.mark.parametrize(
    "url",
    [
        "", "a.se", "//a.se/", "ftp://a.se/", "http://", "http:///x", "http://a.se:99999/", "http://a.se:x/", "vaxel:",
        "http://a.se/å", "http://a.se/ b", "http://a.se/{b}", "https://a.se/" + "x" * 243, "javascript:alert", "http://[::1",
    ],
)  # fmt: skip
def test_urls_that_are_not(url: str) -> None:
    assert told(RouteEntry, **(ROUTE | {"url": url})) == ["url.invalid"]


@pytest.mark.parametrize(
    "value", ["2026-1-1", "2026-02-30", "20260101", "2026-01-01T00:00:00", "i dag", 20260101, None]
)
def test_what_is_no_day(value: object) -> None:
    assert told(Period, until=value) == ["value.illegal"]


@given(st.dates())
def test_a_day_is_read_as_it_was_written(day: date) -> None:
    assert Period.model_validate({"from": day.isoformat(), "until": day.isoformat()}) == Period.model_validate(
        {"from": day, "until": day}
    )


def test_one_may_stand_for_a_list() -> None:
    """DI-2.1."""
    row = PermissionEntry.model_validate({"consumer": "K", "to": "A", "contract": ["urn:a", "urn:b"]})
    assert (row.consumer, row.to, row.contract) == (("K",), ("A",), ("urn:a", "urn:b"))
    assert told(PermissionEntry, consumer=[], to=[], contract="urn:a") == ["too_short", "too_short"]


def test_a_profile_is_compared_without_case() -> None:
    assert RouteEntry.model_validate(ROUTE | {"profile": "RIVTABP20"}).profile == "rivtabp20"
    assert told(RouteEntry, **(ROUTE | {"profile": "rivtabp22"})) == ["literal_error"]


def test_rights_are_off_unless_stated() -> None:
    """DI-2.8."""
    component = ComponentEntry(id="K")
    rights = ("may_state_original_consumer", "may_change_registers", "may_act_for_citizens", "pass_actor_token")
    assert not any(getattr(component, right) for right in rights)
    assert (component.access_control, component.oidc_clients) == ("platform", ())
