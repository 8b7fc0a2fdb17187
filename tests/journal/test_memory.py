"""The journal's twin in memory behaves as the journal's port promises."""

import pytest

from vaxel.errors import JournalUnavailable
from vaxel.journal.memory import MemoryJournal


async def test_keeps_and_fails_as_told() -> None:
    journal = MemoryJournal()
    journal.append("opened", {"call": "a"})
    await journal.durable("closed", {"call": "a"}, in_flight=True)
    assert journal.records == [{"kind": "opened", "call": "a"}, {"kind": "closed", "call": "a"}]
    assert "191212121212" not in str(journal.seal("191212121212"))
    journal.failing = True
    with pytest.raises(JournalUnavailable):
        await journal.durable("closed", {})
    assert len(journal.records) == 2
