"""The index as an aggregation asks it, in process (EI-6.8)."""

from collections.abc import Awaitable
from typing import Protocol

from vaxel.engagements.model import Engagement


class Index(Protocol):
    """Answers who holds something about a resident."""

    def find(
        self, resident: str, service_domain: str, categorization: str | None = None
    ) -> Awaitable[tuple[Engagement, ...]]:
        """The engagements in the order of EI-6.3; an `async def` is one of these.

        Raises `IndexFailed` with cause `index.timeout`, `index.fault` or `index.unreachable` (AG-4.4).
        """
        ...
