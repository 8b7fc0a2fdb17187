"""A keeper over a fresh home, for tests."""

from datetime import date
from pathlib import Path

from vaxel import home as homes
from vaxel.adapters.releases import Releases
from vaxel.admin.keeper import Keeper, State
from vaxel.journal.memory import MemoryJournal

ROUTES = "routing/routes.yaml"


class Kept:
    """A keeper over a fresh home."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.home = homes.make(path) if not path.exists() else homes.Home(path=path)
        self.journal, self.swapped = MemoryJournal(), list[State]()
        releases = Releases(path / "var/releases")
        self.keeper = Keeper(self.home, releases, frozenset(), lambda: date(2026, 6, 15), self.swapped.append)

    async def start(self) -> "Kept":
        await self.keeper.use(self.keeper.load(), self.journal)
        return self

    def write(self, text: str) -> None:
        (self.path / ROUTES).write_text(text, "utf-8")

    @property
    def kinds(self) -> list[str]:
        return [record.get("action", record["kind"]) for record in self.journal.records]

    @property
    def status(self) -> str:
        assert self.keeper.refresh is not None
        return self.keeper.refresh.status
