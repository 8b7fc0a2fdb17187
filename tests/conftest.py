"""Where the tests find what they share."""

import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from vaxel.store.store import Store

SHARED = ("engagements", "store", "journey", "directory", "conformance", "journal", "aggregation", "services", "soap")
for shared in (*SHARED, "exchange", "cli", "admin"):
    sys.path.insert(0, str(Path(__file__).parent / shared))


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a PostgreSQL of our own; skips where the system has none."""
    import databases

    if databases.programs() is None:
        pytest.skip(databases.ABSENT)
    temporary = tempfile.TemporaryDirectory(dir="/tmp", prefix="vaxel-pg-")
    with temporary as folder, databases.postgresql(Path(folder)) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind: the same tests run on both (EI-12.1)."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store' / 'vaxel.db'}"
    import databases

    server: str = request.getfixturevalue("postgresql_server")
    return databases.fresh(server, f"t{os.urandom(6).hex()}")


@pytest.fixture
async def store(store_url: str, tmp_path: Path) -> AsyncIterator["Store"]:
    """An empty store of each kind."""
    from vaxel.store.address import address
    from vaxel.store.store import Store

    made = Store(address(store_url, tmp_path))
    yield made
    await made.close()
