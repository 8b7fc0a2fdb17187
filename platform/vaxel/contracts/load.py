"""Reads the catalogue's files, through bytes and a resolver; findings name file, line and remedy (CO-9.2). Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vaxel import documents
from vaxel.contracts.catalogue import Catalogue
from vaxel.contracts.entry import Contract, ContractFile, IndexRules
from vaxel.contracts.schema import ALL_COMPATIBILITY, Resolver, Schema
from vaxel.errors import DataError, Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A catalogue and what deserves a look in it."""

    catalogue: Catalogue
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    file: str
    line: int
    domain: str
    contract: Contract


def load(files: Mapping[str, bytes], resolve: Resolver, compatibility: frozenset[str] = ALL_COMPATIBILITY) -> Loaded:
    """The catalogue of `contracts/*.yaml`; raises `DataError` with every error found."""
    rows: list[_Row] = []
    errors: list[Finding] = []
    rules: dict[str, IndexRules] = {}
    for file in sorted(files):
        try:
            model, document = documents.load(ContractFile, file, files[file])
            rows += _rows(file, model, document)
            if model.index_rules is not None:
                rules[f"riv:{model.domain}".lower()] = model.index_rules
        except DataError as error:
            errors += error.findings
    errors += _case_clashes(rows)
    if errors:
        raise DataError(tuple(errors))
    chosen = _chosen(rows)
    schemas = {row.contract.namespace.lower(): _schema(row, resolve, compatibility) for row in chosen}
    catalogue = Catalogue([(row.domain, row.contract) for row in chosen], schemas, _versions(rows), rules)
    return Loaded(catalogue=catalogue, findings=tuple(_unstated(chosen)))


def unusable(catalogue: Catalogue, contract: Contract, files: Mapping[str, bytes]) -> Finding | None:
    """A warning where a contract's schema cannot be used: it is routed and published all the same (CO-7.4)."""
    schema = catalogue.schema(contract)
    if schema is None or not schema.unusable:
        return None
    file, line = where(files, contract)
    return _warning("schema.unusable", file, line, f"{contract.name}: {schema.unusable}", "mend the package")


def _rows(file: str, model: ContractFile, document: Any) -> Iterator[_Row]:
    for index, contract in enumerate(model.contracts):
        yield _Row(file, documents.line_of(document, ("contracts", index)), model.domain, contract)


def _case_clashes(rows: list[_Row]) -> Iterator[Finding]:
    """Two entries of the same contract and version, or namespaces that differ in case only (CO-3.1)."""
    seen: dict[str, _Row] = {}
    for row in rows:
        former = seen.setdefault(row.contract.namespace.lower(), row)
        same_version = former is not row and former.contract.version == row.contract.version
        if former.contract.namespace != row.contract.namespace or same_version:
            yield documents.finding(
                "row.duplicate",
                row.file,
                row.line,
                f"{row.contract.namespace} stands also in {former.file}:{former.line}",
                "keep one of them",
            )


def _chosen(rows: list[_Row]) -> list[_Row]:
    """One entry for each namespace: the newest minor, unless an older one is pinned (CO-3.4)."""
    best: dict[str, _Row] = {}
    for row in rows:
        former = best.get(row.contract.namespace.lower())
        if former is None or _rank(row) > _rank(former):
            best[row.contract.namespace.lower()] = row
    return list(best.values())


def _rank(row: _Row) -> tuple[bool, tuple[int, ...]]:
    return row.contract.pinned, tuple(int(part) for part in row.contract.version.split("."))


def _versions(rows: list[_Row]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for row in rows:
        key = row.contract.namespace.lower()
        found[key] = (*found.get(key, ()), row.contract.version)
    return found


def _schema(row: _Row, resolve: Resolver, compatibility: frozenset[str]) -> Schema:
    package = f"schemas/{row.domain.replace(':', '.')}/{row.contract.package}"
    return Schema(package, row.contract.wsdl, resolve, compatibility=compatibility)


def _unstated(rows: list[_Row]) -> Iterator[Finding]:
    for row in rows:
        if row.contract.access is None:
            yield _warning(
                "contract.access-unstated",
                row.file,
                row.line,
                f"{row.contract.name} does not state its access, so its calls are refused",
                "write access: open, patient or own",
            )


def _warning(id: str, file: str, line: int, what: str, remedy: str) -> Finding:  # noqa: A002 - the spec's word
    return Finding(id=id, file=file, line=line, what=what, remedy=remedy, warning=True)


def where(files: Mapping[str, bytes], contract: Contract) -> tuple[str, int]:
    """File and line of a contract's entry."""
    for file, content in files.items():
        position = content.find(contract.namespace.encode())
        if position >= 0:
            return file, content.count(b"\n", 0, position) + 1
    return "contracts", 1
