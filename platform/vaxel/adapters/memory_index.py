"""The index's twin in memory: holds engagements in a tuple, and fails when it is told to."""

from collections.abc import Iterable

from vaxel.engagements.cursor import key
from vaxel.engagements.model import Engagement
from vaxel.errors import IndexFailed


class MemoryIndex:
    """`engagements.port.Index` over what it is given; every question fails while `failing` holds a cause."""

    def __init__(self, engagements: Iterable[Engagement] = ()) -> None:
        self.engagements = tuple(engagements)
        self.failing = ""

    async def find(
        self, resident: str, service_domain: str, categorization: str | None = None
    ) -> tuple[Engagement, ...]:
        """The engagements in the order of EI-6.3; raises `IndexFailed`."""
        if self.failing:
            raise IndexFailed("the index was told to fail", cause=self.failing)
        found = (
            each
            for each in self.engagements
            if each.registered_resident_identification == resident
            and each.service_domain == service_domain
            and categorization in {None, "", each.categorization}
        )
        return tuple(sorted(found, key=key))
