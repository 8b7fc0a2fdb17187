"""Instants as text."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from vaxel.instants import iso


@given(st.integers(0, 4_000_000_000_000_000_000))
def test_an_instant_reads_back_as_itself(time_ns: int) -> None:
    read = datetime.fromisoformat(iso(time_ns))
    assert read.tzinfo == UTC
    assert round((read - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1e6) in {
        time_ns // 1000 - 1,
        time_ns // 1000,
        time_ns // 1000 + 1,
    }
    assert iso(time_ns).endswith(f".{time_ns // 1000 % 1_000_000:06}Z")
