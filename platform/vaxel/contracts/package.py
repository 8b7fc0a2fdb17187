"""A published package: what is in it by content, and what is wrong with it (CO-2.1 to CO-2.3, CO-7.5, CO-7.6). Pure."""

import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vaxel import documents
from vaxel.contracts import wsdl as wsdls
from vaxel.contracts.compatibility import applied
from vaxel.contracts.components import XSD
from vaxel.contracts.wsdl import WSDL, Wsdl
from vaxel.errors import DataError, Finding

Resolver = Callable[[str], bytes | None]
"""A file by its path (`schemas/…`); None when there is none."""
SCHEMATRON = "http://purl.oclc.org/dsdl/schematron"
_KINDS = {f"{{{WSDL}}}definitions": "wsdl", f"{{{XSD}}}schema": "schema", f"{{{SCHEMATRON}}}schema": "rules"}
_LOCATED = tuple(f"{{{XSD}}}{name}" for name in ("import", "include", "redefine"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What was found: files by the path that they get below the package's folder, its interactions, and findings.

    `defects` are errors of single files, `warnings` deserve a look; neither hinders the other contracts (CO-7.5).
    """

    files: Mapping[str, bytes]
    interactions: tuple[Wsdl, ...]
    schemas: tuple[str, ...]
    rules: tuple[str, ...]
    defects: tuple[Finding, ...]
    warnings: tuple[Finding, ...]

    @property
    def domains(self) -> tuple[str, ...]:
        """Service domains it belongs to: one, where its sub-domains have a common one of two words or more."""
        found = sorted({each.domain for each in self.interactions})
        common = posixpath.commonpath([domain.replace(":", "/") for domain in found]).replace("/", ":") if found else ""
        return (common,) if common.count(":") else tuple(found)


def inside(package: str, location: str, reference: str) -> str | None:
    """Where a location leads, from the file that states it; None where it leaves the package or is absolute."""
    if not reference or ":" in reference or "\\" in reference or reference.startswith("/"):
        return None
    path = posixpath.normpath(posixpath.join(posixpath.dirname(location), reference))
    return path if not package or path.startswith(package + "/") else None


def cased(path: str, names: Mapping[str, str]) -> str | None:
    """The file that a path means: exact first, then without case (CO-7.6); `names` maps lower case to the name."""
    return names.get(path.lower())


def examined(files: Mapping[str, bytes]) -> Package:
    """What a package holds; `DataError` where it has no contract that can be used."""
    roots: dict[str, Any] = {}
    defects: list[Finding] = []
    for name in sorted(files):
        if name.lower().endswith((".wsdl", ".xsd", ".xml")):
            _read(name, files[name], roots, defects)
    kept = _moved({name: files[name] for name in roots})
    roots = dict(zip(kept, roots.values(), strict=True))
    found = {kind: [name for name, root in roots.items() if _KINDS[root.tag] == kind] for kind in set(_KINDS.values())}
    interactions = list(_interactions(found["wsdl"], roots, defects))
    warnings = [each for name, root in roots.items() for each in _locations(name, root, kept)]
    warnings += [_compatibility(name, rule) for name in found["schema"] for rule in applied(kept[name])]
    if not interactions:
        none = documents.finding("package.defect", "package", 0, "it has no contract that can be used", "see above")
        raise DataError((*defects, none))
    return Package(
        files=kept,
        interactions=tuple(interactions),
        schemas=tuple(found["schema"]),
        rules=tuple(found["rules"]),
        defects=tuple(defects),
        warnings=tuple(warnings),
    )


def _read(name: str, content: bytes, roots: dict[str, Any], defects: list[Finding]) -> None:
    try:
        root = wsdls.document(content, name)
    except DataError as error:
        if not name.lower().endswith(".xml"):  # documentation and examples may be what they like
            defects += error.findings
        return
    if root.tag in _KINDS:
        roots[name] = root


def _moved(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files below the deepest folder that holds them all, which is where a package's own layout begins."""
    if not files:
        return {}
    top = posixpath.commonpath([posixpath.dirname(name) for name in files])
    return {posixpath.relpath(name, top or "."): content for name, content in files.items()}


def _interactions(names: list[str], roots: Mapping[str, Any], defects: list[Finding]) -> Iterator[Wsdl]:
    seen: dict[tuple[str, str, str], str] = {}
    for name in names:
        try:
            found = wsdls.read(roots[name], name)
        except DataError as error:
            defects += error.findings
            continue
        key = (found.namespace.lower(), found.version, found.profile)
        if seen.setdefault(key, name) == name:
            yield found
        else:
            what = f"states {found.name} {found.version} as {seen[key]} does"
            defects.append(documents.finding("package.defect", name, 1, what, "keep one of them"))


def _locations(name: str, root: Any, files: Mapping[str, bytes]) -> Iterator[Finding]:
    """Locations that lead nowhere, or lead to a file only without case."""
    lower = {each.lower(): each for each in files}
    for node in root.iter(*_LOCATED):
        stated = node.get("schemaLocation")
        if stated is None:
            continue
        line = node.sourceline or 1
        path = inside("", name, stated)
        if path is None or path.startswith("../"):
            yield _warning(name, line, f"the location {stated!r} is outside the package and is not read")
        elif cased(path, lower) is None:
            yield _warning(name, line, f"the location {stated!r} leads to no file of the package")
        elif path not in files:
            yield _warning(name, line, f"the location {stated!r} is the file {lower[path.lower()]!r} in another case")


def _compatibility(name: str, rule: str) -> Finding:
    return _warning(name, 0, f"is validated by the compatibility rule {rule}, and published as it is")


def _warning(name: str, line: int, what: str) -> Finding:
    remedy = "ask the publisher for a mended package"
    return Finding(id="package.irregular", file=name, line=line, what=what, remedy=remedy, warning=True)
