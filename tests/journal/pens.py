"""Journals in folders of their own, for tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from vaxel.journal.checkpoint import Signer
from vaxel.journal.reserve import Reserve
from vaxel.journal.sealing import Sealer
from vaxel.journal.writer import Journal


def pen(var: Path, **told: Any) -> Journal:
    """A journal of the node `n` below `var`, not yet open."""
    return Journal(
        var / "journal" / "n",
        "n",
        sealer=Sealer(var / "keys", lambda: 2026),
        signer=Signer(var / "keys" / "journal.pem"),
        reserve=Reserve(var / "journal" / "reserve", 65_536),
        **told,
    )


@asynccontextmanager
async def opened(var: Path, **told: Any) -> AsyncIterator[Journal]:
    """A journal that is open, and closed afterwards."""
    journal = pen(var, **told)
    journal.open()
    try:
        yield journal
    finally:
        await journal.close()
