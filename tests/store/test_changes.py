import time

from rows import DOMAIN, RESIDENT, row
from stored import apply, arrived

from vaxel.store import asking, changes
from vaxel.store.store import Store


async def test_old_deletions_are_forgotten(store: Store) -> None:
    """EI-7.4: but not residents who have something left."""
    other = "191001239803"
    await apply(store, arrived(row(), row(registered_resident_identification=other)))
    await apply(store, arrived(row(), delete=True))
    assert await store.write(changes.forget, int(time.time()) - 60) == 0
    assert await store.write(changes.forget, int(time.time()) + 60) == 1
    left = await asking.changed_residents(await store.reader(), DOMAIN, 0, "", 10)
    assert left == (other,)
    assert RESIDENT not in left
