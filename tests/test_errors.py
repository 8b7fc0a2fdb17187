"""Refusals: what each carries, and which may be repeated (switch.md sections 14.2 and 14.3, SW-14.9)."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaxel import errors
from vaxel.errors import DataError, Finding, NoRoute, ProducerFailed, Refusal, SettingsError, VaxelError


def refusals(kind: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for sub in kind.__subclasses__():
        yield sub
        yield from refusals(sub)


def test_every_code_belongs_to_one_class() -> None:
    codes = [kind.code for kind in refusals()]
    twice = {code for code in codes if codes.count(code) > 1}
    assert twice == {"VX010"}, "Client or Server by its cause (switch.md 14.2, aggregation.md section 12)"
    assert all(issubclass(kind, VaxelError) for kind in (Refusal, DataError, SettingsError))


@pytest.mark.parametrize("kind", list(refusals()), ids=lambda kind: kind.__name__)
def test_every_refusal_has_its_cause_and_says_whether_it_may_be_repeated(kind: type[Refusal]) -> None:
    refusal = kind()
    assert refusal.cause == kind.default_cause
    assert refusal.retryable is (refusal.cause in errors.RETRYABLE)
    assert kind(retryable=not refusal.retryable).retryable is not refusal.retryable


@pytest.mark.parametrize(
    "cause",
    ["producer.dns", "producer.connect-refused", "producer.connect-timeout", "producer.unreachable",
     "producer.circuit-open", "directory.unavailable", "platform.overloaded"],
)  # fmt: skip
def test_what_was_certainly_not_delivered_may_be_repeated(cause: str) -> None:
    """SW-14.9."""
    assert ProducerFailed(cause=cause).retryable is True


@pytest.mark.parametrize(
    "cause",
    ["producer.reset", "producer.response-timeout", "producer.http-status", "journal.unavailable", "permission.denied"],
)
def test_anything_else_may_not(cause: str) -> None:
    assert ProducerFailed(cause=cause).retryable is False


@pytest.mark.parametrize(
    ("refusal", "detail"),
    [
        (NoRoute(), ""),
        (NoRoute("no route"), "no route"),
        (NoRoute(fields={"a": "1", "b": "2"}), "a: 1, b: 2"),
        (NoRoute("no route", fields={"a": "1"}, last_line="LAST=1"), "no route, a: 1\nLAST=1"),
    ],
)
def test_the_detail_is_reason_fields_and_a_last_line(refusal: Refusal, detail: str) -> None:
    """Section 14.2: `name: value`, separated by `, `."""
    assert refusal.detail == detail


@given(st.integers(0, 10_000), st.text(min_size=1, max_size=20))
def test_a_finding_says_where_what_and_what_to_do(line: int, text: str) -> None:
    """STYLE 22."""
    finding = Finding(id="value.missing", file="routing/routes.yaml", line=line, what=text, remedy="add it")
    assert str(finding) == f"routing/routes.yaml:{line}: {text}; add it [value.missing]"
    assert str(finding) in str(DataError((finding,)))
