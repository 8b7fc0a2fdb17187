"""BP 2.0 ↔ 2.1: the address element changes its name, and nothing else does (SW-9.2 to SW-9.6)."""

import re
from contextlib import suppress

import pytest
from envelopes import ADDRESSED, ADDRESSING, REGISTRY, envelope, plain
from hypothesis import given
from hypothesis import strategies as st

from vaxel.call import RivtaProfile
from vaxel.errors import TranslationFailed
from vaxel.soap import tree
from vaxel.soap.names import REGISTRY_2
from vaxel.soap.translate import translate

PROFILES = st.sampled_from(RivtaProfile)
ADDRESS = {RivtaProfile.BP20: (ADDRESSING, "To"), RivtaProfile.BP21: (REGISTRY, "LogicalAddress")}


def shape(content: bytes) -> list[tuple[object, ...]]:
    """Every element with its attributes and texts, address elements without their name."""
    names = {tag for tag, local in ((f"{{{ns}}}{local}", local) for ns, local in ADDRESS.values())}
    return [
        (
            "address" if each.tag in names else each.tag,
            dict(each.attrib) if each.tag.__class__ is str else "",
            each.text,
            each.tail,
        )
        for each in tree.document(content).iter()
    ]


def unnamed(content: bytes) -> bytes:
    """The bytes without what may change: the names of address elements, and declarations of the platform's prefix."""
    return re.sub(
        rb'(</?)(?:[wrx]|vxaa*):(?:To|LogicalAddress)(?= |>|/|\n)(?: xmlns:vxaa*="[^"]*")?', rb"\1address", content
    )


@given(ADDRESSED)
def test_only_the_address_changes(content: bytes) -> None:
    """SW-9.2, SW-9.3, SW-9.5: receiver, contract and every other byte are kept; the target's form is there."""
    before = tree.parse(content)
    target = RivtaProfile.BP20 if before.profile is RivtaProfile.BP21 else RivtaProfile.BP21
    translated = translate(content, target)
    after = tree.parse(translated)
    assert (after.receiver, after.contract, after.operation) == (before.receiver, before.contract, before.operation)
    assert (after.profile, after.address_namespace) == (target, ADDRESS[target][0])
    assert unnamed(translated) == unnamed(content)


@given(st.sampled_from(["A", " å ", "<!-- c -->A<![CDATA[B]]>", ""]), PROFILES, st.integers(1, 4))
def test_there_and_back_is_the_same(text: str, profile: RivtaProfile, times: int) -> None:
    """A message may pass several platforms that translate: it stays well-formed, and comes back equal in all but prefix."""
    namespace, local = ADDRESS[profile]
    content = plain(header=f'<q:{local} xmlns:q="{namespace}" q:a="1">{text}</q:{local}>')
    other = RivtaProfile.BP20 if profile is RivtaProfile.BP21 else RivtaProfile.BP21
    translated = content
    for _ in range(times):
        translated = translate(translate(translated, other), profile)
    assert shape(translated) == shape(content)
    assert tree.parse(translated).profile is profile


@pytest.mark.parametrize(
    "address",
    [
        '<r:LogicalAddress xmlns:r="{}" s:actor="x" a=\'>\'>A</r:LogicalAddress>',
        '<LogicalAddress xmlns="{}"\n>A</LogicalAddress\n>',
        '<r:LogicalAddress xmlns:r="{}"/>',
        "<r:LogicalAddress><!-- å -->A</r:LogicalAddress>",
    ],
)
def test_wherever_the_namespace_is_declared(address: str) -> None:
    """SW-9.2: on the envelope, the header or the element itself; attributes and comments stay."""
    content = plain(header=address.format(REGISTRY) + "<w:MessageID>7</w:MessageID><w:Action>x</w:Action>")
    translated = translate(content, RivtaProfile.BP20)
    assert tree.parse(translated).profile is RivtaProfile.BP20
    untouched = re.sub(rb"</?(?:vxa:To xmlns:vxa=\"[^\"]*\"|vxa:To)", b"", translated)
    assert untouched == re.sub(rb"</?(?:r:)?LogicalAddress", b"", content)


def test_the_registry_of_the_contract_is_the_target_and_a_source() -> None:
    """SW-9.4."""
    to = plain(header="<w:To>A</w:To>")
    translated = translate(to, RivtaProfile.BP21, REGISTRY_2)
    assert tree.parse(translated).address_namespace == REGISTRY_2
    assert tree.parse(translate(translated, RivtaProfile.BP20)).address_namespace == ADDRESSING


def test_an_element_in_the_target_form_already_is_left_alone() -> None:
    content = plain(header="<r:LogicalAddress>A</r:LogicalAddress><w:To>A</w:To>")
    assert b"<r:LogicalAddress>A</r:LogicalAddress><vxa:LogicalAddress" in translate(content, RivtaProfile.BP21)


def test_a_body_in_another_namespace_does_not_end_the_search() -> None:
    content = envelope(["<x:Body/>", "<s:Header><w:To>A</w:To></s:Header>", "<s:Body><c:GetX/></s:Body>"])
    assert tree.parse(translate(content, RivtaProfile.BP21)).profile is RivtaProfile.BP21


def test_a_head_without_its_end_is_enough() -> None:
    """SW-13.3: a streamed message is translated by its first bytes."""
    content = plain(header="<w:To>A</w:To>", body="<c:GetX><part")
    assert translate(content, RivtaProfile.BP21).endswith(b"<s:Body><c:GetX><part</s:Body></s:Envelope>")


@pytest.mark.parametrize("content", [b"", b"<a/>", b"<a><b></a>", plain(header=""), plain(header="<w:Action/>")])
def test_what_cannot_be_translated_is_refused(content: bytes) -> None:
    """SW-9.6: VP012."""
    with pytest.raises(TranslationFailed):
        translate(content, RivtaProfile.BP20)


@given(st.binary(max_size=100), st.integers(0, 300), PROFILES)
def test_no_bytes_raise_anything_but_our_error(noise: bytes, place: int, target: RivtaProfile) -> None:
    content = plain()
    with suppress(TranslationFailed):
        assert translate(content[:place] + noise + content[place:], target)
