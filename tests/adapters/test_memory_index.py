import pytest
from rows import DOMAIN, RESIDENT, row

from vaxel.adapters.memory_index import MemoryIndex
from vaxel.errors import IndexFailed


async def test_it_answers_in_order_and_by_categorization() -> None:
    """EI-6.3."""
    index = MemoryIndex([row(categorization=name) for name in ("voo", "dia", "upp")])
    assert [each.categorization for each in await index.find(RESIDENT, DOMAIN)] == ["dia", "upp", "voo"]
    assert [each.categorization for each in await index.find(RESIDENT, DOMAIN, "voo")] == ["voo"]
    assert await index.find("191001239803", DOMAIN) == ()


@pytest.mark.parametrize("cause", ["index.timeout", "index.fault", "index.unreachable"])
async def test_it_fails_when_it_is_told_to(cause: str) -> None:
    index = MemoryIndex([row()])
    index.failing = cause
    with pytest.raises(IndexFailed) as caught:
        await index.find(RESIDENT, DOMAIN)
    assert caught.value.cause == cause
