from hypothesis import given
from hypothesis import strategies as st
from rows import row, rows, transactions

from vaxel.engagements.model import Engagement, Transaction
from vaxel.store.codec import IDENTITY, engagement, normal, packed, unpacked, values
from vaxel.store.codec import given as given_rows


@given(st.lists(transactions, max_size=5))
def test_what_is_packed_is_unpacked(found: list[Transaction]) -> None:
    assert unpacked(packed(found)) == tuple(found)


@given(rows)
def test_a_row_is_an_engagement(found: Engagement) -> None:
    assert engagement(values(found)) == found
    assert tuple(getattr(found, name) for name in IDENTITY) == found.identity


def test_the_three_that_may_be_empty_are_kept_as_na() -> None:
    """EI-3.3."""
    bare = row(categorization="", business_object_instance_identifier="", clinical_process_interest_id="")
    assert normal(bare) == row(categorization="NA")
    assert normal(bare).identity == bare.identity


def test_given_has_one_parameter_whatever_the_count() -> None:
    assert given_rows("sqlite", 2) == "given AS (SELECT value->>0 AS c0, value->>1 AS c1 FROM json_each(:given))"
    assert "json_array_elements" in given_rows("postgresql", 2)
