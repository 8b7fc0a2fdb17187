"""Index rules from schematron (engagement_index.md section 10)."""

import pytest
from tests.contracts.build import DOMAIN, package
from tests.contracts.test_install import FILE, home, planned

from vaxel import documents
from vaxel.contracts.entry import ContractFile
from vaxel.contracts.rules import read
from vaxel.errors import DataError

RULES = f"""<i:schema xmlns:i="http://purl.oclc.org/dsdl/schematron"><i:pattern>
  <i:rule context="e:engagement[e:serviceDomain='riv:{DOMAIN}']">
    <i:assert test="e:categorization='a' or
        e:categorization='b-c'">one of these</i:assert>
    <i:assert test="e:logicalAddress=e:sourceSystem">the same</i:assert>
    <i:assert test="e:clinicalProcessInterestId='NA'">NA</i:assert>
    <i:assert test="string-length(e:owner) &lt; 9">something else</i:assert>
  </i:rule></i:pattern></i:schema>""".encode()
STATED = {
    "categorizations": ["a", "b-c"],
    "equal": {"logicalAddress": "sourceSystem"},
    "fixed": {"clinicalProcessInterestId": "NA"},
}


def test_assertions_become_data() -> None:
    rules = read(RULES, "r.xml")[f"riv:{DOMAIN}"]
    assert rules.entry() == STATED
    assert rules.unread == ["string-length(e:owner) < 9"]


def test_a_package_brings_the_rules_of_its_domain() -> None:
    """CO-9.5: what could not be read is told."""
    name = "engagementindex/rules.xml"
    made = planned({**package(), name: RULES})
    stated = documents.load(ContractFile, FILE, made.catalogue[FILE])[0].index_rules
    assert stated is not None
    assert stated.model_dump(mode="json") == STATED
    assert [(each.file, "string-length" in each.what) for each in made.findings] == [(name, True)]
    again = planned({**package(name="GetMore"), name: RULES}, "1.1", home(made.catalogue))
    assert again.catalogue[FILE].startswith(made.catalogue[FILE])


def test_rules_come_into_a_file_that_has_none() -> None:
    first = planned(package())
    made = planned({**package(), "engagementindex/rules.xml": RULES}, "1.1", home(first.catalogue))
    assert b"domain: example:care:notes\nindex_rules:" in made.catalogue[FILE]


def test_what_is_not_xml_is_told() -> None:
    with pytest.raises(DataError, match=r"r\.xml:1: cannot be read"):
        read(b"<", "r.xml")
