import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaxel.masking import masked


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("191212121212", "************"),
        ("19121212-1212", "************"),
        ("121212-1212", "************"),
        ("121212+1212", "************"),
        ("1212121212", "************"),
        ("a191212121212b", "a************b"),
        ("pid=191212121212, 201212121212", "pid=************, ************"),
        ("1234567", "1234567"),
        ("12345678901234", "12345678901234"),
        ("2026-11-24", "2026-11-24"),
        ("SE2321000016-39KJ", "SE************-39KJ"),
    ],
)
def test_sw_18_6_what_looks_like_an_identity_is_masked(text: str, expected: str) -> None:
    """An HSA-id's organisation number looks so too; it is in the texts of faults only, labels hold the id itself."""
    assert masked(text) == expected


@given(
    before=st.text("abc åäö<>-", max_size=20),
    identity=st.from_regex(r"(19|20)[0-9]{6}-?[0-9]{4}", fullmatch=True),
    after=st.text("abc åäö<>-", max_size=20),
)
def test_no_identity_survives(before: str, identity: str, after: str) -> None:
    assert masked(before + identity + after) == f"{before}************{after}"
