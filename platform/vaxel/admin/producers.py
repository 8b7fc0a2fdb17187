"""Which endpoints the routes lead to, and how each is: what `/api/v1/producers` and `vaxel producers` show."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from vaxel.adapters.breaker import State
from vaxel.adapters.vitals import Origin, Vitals, origin
from vaxel.directory.model import Directory

UNUSED = "unused"
"""The state of an endpoint that nobody has called since the start."""
_ORDER = [State.OPEN, State.HALF_OPEN, State.CLOSED, UNUSED]


@dataclass(slots=True, kw_only=True)
class Usage:
    """What of a directory leads to one endpoint."""

    routes: int = 0
    addresses: set[str] = field(default_factory=set)
    contracts: set[str] = field(default_factory=set)
    components: set[str] = field(default_factory=set)


def origins(directory: Directory) -> set[Origin]:
    """Every endpoint that a route leads to, whatever the day."""
    starts = {_start(url) for url in {route.url for route in directory.routes}}
    return {found for found in map(origin, starts) if found is not None}


def usages(directory: Directory, day: date) -> dict[Origin, Usage]:
    """The routes that are valid that day, by endpoint; the platform's own services have none."""
    found: dict[Origin, Usage] = {}
    known: dict[str, Origin | None] = {}
    for route in directory.routes:
        start = _start(route.url)
        if start not in known:
            known[start] = origin(start)
        where = known[start]
        if where is not None and route.valid.on(day):
            usage = found.setdefault(where, Usage())
            usage.routes += 1
            usage.addresses.update(route.to)
            usage.contracts.update(route.contract)
            usage.components.add(route.producer)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Now, by both clocks: what is known in monotonic seconds is shown as time of day."""

    monotonic: float
    utc: datetime

    def shown(self, moment: float) -> str:
        """A monotonic moment as time of day (UTC)."""
        return (self.utc - timedelta(seconds=self.monotonic - moment)).isoformat(timespec="seconds")


def overview(
    vitals: Iterable[Vitals], used: Mapping[Origin, Usage], in_flight: Mapping[str, int], now: Moment
) -> list[dict[str, Any]]:
    """A row for each endpoint, those in trouble first."""
    known = {each.origin: each for each in vitals}
    rows = []
    for where in sorted({*known, *used}, key=str):
        each, usage = known.get(where), used.get(where, Usage())
        row = {
            "endpoint": str(where),
            **(_unused() if each is None else _state(each, now)),
            "in_flight": in_flight.get(f"{where.host}:{where.port}", 0),
            "routes": usage.routes,
            "logical_addresses": len(usage.addresses),
            "contracts": sorted(usage.contracts),
            "components": sorted(usage.components),
        }
        rows.append(row)
    return sorted(rows, key=lambda row: _ORDER.index(row["state"]))


def troubled(vitals: Iterable[Vitals], now: Moment) -> dict[str, dict[str, Any]]:
    """The endpoints whose breaker is not closed, with the cause: never silence about a producer that is skipped."""
    return {
        str(each.origin): {
            "state": each.breaker.shown(now.monotonic),
            "cause": each.breaker.cause,
            "since": now.shown(each.breaker.since),
        }
        for each in vitals
        if each.breaker.state is not State.CLOSED
    }


def _state(vitals: Vitals, now: Moment) -> dict[str, Any]:
    breaker = vitals.breaker
    failed = sum(vitals.failures.values())
    p50, p95 = (round(seconds * 1000, 1) for seconds in vitals.latency_s(0.5, 0.95) or (0.0, 0.0))
    left_s = round(max(0.0, breaker.until - now.monotonic), 1)
    return {
        "state": breaker.shown(now.monotonic),
        "since": now.shown(breaker.since),
        "next_test_s": left_s if breaker.state is State.OPEN else None,
        "consecutive_failures": breaker.consecutive,
        "latency_ms": {"p50": p50, "p95": p95} if vitals.recent_s else None,
        "answered": vitals.answered,
        "failed": failed,
        "skipped": vitals.skipped,
        "overloaded": vitals.overloaded,
        "failures": dict(vitals.failures),
        "last_failure": {"cause": vitals.last_cause, "time": now.shown(vitals.failed_at)} if failed else None,
        "last_probe": {"cause": vitals.probe_cause, "time": now.shown(vitals.probed_at)} if vitals.probes else None,
    }


def _unused() -> dict[str, Any]:
    empty = dict.fromkeys(("since", "next_test_s", "latency_ms", "last_failure", "last_probe"))
    counts = dict.fromkeys(("consecutive_failures", "answered", "failed", "skipped", "overloaded"), 0)
    return {"state": UNUSED, **empty, **counts, "failures": {}}


def _start(url: str) -> str:
    """Scheme, host and port of a URL as text: many routes share it, so that few URLs need be parsed."""
    return "/".join(url.split("/", 3)[:3])
