import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows import ROW, row, rows, wanted

from vaxel.engagements.cursor import after, cursor, key
from vaxel.engagements.model import Engagement
from vaxel.errors import IndexSchema


@given(rows)
def test_a_cursor_leads_on(last: Engagement) -> None:
    assert after(wanted(), cursor(wanted(), last)) == key(last)


def test_no_cursor_is_the_start() -> None:
    assert after(wanted(), "") is None


def test_a_cursor_belongs_to_its_query() -> None:
    """EI-6.5."""
    with pytest.raises(IndexSchema):
        after(wanted(categorization="dia"), cursor(wanted(), row()))


@given(st.text(max_size=60))
def test_what_is_no_cursor_is_refused(text: str) -> None:
    if text:
        with pytest.raises(IndexSchema):
            after(wanted(), text)


def test_the_order_is_that_of_the_rule() -> None:
    """EI-6.3."""
    assert key(ROW) == ("dia", ROW.logical_address, ROW.source_system, "NA", "NA", ROW.data_controller, ROW.owner)
