"""The catalogue: every contract that may be said, looked up without case (CO-3.1, CO-9.8)."""

from collections.abc import Iterable, Iterator, Mapping, Set

from vaxel.contracts.entry import Contract, IndexRules
from vaxel.contracts.schema import Schema


class Catalogue:
    """Immutable: contracts by namespace, each with its domain and its schema."""

    def __init__(
        self,
        contracts: Iterable[tuple[str, Contract]] = (),
        schemas: Mapping[str, Schema] | None = None,
        versions: Mapping[str, tuple[str, ...]] | None = None,
        index_rules: Mapping[str, IndexRules] | None = None,
    ) -> None:
        contracts = tuple(contracts)
        self._contracts = {contract.namespace.lower(): contract for _, contract in contracts}
        self._as_written = {contract.namespace: contract for _, contract in contracts}
        self._domains = {contract.namespace.lower(): domain for domain, contract in contracts}
        self._schemas = schemas or {}
        self._versions = versions or {}
        self.index_rules: Mapping[str, IndexRules] = index_rules or {}
        """Rules of engagements (EI-10.2) by index domain, `riv:…`, in lower case."""

    def get(self, namespace: str) -> Contract | None:
        """The contract of a Responder namespace, in any case; None when the catalogue lacks it."""
        return self._as_written.get(namespace) or self._contracts.get(namespace.lower())

    def named(self, name: str) -> Contract | None:
        """The contract of that name or namespace; the newest where several have the name."""
        found = self.get(name)
        if found is not None:
            return found
        same = [contract for contract in self if contract.name.lower() == name.lower()]
        return max(same, key=_version, default=None)

    def schema(self, contract: Contract) -> Schema | None:
        """The contract's schema; None where it has no package here."""
        return self._schemas.get(contract.namespace.lower())

    def versions(self, contract: Contract) -> tuple[str, ...]:
        """The versions of the contract's namespace that have an entry, the one in use among them (CO-3.4)."""
        return self._versions.get(contract.namespace.lower(), (contract.version,))

    def domain(self, contract: Contract) -> str:
        """The service domain, `clinicalprocess:healthcond:description`."""
        return self._domains[contract.namespace.lower()]

    def keeping(self, bad: Set[str], former: "Catalogue | None") -> "Catalogue":
        """This catalogue, with the entries of `former` for the namespaces in `bad` (lower case), or none for them."""
        kept = [(self, each) for each in self if each.namespace.lower() not in bad]
        if former is not None:
            kept += [(former, each) for each in former if each.namespace.lower() in bad]
        schemas = {each.namespace.lower(): schema for source, each in kept if (schema := source.schema(each))}
        versions = {each.namespace.lower(): source.versions(each) for source, each in kept}
        return Catalogue([(source.domain(each), each) for source, each in kept], schemas, versions, self.index_rules)

    @property
    def namespaces(self) -> Set[str]:
        """The namespaces of its contracts, in lower case."""
        return self._contracts.keys()

    def __iter__(self) -> Iterator[Contract]:
        return iter(self._contracts.values())

    def __len__(self) -> int:
        return len(self._contracts)


def _version(contract: Contract) -> tuple[int, ...]:
    return tuple(int(part) for part in contract.version.split("."))
