"""The journal's twin in memory: keeps records in a list, and fails when it is told to."""

from collections.abc import Mapping
from typing import Any

from vaxel.errors import JournalUnavailable


class MemoryJournal:
    """Records as dicts in `records`; every call raises while `failing`."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.failing = False

    def append(self, kind: str, fields: Mapping[str, Any], *, in_flight: bool = False) -> None:
        """Keep a record."""
        if self.failing:
            raise JournalUnavailable("the journal was told to fail")
        self.records.append({"kind": kind, **fields})

    async def written(self, kind: str, fields: Mapping[str, Any], *, in_flight: bool = False) -> None:
        """Keep a record."""
        self.append(kind, fields, in_flight=in_flight)

    async def durable(self, kind: str, fields: Mapping[str, Any], *, in_flight: bool = False) -> None:
        """Keep a record."""
        self.append(kind, fields, in_flight=in_flight)

    def seal(self, patient: str) -> Mapping[str, str]:
        """A stand-in for a sealed identity, which does not hold it."""
        return {"key": "0", "tag": str(len(patient)), "sealed": ""}
