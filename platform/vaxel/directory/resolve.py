"""From a logical address and a contract to a producer: switch.md section 7. Pure; `vaxel why` runs the same code."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from urllib.parse import urlsplit

from vaxel.call import HsaId, Target
from vaxel.directory.model import ANY, TOP, Directory, Route
from vaxel.errors import AddressUnusable, AmbiguousRoute, NoRoute, ReceiverMissing, Refusal

AGGREGATE = "vaxel:aggregate"
INTERNAL = "vaxel:"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingRules:
    """What settings say of routing and permission (switch.md sections 7, 8 and 19)."""

    delimiter: str = "#"
    tree_routes: bool = True
    tree_routes_except: tuple[str, ...] = ()
    tree_permissions: bool = True
    tree_permissions_except: tuple[str, ...] = ()
    tree_ignore_case: bool = False
    default_routing_contracts: tuple[str, ...] = ()
    default_routing_senders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What routing found: the target or why there is none, its trace, and the rows that decided."""

    trace: str
    outcome: Target | Refusal
    rows: tuple[Route, ...] = ()


def resolve(
    directory: Directory, receiver: str, contract: str, day: date, rules: RoutingRules, *, sub_call: bool = False
) -> Resolution:
    """The target for a receiver and contract on a day: exact, then the HSA tree, then `*` (SW-7.1).

    `receiver` is raw text, looked up as it stands (SW-4.3). A sub-call does not see `vaxel:aggregate` (SW-7.9).
    The outcome is VP003, VP004, VP006 or VP010 where there is no target.
    """
    if not receiver.strip():
        return Resolution(trace="", outcome=ReceiverMissing("the header names no logical address"))
    trace: list[str] = []
    for level, address in _candidates(directory, receiver, contract, rules):
        trace.append(level)
        rows = valid_routes(directory, address, contract, day, sub_call=sub_call)
        if rows:
            return Resolution(trace=",".join(trace), outcome=_target(rows, receiver, contract), rows=rows)
    return Resolution(trace=",".join(trace), outcome=_no_route(receiver, contract))


def valid_routes(
    directory: Directory, address: str, contract: str, day: date, *, sub_call: bool = False
) -> tuple[Route, ...]:
    """The routes for exactly this address and contract that are valid on the day."""
    rows = directory.by_route.get((address.lower(), contract.lower()), ())
    return tuple(row for row in rows if row.valid.on(day) and not (sub_call and row.url == AGGREGATE))


def delimited(receiver: str, rules: RoutingRules) -> tuple[str, ...]:
    """The parts of a receiver with the delimiter, right-most first, without duplicates; empty without one (SW-7.7)."""
    if not rules.delimiter or rules.delimiter not in receiver:
        return ()
    spelled: dict[str, str] = {}
    for part in filter(None, reversed(receiver.split(rules.delimiter))):
        spelled.setdefault(part.lower(), part)
    return tuple(spelled.values()) or ("",)


def tree_allowed(contract: str, *, on: bool, exceptions: tuple[str, ...]) -> bool:
    """Whether the tree is searched for a contract: inverted for those that begin with an exception (SW-7.4)."""
    excepted = any(entry and contract.lower().startswith(entry.lower()) for entry in exceptions)
    return on is not excepted


def ancestors(directory: Directory, receiver: str, rules: RoutingRules) -> Iterator[str]:
    """The parents of an address, nearest first, up to and including `SE`; a cycle ends the climb (SW-7.7, SW-7.8)."""
    seen = {receiver}
    address = receiver
    while address != TOP:
        parent = directory.parents.get(address)
        if parent is None and rules.tree_ignore_case:
            parent = directory.parents_without_case.get(address.lower())
        address = parent or TOP
        if address in seen:
            return
        seen.add(address)
        yield address


def _candidates(directory: Directory, receiver: str, contract: str, rules: RoutingRules) -> Iterator[tuple[str, str]]:
    """Each address to try, with what the trace says of it."""
    parts = delimited(receiver, rules)
    if parts:
        for number, part in enumerate(parts):
            yield (part if number else f"(leaf),{part}"), part
        return
    yield receiver, receiver
    if tree_allowed(contract, on=rules.tree_routes, exceptions=rules.tree_routes_except):
        for number, parent in enumerate(ancestors(directory, receiver, rules)):
            yield (parent if number else f"(parent),{parent}"), parent
    yield f"(default),{ANY}", ANY


def _target(rows: tuple[Route, ...], receiver: str, contract: str) -> Target | Refusal:
    fields = {"serviceNamespace": contract, "receiverId": receiver}
    if len(rows) > 1:
        return AmbiguousRoute("the directory has several valid routes", fields=fields)
    row = rows[0]
    if not row.url.strip():
        return AddressUnusable("the route has no address", fields=fields)
    if not usable(row.url):
        return AddressUnusable("the route's address is no URL", cause="routing.address-invalid", fields=fields)
    return Target(url=row.url, profile=row.profile.lower(), producer=HsaId(row.producer))


@lru_cache(maxsize=8192)
def usable(url: str) -> bool:
    """Whether a route's address is http or https with a host, or names a platform service (SW-7.6)."""
    if url.startswith(INTERNAL):
        return len(url) > len(INTERNAL)
    try:
        parts = urlsplit(url)
        port_readable = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and port_readable


def _no_route(receiver: str, contract: str) -> NoRoute:
    fields = {"serviceNamespace": contract, "receiverId": receiver}
    if receiver != "".join(receiver.split()):
        return NoRoute(
            "no route is valid today; the address holds white space",
            cause="routing.no-route-whitespace",
            fields=fields,
        )
    return NoRoute("no route is valid today", fields=fields)
