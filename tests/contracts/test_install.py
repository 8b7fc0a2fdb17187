"""Plans of installation: what is derived, what is kept, and what is refused with file, line and reason."""

from collections.abc import Mapping
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contracts.build import CORE, DOMAIN, NAMESPACE, RESPONDER, WSDL, package

from vaxel import documents
from vaxel.contracts.derive import Known
from vaxel.contracts.entry import ContractFile
from vaxel.contracts.install import Installed, Plan, plan, version_of
from vaxel.contracts.load import load
from vaxel.errors import DataError

FILE = "contracts/example.care.notes.yaml"
KNOWN = {(DOMAIN, "GetNotes-1"): Known(information_set="notes", categorizations=("not",))}


def home(catalogue: Mapping[str, bytes] | None = None, files: Mapping[str, bytes] | None = None) -> Installed:
    there = dict(files or {})
    return Installed(catalogue=catalogue or {}, names=tuple(there), resolve=there.get)


def planned(files: Mapping[str, bytes], version: str = "1.0", at: Installed | None = None) -> Plan:
    return plan(files, version, at or home(), KNOWN)


def after(made: Plan, catalogue: Mapping[str, bytes] | None = None) -> Installed:
    """The home when a plan has been carried out."""
    files = {f"{folder}/{name}": content for folder, files in made.folders.items() for name, content in files.items()}
    return home({**(catalogue or {}), **made.catalogue}, files)


def refusal(files: Mapping[str, bytes], version: str = "1.0", at: Installed | None = None) -> str:
    with pytest.raises(DataError) as caught:
        planned(files, version, at)
    return str(caught.value)


def changed(name: str, old: str, new: str) -> dict[str, bytes]:
    files = package()
    assert old.encode() in files[name]
    return {**files, name: files[name].replace(old.encode(), new.encode())}


def test_an_entry_is_derived_from_wsdl_and_schema() -> None:
    """CO-9.5, CO-4.2, CO-7.1; access is never guessed (CO-9.7)."""
    made = planned(package())
    [outcome] = made.outcomes
    assert (outcome.state, outcome.open) == ("added", ("access",))
    [contract] = documents.load(ContractFile, FILE, made.catalogue[FILE])[0].contracts
    assert contract.model_dump(exclude_defaults=True) == {
        "name": "GetNotes",
        "version": "1.0",
        "package": "1.0",
        "namespace": NAMESPACE,
        "wsdl": WSDL,
        "request": "GetNotes",
        "response": "GetNotesResponse",
        "soap_action": f"{NAMESPACE}:GetNotes",
        "validation": {"request": "observe"},
        "idempotent": True,
        "patient": ("patientId", "id"),
        "information_set": "notes",
        "records": {"list": "note", "header": "psh", "result": {"shape": "none"}},
        "aggregation": {
            "service_domain": f"riv:{DOMAIN}",
            "categorizations": ("not",),
            "source_filter": "sourceSystemHSAId",
        },
    }
    assert made.folders == {"schemas/example.care.notes/1.0": package()}


@pytest.mark.parametrize("top", ["", "TD_NOTES_1_0/", "x/schemas/", "trunk/a/b/schemas/"])
def test_the_layout_of_the_package_begins_where_its_files_are(top: str) -> None:
    """CO-2.3."""
    documentation = {"TD_NOTES_1_0/docs/TKB.docx": b"x", "docs/example.xml": b"<example/>"}
    made = planned({**{top + name: content for name, content in package().items()}, **documentation})
    assert made.folders["schemas/example.care.notes/1.0"] == package()


def test_names_are_a_hint_only() -> None:
    """CO-2.1: identity from content; the minor from the name only where its major is the same."""
    files = package()
    moved = {("interactions/Other/odd.wsdl" if name == WSDL else name): content for name, content in files.items()}
    moved["interactions/Other/GetNotesResponder_1.0.xsd"] = files[RESPONDER]
    [outcome] = planned(moved).outcomes
    assert (outcome.name, outcome.version, outcome.namespace) == ("GetNotes", "1.0", NAMESPACE)
    wrong = {name.replace("_1.0_RIVTABP21", "_7.3_rivtabp21"): content for name, content in files.items()}
    assert planned(wrong).outcomes[0].version == "1.0"


def test_a_second_minor_stands_beside_the_first() -> None:
    """CO-3.4: the newest validates, unless an older one is pinned."""
    first = planned(package())
    second = planned(package(version="1.2"), "1.2", after(first))
    there = after(second, first.catalogue)
    assert second.outcomes[0].note == "beside 1.0; 1.2 validates"
    files = {**dict.fromkeys(first.folders, package()), **second.folders}
    resolve = {f"{folder}/{name}": each for folder, found in files.items() for name, each in found.items()}.get
    assert load(there.catalogue, resolve).catalogue.get(NAMESPACE).version == "1.2"  # type: ignore[union-attr]
    pinned = {FILE: there.catalogue[FILE].replace(b'version: "1.0"\n', b'version: "1.0"\n    pinned: true\n')}
    assert load(pinned, resolve).catalogue.get(NAMESPACE).version == "1.0"  # type: ignore[union-attr]
    third = planned(package(version="1.3"), "1.3", home(pinned))
    assert third.outcomes[0].note == "beside 1.0, 1.2; 1.0, which is pinned, validates"


def test_what_an_operator_wrote_stays_as_it_is() -> None:
    first = planned(package())
    written = first.catalogue[FILE].replace(b"\ndomain:", b"\n# our own note\ndomain:").replace(
        b"    idempotent: true", b"    access: patient # decided by the board\n    idempotent: true"
    )  # fmt: skip
    more = planned(package(name="GetMore"), "1.1", home({FILE: written}))
    assert more.catalogue[FILE].startswith(written)
    assert [each.name for each in documents.load(ContractFile, FILE, more.catalogue[FILE])[0].contracts] == [
        "GetNotes",
        "GetMore",
    ]
    again = planned(package(), "2.0", home({FILE: written}))
    assert again.catalogue == {}
    assert again.outcomes[0].state == "kept"
    assert (
        again.outcomes[0].note
        == 'its entry stands already and uses package 1.0; write `package: "2.0"` to use this one'
    )


@pytest.mark.parametrize(
    "form",
    [
        "contracts: []\n",
        "contracts:\n- {name: A, version: '1.0', package: a, namespace: urn:a, wsdl: a, request: a, response: a}\n",
    ],
)
def test_a_file_of_another_form_is_extended(form: str) -> None:
    written = f"format: 1\ndomain: {DOMAIN}\n{form}".encode()
    made = planned(package(), "1.0", home({FILE: written}))
    assert documents.load(ContractFile, FILE, made.catalogue[FILE])[0].contracts[-1].name == "GetNotes"


def test_a_file_that_cannot_be_extended_is_refused() -> None:
    written = f"format: 1\ncontracts: []\ndomain: {DOMAIN}\n".encode()
    assert f"{FILE}:1: entries cannot be added at its end" in refusal(package(), "1.0", home({FILE: written}))


def test_installing_twice_changes_nothing() -> None:
    first = planned(package())
    again = planned(package(), "1.0", after(first))
    assert (again.folders, again.catalogue) == ({}, {})


def test_a_folder_with_other_content_is_not_overwritten() -> None:
    there = after(planned(package()))
    other = changed(CORE, "What kind it is.", "Something else.")
    assert "schemas/example.care.notes/1.0 is there already with other content" in refusal(other, "1.0", there)


def test_an_include_in_another_case_is_found_and_told() -> None:
    """CO-7.6."""
    made = planned(changed(RESPONDER, "core_components/example_care", "Core_Components/Example_Care"))
    [finding] = made.findings
    assert made.outcomes[0].state == "added"
    assert (finding.file, finding.line, finding.warning) == (RESPONDER, 4, True)
    assert "in another case" in finding.what


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("http://127.0.0.1:1/core.xsd", "is outside the package"),
        ("https://example.se/core.xsd", "is outside the package"),
        ("file:///etc/passwd", "is outside the package"),
        ("/etc/passwd", "is outside the package"),
        ("../../../../../etc/passwd", "is outside the package"),
        ("..\\\\core.xsd", "is outside the package"),
        ("../../core_components/absent.xsd", "leads to no file"),
    ],
)  # fmt: skip
def test_a_location_that_leads_nowhere_or_outside(location: str, told: str) -> None:
    """CO-7.5, CO-7.6: nothing outside is read; the package has one contract, so all of it is refused."""
    files = changed(RESPONDER, "../../core_components/example_care_notes_1.0.xsd", location)
    text = refusal(files)
    assert "GetNotes 1.0: does not compile" in text
    assert f"{RESPONDER}:" in text
    assert told in text


def test_a_defective_contract_does_not_hinder_the_others() -> None:
    """CO-7.5."""
    bad = {
        name: content.replace(b"example_care_notes", b"other_core")
        for name, content in package(name="GetBad").items()
        if "GetBad" in name
    }
    made = planned({**bad, **package()})
    assert {each.name: each.state for each in made.outcomes} == {"GetBad": "unusable", "GetNotes": "added"}
    assert "GetBadResponder_1.0.xsd:" in next(each.note for each in made.outcomes if each.name == "GetBad")


def test_an_undeclared_message_element_is_told() -> None:
    """CO-7.3: libxml2 alone would not say so."""
    assert "does not declare" in refusal(changed(WSDL, 'element="r:GetNotesResponse"', 'element="r:NotThere"'))


@pytest.mark.parametrize("name", [WSDL, RESPONDER, CORE])
def test_a_document_type_is_refused(name: str) -> None:
    """STYLE 23: neither entities nor their expansion reach a parser."""
    bomb = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    files = changed(name, '<?xml version="1.0" encoding="UTF-8"?>', '<?xml version="1.0" encoding="UTF-8"?>' + bomb)
    assert f"{name}:1: cannot be read: a document type is not allowed" in refusal(files)


def test_a_file_that_is_not_well_formed_is_named_with_its_line() -> None:
    assert f"{RESPONDER}:5: cannot be read" in refusal(
        changed(RESPONDER, '<xs:element name="GetNotes"', '<xs:element name="GetNotes')
    )


def test_schemas_that_import_each_other() -> None:
    location = f'<xs:import namespace="{NAMESPACE}" schemaLocation="../interactions/GetNotesInteraction/GetNotesResponder_1.0.xsd"/>'
    cycle = changed(CORE, '<xs:simpleType name="DateType">', location + '<xs:simpleType name="DateType">')
    assert planned(cycle).outcomes[0].state == "added"
    include = '<xs:include schemaLocation="{}"/>'.format
    first = changed(CORE, '<xs:simpleType name="DateType">', include("more.xsd") + '<xs:simpleType name="DateType">')
    more = (
        package()[CORE].split(b"<xs:simpleType")[0] + include("example_care_notes_1.0.xsd").encode() + b"</xs:schema>"
    )
    assert planned({**first, "core_components/more.xsd": more}).outcomes[0].entry["patient"] == "patientId/id"


def test_a_type_without_end_is_refused() -> None:
    """A schema of a few lines can describe more elements than there are atoms."""
    level = '<xs:complexType name="L{}"><xs:sequence>{}</xs:sequence></xs:complexType>'
    inner = ['<xs:element name="e{}" type="core:L{}"/>'.format(each, "{}") for each in range(10)]
    types = "".join(level.format(n, "".join(inner).format(*[n + 1] * 10)) for n in range(20))
    types += '<xs:complexType name="L20"><xs:sequence/></xs:complexType>'
    files = changed(CORE, '<xs:simpleType name="DateType">', types + '<xs:simpleType name="DateType">')
    files = {name: content.replace(b'type="core:PersonIdType"', b'type="core:L0"') for name, content in files.items()}
    assert "places for elements" in refusal(files)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('<w:operation name="GetNotes"><w:input', '<w:operation name="B"/><w:operation name="GetNotes"><w:input', "has 2 operations"),
        ("w:portType", "w:portKind", "has no operation"),
        ("GetNotesResponder:1", "GetNotes:1", "is not <domain>:<Contract>Responder:<major>"),
        ('<w:input message="tns:Request"/>', "", "names no input message"),
    ],
)  # fmt: skip
def test_what_is_no_contract_is_refused(old: str, new: str, told: str) -> None:
    text = refusal(changed(WSDL, old, new))
    assert f"{WSDL}:" in text
    assert told in text


def test_a_package_of_several_domains_lies_with_each() -> None:
    files = {**package(), **package("example:other:things", "GetThings")}
    made = planned(files)
    assert set(made.folders) == {"schemas/example.care.notes/1.0", "schemas/example.other.things/1.0"}
    assert set(made.catalogue) == {FILE, "contracts/example.other.things.yaml"}
    sub = planned({**package("example:care:notes"), **package("example:care:log", "GetLog")})
    assert set(sub.folders) == {"schemas/example.care/1.0"}


@pytest.mark.parametrize("version", ["", "../1.0", "a/b", ".", "1 0", "x" * 70])
def test_a_version_names_a_folder(version: str) -> None:
    assert "cannot name a package's folder" in refusal(package(), version)


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("2.1.3", "2.1.3"), ("3.1-ecg", "3.1-ecg"), ("1.0-2.0", "1.0-2.0"), ("notes_1.0.10.zip", "1.0.10"),
        ("ServiceContracts_a_b_2.1.zip", "2.1"), ("trunk2015", None), ("schemas", None),
    ],
)  # fmt: skip
def test_the_version_that_a_name_shows(name: str, version: str | None) -> None:
    assert version_of(name) == version


@settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from(sorted(package())),
    at=st.floats(0, 1),
    length=st.integers(0, 40),
    put=st.sampled_from(
        [b"", b"<", b">", b'"', b"\xff", b"&", b"xs:", b"0", b"<xs:element/>", b'name=""', b"type='xs:NoType'"]
    ),
)
def test_damage_is_told_in_our_own_words(name: str, at: float, length: int, put: bytes) -> None:
    """No package makes anything but a finding: STYLE 25."""
    content = package()[name]
    start = int(at * len(content))
    files = {**package(), name: content[:start] + put + content[start + length :]}
    with suppress(DataError):
        assert planned(files).outcomes
