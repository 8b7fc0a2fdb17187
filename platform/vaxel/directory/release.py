"""A release: one immutable, numbered state of the directory (directory.md section 4), and its compiled form on disk.

The compiled form is a line of JSON that describes the release, then the rows as JSON arrays; the first holds the
checksum of the second. It is what the next start reads when the operator's files have not changed.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import orjson

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
from vaxel.documents import collector_paused

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Who made which state when (DI-2, PubVersion). `digest` is of the files it was made from, `time` aware UTC."""

    number: int
    time: datetime
    author: str
    comment: str
    base: int
    digest: str


def compiled(release: Release, directory: Directory) -> bytes:
    """The release and its rows as they are kept on disk."""
    rows = orjson.dumps(
        [
            [_address(each) for each in directory.addresses],
            [_component(each) for each in directory.components],
            [_route(each) for each in directory.routes],
            [_permission(each) for each in directory.permissions],
        ]
    )
    head = {
        "format": FORMAT,
        "number": release.number,
        "time": release.time.isoformat(),
        "author": release.author,
        "comment": release.comment,
        "base": release.base,
        "digest": release.digest,
        "sha256": hashlib.sha256(rows).hexdigest(),
    }
    return orjson.dumps(head) + b"\n" + rows


def described(content: bytes) -> Release:
    """The first line of a compiled release; raises `ValueError` where it is none."""
    return _described(_head(content))


def read(content: bytes) -> tuple[Release, Directory]:
    """A compiled release; raises `ValueError` where it is damaged or of another format."""
    head = _head(content)
    rows = content.partition(b"\n")[2]
    if hashlib.sha256(rows).hexdigest() != head["sha256"]:
        raise ValueError("the release's checksum is wrong")
    try:
        with collector_paused():
            addresses, components, routes, permissions = orjson.loads(rows)
            directory = assemble(
                tuple(_read_address(row) for row in addresses),
                tuple(_read_component(row) for row in components),
                tuple(_read_route(row) for row in routes),
                tuple(_read_permission(row) for row in permissions),
            )
    except (TypeError, KeyError, IndexError) as error:
        raise ValueError("the release's rows are of another format") from error
    return _described(head), directory


def _head(content: bytes) -> dict[str, Any]:
    head = orjson.loads(content.partition(b"\n")[0])
    if not isinstance(head, dict) or head.get("format") != FORMAT or "sha256" not in head:
        raise ValueError("not a release of this format")
    return head


def _described(head: dict[str, Any]) -> Release:
    try:
        return Release(
            number=head["number"],
            time=datetime.fromisoformat(head["time"]),
            author=head["author"],
            comment=head["comment"],
            base=head["base"],
            digest=head["digest"],
        )
    except (KeyError, TypeError) as error:
        raise ValueError("the release is not described") from error


def _address(address: Address) -> list[Any]:
    owner = [address.owner.type, address.owner.code] if address.owner else None
    return [address.id, address.name, address.kind, address.parent, owner, *_days(address.valid)]


def _read_address(row: list[Any]) -> Address:
    name, title, kind, parent, owner, first, last = row
    return Address(
        id=name,
        name=title,
        kind=kind,
        parent=parent,
        owner=Owner(type=owner[0], code=owner[1]) if owner else None,
        valid=_valid(first, last),
    )


def _component(component: Component) -> dict[str, Any]:
    return {name: _plain(getattr(component, name)) for name in Component.__slots__}


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else value


def _read_component(row: dict[str, Any]) -> Component:
    lists = {"roles": frozenset(row["roles"])} | {name: tuple(row[name]) for name in ("oidc_clients", "contact")}
    return Component(**{**row, **lists})


def _route(route: Route) -> list[Any]:
    return [route.to, route.contract, route.producer, route.url, route.profile, *_days(route.valid), route.source]


def _read_route(row: list[Any]) -> Route:
    to, contract, producer, url, profile, first, last, source = row
    return Route(
        to=tuple(to),
        contract=tuple(contract),
        producer=producer,
        url=url,
        profile=profile,
        valid=_valid(first, last),
        source=source,
    )


def _permission(row: Permission) -> list[Any]:
    filters = [[each.service_domain, each.categorizations] for each in row.index_filters]
    return [row.consumer, row.to, row.contract, *_days(row.valid), row.agreement, filters, row.source]


def _read_permission(row: list[Any]) -> Permission:
    consumer, to, contract, first, last, agreement, filters, source = row
    return Permission(
        consumer=tuple(consumer),
        to=tuple(to),
        contract=tuple(contract),
        valid=_valid(first, last),
        agreement=agreement,
        index_filters=tuple(IndexFilter(service_domain=name, categorizations=tuple(words)) for name, words in filters),
        source=source,
    )


def _days(valid: Valid) -> tuple[str, str]:
    return valid.first.isoformat(), valid.last.isoformat()


@lru_cache(maxsize=4096)
def _valid(first: str, last: str) -> Valid:
    """Files repeat their periods, so each is made once."""
    return Valid(first=date.fromisoformat(first), last=date.fromisoformat(last))
