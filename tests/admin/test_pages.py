"""Lists a page at a time (DI-9.1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaxel.admin.pages import page
from vaxel.admin.problems import Problem


@given(st.sets(st.text(max_size=5)), st.integers(1, 7))
def test_pages_together_are_the_list_in_order(names: set[str], limit: int) -> None:
    items = [{"name": name} for name in names if name]
    seen, cursor = [], ""
    while True:
        shown, following = page(items, lambda item: str(item["name"]), limit, cursor)
        seen += shown
        assert len(shown) <= limit
        if following is None:
            break
        cursor = following
    assert seen == sorted(items, key=lambda item: item["name"])


@pytest.mark.parametrize("cursor", ["?", "å", "/w", "_w"])
def test_a_cursor_that_was_not_given_out_is_refused(cursor: str) -> None:
    with pytest.raises(Problem) as refused:
        page([], str, 1, cursor)
    assert (refused.value.status, refused.value.kind) == (400, "cursor")
