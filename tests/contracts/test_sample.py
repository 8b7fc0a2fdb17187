"""Samples: valid, repeatable, about the patient that was asked for; and broken by rule where that was asked for."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contracts.build import CORE, NAMESPACE, WSDL, package

from vaxel.contracts.components import Simple
from vaxel.contracts.damage import RULES, mutants
from vaxel.contracts.entry import Contract
from vaxel.contracts.sample import Facts, Sampler, envelope
from vaxel.contracts.schema import Schema
from vaxel.contracts.values import Values
from vaxel.soap import tree

NOTES = Contract(name="GetNotes", version="1.0", package="1.0", namespace=NAMESPACE, wsdl=WSDL,
                 request="GetNotes", response="GetNotesResponse")  # fmt: skip
PATIENTS = ("191212121212", "191001239803", "195401782395")


def schema(files: dict[str, bytes] | None = None) -> Schema:
    return Schema("p", WSDL, {f"p/{name}": content for name, content in (files or package()).items()}.get)


SCHEMA = schema()
SAMPLER = Sampler(NOTES, SCHEMA.structure())


@given(seed=st.integers(0, 10**6), share=st.floats(0, 1), repeats=st.integers(1, 4), response=st.booleans())
def test_every_sample_is_valid_and_repeatable(seed: int, share: float, repeats: int, response: bool) -> None:
    facts = Facts(seed=seed, share=share, repeats=repeats)
    made = SAMPLER.payload(facts, response=response)
    assert SCHEMA.errors(made.root) == []
    assert made.text() == SAMPLER.payload(facts, response=response).text()


@pytest.mark.parametrize("patient", PATIENTS)
def test_a_sample_is_about_the_patient(patient: str) -> None:
    request = tree.parse(SAMPLER.request(Facts(patient=patient), "SE-1")).payload
    assert request.findtext("{*}patientId/{*}id") == patient
    assert SCHEMA.errors(request) == []


def test_the_envelope_is_of_the_profile_and_the_registry() -> None:
    """CO-4.3, section 5.1."""
    first = tree.parse(SAMPLER.request(Facts(), "SE-1"))
    second = tree.parse(SAMPLER.request(Facts(), "SE-1", profile="rivtabp20"))
    assert (first.receiver, first.profile, second.receiver, second.profile) == (
        "SE-1",
        "rivtabp21",
        "SE-1",
        "rivtabp20",
    )
    two = NOTES.model_copy(update={"address_header": "urn:riv:infrastructure:itintegration:registry:2"})
    read = tree.parse(Sampler(two, SCHEMA.structure()).request(Facts(), "<&>"))
    assert (read.receiver, read.address_namespace) == ("<&>", "urn:riv:infrastructure:itintegration:registry:2")
    assert tree.parse(envelope("<a xmlns='urn:a'/>")).receiver == ""


def test_records_are_repeated_as_often_as_asked() -> None:
    made = SAMPLER.payload(Facts(repeats=7), response=True)
    assert len(made.root.findall("{*}note")) == 7


@pytest.mark.parametrize("rule", sorted(RULES))
def test_each_rule_can_be_broken(rule: str) -> None:
    """A mutant is one change away from a valid message, and the schema refuses it."""
    files = package()
    files[CORE] = files[CORE].replace(b'name="documentId" type="xs:string"', b'name="documentId" type="core:Id"')
    files[CORE] = files[CORE].replace(
        b'<xs:simpleType name="CodeEnum">',
        b'<xs:simpleType name="Id"><xs:restriction base="xs:string"><xs:maxLength value="9"/></xs:restriction></xs:simpleType>'
        b'<xs:simpleType name="CodeEnum">',
    )
    own = schema(files)
    for seed in range(20):
        payload = Sampler(NOTES, own.structure()).payload(Facts(seed=seed), response=True)
        found = list(mutants(payload, own.structure(), random.Random(seed), (rule,)))  # noqa: S311 - repeatable
        assert {each.rule for each in found} == {rule}
        assert any(own.errors(each.root) for each in found)
        assert own.errors(payload.root) == []


@settings(max_examples=200)
@given(
    seed=st.integers(0, 1000),
    least=st.integers(0, 30),
    more=st.integers(0, 30),
    name=st.sampled_from(["id", "hsaId", "time", "startDate", "resultCode", "documentId", "uuid"]),
)
def test_a_text_keeps_to_its_lengths(seed: int, least: int, more: int, name: str) -> None:
    kind = Simple(facets=(("minLength", str(least)), ("maxLength", str(least + more))))
    values = Values(random.Random(seed), patient=PATIENTS[0], system="SE-1")  # noqa: S311 - repeatable
    assert least <= len(values.text(kind, (name,))) <= least + more


def test_what_no_text_fulfils_is_told() -> None:
    impossible = Simple(patterns=(("[a]",), ("[b]",)))
    with pytest.raises(ValueError, match="no value is found for x/y"):
        Values(random.Random(1), patient="", system="").text(impossible, ("x", "y"))  # noqa: S311 - repeatable
