from vaxel.store.codec import COLUMNS, IDENTITY
from vaxel.store.tables import ORDERED, engagements


def test_the_key_is_the_identity_in_the_order_of_answers() -> None:
    """EI-3.5, EI-6.3: one index for both."""
    assert set(ORDERED) == set(IDENTITY)
    assert tuple(column.name for column in engagements.primary_key.columns) == ORDERED
    assert {column.name for column in engagements.columns} == set(COLUMNS)
