from hypothesis import given
from hypothesis import strategies as st
from rows import row, transactions

from vaxel.engagements import collapse as module
from vaxel.engagements.model import Transaction


def collapse(arrived: list[Transaction] | tuple[Transaction, ...]) -> tuple[Transaction, ...]:
    return module.collapse(arrived, lambda each: each)


def at(time: str, *, delete: bool = False) -> Transaction:
    return Transaction(engagement=row(most_recent_content=time), delete=delete)


def test_a_deletion_beats_all() -> None:
    """EI-4.10."""
    gone = at("", delete=True)
    assert collapse([gone, at("20260101000000")]) == (gone,)
    assert collapse([at("20260101000000"), gone]) == (gone,)


def test_the_newer_content_wins() -> None:
    new, old = at("20260101000000"), at("20250101000000")
    assert collapse([new, old]) == (new,) == collapse([old, new])


def test_the_later_arrival_wins_where_times_are_equal_or_missing() -> None:
    first = Transaction(engagement=row(creation_time="20200101000000"))
    later = Transaction(engagement=row(creation_time="20210101000000"))
    assert collapse([first, later]) == (later,)
    assert collapse([first, at("")]) == (at(""),)


@given(st.lists(transactions, max_size=20))
def test_one_remains_of_each_identity(arrived: list[Transaction]) -> None:
    kept = collapse(arrived)
    identities = [each.engagement.identity for each in kept]
    assert identities == list(dict.fromkeys(each.engagement.identity for each in arrived))
    assert set(kept) <= set(arrived)
    assert collapse(kept) == kept
    for each in kept:
        same = [other for other in arrived if other.engagement.identity == each.engagement.identity]
        assert each.delete == any(other.delete for other in same)
