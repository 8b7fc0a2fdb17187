"""Faults: what is written can be read again, whatever the texts hold (switch.md section 14)."""

from pathlib import Path

import pytest
from envelopes import plain
from hypothesis import given
from hypothesis import strategies as st

import vaxel.soap.faults
from vaxel.errors import (
    NoRoute,
    NotPermitted,
    ProducerFailed,
    Refusal,
    RequestTooLarge,
    SettingsError,
    TokenMissing,
    TokenRefused,
)
from vaxel.soap.faults import FaultWriter, read_fault, read_texts

CONTENT = Path(vaxel.soap.faults.__file__).with_name("faults.toml").read_bytes()
TEXTS = read_texts(CONTENT)
WRITER = FaultWriter(texts=TEXTS, instance_name="Växel <1>")


@given(st.text(max_size=60), st.text(max_size=20), st.text(max_size=20))
def test_what_is_written_is_read(reason: str, field: str, reference: str) -> None:
    """SW-14.1, SW-14.3: any text, also what XML cannot hold."""
    refusal = NoRoute(reason, fields={"receiverId": field})
    status, content = WRITER(refusal, reference)
    fault = read_fault(content)
    assert fault is not None
    assert (status, fault.faultcode, fault.cause) == (500, "SOAP-ENV:Client", "routing.no-route")
    assert fault.faultstring == f"VP004 [Växel <1>] {TEXTS['VP004'].sv}"
    if (reason + field + reference).isprintable():
        assert fault.detail.split() == refusal.detail.split()
        assert fault.reference.split() == reference.split()


def test_the_consumer_is_at_fault_but_the_code_says_server() -> None:
    """SW-14.7: VP007, as integrators know it."""
    assert b"<faultcode>SOAP-ENV:Server</faultcode>" in WRITER(NotPermitted(), "r")[1]


@pytest.mark.parametrize(("refusal", "status"), [(TokenMissing("no"), 401), (TokenRefused("no"), 401)])
def test_refusals_of_access_have_the_same_form(refusal: Refusal, status: int) -> None:
    """SW-14.6."""
    found, content = WRITER(refusal, "r")
    fault = read_fault(content)
    assert fault is not None
    assert (found, fault.detail, fault.cause, fault.reference) == (status, "no", refusal.cause, "r")
    assert fault.faultstring.startswith(f"{refusal.code} [")


def test_a_switch_leaves_out_the_cause_and_the_address() -> None:
    """SW-14.3, SW-14.5."""
    refusal = ProducerFailed("no", cause="producer.dns", fields={"address": "http://a.example.se/", "status": "500"})
    assert b"a.example.se" in WRITER(refusal, "r")[1]
    quiet = FaultWriter(texts=TEXTS, instance_name="V", cause=False, address=False)
    content = quiet(refusal, "r")[1]
    assert b"a.example.se" not in content
    assert b"<cause" not in content
    assert b"status: 500" in content


def test_the_status_of_a_large_request_is_a_setting() -> None:
    """SW-13.2."""
    assert WRITER(RequestTooLarge(), "r")[0] == 413
    assert FaultWriter(texts=TEXTS, instance_name="V", too_large_status=500)(RequestTooLarge(), "r")[0] == 500


def test_texts_can_be_overridden_field_by_field() -> None:
    """SW-14.2."""
    changed = read_texts(CONTENT, '[VP004]\nsv = "Ingen väg"\n'.encode())
    assert (changed["VP004"].sv, changed["VP004"].en) == ("Ingen väg", TEXTS["VP004"].en)
    assert changed["VP003"] == TEXTS["VP003"]


@pytest.mark.parametrize("override", [b"[VP999]\nsv = 'x'\n", b"[VP004]\ncolour = 'red'\n", b"nonsense", b"\xff"])
def test_an_override_that_cannot_be_used_stops_the_start(override: bytes) -> None:
    with pytest.raises(SettingsError):
        read_texts(CONTENT, override)


@pytest.mark.parametrize("content", [b"", b"<a/>", plain(), b"\xff\xfe"])
def test_what_is_no_fault(content: bytes) -> None:
    assert read_fault(content) is None
