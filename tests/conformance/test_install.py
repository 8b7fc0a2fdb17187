"""Every published package installs, or is refused for a defect with a name (CO-2.3, CO-7.5, CO-9.5; section 12)."""

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
from tests.conformance.published import RIVTA, ROOT, with_reference_data

from vaxel.adapters.packages import read, write
from vaxel.cli.judged import contract_findings
from vaxel.contracts.derive import read_known
from vaxel.contracts.install import Installed, Plan, plan
from vaxel.contracts.load import load
from vaxel.documents import read_yaml
from vaxel.errors import DataError
from vaxel.home import Home

KNOWN = read_known(resources.files("vaxel.contracts").joinpath("known.toml").read_bytes())
REFUSED = {
    "interoperability.headers/1.0": "it has no contract that can be used",  # one schema, no WSDL
    "vagvalsinfo/2.0": "operations: a RIV-TA contract has one",  # several operations in one namespace; not RIV-TA
}
UNUSABLE = {"infrastructure.supportservices.forminteraction/trunk2015": ["CancelForm"]}
"""CancelForm 2.0 imports namespace `:1` from a file of `:2`."""


def packages() -> list[str]:
    if not RIVTA.is_dir():
        return []
    found = (path.relative_to(RIVTA).as_posix() for path in sorted(RIVTA.glob("*/*/")) if path.is_dir())
    return [name for name in found if not name.startswith("examples/")]


def fresh(folder: Path) -> Home:
    (folder / "routing").mkdir(parents=True)
    (folder / "logical_addresses.yaml").write_bytes((ROOT / "logical_addresses.yaml").read_bytes())
    return Home(path=folder)


def installed(home: Home, package: str) -> Plan:
    there = Installed(catalogue=home.contract_files(), names=home.schema_names(), resolve=home.schema)
    made = plan(read(RIVTA / package), package.rpartition("/")[2], there, KNOWN)
    write(home.path, made)
    return made


@with_reference_data
@pytest.mark.parametrize("package", packages())
def test_a_package_installs_into_a_fresh_home_or_is_refused_by_name(package: str, tmp_path: Path) -> None:
    home = fresh(tmp_path / "home")
    if package in REFUSED:
        with pytest.raises(DataError, match=REFUSED[package]):
            installed(home, package)
        assert home.contract_files() == {}
        assert home.schema_names() == ()
        return
    made = installed(home, package)
    assert [each.name for each in made.outcomes if each.state == "unusable"] == UNUSABLE.get(package, [])
    files = home.contract_files()
    catalogue = load(files, home.schema).catalogue
    assert len(catalogue) == len(made.outcomes) > 0
    found = [each for contract in catalogue for each in contract_findings(catalogue, contract, files, samples=True)]
    assert [each.id for each in found] == ["schema.unusable"] * len(UNUSABLE.get(package, []))


@with_reference_data
def test_all_packages_stand_side_by_side(tmp_path: Path) -> None:
    """CO-3.4, CO-3.5: several minors and several packages of one contract in one home."""
    home = fresh(tmp_path / "home")
    for package in packages():
        if package not in REFUSED:
            installed(home, package)
    catalogue = load(home.contract_files(), home.schema).catalogue
    laboratory = catalogue.named("GetLaboratoryOrderOutcome")
    assert laboratory is not None
    assert (laboratory.version, laboratory.package) == ("4.2", "4.2.2")
    assert len(catalogue) > 120


@with_reference_data
def test_what_is_derived_is_what_our_own_entries_state() -> None:
    """The entries of the catalogue were written by hand: installation finds the same (sections 8.1, 8.2, 10)."""
    stated = {(row["namespace"], row["version"]): row for row in own_entries()}
    compared = 0
    for package in packages():
        if package in REFUSED:
            continue
        empty = Installed(catalogue={}, names=(), resolve=lambda _: None)
        for outcome in plan(read(RIVTA / package), "1", empty, KNOWN).outcomes:
            own = stated.get((outcome.namespace, outcome.version))
            if own is None:
                continue
            compared += 1
            for key in ("name", "request", "response", "soap_action", "profiles", "headers", "patient", "idempotent"):
                if key in own and key not in outcome.open:  # what is open is told, and stated by hand (CO-9.5)
                    assert outcome.entry.get(key) == own[key], (outcome.name, key)
            if own.get("access") == "patient":
                for key in ("list", "header"):
                    if own["records"]["header"] != "own":
                        assert outcome.entry["records"][key] == own["records"][key], outcome.name
                if "information_set" in own:  # what section 8.2 knows
                    assert outcome.entry["filters"] == own["filters"], outcome.name
    assert compared >= 5


def own_entries() -> Iterator[dict[str, object]]:
    for file in sorted((ROOT / "contracts").glob("*.yaml")):
        yield from read_yaml(file.name, file.read_bytes())["contracts"]
