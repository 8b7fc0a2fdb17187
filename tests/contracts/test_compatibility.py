"""CO-7.7: schemas with a known defect are read as they were meant, in every spelling; publication is untouched."""

import pytest

from vaxel.contracts.compatibility import ALL_COMPATIBILITY, RULES, applied, compatible

ANCHORED = [
    b'<xs:pattern value="^[0-9]{8}$"/>',
    b"<xs:pattern value='^[0-9]{8}$' />",
    b'<pattern value = "^[0-9]{8}$"></pattern>',
    b'<xs:pattern\n\t\tvalue="^[0-9]{8}$"/>',
    b'<xsd:pattern id="a" value="^[0-9]{8}$"/>',
    b'<xs:pattern value="^[0-9]{8}$" id="a"/>',
]
MISSPELT = [
    b'<xs:any namespace="#other" processContents="lax"/>',
    b"<xs:any processContents='lax' namespace='#other'/>",
    b'<xs:any processContents="lax" namespace=" #\n    other "/>',
    b'<xs:any minOccurs="0"\n namespace = "##\tother"/>',
    b'<any namespace="# other"/>',
    b'<xs:anyAttribute namespace="#other"/>',
]
RIGHT = [
    b'<xs:pattern value="[0-9]{8}"/>',
    b'<xs:pattern value="^[0-9]{8}"/>',
    b'<xs:pattern value="[0-9]{8}$"/>',
    b'<xs:pattern value="[^a]$"/>',
    b'<xs:enumeration value="^a$"/>',
    b'<xs:any namespace="##any"/>',
    b'<xs:any namespace="##local urn:other"/>',
    b'<xs:import namespace="#other"/>',
]


@pytest.mark.parametrize("text", ANCHORED)
def test_anchors_are_read_as_none(text: bytes) -> None:
    read = compatible(text)
    assert b"[0-9]{8}" in read
    assert b"^" not in read
    assert b"$" not in read
    assert applied(text) == ("unanchor-patterns",)


@pytest.mark.parametrize("text", MISSPELT)
def test_a_misspelt_wildcard_is_read_as_other(text: bytes) -> None:
    assert b"##other" in compatible(text)
    assert applied(text) == ("wildcard-other",)


@pytest.mark.parametrize("text", RIGHT)
def test_what_is_right_stays(text: bytes) -> None:
    assert compatible(text) == text
    assert applied(text) == ()


@pytest.mark.parametrize("name", sorted(RULES))
def test_each_rule_can_be_switched_off(name: str) -> None:
    defect = (ANCHORED[0] if name == "unanchor-patterns" else MISSPELT[0]) + RIGHT[0]
    assert compatible(defect, ALL_COMPATIBILITY - {name}) == defect
    assert compatible(defect, frozenset({name})) != defect
