"""What the platform tells of its contracts: the catalogue's entry, messages, parties, quality."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from vaxel.admin.keeper import State
from vaxel.admin.problems import Problem
from vaxel.contracts.catalogue import Catalogue
from vaxel.contracts.describe import Described, describe
from vaxel.contracts.entry import Contract
from vaxel.contracts.quality import totals
from vaxel.contracts.sample import Facts, Sampler
from vaxel.contracts.structure import Structure
from vaxel.directory.parties import consumers, producers
from vaxel.errors import DataError
from vaxel.exchange.check import lowered


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which contracts are asked for: part of the name, domain, access, information set; empty is any."""

    name: str = ""
    domain: str = ""
    access: str = ""
    information_set: str = ""


class ContractFacts:
    """Reads the state in use, and the schemas' files. Takes its time: to be called in a thread."""

    def __init__(self, state: Callable[[], State | None], today: Callable[[], date], validation_max: str) -> None:
        self._state = state
        self._today = today
        self._validation_max = validation_max

    def listed(self, wanted: Wanted) -> list[dict[str, Any]]:
        """The contracts asked for, without what a schema must be compiled for (`judged` adds it)."""
        catalogue = self._current().catalogue
        return [_entry(catalogue, contract) for contract in catalogue if _asked_for(catalogue, contract, wanted)]

    def judged(self, row: dict[str, Any]) -> dict[str, Any]:
        """A row of `listed` with the state of its schema and the levels that hold (CO-7.1, CO-7.4)."""
        catalogue = self._current().catalogue
        contract = _known(catalogue, row["namespace"])
        schema = catalogue.schema(contract)
        reason = schema.unusable if schema else "there is no schema"
        stated = row["validation"]
        effective = {name: "off" if reason else lowered(level, self._validation_max) for name, level in stated.items()}
        return {**row, "effective": effective, "schema": {"usable": not reason, "reason": reason}}

    def one(self, namespace: str, quality: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """All of one contract, with the totals of its rows in the quality report; `Problem` (404) for another."""
        state = self._current()
        contract = _known(state.catalogue, namespace)
        day = self._today()
        return {
            **self.judged(_entry(state.catalogue, contract)),
            "versions": _versions(state.catalogue, contract),
            "messages": _messages(state.catalogue, contract),
            "producers": producers(state.directory, contract.namespace, day),
            "consumers": consumers(state.directory, contract.namespace, day),
            "quality": totals(quality),
        }

    def sample(self, namespace: str, message: str, seed: int, to: str) -> bytes:
        """A valid message of test data, equal for equal seeds; `to` is a request's receiver, empty: the platform.

        Raises `Problem` where there is none.
        """
        state = self._current()
        contract = _known(state.catalogue, namespace)
        try:
            sampler = Sampler(contract, _structure(state.catalogue, contract))
            facts = Facts(seed=seed)
            if message == "response":
                return sampler.response(facts)
            return sampler.request(facts, to or state.directory.platform.id)
        except (DataError, ValueError) as error:
            raise Problem(409, "schema", "The schema gives no sample", "see the contract's `schema`") from error

    def _current(self) -> State:
        state = self._state()
        if state is None:
            raise Problem(503, "directory", "No directory has been loaded", "see /health/ready")
        return state


def _known(catalogue: Catalogue, namespace: str) -> Contract:
    contract = catalogue.get(namespace)
    if contract is None:
        raise Problem(404, "contract", "The catalogue lacks the contract", "see /api/v1/contracts for what there is")
    return contract


def _messages(catalogue: Catalogue, contract: Contract) -> Described | None:
    """The trees of both messages; None where the schema tells none."""
    try:
        return describe(contract, _structure(catalogue, contract))
    except (DataError, ValueError):
        return None


def _structure(catalogue: Catalogue, contract: Contract) -> Structure:
    """The contract's schema as values; raises `DataError` or `ValueError` without one."""
    schema = catalogue.schema(contract)
    if schema is None or schema.unusable:
        raise ValueError("the schema is unusable")
    return schema.structure()


def _entry(catalogue: Catalogue, contract: Contract) -> dict[str, Any]:
    return {
        "name": contract.name,
        "version": contract.version,
        "namespace": contract.namespace,
        "domain": catalogue.domain(contract),
        "package": contract.package,
        "access": contract.access,
        "information_set": contract.information_set,
        "validation": {"request": contract.validation.request, "response": contract.validation.response},
    }


def _asked_for(catalogue: Catalogue, contract: Contract, wanted: Wanted) -> bool:
    return (
        wanted.name.lower() in contract.name.lower()
        and wanted.domain in {"", catalogue.domain(contract)}
        and wanted.access in {"", contract.access or "unstated"}
        and wanted.information_set in {"", contract.information_set}
    )


def _versions(catalogue: Catalogue, contract: Contract) -> list[dict[str, Any]]:
    """Every version of the contract in the catalogue: minors of its namespace, and its other majors."""
    majors = [
        each
        for each in catalogue
        if each.name.lower() == contract.name.lower() and catalogue.domain(each) == catalogue.domain(contract)
    ]
    rows = [
        {"version": version, "namespace": each.namespace, "in_use": version == each.version}
        for each in majors
        for version in catalogue.versions(each)
    ]
    return sorted(rows, key=lambda row: [int(part) for part in str(row["version"]).split(".")])
