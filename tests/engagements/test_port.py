from rows import DOMAIN, RESIDENT, row

from vaxel.adapters.memory_index import MemoryIndex
from vaxel.engagements.port import Index


async def test_the_twin_is_an_index() -> None:
    """EI-6.8; the store's adapter is held to the same in tests/store/test_port.py."""
    index: Index = MemoryIndex([row()])
    assert await index.find(RESIDENT, DOMAIN, "dia") == (row(),)
    assert await index.find(RESIDENT, DOMAIN, "voo") == ()
