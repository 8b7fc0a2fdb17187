"""The engagement index's twin in memory: for tests, the demo, and a platform that holds no index."""

from vaxel.engagements.model import Engagement
from vaxel.errors import IndexFailed


class MemoryIndex:
    """Finds among the engagements that it was given; `failing` is the cause that it fails with."""

    def __init__(self, engagements: tuple[Engagement, ...] = (), failing: str = "") -> None:
        self.engagements = engagements
        self.failing = failing

    async def find(
        self, resident: str, service_domain: str, categorization: str | None = None
    ) -> tuple[Engagement, ...]:
        """The engagements of a resident in a domain, of one categorization where it is stated (AG-4.2)."""
        if self.failing:
            raise IndexFailed("the index does not answer", cause=self.failing)
        return tuple(
            each
            for each in self.engagements
            if (each.registered_resident_identification, each.service_domain) == (resident, service_domain)
            and categorization in {None, each.categorization}
        )
