"""Whether a consumer may call a contract at an address: switch.md section 8. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from vaxel.directory.model import ANY, Directory, Permission
from vaxel.directory.resolve import RoutingRules, ancestors, delimited, tree_allowed

MAX_PARTS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """The consumer may call, by this row."""

    trace: str
    row: Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class Deny:
    """No row permits the call (VP007)."""

    trace: str


def permit(
    directory: Directory, sender: str, address: str, contract: str, day: date, rules: RoutingRules
) -> Permit | Deny:
    """Exact address, then `*`, then the HSA tree: opposite to routing (section 8)."""
    parts = delimited(address, rules)
    if parts and not _default_routing(parts, sender, contract, rules):
        return Deny(trace="(leaf),Invalid parameters")
    trace: list[str] = []
    for level, candidate in _candidates(directory, address, contract, rules, parts):
        trace.append(level)
        rows = directory.by_permission.get((sender.lower(), candidate.lower(), contract.lower()), ())
        row = next((row for row in rows if row.valid.on(day)), None)
        if row is not None:
            return Permit(trace=",".join(trace), row=row)
    return Deny(trace=",".join(trace))


def _default_routing(parts: tuple[str, ...], sender: str, contract: str, rules: RoutingRules) -> bool:
    """Whether a `#` address may be used at all: few parts, and the contract and sender are on the lists."""
    return (
        len(parts) <= MAX_PARTS
        and _listed(contract, rules.default_routing_contracts)
        and _listed(sender, rules.default_routing_senders)
    )


def _listed(word: str, allowed: tuple[str, ...]) -> bool:
    return not allowed or word.lower() in {entry.lower() for entry in allowed}


def _candidates(
    directory: Directory, address: str, contract: str, rules: RoutingRules, parts: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    if parts:
        for number, part in enumerate(parts):
            yield (part if number else f"(leaf),{part}"), part
        return
    yield address, address
    yield f"(default),{ANY}", ANY
    if tree_allowed(contract, on=rules.tree_permissions, exceptions=rules.tree_permissions_except):
        for number, parent in enumerate(ancestors(directory, address, rules)):
            yield (parent if number else f"(parent),{parent}"), parent
