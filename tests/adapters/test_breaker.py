"""The breaker whatever happens to it: one test call at a time, always a way back, never shut for ever (AG-7.5)."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaxel.adapters.breaker import CONNECTING, DELIVERING, Breaker, BreakerRules, State

REFUSED, SILENT = "producer.connect-refused", "producer.response-timeout"
RULES = BreakerRules(failures=3, window_calls=10, window_s=10, open_s=2, max_open_s=16)


def breaker(rules: BreakerRules = RULES, draw: float = 0) -> Breaker:
    return Breaker(rules, lambda: draw, 0)


def opened(cause: str = SILENT, now: float = 0) -> Breaker:
    made = breaker()
    for _ in range(RULES.failures):
        ticket = made.admit(now)
        assert ticket is not None
        made.failed(ticket, cause, now)
    assert made.state is State.OPEN
    return made


def test_failures_in_a_row_open_it_and_an_answer_between_them_does_not() -> None:
    made = breaker()
    for cause in (SILENT, SILENT, "", SILENT, SILENT):
        ticket = made.admit(1)
        assert ticket is not None
        made.failed(ticket, cause, 1) if cause else made.answered(ticket, 1)
    assert (made.state, made.consecutive) == (State.CLOSED, 2)
    made.failed(made.admit(1) or 0, SILENT, 1)
    assert (made.state, made.since, made.cause) == (State.OPEN, 1, SILENT)
    assert made.admit(2.9) is None


def alternately(made: Breaker, times: Iterator[float]) -> None:
    for number, now in enumerate(times):
        ticket = made.admit(now)
        assert ticket is not None
        made.failed(ticket, SILENT, now) if number % 2 else made.answered(ticket, now)


def test_a_share_of_failures_opens_it_within_the_window_only() -> None:
    made = breaker()
    alternately(made, (0.1 for _ in range(9)))
    assert made.state is State.CLOSED  # too few to judge by
    made.failed(made.admit(0.1) or 0, SILENT, 0.1)
    assert made.state is State.OPEN
    slow = breaker()
    alternately(slow, (2.0 * number for number in range(40)))  # five or so within ten seconds
    assert slow.state is State.CLOSED


def test_its_time_doubles_up_to_its_bound_and_begins_anew_after_an_answer() -> None:
    made, now, times = opened(), 0.0, []
    for _ in range(5):
        times.append(made.until - now)
        now = made.until
        made.failed(made.admit(now) or 0, SILENT, now)
    assert times == [2, 4, 8, 16, 16]
    made.answered(made.admit(made.until) or 0, made.until)
    assert (made.state, made.openings) == (State.CLOSED, 0)


@given(st.floats(0, 1))
def test_jitter_shortens_the_time_and_never_lengthens_it(draw: float) -> None:
    made = breaker(BreakerRules(failures=1, open_s=10), draw)
    made.failed(made.admit(0) or 0, SILENT, 0)
    assert 7 <= made.until <= 10


def test_calls_that_hung_when_it_opened_decide_nothing_later() -> None:
    made = breaker()
    tickets = [made.admit(0) or 0 for _ in range(50)]
    for ticket in tickets[:3]:
        made.failed(ticket, SILENT, 29)
    until = made.until
    for ticket in tickets[3:40]:
        made.failed(ticket, SILENT, 30)
    made.answered(tickets[49], 30)
    assert made.state is State.OPEN
    assert (made.until, made.openings) == (until, 1)
    test = made.admit(until)
    for ticket in tickets[40:49]:
        made.failed(ticket, SILENT, until)
    assert (test is not None, made.state) == (True, State.HALF_OPEN)
    made.answered(test or 0, until)
    assert made.state is State.CLOSED


def test_a_test_call_that_is_given_up_lets_the_next_one_test() -> None:
    made = opened()
    first = made.admit(2)
    assert first is not None
    assert made.admit(2) is None
    made.abandoned(first)
    assert made.admit(2) is not None


@pytest.mark.parametrize("cause", sorted(DELIVERING))
def test_a_probe_ends_what_a_connection_disproves(cause: str) -> None:
    made = opened(cause)
    made.probed("", 0.5)
    assert made.state is (State.HALF_OPEN if cause in CONNECTING else State.OPEN)


def test_a_hung_producer_that_is_restarted_is_found_by_its_probes() -> None:
    made = opened(SILENT)
    made.probed(REFUSED, 0.5)  # it is down while it restarts
    made.probed("", 1)
    assert made.state is State.HALF_OPEN


def test_probes_that_fail_open_it_before_a_call_does_and_again_while_nobody_tests() -> None:
    made = breaker()
    for now in (1, 2, 3):
        made.probed(REFUSED, now)
    assert made.state is State.OPEN
    made.probed("", 4)
    made.probed("producer.address-refused", 4.5)
    assert made.state is State.HALF_OPEN
    made.probed(REFUSED, 5)
    assert (made.state, made.openings) == (State.OPEN, 2)


def test_switched_off_it_counts_and_never_opens() -> None:
    made = breaker(BreakerRules(on=False, failures=1))
    for now in range(99):
        made.failed(made.admit(now) or 0, SILENT, now)
    assert (made.state, made.consecutive) == (State.CLOSED, 99)


HASTY = BreakerRules(failures=1, open_s=1, max_open_s=4)
Event = tuple[str, float, int]
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["call", "answer", "fail", "refuse", "abandon", "probe", "probe fails"]),
        st.floats(0, 5),
        st.integers(0, 9),
    ),
    max_size=120,
)


def played(made: Breaker, events: list[Event]) -> tuple[float, list[tuple[int, bool]]]:
    """Play events with calls that end in any order; the time, and the calls under way, each with whether it tests."""
    now, under_way = 0.0, list[tuple[int, bool]]()
    for what, later_s, pick in events:
        now += later_s
        if what == "call":
            ticket = made.admit(now)
            if ticket is not None:
                under_way.append((ticket, made.state is State.HALF_OPEN))
        elif what.startswith("probe"):
            made.probed(REFUSED if what == "probe fails" else "", now)
        elif under_way:
            ticket, _ = under_way.pop(pick % len(under_way))
            if what == "answer":
                made.answered(ticket, now)
            elif what == "abandon":
                made.abandoned(ticket)
            else:
                made.failed(ticket, SILENT if what == "fail" else REFUSED, now)
        assert sum(testing for ticket, testing in under_way if ticket == made._ticket) <= 1
    return now, under_way


@given(EVENTS, st.floats(0, 1))
def test_never_more_than_one_test_call_and_never_shut_for_ever(events: list[Event], draw: float) -> None:
    made = breaker(HASTY, draw)
    now, under_way = played(made, events)
    for ticket, _ in under_way:
        made.abandoned(ticket)  # every call ends some time
    assert made.admit(now + HASTY.max_open_s) is not None


@given(EVENTS, st.floats(0, 1))
def test_it_always_recovers_after_an_answer(events: list[Event], draw: float) -> None:
    made = breaker(HASTY, draw)
    now, under_way = played(made, events)
    for ticket, _ in under_way:
        made.abandoned(ticket)
    now += HASTY.max_open_s
    made.answered(made.admit(now) or 0, now)
    assert (made.state, made.consecutive, made.admit(now) is not None) == (State.CLOSED, 0, True)
