"""Killing the process at any moment loses no record of an answered call (twenty of the two hundred that kill.py does)."""

import kill


async def test_twenty_kills() -> None:
    results = await kill.rounds(20, 0, None)
    assert len(results) == 20
    assert sum(result["answered"] for result in results) > 100
