"""Plans the installation of a package: what is written where, and what an operator must still say (CO-2.3, CO-9.5).

Pure: nothing is written here. A plan is whole and has been loaded once as the platform would load it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vaxel import documents
from vaxel.contracts import rules
from vaxel.contracts.compatibility import ALL_COMPATIBILITY
from vaxel.contracts.derive import Known, derived
from vaxel.contracts.describe import Node, message
from vaxel.contracts.entry import Contract, ContractFile
from vaxel.contracts.load import load
from vaxel.contracts.package import Package, Resolver, examined
from vaxel.contracts.render import extended, fresh
from vaxel.contracts.rules import DomainRules
from vaxel.contracts.schema import Schema
from vaxel.contracts.wsdl import Wsdl
from vaxel.errors import DataError, Finding

_VERSION = re.compile(r"(?<![\d.])(\d+(?:\.\d+)+(?:[-_][0-9A-Za-z.]+)?)\Z")
_ALLOWED = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """The home as it is: the catalogue's files, the names below `schemas`, and how to read one."""

    catalogue: Mapping[str, bytes]
    names: tuple[str, ...]
    resolve: Resolver


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What becomes of one contract: `state` is `added`, `kept` (an entry stands already) or `unusable`.

    `entry` is what is written; `open` names the keys that somebody must state, `note` what deserves a look.
    """

    name: str
    version: str
    namespace: str
    state: str
    note: str
    entry: Mapping[str, Any]
    open: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is written: new folders of schemas, and the catalogue's files as they become."""

    folders: Mapping[str, Mapping[str, bytes]]
    catalogue: Mapping[str, bytes]
    outcomes: tuple[Outcome, ...]
    findings: tuple[Finding, ...]


def version_of(name: str) -> str | None:
    """The package version that a folder's or archive's name ends with; None where it shows none."""
    found = _VERSION.search(name.removesuffix(".zip").removesuffix("_R"))
    return found[1] if found else None


def plan(
    files: Mapping[str, bytes],
    version: str,
    installed: Installed,
    known: Mapping[tuple[str, str], Known],
    compatibility: frozenset[str] = ALL_COMPATIBILITY,
) -> Plan:
    """The plan for a package's files; `DataError` with file, line and reason where it cannot be installed."""
    if not _ALLOWED.match(version):
        raise _refused(f"{version!r} cannot name a package's folder", "state --version, such as 2.1.3")
    package = examined(files)
    folders = {f"schemas/{domain.replace(':', '.')}/{version}": package.files for domain in package.domains}
    overlay = _Overlay(installed, folders)
    outcomes: list[Outcome] = []
    catalogue: dict[str, bytes] = {}
    standing = _standing(installed.catalogue)
    for domain in package.domains:
        folder = f"schemas/{domain.replace(':', '.')}/{version}"
        _same_or_new(folder, package, installed)
        found = [_outcome(each, folder, version, package, overlay.get, known, standing, compatibility)
                 for each in _of(package, domain)]  # fmt: skip
        outcomes += found
        catalogue |= _catalogue(domain, found, package, installed.catalogue)
    _any_usable(outcomes, package)
    load({**installed.catalogue, **catalogue}, overlay.get, compatibility)
    return Plan(
        folders={name: content for name, content in folders.items() if not _there(name, installed)},
        catalogue=catalogue,
        outcomes=tuple(outcomes),
        findings=(*package.defects, *package.warnings, *_unread(package)),
    )


class _Overlay:
    """The home's schemas with the new folders over them."""

    def __init__(self, installed: Installed, folders: Mapping[str, Mapping[str, bytes]]) -> None:
        self._installed = installed
        self._files = {
            f"{folder}/{name}": content for folder, files in folders.items() for name, content in files.items()
        }
        self._cased = {name.lower(): name for name in self._files}

    def get(self, name: str) -> bytes | None:
        """A file by its path: exact first, then without case (CO-7.6)."""
        found = name if name in self._files else self._cased.get(name.lower())
        return self._files[found] if found else self._installed.resolve(name)


def _of(package: Package, domain: str) -> Iterator[tuple[Wsdl, list[str]]]:
    """The interactions of a domain, each once with its profiles; basic profile 2.1 before 2.0."""
    grouped: dict[tuple[str, str], list[Wsdl]] = {}
    for each in package.interactions:
        if each.domain == domain or each.domain.startswith(domain + ":"):
            grouped.setdefault((each.namespace.lower(), each.version), []).append(each)
    for same in grouped.values():
        yield max(same, key=lambda each: each.profile), [each.profile for each in same]


def _outcome(
    interaction: tuple[Wsdl, list[str]],
    folder: str,
    version: str,
    package: Package,
    resolve: Resolver,
    known: Mapping[tuple[str, str], Known],
    standing: Mapping[str, list[Contract]],
    compatibility: frozenset[str],
) -> Outcome:
    wsdl, profiles = interaction
    schema = Schema(folder, wsdl.file, resolve, compatibility=compatibility)
    trees, reason = _trees(schema, wsdl)
    table = known.get((wsdl.domain, f"{wsdl.name}-{wsdl.version.partition('.')[0]}"))
    made = derived(wsdl, version, profiles, trees, table)
    same = standing.get(wsdl.namespace.lower(), [])
    former = next((each for each in same if each.version == wsdl.version or each.namespace != wsdl.namespace), None)
    state = "kept" if former else "unusable" if reason else "added"
    note = _kept(former, version) if former else reason or _minors(wsdl, same)
    return Outcome(
        name=wsdl.name,
        version=wsdl.version,
        namespace=wsdl.namespace,
        state=state,
        note=note,
        entry={} if former else made.entry,
        open=() if former else made.open,
    )


def _trees(schema: Schema, wsdl: Wsdl) -> tuple[tuple[Node, Node] | None, str]:
    """Both messages as trees, or why there are none."""
    if schema.unusable:
        return None, schema.unusable
    structure = schema.structure()
    request, response = (f"{{{wsdl.namespace}}}{name}" for name in (wsdl.request, wsdl.response))
    try:
        return (message(structure, request), message(structure, response)), ""
    except ValueError as error:
        return None, str(error)


def _any_usable(outcomes: list[Outcome], package: Package) -> None:
    """A package of which no contract can be used is refused; where some can, they are installed (CO-7.5)."""
    if all(each.state == "unusable" for each in outcomes):
        what = "; ".join(f"{each.name} {each.version}: {each.note}" for each in outcomes)
        defect = documents.finding("package.defect", "package", 0, what, "ask the publisher for a mended package")
        raise DataError((*package.defects, *package.warnings, defect))


def _kept(former: Contract, version: str) -> str:
    if former.package == version:
        return "its entry stands already"
    return f'its entry stands already and uses package {former.package}; write `package: "{version}"` to use this one'


def _minors(wsdl: Wsdl, same: list[Contract]) -> str:
    """Which of several minors is published and validates (CO-3.4)."""
    if not same:
        return ""
    pinned = [each.version for each in same if each.pinned]
    newest = max(
        [wsdl.version, *(each.version for each in same)], key=lambda each: [int(part) for part in each.split(".")]
    )
    others = ", ".join(each.version for each in same)
    return f"beside {others}; {pinned[0] + ', which is pinned,' if pinned else newest} validates"


def _standing(catalogue: Mapping[str, bytes]) -> dict[str, list[Contract]]:
    """Every entry of the catalogue by its namespace in lower case."""
    found: dict[str, list[Contract]] = {}
    for file, content in catalogue.items():
        for contract in documents.load(ContractFile, file, content)[0].contracts:
            found.setdefault(contract.namespace.lower(), []).append(contract)
    return found


def _catalogue(
    domain: str, outcomes: Iterable[Outcome], package: Package, catalogue: Mapping[str, bytes]
) -> dict[str, bytes]:
    """The domain's file with the new entries; empty where nothing changes."""
    entries = [each.entry for each in outcomes if each.entry]
    file = f"contracts/{domain.replace(':', '.')}.yaml"
    stated = {key: found for _, key, found in _rules(package)}
    index_rules = stated[f"riv:{domain}"].entry() if f"riv:{domain}" in stated else {}
    if file not in catalogue:
        return {file: fresh(domain, entries, index_rules)} if entries else {}
    content = extended(file, catalogue[file], entries, index_rules)
    return {} if content == catalogue[file] else {file: content}


def _rules(package: Package) -> Iterator[tuple[str, str, DomainRules]]:
    """File, domain and rules of the package's schematron."""
    for name in package.rules:
        for domain, found in rules.read(package.files[name], name).items():
            yield name, domain, found


def _unread(package: Package) -> Iterator[Finding]:
    for name, domain, found in _rules(package):
        for test in found.unread:
            what = f"the assertion {test!r} about {domain} is not read"
            yield Finding(
                id="package.irregular", file=name, line=0, what=what, remedy="see to it by hand", warning=True
            )


def _same_or_new(folder: str, package: Package, installed: Installed) -> None:
    if not _there(folder, installed):
        return
    there = {name: installed.resolve(name) for name in installed.names if name.startswith(folder + "/")}
    if there != {f"{folder}/{name}": content for name, content in package.files.items()}:
        raise _refused(f"{folder} is there already with other content", "state another --version for this package")


def _there(folder: str, installed: Installed) -> bool:
    return any(name.startswith(folder + "/") for name in installed.names)


def _refused(what: str, remedy: str) -> DataError:
    return DataError((documents.finding("package.refused", "package", 0, what, remedy),))
