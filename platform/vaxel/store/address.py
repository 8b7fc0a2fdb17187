"""Where the store is: `VAXEL_STORE_URL`, or a file in the home."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from vaxel.errors import SettingsError

DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
FILE = "vaxel.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """The engine's URL with its asynchronous driver; `path` is the file of SQLite, None on PostgreSQL."""

    url: URL
    path: Path | None

    @property
    def shown(self) -> str:
        """The URL without its password."""
        return self.url.render_as_string(hide_password=True)


def address(stated: str, var: Path) -> Address:
    """The address that was stated, else the file in `var`; raises `SettingsError` where it is neither kind."""
    try:
        url = make_url(stated or f"sqlite:///{var / FILE}")
    except ArgumentError as error:
        raise SettingsError(("VAXEL_STORE_URL is no URL of a database",)) from error
    kind = url.get_backend_name()
    if kind not in DRIVERS or (kind == "sqlite" and not url.database):
        raise SettingsError(("VAXEL_STORE_URL is sqlite:///<file> or postgresql+asyncpg://<user>@<host>/<name>",))
    return Address(url=url.set(drivername=DRIVERS[kind]), path=Path(str(url.database)) if kind == "sqlite" else None)
