"""Who produces and who consumes a contract on a day, as the directory states it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from vaxel.directory.model import ANY, Directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A component, at how many logical addresses, and whether also at those that nobody else is named for (`*`)."""

    component: str
    name: str
    addresses: int
    default: bool


def producers(directory: Directory, contract: str, day: date) -> tuple[Party, ...]:
    """The components that routes valid on the day lead to."""
    rows = ((row.producer, row.to) for row in directory.routes if row.valid.on(day) and _names(row.contract, contract))
    return _parties(directory, rows)


def consumers(directory: Directory, contract: str, day: date) -> tuple[Party, ...]:
    """The components that permissions valid on the day let call."""
    rows = (
        (consumer, row.to)
        for row in directory.permissions
        if row.valid.on(day) and _names(row.contract, contract)
        for consumer in row.consumer
    )
    return _parties(directory, rows)


def _names(contracts: Iterable[str], contract: str) -> bool:
    return any(each.lower() == contract.lower() for each in contracts)


def _parties(directory: Directory, rows: Iterable[tuple[str, tuple[str, ...]]]) -> tuple[Party, ...]:
    """The rows gathered by component, in the order of their ids."""
    spelling: dict[str, str] = {}
    addresses: dict[str, set[str]] = {}
    for component, to in rows:
        key = component.lower()
        spelling.setdefault(key, component)
        addresses.setdefault(key, set()).update(address.lower() for address in to)
    return tuple(_party(directory, spelling[key], addresses[key]) for key in sorted(addresses))


def _party(directory: Directory, component: str, addresses: set[str]) -> Party:
    found = directory.component(component)
    return Party(
        component=component,
        name=found.name if found else "",
        addresses=len(addresses - {ANY}),
        default=ANY in addresses,
    )
