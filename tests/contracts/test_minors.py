"""Elements of newer minors (CO-6.5)."""

import pytest
from lxml import etree

from vaxel.contracts.minors import newer_elements, without

CORE, ENUMS, CONTRACT = "urn:riv:a:4", "urn:riv:a:enums:4", "urn:riv:a:GetResponder:4"
NAMESPACES = {CORE, f"{CORE}.1", f"{CORE}.2", ENUMS, CONTRACT}
VERSIONS = {CONTRACT: "4.2"}


def names(xml: str) -> list[str]:
    payload = etree.fromstring(xml)
    return [etree.QName(each).localname for each in newer_elements(payload, VERSIONS, NAMESPACES)]


@pytest.mark.parametrize(
    ("namespace", "newer"),
    [
        (f"{CORE}.3", True),
        (f"{CORE}.10", True),
        (f"{CORE}.2", False),
        (f"{CORE}.1", False),
        (CORE, False),
        (f"{CONTRACT}.3", True),
        (f"{CONTRACT}.2", False),
        (f"{ENUMS}.1", True),
        ("urn:riv:b:4.9", False),
        (f"{CORE}.x", False),
        (f"{CORE}.", False),
        ("", False),
    ],
)
def test_newer_is_above_the_newest_installed(namespace: str, newer: bool) -> None:
    assert names(f'<m xmlns="{CONTRACT}"><e xmlns="{namespace}"/></m>') == (["e"] if newer else [])


def test_only_the_outermost_counts() -> None:
    inner = f'<one xmlns="{CORE}.3"><inner xmlns="{CORE}"/><deep/></one>'
    assert names(f'<m xmlns="{CONTRACT}"><a>{inner}</a><two xmlns="{CORE}.4"/></m>') == ["one", "two"]


def test_the_rest_of_the_message_stays() -> None:
    newer = f'<e xmlns="{CORE}.3"><b/></e>'
    content = f'<m xmlns="{CONTRACT}">one<!-- note -->{newer}two<b/>{newer}three</m>'
    payload = etree.fromstring(content)
    rest = without(payload, newer_elements(payload, VERSIONS, NAMESPACES))
    assert etree.tostring(rest).decode() == content.replace(newer, "")
    assert etree.tostring(payload).decode() == content
