"""Keeps the directory in use: files → release → swap; a bad edit is refused and the old one stays (DI-4.11, SW-17)."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Protocol

from vaxel.adapters.releases import Releases
from vaxel.contracts.catalogue import Catalogue
from vaxel.contracts.fit import fitted
from vaxel.contracts.load import load as load_catalogue
from vaxel.directory.load import load_directory
from vaxel.directory.model import Directory
from vaxel.directory.release import Release, compiled, described, read
from vaxel.errors import DataError, Finding
from vaxel.home import Home, digest

AUTHOR = "files"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is in use: a release with its directory, and the catalogue. `origin` is a state of SW-17.1."""

    release: Release
    directory: Directory
    catalogue: Catalogue
    catalogue_digest: str
    origin: str
    warnings: tuple[Finding, ...] = ()
    compiled_now: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """The last time that the files were read: when (aware UTC), with which state of SW-17.1, and the tree's sizes."""

    time: datetime
    status: str
    tree_before: int
    tree_after: int


class Recorder(Protocol):
    """Where releases are recorded: the journal (DI-4.12)."""

    async def durable(self, kind: str, fields: Mapping[str, Any], *, in_flight: bool = False) -> None:
        """Write a durable record."""
        ...


class Keeper:
    """Holds the state and replaces it whole; `swapped` is told of each new one.

    `read_at` (aware UTC) is when the files were last read well.
    """

    def __init__(
        self,
        home: Home,
        releases: Releases,
        compatibility: frozenset[str],
        today: Callable[[], date],
        swapped: Callable[[State], None],
    ) -> None:
        self._home = home
        self._releases = releases
        self._compatibility = compatibility
        self._today = today
        self._swapped = swapped
        self._reloading = asyncio.Lock()
        self.state: State | None = None
        self.problem: tuple[Finding, ...] = ()
        self.refresh: Refresh | None = None
        self.read_at: datetime | None = None

    def load(self) -> State:
        """The state for a start: from the newest release where the files are the same, else from the files.

        Where the files are bad the newest release is used and `problem` says why (SW-17.1); raises `DataError`
        where there is none.
        """
        catalogue_files = self._home.contract_files()
        loaded_catalogue = load_catalogue(catalogue_files, self._home.schema, self._compatibility).catalogue
        former = self.state.catalogue if self.state else None
        catalogue, misfits = fitted(loaded_catalogue, catalogue_files, former)
        newest = self._newest()
        files = self._home.directory_files()
        stamp = digest(files)
        common: dict[str, Any] = {
            "catalogue": catalogue,
            "catalogue_digest": digest(catalogue_files),
            "warnings": misfits,
        }
        if newest is not None and newest[0].digest == stamp:
            return State(release=newest[0], directory=newest[1], origin="REFRESH_OK", **common)
        try:
            loaded = load_directory(files, catalogue.namespaces, self._today())
        except DataError as error:
            if newest is None:
                raise
            self.problem = error.findings
            return State(release=newest[0], directory=newest[1], origin="RESTORED_FROM_LOCAL_CACHE", **common)
        base = newest[0].number if newest else 0
        return State(
            release=Release(
                number=max([base, *self._releases.numbers()]) + 1,
                time=datetime.now(UTC),
                author=AUTHOR,
                comment="",
                base=base,
                digest=stamp,
            ),
            directory=loaded.directory,
            origin="REFRESH_OK",
            compiled_now=True,
            **common | {"warnings": (*misfits, *loaded.warnings)},
        )

    async def use(self, state: State, journal: Recorder) -> None:
        """Put a state to use: kept on disk and recorded first, where it is new, then swapped in."""
        if state.compiled_now:
            content = await asyncio.to_thread(compiled, state.release, state.directory)
            await asyncio.to_thread(self._releases.write, state.release.number, content)
            await journal.durable("release", described_for_journal(state.release))
        former, self.state = self.state, state
        self._note(state.origin, former)
        if former is not None and former.catalogue_digest != state.catalogue_digest:
            await journal.durable("admin", {"action": "catalogue", "digest": state.catalogue_digest})
        self._swapped(state)

    async def reload(self, journal: Recorder) -> State:
        """Read the files again; raises `DataError` with every finding, and the old state stays."""
        async with self._reloading:
            if self.state is not None and self._unchanged(self.state):
                self.problem = ()
                self._note("REFRESH_OK", self.state)
                return self.state
            self.problem = ()
            try:
                state = await asyncio.to_thread(self.load)
            except DataError as error:
                self.problem = error.findings
            if self.problem:
                self._note("REUSING_EXISTING_CACHE", self.state)
                raise DataError(self.problem)
            await self.use(state, journal)
            return state

    def _note(self, status: str, former: State | None) -> None:
        self.refresh = Refresh(
            time=datetime.now(UTC),
            status=status,
            tree_before=len(former.directory.addresses) if former else 0,
            tree_after=len(self.state.directory.addresses) if self.state else 0,
        )
        if status == "REFRESH_OK":
            self.read_at = self.refresh.time

    def _unchanged(self, state: State) -> bool:
        same_files = digest(self._home.directory_files()) == state.release.digest
        return same_files and digest(self._home.contract_files()) == state.catalogue_digest

    def _newest(self) -> tuple[Release, Directory] | None:
        """The newest release that is whole; damaged ones are passed over."""
        for number in reversed(self._releases.numbers()):
            try:
                content = self._releases.read(number)
                described(content)
                return read(content)
            except (OSError, ValueError):
                continue
        return None


def described_for_journal(release: Release) -> dict[str, Any]:
    """The fields of a `release` record (DI-4.12)."""
    return {
        "number": release.number,
        "author": release.author,
        "comment": release.comment,
        "digest": release.digest,
        "base": release.base,
    }
