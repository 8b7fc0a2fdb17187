from hypothesis import given
from hypothesis import strategies as st
from rows import row, rows, transactions

from vaxel.engagements.change import NOTHING, change
from vaxel.engagements.model import Engagement, Transaction

NOW = "20261124120000"


def test_a_new_row_is_told() -> None:
    """EI-3.6, EI-4.12: the index sets the times."""
    found = change(None, Transaction(engagement=row(creation_time="19000101000000")), NOW)
    assert found.row == row(creation_time=NOW, update_time=NOW)
    assert found.told == Transaction(engagement=row(creation_time=NOW, update_time=NOW))


def test_a_changed_row_keeps_its_creation_time() -> None:
    former = row(creation_time="20200101000000", update_time="20200101000000", most_recent_content="20200101000000")
    found = change(former, Transaction(engagement=row()), NOW)
    assert found.row is not None
    assert (found.row.creation_time, found.row.update_time) == ("20200101000000", NOW)
    assert found.told is not None


def test_the_same_content_is_not_told() -> None:
    """EI-4.12; EI-5.4: but a notification is passed on."""
    assert change(row(), Transaction(engagement=row()), NOW) == NOTHING
    assert change(row(), Transaction(engagement=row()), NOW, forward=True).told is not None


def test_deletions() -> None:
    """EI-4.11."""
    gone = Transaction(engagement=row(most_recent_content=""), delete=True)
    assert change(None, gone, NOW) == NOTHING
    assert change(None, gone, NOW, forward=True).told == gone
    found = change(row(), gone, NOW)
    assert found.delete
    assert found.told == Transaction(engagement=row(), delete=True)


@given(st.none() | rows, transactions, st.booleans())
def test_a_change_is_one_thing(former: Engagement | None, wanted: Transaction, forward: bool) -> None:
    found = change(former, wanted, NOW, forward=forward)
    assert not (found.delete and found.row)
    assert found.delete == (wanted.delete and former is not None)
    same = former is not None and former.most_recent_content == wanted.engagement.most_recent_content
    assert bool(found.row) == (not wanted.delete and not same)
    if forward:
        assert found.told is not None
