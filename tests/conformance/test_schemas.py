"""Our schemas say on the wire what the published ones say (docs/adr/0008, contracts.md sections 4–7).

The published files are reference data, never part of the project: `VAXEL_RIVTA_DIR` names them.
"""

import os
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from tests.conformance import schema_comparison as compare
from tests.conformance.message_mutations import delete, duplicate, mutations, sample
from xmlschema import XMLSchema10

from vaxel.documents import read_yaml

ROOT = Path(__file__).parents[2]
RIVTA = Path(os.environ.get("VAXEL_RIVTA_DIR") or ROOT.parent / "shared" / "rivta")
DESCRIPTION = "clinicalprocess.healthcond.description"
CORE = f"urn:riv:{DESCRIPTION.replace('.', ':')}:2"
EDITIONS = ("2.1.3", "3.0.5")
"""Published packages of the description domain that both hold core 2.1, not quite equal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """One WSDL of ours, and the published package that holds its counterpart."""

    name: str
    version: str
    domain: str = DESCRIPTION
    package: str = "2.1.3"
    published: str = "3.0.5"
    profile: str = "RIVTABP21"

    @property
    def wsdl(self) -> Path:
        """The WSDL below the package."""
        file = f"{self.name}Interaction_{self.version}_{self.profile}.wsdl"
        return Path("interactions", f"{self.name}Interaction", file)

    def examples(self) -> list[Path]:
        """Published messages of this contract's major version."""
        major = self.version.partition(".")[0]
        folder = RIVTA / "examples" / self.domain
        elements = (self.name, f"{self.name}Response")
        return [file for element in elements for file in sorted(folder.glob(f"{element}_v{major}*"))]


DESCRIPTIONS = [
    Contract(name="GetAlertInformation", version="2.0"),
    Contract(name="GetCareDocumentation", version="2.1", published="2.1.3"),
    Contract(name="GetDiagnosis", version="2.0"),
    Contract(name="GetFunctionalStatus", version="2.0"),
]
PING = Contract(name="PingForConfiguration", version="1.0", domain="itintegration.monitoring",
                package="1.0", published="1.0")  # fmt: skip
PING_20 = Contract(name="PingForConfiguration", version="1.0", domain="itintegration.monitoring",
                   package="1.0", published="1.0", profile="RIVTABP20")  # fmt: skip
CONTRACTS = [*DESCRIPTIONS, PING, PING_20]

# Where the two editions of core 2.1 differ, ours is the wider of the two; these are all the differences.
_ALERT = "GetAlertInformationResponse/alertInformation/alertInformationBody"
_STATUS = "GetFunctionalStatusResponse/functionalStatusAssessment"
WIDER = {
    ("GetAlertInformation", "2.1.3"): {f"{_ALERT}/treatment/pharmaceuticalTreatment"},
    ("GetFunctionalStatus", "3.0.5"): {f"{_STATUS}/()", f"{_STATUS}/relation"},
}

every_contract = pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: f"{one.name}-{one.profile}")
every_edition = pytest.mark.parametrize(
    ("contract", "edition"), [(one, edition) for one in DESCRIPTIONS for edition in EDITIONS],
    ids=lambda value: getattr(value, "name", value),
)  # fmt: skip
with_reference_data = pytest.mark.skipif(
    not RIVTA.is_dir(), reason=f"no reference data: {RIVTA} is absent (VAXEL_RIVTA_DIR names it)"
)


@cache
def ours(contract: Contract) -> compare.SchemaSet:
    return compare.load(ROOT / "schemas" / contract.domain / contract.package / contract.wsdl)


@cache
def official(contract: Contract) -> compare.SchemaSet:
    return compare.load(RIVTA / contract.domain / contract.published / contract.wsdl)


@pytest.fixture(scope="module")
def editions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Per edition a folder with its core and the interactions of all contracts."""
    made = {edition: tmp_path_factory.mktemp(edition) for edition in EDITIONS}
    for edition, folder in made.items():
        shutil.copytree(RIVTA / DESCRIPTION / edition / "core_components", folder / "core_components")
        for contract in DESCRIPTIONS:
            source = RIVTA / DESCRIPTION / contract.published / contract.wsdl.parent
            shutil.copytree(source, folder / contract.wsdl.parent)
    return made


def messages(contract: Contract) -> list[tuple[str, etree._Element]]:
    """The published examples, and for each message one with every element of our schema."""
    schemas = ours(contract)
    made = [(f"sample {name}", sample(schemas.model.maps.elements[name])) for name in schemas.messages()]
    return [(file.name, compare.body(file)) for file in contract.examples()] + made


# Without reference data


@every_contract
def test_every_element_named_by_a_message_part_is_declared(contract: Contract) -> None:
    schemas = ours(contract)
    assert len(schemas.parts()) == 3
    assert [name for _, name in schemas.parts() if name not in schemas.model.maps.elements] == []
    for _, name in schemas.parts():
        schemas.fast.validate(etree.Element(name))
        assert "No matching global declaration" not in str(schemas.fast.error_log)


@every_contract
def test_a_message_with_every_element_is_valid(contract: Contract) -> None:
    schemas = ours(contract)
    for name in schemas.messages():
        schemas.fast.assertValid(sample(schemas.model.maps.elements[name]))


# Examples


@with_reference_data
@every_contract
def test_official_examples_are_valid(contract: Contract) -> None:
    assert contract.examples()
    for example in contract.examples():
        message = compare.body(example)
        assert message.tag in ours(contract).messages(), example.name
        assert ours(contract).fast.validate(message), f"{example.name}: {ours(contract).fast.error_log}"


@with_reference_data
@every_contract
def test_damaged_messages_are_refused_exactly_when_the_official_schema_refuses(contract: Contract) -> None:
    own, published = ours(contract).fast, official(contract).fast
    verdicts: set[bool] = set()
    for source, message in messages(contract):
        for relation in message.findall(f".//{{{CORE}}}relation"):  # of the other edition, tested below
            delete(relation)
        for damage, damaged in mutations(message):
            verdicts.add(own.validate(damaged))
            assert own.validate(damaged) == published.validate(damaged), f"{source}: {damage}"
    assert verdicts == {True, False}


# Two editions of one core


@with_reference_data
def test_each_edition_refuses_what_only_the_other_has(editions: dict[str, Path]) -> None:
    alert, status = DESCRIPTIONS[0], DESCRIPTIONS[3]
    two_treatments, with_relation = answer_sample(alert), answer_sample(status)
    duplicate(two_treatments.findall(f".//{{{CORE}}}pharmaceuticalTreatment")[0])
    for contract, message, accepting in ((alert, two_treatments, "3.0.5"), (status, with_relation, "2.1.3")):
        verdicts = {name: compare.load(folder / contract.wsdl).fast.validate(message)
                    for name, folder in editions.items()}  # fmt: skip
        assert verdicts == {name: name == accepting for name in EDITIONS}
        assert ours(contract).fast.validate(message)


def answer_sample(contract: Contract) -> etree._Element:
    """An answer with every element once."""
    schemas = ours(contract)
    return sample(schemas.model.maps.elements[schemas.messages()[1]])


@with_reference_data
@every_edition
def test_what_either_edition_accepts_is_accepted(contract: Contract, edition: str, editions: dict[str, Path]) -> None:
    own, published = ours(contract).fast, compare.load(editions[edition] / contract.wsdl).fast
    exact = (contract.name, edition) not in WIDER
    for source, message in messages(contract):
        for damage, damaged in mutations(message):
            accepted, expected = own.validate(damaged), published.validate(damaged)
            assert accepted == expected or (accepted and not exact), f"{source}: {damage}"


@with_reference_data
@every_edition
def test_structure_equals_the_edition_but_where_ours_is_wider(
    contract: Contract, edition: str, editions: dict[str, Path]
) -> None:
    own, published = ours(contract), compare.load(editions[edition] / contract.wsdl)
    found = structural_differences(published, own)
    expected = WIDER.get((contract.name, edition), set())
    assert {line.partition(": ")[0] for line in found} == expected, "\n".join(found)


@with_reference_data
@pytest.mark.parametrize("contract", DESCRIPTIONS, ids=lambda one: one.name)
def test_every_global_component_is_that_of_an_edition(contract: Contract, editions: dict[str, Path]) -> None:
    """Wildcards and xsi:type reach components that no message names."""
    sets = [compare.load(folder / contract.wsdl) for folder in editions.values()]
    published = [compare.described_globals(one.model) for one in sets]
    own = compare.described_globals(ours(contract).model)
    assert own.keys() == set().union(*published)
    for name, description in own.items():
        known = [edition[name] for edition in published if name in edition]
        assert description in known, "\n".join(compare.differences(known[0], description))


# Structure and WSDL


def structural_differences(published: compare.SchemaSet, own: compare.SchemaSet) -> list[str]:
    """Lines for everything that differs below the elements of the message parts."""
    found: list[str] = []
    for _, name in published.parts():
        assert name in own.model.maps.elements, name
        elements = [side.model.maps.elements[name] for side in (published, own)]
        found += compare.differences(*(compare.describe(one, compare.local(name)) for one in elements))
    return found


@with_reference_data
@pytest.mark.parametrize("contract", [PING, PING_20], ids=lambda one: one.profile)
def test_structure_equals_the_official_one(contract: Contract) -> None:
    assert structural_differences(official(contract), ours(contract)) == []


@with_reference_data
def test_global_components_of_the_ping_are_the_official_ones() -> None:
    assert compare.described_globals(ours(PING).model) == compare.described_globals(official(PING).model)


@with_reference_data
def test_the_address_header_of_the_registry_is_the_official_one() -> None:
    file = Path("itintegration.registry", "1.0-2.0", "core_components", "itintegration_registry_1.0.xsd")
    schemas = [XMLSchema10(str(folder / file)) for folder in (ROOT / "schemas", RIVTA)]
    own, published = (compare.described_globals(schema) for schema in schemas)
    assert "element {urn:riv:itintegration:registry:1}LogicalAddress" in own
    assert own == published


@with_reference_data
@every_contract
def test_the_wsdl_says_what_the_official_one_says(contract: Contract) -> None:
    pair = [compare.describe_wsdl(side.root) for side in (official(contract), ours(contract))]
    assert compare.differences(*pair) == []


@with_reference_data
def test_no_file_is_a_copy_of_an_official_file() -> None:
    own = compare.fingerprints(file for file in (ROOT / "schemas").rglob("*") if file.is_file())
    published = compare.fingerprints(file for file in RIVTA.rglob("*") if file.is_file())
    assert [own[digest] for digest in own.keys() & published.keys()] == []


# The catalogue


@pytest.mark.parametrize("contract", [*DESCRIPTIONS, PING], ids=lambda one: one.name)
def test_the_catalogue_states_what_the_wsdl_and_schema_say(contract: Contract) -> None:
    entry = catalogue_entry(contract)
    schemas = ours(contract)
    operation = schemas.root.find(f".//{{{compare.SOAP}}}operation")
    assert operation is not None
    assert entry["wsdl"] == str(contract.wsdl)
    assert entry["soap_action"] == operation.get("soapAction")
    stated = [f"{{{entry['namespace']}}}{entry[key]}" for key in ("request", "response")]
    assert stated == schemas.messages()
    assert stated_paths(entry) <= {path for name in stated for path in paths(schemas, name)}


def catalogue_entry(contract: Contract) -> dict[str, Any]:
    """The one entry of the catalogue for this contract."""
    file = ROOT / "contracts" / f"{contract.domain}.yaml"
    entries = read_yaml(file.name, file.read_bytes())["contracts"]
    [entry] = [one for one in entries if (one["name"], one["version"]) == (contract.name, contract.version)]
    assert entry["package"] == contract.package
    return dict(entry)


def stated_paths(entry: dict[str, Any]) -> set[str]:
    """The paths of an entry, below the message element they belong to."""
    request = [entry.get("patient"), entry.get("aggregation", {}).get("source_filter")]
    request += entry.get("filters", {}).values()
    below = {f"{entry['request']}/{path}" for path in request if path}
    return below | {f"{entry['response']}/{records['list']}" for records in [entry.get("records")] if records}


def paths(schemas: compare.SchemaSet, message: str) -> set[str]:
    """Every element path of a message, by local names from the message element."""
    return set(compare.describe(schemas.model.maps.elements[message], compare.local(message)))
