"""Two published editions of the description core carry one number; ours accepts what either accepts (docs/adr/0008).

What holds for every contract of the catalogue is in `test_catalogue.py`.
"""

import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from lxml import etree
from tests.conformance import schema_comparison as compare
from tests.conformance.message_mutations import duplicate, mutations, sample
from tests.conformance.published import RIVTA, ROOT, with_reference_data
from tests.conformance.test_catalogue import structural_differences
from xmlschema import XMLSchema10

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
# Where the two editions of core 2.1 differ, ours is the wider of the two; these are all the differences.
_ALERT = "GetAlertInformationResponse/alertInformation/alertInformationBody"
_STATUS = "GetFunctionalStatusResponse/functionalStatusAssessment"
WIDER = {
    ("GetAlertInformation", "2.1.3"): {f"{_ALERT}/treatment/pharmaceuticalTreatment"},
    ("GetFunctionalStatus", "3.0.5"): {f"{_STATUS}/()", f"{_STATUS}/relation"},
}

every_edition = pytest.mark.parametrize(
    ("contract", "edition"), [(one, edition) for one in DESCRIPTIONS for edition in EDITIONS],
    ids=lambda value: getattr(value, "name", value),
)  # fmt: skip


@cache
def ours(contract: Contract) -> compare.SchemaSet:
    return compare.load(ROOT / "schemas" / contract.domain / contract.package / contract.wsdl)


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


@with_reference_data
def test_the_address_header_is_a_published_one_in_every_package() -> None:
    """Each package has its own copy (CO-2.2), with or without `ServiceContract`."""
    ours, published = (
        {
            file: compare.described_globals(XMLSchema10(str(file)))
            for file in folder.rglob("itintegration_registry_1.0.xsd")
        }
        for folder in (ROOT / "schemas", RIVTA)
    )
    assert ours
    for file, own in ours.items():
        assert "element {urn:riv:itintegration:registry:1}LogicalAddress" in own
        assert own in published.values(), file
