"""The store as an aggregation asks it, in process (EI-6.8)."""

import asyncio

from vaxel.engagements.fields import FIELDS
from vaxel.engagements.model import Engagement
from vaxel.errors import IndexFailed, IndexTechnical
from vaxel.store import asking
from vaxel.store.store import Store

_NOTHING_STATED = dict.fromkeys((field.attribute for field in FIELDS), "")


class StoreIndex:
    """`engagements.port.Index` over the store; `timeout_s` in seconds (AG-4.3)."""

    def __init__(self, store: Store, timeout_s: float = 20) -> None:
        self._store = store
        self._timeout_s = timeout_s

    async def find(
        self, resident: str, service_domain: str, categorization: str | None = None
    ) -> tuple[Engagement, ...]:
        """The engagements in the order of EI-6.3; raises `IndexFailed`.

        A store that nothing has opened is no index that knows of nothing: no Update can have come to it.
        """
        if not self._store.is_open:
            raise IndexFailed("the index is not open on this platform", cause="index.unreachable")
        stated = {
            "registered_resident_identification": resident,
            "service_domain": service_domain,
            "categorization": categorization or "",
        }
        try:
            async with asyncio.timeout(self._timeout_s):
                return await asking.find(await self._store.reader(), Engagement(**(_NOTHING_STATED | stated)))
        except TimeoutError as error:
            raise IndexFailed("the index did not answer in time", cause="index.timeout") from error
        except IndexTechnical as error:
            raise IndexFailed("the index cannot be reached", cause="index.unreachable") from error
