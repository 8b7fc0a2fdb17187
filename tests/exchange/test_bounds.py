"""Bounds on what is under way at once (SW-2.8, SW-2.12)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaxel.errors import Overloaded
from vaxel.exchange.bounds import Bounds


def small() -> Bounds:
    return Bounds(calls=2, calls_per_consumer=1, buffered_bytes=100)


def bound_of(error: Overloaded) -> str:
    return error.fields["bound"]


def test_calls_in_all() -> None:
    bounds = small()
    bounds.enter()
    bounds.enter()
    with pytest.raises(Overloaded) as caught:
        bounds.enter()
    assert (bound_of(caught.value), bounds.calls) == ("VAXEL_MAX_CALLS", 2)
    bounds.leave()
    bounds.enter()
    bounds.leave()
    bounds.leave()
    assert bounds.calls == 0


def test_calls_of_a_consumer() -> None:
    bounds = small()
    bounds.enter_of("A")
    bounds.enter_of("B")
    with pytest.raises(Overloaded) as caught:
        bounds.enter_of("A")
    assert bound_of(caught.value) == "VAXEL_MAX_CALLS_PER_CONSUMER"
    bounds.leave_of("A")
    bounds.enter_of("A")


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 60)), max_size=12))
def test_bytes_are_never_more_than_the_bound_and_all_come_back(held: list[tuple[str, int]]) -> None:
    bounds, kept = small(), 0
    for reference, size in held:
        if kept + size > 100:
            with pytest.raises(Overloaded) as caught:
                bounds.hold(reference, size)
            assert (bound_of(caught.value), caught.value.retryable) == ("VAXEL_MAX_BUFFERED_BYTES", True)
        else:
            bounds.hold(reference, size)
            kept += size
        assert bounds.buffered_bytes == kept
    for reference in "abcabc":
        bounds.release(reference)
    assert bounds.buffered_bytes == 0
