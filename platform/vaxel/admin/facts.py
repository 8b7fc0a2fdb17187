"""What the platform says of itself: readiness, status, release (switch.md section 17)."""

import asyncio
import platform as machine
import resource
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime
from importlib.metadata import files
from typing import Any, Protocol

from vaxel import __version__
from vaxel.adapters.handshakes import Handshakes
from vaxel.adapters.health import Health
from vaxel.adapters.payloads import Payloads, shown
from vaxel.adapters.vitals import Origin
from vaxel.admin.cautions import cautions
from vaxel.admin.keeper import Keeper, State
from vaxel.admin.producers import Moment, Usage, overview, troubled, usages
from vaxel.exchange.bounds import Bounds
from vaxel.journal.writer import Journal
from vaxel.settings import Settings, swedish_day

SERVICE = "vaxel:"


class Node(Protocol):
    """What of a running node the facts are read from."""

    @property
    def keeper(self) -> Keeper:
        """The state in use."""
        ...

    @property
    def journal(self) -> Journal:
        """The journal."""
        ...

    @property
    def bounds(self) -> Bounds:
        """What is under way."""
        ...

    @property
    def health(self) -> Health:
        """How the producers are."""
        ...

    @property
    def producer_calls(self) -> Mapping[str, int]:
        """Calls under way by endpoint, `host:port`."""
        ...

    @property
    def ports(self) -> dict[str, int]:
        """The listeners' ports by name."""
        ...

    @property
    def settings(self) -> Settings:
        """How the process runs."""
        ...

    @property
    def payloads(self) -> Payloads:
        """The payload log."""
        ...

    @property
    def handshakes(self) -> Handshakes:
        """What handshakes used."""
        ...

    def certificate_ends(self) -> dict[str, datetime]:
        """When each certificate ends."""
        ...


class Facts:
    """Reads a node; some facts are written here by the node itself."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._started = time.monotonic()
        self.draining = False
        self.tls_problem = ""
        self.ship_problem = ""
        self.shipped_at: datetime | None = None
        self.clock_jumps = 0
        self.clock_jumped_s = 0.0
        self._used: dict[Origin, Usage] = {}
        self._used_of: tuple[State | None, date] = (None, date.min)

    def ready(self) -> dict[str, str]:
        """What is missing by part, and why; empty when calls can be carried (SW-17.6)."""
        journal = self._node.journal.status().reason
        missing = {
            "directory": "" if self._node.keeper.state else "no directory has been loaded",
            "tree": self._no_tree() if self._node.settings.tree_required else "",
            "journal": journal,
            "listeners": "the platform is stopping" if self.draining else "",
        }
        return {part: reason for part, reason in missing.items() if reason}

    def degraded(self) -> dict[str, str]:
        """What is less than it should be by part, and why, while calls can be carried (SW-17.6, DI-10.3)."""
        less = {
            "directory": "" if self._to_others() else "no route leads to anybody but the platform itself",
            "tree": "" if self._node.settings.tree_required else self._no_tree(),
        }
        return {part: reason for part, reason in less.items() if reason}

    def _no_tree(self) -> str:
        """Why the tree counts as missing: calls go to others, but no address is known except the platform's own."""
        missing = self.tree_size <= 1 and self._to_others()
        return "no address is known except the platform's own" if missing else ""

    def _to_others(self) -> bool:
        state = self._node.keeper.state
        return state is not None and any(not route.url.startswith(SERVICE) for route in state.directory.routes)

    @property
    def tree_size(self) -> int:
        """How many addresses the organisation tree has."""
        state = self._node.keeper.state
        return len(state.directory.addresses) if state else 0

    def release(self) -> dict[str, Any]:
        """The directory release in use (DI-10.1)."""
        state = self._node.keeper.state
        if state is None:
            return {}
        return {
            "number": state.release.number,
            "time": state.release.time.isoformat(),
            "author": state.release.author,
            "digest": state.release.digest,
            "origin": state.origin,
            "addresses": len(state.directory.addresses),
            "components": len(state.directory.components),
            "routes": len(state.directory.by_route),
            "permissions": len(state.directory.by_permission),
            "contracts": len(state.catalogue),
            "problem": [str(finding) for finding in self._node.keeper.problem],
        }

    def status(self) -> dict[str, Any]:
        """The national keys of SW-17.5, and ours."""
        state = self._node.keeper.state
        release = self.release()
        directory, tree = self._reset_infos(release)
        return {
            "Name": "vaxel",
            "Version": __version__,
            "BuildTime": _build_time(),
            "ServiceStatus": "Stopping" if self.draining else "Started",
            "Uptime": _in_words(int(time.monotonic() - self._started)),
            "ManagementName": state.directory.platform.name if state else "",
            "TakCacheInitialized": "true" if state else "false",
            "TakCacheResetInfo": directory,
            "HsaCacheInitialized": "true" if state else "false",
            "HsaCacheResetInfo": tree,
            "Endpoints": self._endpoints(),
            "RuntimeVersion": machine.python_version(),
            "Memory": {"MaxResidentKiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss},
            "Release": release,
            "Certificates": self._certificates(),
            "Journal": self._journal(),
            "Producers": troubled(self._node.health.vitals, _moment()),
            "Calls": {"InFlight": self._node.bounds.calls, "BufferedBytes": self._node.bounds.buffered_bytes},
            "ClockJumps": self.clock_jumps,
            "ClockJumpedSeconds": self.clock_jumped_s,
            "PayloadLog": shown(self._node.payloads.window),
            "Cautions": [caution.what for caution in cautions(self._node.settings)],
        }

    def _reset_infos(self, release: dict[str, Any]) -> tuple[str, str]:
        """The national words on the last reading of directory and tree, which are read together here."""
        refresh = self._node.keeper.refresh
        if refresh is None:
            return "Date: Status:REFRESH_FAILED vagval:0 behorigheter:0", "Date: Status:false oldNum:0 newNum:0"
        date = f"Date:{refresh.time.astimezone():%Y-%m-%dT%H:%M}"
        well = "true" if refresh.status == "REFRESH_OK" else "false"
        return (
            f"{date} Status:{refresh.status} vagval:{release['routes']} behorigheter:{release['permissions']}",
            f"{date} Status:{well} oldNum:{refresh.tree_before} newNum:{refresh.tree_after}",
        )

    def _endpoints(self) -> list[str]:
        """Where calls are taken."""
        host = f"[{self._node.settings.host}]" if ":" in self._node.settings.host else self._node.settings.host
        return [f"{name}://{host}:{port}/vp" for name, port in self._node.ports.items() if name != "web"]

    def directory_age_s(self) -> float:
        """Seconds since the operator's files were last read well; NaN where they never were."""
        read_at = self._node.keeper.read_at
        return (datetime.now(UTC) - read_at).total_seconds() if read_at else float("nan")

    async def producers(self) -> list[dict[str, Any]]:
        """Every producer's endpoint, those in trouble first."""
        state, day = self._node.keeper.state, swedish_day()
        if state is not None and (self._used_of[0] is not state or self._used_of[1] != day):
            self._used = await asyncio.to_thread(usages, state.directory, day)
            self._used_of = (state, day)
        node = self._node
        return overview(node.health.vitals, self._used, node.producer_calls, _moment())

    def certificate_days(self) -> float:
        """Days until the first of the platform's own certificates ends; NaN where it has none."""
        now = datetime.now(UTC)
        return min(((end - now).days for end in self._node.certificate_ends().values()), default=float("nan"))

    def _certificates(self) -> dict[str, Any]:
        now = datetime.now(UTC)
        ends = self._node.certificate_ends()
        found = {name: {"ends": end.isoformat(), "daysLeft": (end - now).days} for name, end in ends.items()}
        return {"files": found, "problem": self.tls_problem, "handshakes": self._node.handshakes.status()}

    def _journal(self) -> dict[str, Any]:
        status = self._node.journal.status()
        return {
            "node": status.node,
            "writable": not status.reason,
            "reason": status.reason,
            "seq": status.seq,
            "segment": status.segment,
            "reserve": status.reserve,
            "checkpoint": status.checkpoint_seq,
            "shippedAt": self.shipped_at.isoformat() if self.shipped_at else None,
            "shipProblem": self.ship_problem or None,
            "note": "" if self.shipped_at else "no checkpoint is kept elsewhere: a cut tail cannot be detected",
        }


def _moment() -> Moment:
    return Moment(monotonic=time.monotonic(), utc=datetime.now(UTC))


def _build_time() -> str:
    """When this version was installed; empty where that cannot be told."""
    found = next((path for path in files("vaxel") or () if path.name == "METADATA"), None)
    if found is None:
        return ""
    return datetime.fromtimestamp(found.locate().stat().st_mtime, UTC).isoformat(timespec="seconds")  # type: ignore[attr-defined]


def _in_words(seconds: int) -> str:
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"{days} days, {hours} hours, {minutes} minutes, {seconds} seconds"
