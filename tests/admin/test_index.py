"""Bodies of the index's routes; the routes are called in tests/journey/test_index.py."""

import pytest
from pydantic import ValidationError

from vaxel.admin.index import Letters, Removal


def test_letters_are_named_by_number_or_subscriber() -> None:
    assert Letters(numbers=[1, 2]).chosen.numbers == (1, 2)
    assert Letters(subscriber="SE-A").chosen.subscriber == "SE-A"
    for wrong in ({}, {"numbers": [1], "subscriber": "SE-A"}, {"numbers": [1], "more": 1}):
        with pytest.raises(ValidationError):
            Letters.model_validate(wrong)


def test_rows_are_removed_by_three_fields_only() -> None:
    """EI-12.4."""
    assert not Removal(field="owner", value="SE-X").notify
    with pytest.raises(ValidationError):
        Removal.model_validate({"field": "categorization", "value": "dia"})
