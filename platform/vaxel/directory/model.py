"""The directory in memory: who is who, who answers what, and who may call (directory.md section 2).

An entry with lists stands for every combination of its items (DI-2.1); each combination finds the one entry.
Keys are in lower case, since ids and namespaces are compared without case (DI-2.2); spelling is kept in entries.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

ANY = "*"
TOP = "SE"
"""The parent of every address that has none (DI-8.3)."""

Kind = Literal["platform", "care_provider", "care_unit", "unit", "system"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Valid:
    """Whole days, inclusive at both ends, in Swedish local time (DI-3.1)."""

    first: date
    last: date

    def on(self, day: date) -> bool:
        """Whether the period holds that day."""
        return self.first <= day <= self.last

    def overlaps(self, other: "Valid") -> bool:
        """Whether the periods share a day."""
        return self.first <= other.last and other.first <= self.last


ALWAYS = Valid(first=date.min, last=date.max)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who runs a unit: a region or municipality by its official code, or a private provider."""

    type: Literal["region", "municipality", "private"]
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A logical address; `parent` is its nearest ancestor in the HSA tree, empty at the top."""

    id: str
    name: str
    kind: Kind = "unit"
    parent: str = ""
    owner: Owner | None = None
    valid: Valid = ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A system with a certificate of its own; rights are off unless stated (DI-2.8)."""

    id: str
    name: str = ""
    roles: frozenset[str] = frozenset()
    access_control: Literal["platform", "consumer"] = "platform"
    may_state_original_consumer: bool = False
    may_change_registers: bool = False
    may_act_for_citizens: bool = False
    pass_actor_token: bool = False
    oidc_clients: tuple[str, ...] = ()
    contact: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where calls for `to` × `contract` go. `source` is `file:line`."""

    to: tuple[str, ...]
    contract: tuple[str, ...]
    producer: str
    url: str
    profile: str
    valid: Valid
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexFilter:
    """What of a service domain a subscriber is notified of; no categorizations: all."""

    service_domain: str
    categorizations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """Who may call `contract` at `to`. `source` is `file:line`."""

    consumer: tuple[str, ...]
    to: tuple[str, ...]
    contract: tuple[str, ...]
    valid: Valid
    agreement: str = ""
    index_filters: tuple[IndexFilter, ...] = ()
    source: str = ""


RouteKey = tuple[str, str]
"""Address and contract, in lower case."""
PermissionKey = tuple[str, str, str]
"""Consumer, address and contract, in lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """One immutable state of the directory, with the indexes that the data path reads."""

    addresses: tuple[Address, ...]
    components: tuple[Component, ...]
    routes: tuple[Route, ...]
    permissions: tuple[Permission, ...]
    platform: Address
    by_route: Mapping[RouteKey, tuple[Route, ...]] = field(repr=False)
    by_permission: Mapping[PermissionKey, tuple[Permission, ...]] = field(repr=False)
    by_component: Mapping[str, Component] = field(repr=False)
    parents: Mapping[str, str] = field(repr=False)
    parents_without_case: Mapping[str, str] = field(repr=False)

    def component(self, hsa_id: str) -> Component | None:
        """The component with that id, compared without case; None when unknown."""
        return self.by_component.get(hsa_id.lower())


def assemble(
    addresses: tuple[Address, ...],
    components: tuple[Component, ...],
    routes: tuple[Route, ...],
    permissions: tuple[Permission, ...],
) -> Directory:
    """A directory with its indexes; exactly one address must be of kind `platform` (DI-2.6, `ValueError`)."""
    platforms = [address for address in addresses if address.kind == "platform"]
    if len(platforms) != 1:
        raise ValueError("exactly one address must be of kind platform")
    parents = {address.id: address.parent or TOP for address in addresses}
    return Directory(
        addresses=addresses,
        components=components,
        routes=routes,
        permissions=permissions,
        platform=platforms[0],
        by_route=index_routes(routes),
        by_permission=index_permissions(permissions),
        by_component={component.id.lower(): component for component in components},
        parents=parents,
        parents_without_case={child.lower(): parent for child, parent in parents.items()},
    )


def index_routes(routes: tuple[Route, ...]) -> dict[RouteKey, tuple[Route, ...]]:
    """Every combination of the entries, each with the entries that state it; equal statements count once (DI-2.1)."""
    index: dict[RouteKey, tuple[Route, ...]] = {}
    for route in routes:
        for to in route.to:
            for contract in route.contract:
                key = (to.lower(), contract.lower())
                former = index.get(key, ())
                if not any(_same_route(route, other) for other in former):
                    index[key] = (*former, route)
    return index


def index_permissions(permissions: tuple[Permission, ...]) -> dict[PermissionKey, tuple[Permission, ...]]:
    """As `index_routes`."""
    index: dict[PermissionKey, tuple[Permission, ...]] = {}
    for permission in permissions:
        for consumer in permission.consumer:
            for to in permission.to:
                for contract in permission.contract:
                    key = (consumer.lower(), to.lower(), contract.lower())
                    former = index.get(key, ())
                    if not any(_same_permission(permission, other) for other in former):
                        index[key] = (*former, permission)
    return index


def _same_route(one: Route, other: Route) -> bool:
    return (one.url, one.producer, one.profile, one.valid) == (other.url, other.producer, other.profile, other.valid)


def _same_permission(one: Permission, other: Permission) -> bool:
    same = one.valid == other.valid and one.agreement == other.agreement
    return same and one.index_filters == other.index_filters
