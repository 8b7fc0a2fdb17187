"""Large messages do not hold up the event loop (DESIGN section 8)."""

import threading

import pytest

from vaxel.exchange.beside import LARGE, beside


@pytest.mark.parametrize(("size", "elsewhere"), [(None, False), (LARGE - 1, False), (LARGE, True)])
async def test_large_work_is_done_in_another_thread(size: int | None, elsewhere: bool) -> None:
    assert (await beside(size, threading.get_ident) != threading.get_ident()) == elsewhere


@pytest.mark.parametrize("size", [0, LARGE])
async def test_what_it_raises_is_raised(size: int) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        await beside(size, int, "x")
