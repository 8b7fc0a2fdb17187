"""The published packages as tests find them: reference data, never part of the project (contracts.md section 12)."""

import os
import re
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from lxml import etree
from tests.conformance import schema_comparison as compare

from vaxel.documents import read_yaml

ROOT = Path(__file__).parents[2]
RIVTA = Path(os.environ.get("VAXEL_RIVTA_DIR") or ROOT.parent / "shared" / "rivta")
DEFECTS = {
    # imports the core by the namespace of its former major
    "CancelFormInteraction_2.0_RIVTABP21.wsdl": (b"forminteraction:1'", b"forminteraction:2'"),
}
"""Published WSDLs whose schemas do not compile (contracts.md section 12): what is written, and what was meant."""
_MINOR = re.compile(r"_(\d+\.\d+)_RIVTABP(2[01])", re.I)

with_reference_data = pytest.mark.skipif(
    not RIVTA.is_dir(), reason=f"no reference data: {RIVTA} is absent (VAXEL_RIVTA_DIR names it)"
)


@dataclass(frozen=True, slots=True)
class Interaction:
    """One WSDL of ours: its catalogue entry, domain and profile."""

    domain: str
    namespace: str
    version: str
    profile: str
    wsdl: Path

    def __str__(self) -> str:
        return f"{self.namespace.removeprefix('urn:riv:')}-{self.version}-{self.profile}"

    @property
    def messages(self) -> tuple[str, str]:
        """Request and answer, as the WSDL names them."""
        first, second = ours(self).messages()
        return first, second

    def published(self) -> list[Path]:
        """Every published WSDL of the same target namespace and minor, those in the package of our domain last."""
        target = etree.parse(self.wsdl).getroot().get("targetNamespace")
        found = published_wsdls().get((str(target), self.version), [])
        return sorted(found, key=lambda path: path.relative_to(RIVTA).parts[0] == self.domain.replace(":", "."))

    def examples(self) -> list[Path]:
        """Published messages of this contract, judged by the namespace of what stands in their body."""
        return [path for path, name in example_bodies() if name in self.messages and "invalid" not in path.parts]

    def invalid_examples(self) -> list[Path]:
        """Published messages of this contract that no schema should take."""
        return [path for path, name in example_bodies() if name in self.messages and "invalid" in path.parts]


@cache
def entries() -> list[tuple[str, dict[str, Any]]]:
    """Domain and entry of every contract in the catalogue."""
    found = []
    for file in sorted((ROOT / "contracts").glob("*.yaml")):
        document = read_yaml(file.name, file.read_bytes())
        found += [(str(document["domain"]), dict(entry)) for entry in document["contracts"]]
    return found


@cache
def index_rules() -> dict[Path, dict[str, Any]]:
    """What each file of the catalogue says of its domain's engagements; empty where it says nothing."""
    files = sorted((ROOT / "contracts").glob("*.yaml"))
    return {file: dict(read_yaml(file.name, file.read_bytes()).get("index_rules") or {}) for file in files}


@cache
def interactions() -> list[Interaction]:
    """Every WSDL that the catalogue names, one for each profile."""
    found = []
    for domain, entry in entries():
        named = ROOT / "schemas" / domain.replace(":", ".") / entry["package"] / entry["wsdl"]
        for profile in entry.get("profiles", ["rivtabp21"]):
            wsdl = Path(re.sub(r"RIVTABP2[01]", profile.upper(), str(named)))
            found.append(Interaction(domain, entry["namespace"], entry["version"], profile, wsdl))
    return found


@cache
def ours(interaction: Interaction) -> compare.SchemaSet:
    return compare.load(interaction.wsdl)


@cache
def official(wsdl: Path) -> compare.SchemaSet:
    return _mended(wsdl) if wsdl.name in DEFECTS else compare.load(wsdl)


def _mended(wsdl: Path) -> compare.SchemaSet:
    """A WSDL with its known defect mended in a copy of the package, so that ours can be held to what was meant."""
    package = wsdl.parents[2]
    with TemporaryDirectory() as folder:
        copy = Path(shutil.copytree(package, Path(folder) / package.name)) / wsdl.relative_to(package)
        for schema in copy.parent.glob("*.xsd"):
            schema.write_bytes(schema.read_bytes().replace(*DEFECTS[wsdl.name]))
        return compare.load(copy)


@cache
def published_wsdls() -> dict[tuple[str, str], list[Path]]:
    """Published WSDLs by target namespace and minor; identity comes from content, the minor from the name (CO-2.1)."""
    found: dict[tuple[str, str], list[Path]] = {}
    for path in sorted(RIVTA.rglob("*.wsdl")):
        named = _MINOR.search(path.name)
        if named:
            target = str(etree.parse(path).getroot().get("targetNamespace"))
            found.setdefault((target, named[1]), []).append(path)
    return found


@cache
def example_bodies() -> list[tuple[Path, str]]:
    """Every published message and the name of the element in its body."""
    return [(path, str(body_element(path).tag)) for path in sorted((RIVTA / "examples").rglob("*.xml"))]


def body_element(message: Path) -> etree._Element:
    """The message element: in an envelope of whatever version of SOAP, or bare."""
    root = etree.parse(message).getroot()
    found = root.find("{*}Body")
    return root if found is None else next(child for child in found if isinstance(child.tag, str))
