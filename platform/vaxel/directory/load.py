"""The operator's files → a directory, or everything that is wrong with them (directory.md section 3, DI-3.9)."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from vaxel.directory import files as form
from vaxel.directory.findings import errors, warnings
from vaxel.directory.model import (
    Address,
    Component,
    Directory,
    IndexFilter,
    Owner,
    Permission,
    Route,
    Valid,
    assemble,
)
from vaxel.documents import Listing, collector_paused, load
from vaxel.errors import DataError, Finding

ADDRESSES = "logical_addresses.yaml"
COMPONENTS = "routing/components.yaml"
ROUTES = "routing/routes.yaml"
PERMISSIONS = "routing/permissions.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A directory that is free of errors, and what deserves a look."""

    directory: Directory
    warnings: tuple[Finding, ...]


def load_directory(files: Mapping[str, bytes], contracts: Collection[str], today: date) -> Loaded:
    """Read and judge the four files; `contracts` are the catalogue's namespaces in lower case.

    Raises `DataError` with every finding of every file, so that a bad edit is mended in one go.
    """
    with collector_paused():
        found: list[Finding] = []
        addresses = _rows(files, ADDRESSES, form.AddressFile, "addresses", _address, found)
        components = _rows(files, COMPONENTS, form.ComponentFile, "components", _component, found)
        routes = _rows(files, ROUTES, form.RouteFile, "routes", _route, found)
        permissions = _rows(files, PERMISSIONS, form.PermissionFile, "permissions", _permission, found)
        if found:
            raise DataError(tuple(found))
        wrong = errors(addresses, components, routes, permissions)
        if wrong:
            raise DataError(wrong)
        directory = assemble(
            tuple(row for row, _ in addresses),
            tuple(row for row, _ in components),
            routes,
            permissions,
        )
        return Loaded(directory=directory, warnings=warnings(directory, addresses, contracts, today))


def _rows(
    files: Mapping[str, bytes],
    name: str,
    model: Any,
    key: str,
    make: Callable[[Any, str], Any],
    found: list[Finding],
) -> tuple[Any, ...]:
    """The entries of one file; what is wrong with the file goes to `found`."""
    try:
        entries, document = load(model, name, files.get(name, b"format: 1\n"))
    except DataError as error:
        found.extend(error.findings)
        return ()
    listing = document.get(key)
    lines = listing.lines if isinstance(listing, Listing) else []
    rows = zip(getattr(entries, key), lines, strict=False)
    return tuple(make(entry, f"{name}:{line}") for entry, line in rows)


def _address(entry: form.AddressEntry, source: str) -> tuple[Address, str]:
    owner = Owner(type=entry.owner.type, code=entry.owner.code) if entry.owner else None
    address = Address(
        id=entry.id, name=entry.name, kind=entry.kind, parent=entry.parent or "", owner=owner, valid=_valid(entry.valid)
    )
    return address, source


def _component(entry: form.ComponentEntry, source: str) -> tuple[Component, str]:
    component = Component(
        id=entry.id,
        name=entry.name,
        roles=frozenset(entry.roles),
        access_control=entry.access_control,
        may_state_original_consumer=entry.may_state_original_consumer,
        may_change_registers=entry.may_change_registers,
        may_act_for_citizens=entry.may_act_for_citizens,
        pass_actor_token=entry.pass_actor_token,
        oidc_clients=entry.oidc_clients,
        contact=(entry.contact.name, entry.contact.email),
    )
    return component, source


def _route(entry: form.RouteEntry, source: str) -> Route:
    return Route(
        to=entry.to,
        contract=entry.contract,
        producer=entry.producer,
        url=entry.url,
        profile=entry.profile,
        valid=_valid(entry.valid),
        source=source,
    )


def _permission(entry: form.PermissionEntry, source: str) -> Permission:
    filters = tuple(
        IndexFilter(service_domain=each.service_domain, categorizations=each.categorizations)
        for each in entry.index_filters
    )
    return Permission(
        consumer=entry.consumer,
        to=entry.to,
        contract=entry.contract,
        valid=_valid(entry.valid),
        agreement=entry.agreement or "",
        index_filters=filters,
        source=source,
    )


def _valid(period: form.Period) -> Valid:
    return Valid(first=period.first, last=period.until)
