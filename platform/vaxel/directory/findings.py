"""What is wrong with a directory as a whole, and what deserves a look (DI-3.3 to DI-3.9, DI-8.12, DI-9.5)."""

import itertools
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import date, timedelta

from vaxel.directory.model import ANY, TOP, Address, Component, Directory, Permission, Route
from vaxel.directory.model import Valid as Period
from vaxel.documents import finding
from vaxel.errors import Finding

SOON = (7, 30, 60)
"""Days before the end of a row at which it is told of (DI-9.5)."""

Placed = tuple[Address, str]
PlacedComponent = tuple[Component, str]


def errors(
    addresses: tuple[Placed, ...],
    components: tuple[PlacedComponent, ...],
    routes: tuple[Route, ...],
    permissions: tuple[Permission, ...],
) -> tuple[Finding, ...]:
    """Every error; rows come with `file:line`."""
    return (
        *_duplicates(addresses, "address"),
        *_duplicates(components, "component"),
        *_platform(addresses),
        *_parents(addresses),
        *_inverted(addresses, routes, permissions),
        *_references(addresses, components, routes, permissions),
        *_route_overlaps(routes),
        *_permission_overlaps(permissions),
    )


def warnings(
    directory: Directory, addresses: tuple[Placed, ...], contracts: Collection[str], today: date
) -> tuple[Finding, ...]:
    """What works but deserves a look; each row is told of once."""
    return tuple(
        Finding(id=each.id, file=each.file, line=each.line, what=each.what, remedy=each.remedy, warning=True)
        for each in (
            *_unknown_contracts(directory, contracts),
            *_unpaired(directory),
            *_ending("route", directory.routes, today),
            *_ending("permission", directory.permissions, today),
            *_unrouted(directory, addresses),
        )
    )


def at(id: str, source: str, what: str, remedy: str) -> Finding:  # noqa: A002 - the spec's word
    """A finding about the row at `file:line`."""
    file, _, line = source.rpartition(":")
    return finding(id, file, int(line or 0), what, remedy)


def _duplicates(rows: Iterable[tuple[Address | Component, str]], kind: str) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for row, source in rows:
        former = seen.setdefault(row.id.lower(), source)
        if former != source:
            yield at("row.duplicate", source, f"{kind} {row.id} stands at {former} too", "keep one of them")


def _platform(addresses: tuple[Placed, ...]) -> Iterator[Finding]:
    platforms = [(address, source) for address, source in addresses if address.kind == "platform"]
    if not platforms:
        yield finding("platform.address", "logical_addresses.yaml", 1, "no address has kind platform",
                      "give the platform's own address kind: platform")  # fmt: skip
    for address, source in platforms[1:]:
        yield at("platform.address", source, f"{address.id} is a second address of kind platform", "keep one of them")


def _parents(addresses: tuple[Placed, ...]) -> Iterator[Finding]:
    """Parents that do not exist, and circles (DI-8.12)."""
    parents = {address.id: address.parent for address, _ in addresses}
    done: set[str] = set()
    for address, source in addresses:
        if address.parent and address.parent != TOP and address.parent not in parents:
            yield at(
                "reference.unknown", source, f"parent {address.parent} is no address", "add it or mend its spelling"
            )
        path: dict[str, None] = {}
        here = address.id
        while here in parents and here not in done and here not in path:
            path[here] = None
            here = parents[here]
        if here in path:
            circle = " → ".join([*list(path)[list(path).index(here) :], here])
            yield at("reference.unknown", source, f"the parents go round: {circle}", "let one of them have no parent")
        done.update(path)


def _inverted(
    addresses: tuple[Placed, ...], routes: tuple[Route, ...], permissions: tuple[Permission, ...]
) -> Iterator[Finding]:
    periods: list[tuple[Period, str]] = [(address.valid, source) for address, source in addresses]
    periods += [(route.valid, route.source) for route in routes]
    periods += [(permission.valid, permission.source) for permission in permissions]
    for valid, source in periods:
        if valid.first > valid.last:
            what = f"valid from {valid.first} is after until {valid.last}"
            yield at("period.inverted", source, what, "exchange the days")


def _references(
    addresses: tuple[Placed, ...],
    components: tuple[PlacedComponent, ...],
    routes: tuple[Route, ...],
    permissions: tuple[Permission, ...],
) -> Iterator[Finding]:
    known = {address.id.lower() for address, _ in addresses} | {ANY}
    roles = {component.id.lower(): component.roles for component, _ in components}
    for route in routes:
        yield from _unknown(route.to, known, route.source)
        yield from _role(route.producer, "producer", roles, route.source)
    for permission in permissions:
        yield from _unknown(permission.to, known, permission.source)
        for consumer in permission.consumer:
            yield from _role(consumer, "consumer", roles, permission.source)


def _unknown(ids: Iterable[str], known: set[str], source: str) -> Iterator[Finding]:
    for name in ids:
        if name.lower() not in known and name != TOP:
            yield at("reference.unknown", source, f"{name} is no address", "add it to logical_addresses.yaml")


def _role(name: str, role: str, roles: dict[str, frozenset[str]], source: str) -> Iterator[Finding]:
    held = roles.get(name.lower())
    if held is None:
        yield at("reference.unknown", source, f"{name} is no component", "add it to routing/components.yaml")
    elif role not in held:
        yield at("component.role", source, f"component {name} lacks the role {role}", f"add {role} to its roles")


def _route_overlaps(routes: tuple[Route, ...]) -> Iterator[Finding]:
    index: dict[tuple[str, ...], list[Route]] = defaultdict(list)
    for row in routes:
        for to in row.to:
            for contract in row.contract:
                index[(to.lower(), contract.lower())].append(row)

    def same(one: Route, two: Route) -> bool:
        return (one.url, one.producer, one.profile) == (two.url, two.producer, two.profile)

    yield from _overlaps("route", index, same)


def _permission_overlaps(permissions: tuple[Permission, ...]) -> Iterator[Finding]:
    index: dict[tuple[str, ...], list[Permission]] = defaultdict(list)
    for row in permissions:
        for consumer in row.consumer:
            for to in row.to:
                for contract in row.contract:
                    index[(to.lower(), contract.lower(), consumer.lower())].append(row)

    def same(one: Permission, two: Permission) -> bool:
        return (one.agreement, one.index_filters) == (two.agreement, two.index_filters)

    yield from _overlaps("permission", index, same)


def _overlaps(kind: str, index: dict[tuple[str, ...], list], same: Callable) -> Iterator[Finding]:  # type: ignore[type-arg]
    """Rows of one key that share a day: the same row counts once, others contradict or overlap (DI-2.1, DI-3.4)."""
    for key, rows in index.items():
        if len(rows) == 1:
            continue
        rows = sorted(rows, key=lambda row: row.valid.first)
        for former, row in itertools.pairwise(rows):
            if not former.valid.overlaps(row.valid):
                continue
            equal_days = former.valid == row.valid
            if equal_days and same(former, row):
                continue
            id = "row.contradiction" if equal_days else f"{kind}.overlap"  # noqa: A001 - the spec's word
            what = f"the {kind} for {' × '.join(key[:2])} overlaps the one at {former.source}"
            yield at(id, row.source, what, "end one period before the other begins, or remove one")


def _unknown_contracts(directory: Directory, contracts: Collection[str]) -> Iterator[Finding]:
    told: set[str] = set()
    rows: tuple[Route | Permission, ...] = (*directory.routes, *directory.permissions)
    for row in rows:
        for contract in row.contract:
            name = contract.lower()
            if name not in contracts and name not in told:
                told.add(name)
                yield at("reference.contract-unknown", row.source, f"the catalogue lacks {contract}: refused",
                         "add it to contracts/, or mend its spelling")  # fmt: skip


def _unpaired(directory: Directory) -> Iterator[Finding]:
    """Contracts that are routed but permitted to nobody, and the other way round."""
    routed = {contract.lower(): row for row in reversed(directory.routes) for contract in row.contract}
    permitted = {contract.lower(): row for row in reversed(directory.permissions) for contract in row.contract}
    for contract in routed.keys() - permitted.keys():
        yield at("route.without-permission", routed[contract].source, f"nobody may call {contract}",
                 "add a permission, or remove the route")  # fmt: skip
    for contract in permitted.keys() - routed.keys():
        yield at("permission.without-route", permitted[contract].source, f"nothing answers {contract}",
                 "add a route, or remove the permission")  # fmt: skip


def _ending(kind: str, rows: Iterable[Route | Permission], today: date) -> Iterator[Finding]:
    for row in rows:
        if row.valid.last == date.max or not today <= row.valid.last <= today + timedelta(days=SOON[-1]):
            continue
        left = (row.valid.last - today).days
        within = next(days for days in SOON if left <= days)
        what = f"the {kind} ends on {row.valid.last}, within {within} days"
        yield at(f"{kind}.expires-soon", row.source, what, "prolong it, or let it end")


def _unrouted(directory: Directory, addresses: tuple[Placed, ...]) -> Iterator[Finding]:
    """Addresses that no route reaches, neither directly nor through the tree or `*`."""
    reached = {to for to, _ in directory.by_route}
    if ANY in reached or TOP.lower() in reached:
        return
    for address, source in addresses:
        here, seen = address.id, set[str]()
        while here and here.lower() not in reached and here not in seen:
            seen.add(here)
            here = directory.parents.get(here, "")
        if (not here or here in seen) and address.kind != "platform":
            yield at(
                "address.without-route", source, f"no route reaches {address.id}", "add one, or remove the address"
            )
