"""Every contract of the catalogue says on the wire what the published one says (docs/adr/0008, contracts.md 4–7)."""

import re
from pathlib import Path

import pytest
from lxml import etree
from tests.conformance import schema_comparison as compare
from tests.conformance.message_mutations import sample, some_mutations
from tests.conformance.published import (
    RIVTA,
    ROOT,
    Interaction,
    body_element,
    entries,
    index_rules,
    interactions,
    official,
    ours,
    with_reference_data,
)

from vaxel.contracts.entry import Contract
from vaxel.contracts.sample import Facts, Sampler
from vaxel.contracts.schema import ALL_COMPATIBILITY, Schema

DAMAGES_PER_MESSAGE = 400

# Published editions of one minor that differ from each other, and from ours in exactly these places; ours then
# equals another edition, or is the wider of two. By target namespace, then package folder.
OTHER_EDITIONS: dict[tuple[str, str], set[str]] = {
    ("urn:riv:clinicalprocess:healthcond:description:GetFunctionalStatusResponder:2", "3.0.5"): {
        "GetFunctionalStatusResponse/functionalStatusAssessment/()",
        "GetFunctionalStatusResponse/functionalStatusAssessment/relation",
    },
    # The newer edition takes letters in all of a reserve number's last four places; GetUpdates is in the older only.
    ("urn:riv:itintegration:engagementindex:UpdateResponder:1", "1.0"): {
        "Update/engagementTransaction/engagement/registeredResidentIdentification/()",
    },
    ("urn:riv:itintegration:engagementindex:ProcessNotificationResponder:1", "1.0"): {
        "ProcessNotification/engagementTransaction/engagement/registeredResidentIdentification/()",
    },
    ("urn:riv:itintegration:engagementindex:FindContentResponder:1", "1.0"): {
        "FindContent/registeredResidentIdentification/()",
        "FindContentResponse/engagement/registeredResidentIdentification/()",
    },
    ("urn:riv:itintegration:engagementindex:GetUpdatesResponder:1", "1.0"): {
        "GetUpdates/registeredResidentLastFetched/()",
        "GetUpdatesResponse/registeredResidentEngagement/registeredResidentIdentification/()",
        "GetUpdatesResponse/registeredResidentEngagement/engagement/registeredResidentIdentification/()",
    },
}

every_interaction = pytest.mark.parametrize("interaction", interactions(), ids=str)


@every_interaction
def test_every_element_named_by_a_message_part_is_declared(interaction: Interaction) -> None:
    """libxml2 is silent about imports that fail (CO-7.3)."""
    schemas = ours(interaction)
    assert [name for _, name in schemas.parts() if name not in schemas.model.maps.elements] == []
    for _, name in schemas.parts():
        schemas.fast.validate(etree.Element(name))
        assert "No matching global declaration" not in str(schemas.fast.error_log)


@every_interaction
def test_a_message_with_every_element_is_valid(interaction: Interaction) -> None:
    schemas = ours(interaction)
    for name in interaction.messages:
        message = sample(schemas.model.maps.elements[name])
        assert schemas.fast.validate(message), schemas.fast.error_log


@every_interaction
def test_the_platform_takes_the_same_message_without_literal_anchors(interaction: Interaction) -> None:
    """Some published patterns take a true value only between ^ and $, which nobody sends (CO-7.7)."""
    validator = platform_schema(interaction).compiled()
    for name in interaction.messages:
        message = sample(ours(interaction).model.maps.elements[name])
        for leaf in message.iter("*"):
            leaf.text = leaf.text and leaf.text.removeprefix("^").removesuffix("$")
        assert validator.validate(message), validator.error_log


@with_reference_data
@every_interaction
def test_structure_and_wsdl_equal_the_published_ones(interaction: Interaction) -> None:
    published = interaction.published()
    assert published, "no published WSDL has this target namespace and minor"
    for wsdl in published:
        found = structural_differences(official(wsdl), ours(interaction))
        edition = wsdl.relative_to(RIVTA).parts[1]
        expected = OTHER_EDITIONS.get((interaction.namespace, edition), set())
        assert {line.partition(": ")[0] for line in found} == expected, "\n".join(found)
    pairs = [compare.describe_wsdl(side.root) for side in (official(published[-1]), ours(interaction))]
    assert compare.differences(*pairs) == []


@with_reference_data
@every_interaction
def test_official_examples_get_the_verdict_they_should(interaction: Interaction) -> None:
    """Valid ones are valid with the platform's own reading (CO-7.7), every one in examples/invalid is refused."""
    validator = platform_schema(interaction).compiled()
    for example in interaction.examples():
        if "${" not in example.read_text("utf-8"):  # two are templates with placeholders (section 12)
            assert validator.validate(body_element(example)), f"{example.name}: {validator.error_log}"
    for example in interaction.invalid_examples():
        assert not ours(interaction).fast.validate(body_element(example)), example.name


@with_reference_data
@every_interaction
def test_damaged_messages_get_the_verdict_of_the_official_schema(interaction: Interaction) -> None:
    """With the wider of two editions (above), ours accepts at least what each accepts."""
    own = ours(interaction)
    exact = [wsdl for wsdl in interaction.published()
             if (interaction.namespace, wsdl.relative_to(RIVTA).parts[1]) not in OTHER_EDITIONS]  # fmt: skip
    published = official((exact or interaction.published())[-1]).fast
    for name in interaction.messages:
        message = sample(own.model.maps.elements[name])
        for damage, damaged in some_mutations(message, DAMAGES_PER_MESSAGE):
            accepted, expected = own.fast.validate(damaged), published.validate(damaged)
            assert accepted == expected or (accepted and not exact), f"{name}: {damage}"


@every_interaction
def test_what_the_command_line_sends_and_answers_is_valid(interaction: Interaction) -> None:
    [stated] = [entry for _, entry in entries()
                if (entry["namespace"], entry["version"]) == (interaction.namespace, interaction.version)]  # fmt: skip
    contract, facts = Contract.model_validate(stated), Facts()
    sampler = Sampler(contract, platform_schema(interaction).structure())
    sent, answered = map(etree.fromstring, (sampler.request(facts, "SE2321000016-1003"), sampler.response(facts)))
    further = [header for header in sent.iterfind("{*}Header/*") if etree.QName(header).localname in contract.headers]
    assert len(further) == len(contract.headers)
    validator = platform_schema(interaction).compiled()
    for element in (*further, *sent.iterfind("{*}Body/*"), *answered.iterfind("{*}Body/*")):
        assert validator.validate(element), validator.error_log


def structural_differences(published: compare.SchemaSet, own: compare.SchemaSet) -> list[str]:
    """Lines for everything that differs below the elements of the message parts."""
    found: list[str] = []
    for _, name in published.parts():
        assert name in own.model.maps.elements, name
        elements = [side.model.maps.elements[name] for side in (published, own)]
        found += compare.differences(*(compare.describe(one, compare.local(name)) for one in elements))
    return found


def platform_schema(interaction: Interaction) -> Schema:
    """The schema as the platform compiles it, with its compatibility rules."""

    def read(name: str) -> bytes | None:
        path = ROOT / name
        return path.read_bytes() if path.is_file() else None

    wsdl = interaction.wsdl.relative_to(ROOT)
    package = Path(*wsdl.parts[:3])
    return Schema(str(package), str(wsdl.relative_to(package)), read, compatibility=ALL_COMPATIBILITY)


# The catalogue


@pytest.mark.parametrize(
    ("domain", "entry"), entries(), ids=lambda value: "" if isinstance(value, str) else value["name"]
)
def test_the_entry_states_what_wsdl_and_schema_say(domain: str, entry: dict[str, object]) -> None:
    [interaction] = [each for each in interactions()
                     if (each.namespace, each.version) == (entry["namespace"], entry["version"])][-1:]  # fmt: skip
    schemas = ours(interaction)
    operation = schemas.root.find(f".//{{{compare.SOAP}}}operation")
    assert operation is not None
    assert entry["soap_action"] == operation.get("soapAction")
    assert [f"{{{entry['namespace']}}}{entry[key]}" for key in ("request", "response")] == schemas.messages()
    known = {path for name in schemas.messages() for path in paths(schemas, name)}
    assert stated_paths(entry) - known == set()
    if interaction.profile == "rivtabp21":
        headers = {name for part, name in schemas.parts() if part != "parameters"}
        address = f"{{{entry.get('address_header', 'urn:riv:itintegration:registry:1')}}}LogicalAddress"
        assert address in headers
        assert {compare.local(name) for name in headers - {address}} == set(entry.get("headers", ()))  # type: ignore[call-overload]


def stated_paths(entry: dict[str, object]) -> set[str]:
    """The paths of an entry, below the message element they belong to."""
    aggregation, filters, records = (dict(entry.get(key) or {}) for key in ("aggregation", "filters", "records"))  # type: ignore[call-overload]
    request = [entry.get("patient"), aggregation.get("source_filter"), *filters.values()]
    request += [*aggregation.get("rewrite", ()), *aggregation.get("refuse", ())]
    below = {f"{entry['request']}/{path}" for path in request if path}
    listed = [records["list"], *records.get("also", ())] if records else []
    fields = [f"{records['list']}/{path}" for path in records.get("fields", {}).values()] if records else []
    return below | {f"{entry['response']}/{name}" for name in (*listed, *fields)}


def paths(schemas: compare.SchemaSet, message: str) -> set[str]:
    """Every element and attribute path of a message, by local names from the message element."""
    return set(compare.describe(schemas.model.maps.elements[message], compare.local(message)))


@with_reference_data
@pytest.mark.parametrize("file", [path for path, rules in index_rules().items() if rules], ids=lambda path: path.stem)
def test_index_rules_are_those_published(file: Path) -> None:
    """The schematron beside the contracts says no more and no less (EI-10.2)."""
    rules = index_rules()[file]
    equal = {f"{one}={other}" for one, other in rules.get("equal", {}).items()}
    fixed = {f"{name}='{value}'" for name, value in rules.get("fixed", {}).items()}
    categories = {f"categorization='{value}'" for value in rules["categorizations"]}
    published = sorted(RIVTA.glob(f"{file.stem}/*/engagementindex/*.xml"))
    assert {test for one in published for test in schematron_tests(one)} == equal | fixed | categories


def schematron_tests(file: Path) -> list[str]:
    """Each comparison that a schematron asserts, without prefixes and spaces."""
    tests = " or ".join(rule.get("test", "") for rule in etree.parse(file).iter("{*}assert"))
    return [re.sub(r"\s|urn2:", "", test) for test in tests.split(" or ")]


@with_reference_data
def test_no_file_is_a_copy_of_an_official_file() -> None:
    own = compare.fingerprints(file for file in (ROOT / "schemas").rglob("*") if file.is_file())
    published = compare.fingerprints(file for file in RIVTA.rglob("*") if file.is_file())
    assert [own[digest] for digest in own.keys() & published.keys()] == []
