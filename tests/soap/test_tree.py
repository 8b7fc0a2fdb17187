"""The door to XML as a tree: what is read of an envelope, and what is refused as what (switch.md section 4)."""

import threading

import pytest
from envelopes import ENVELOPES, REGISTRY, envelope, plain
from hypothesis import given
from hypothesis import strategies as st

from vaxel.call import RivtaProfile
from vaxel.errors import MessageMalformed
from vaxel.soap import tree


def cause(content: bytes, *, strict: bool = False) -> str:
    with pytest.raises(MessageMalformed) as caught:
        tree.parse(content, strict=strict)
    return caught.value.cause


def test_what_is_read() -> None:
    found = tree.parse(plain())
    assert (found.receiver, found.profile, found.address_namespace) == ("A", RivtaProfile.BP21, REGISTRY)
    assert (found.contract, found.operation, found.payload.tag) == (
        "urn:riv:a:b:GetXResponder:1",
        "GetX",
        "{urn:riv:a:b:GetXResponder:1}GetX",
    )


def test_without_an_address() -> None:
    """SW-4.6: read all the same; step 5 refuses it."""
    assert tree.parse(plain(header="")).receiver == ""


@given(st.binary(max_size=300) | ENVELOPES, st.booleans())
def test_no_bytes_raise_anything_but_our_errors(content: bytes, strict: bool) -> None:
    try:
        found = tree.parse(content, strict=strict)
    except MessageMalformed as error:
        found, told = None, str(error)
        assert "<" not in told
    assert found is None or found.operation


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=30))
def test_no_refusal_quotes_the_message(text: str) -> None:
    """Faults and logs hold the reason: it never holds what was sent."""
    with pytest.raises(MessageMalformed) as caught:
        tree.parse(plain(body=f"<c:GetX>Tolvan{text}&</c:GetX>"))
    assert "Tolvan" not in caught.value.detail


def test_each_thread_has_its_parser() -> None:
    """One parser shared by threads would serialise them."""
    parsers: list[object] = []
    work = [threading.Thread(target=lambda: parsers.append(tree._parser(huge=False))) for _ in range(3)]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert len({id(each) for each in [*parsers, tree._parser(huge=False)]}) == 4
    assert tree._parser(huge=False) is tree._parser(huge=False)


def test_a_long_text_is_read() -> None:
    """libxml2's own limit of 10 MB on a text is lifted where the whole message is larger; ours have been checked."""
    found = tree.parse(plain(body=f"<c:GetX>{'x' * 10_500_000}</c:GetX>"))
    assert len(found.payload.text) == 10_500_000


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "request.empty"),
        (b" \n", "request.empty"),
        (envelope(["<s:Header/>"]), "request.no-body-element"),
        (envelope(["<s:Body/>"]), "request.no-body-element"),
        (envelope(["<s:Body><c:GetX/></s:Body>"], name="x:Envelope"), "request.no-envelope"),
        (envelope(["<s:Body><s:Body/></s:Body>"]), "request.ambiguous-envelope"),
        (envelope(["<x:y><s:Body/></x:y>", "<s:Body><c:GetX/></s:Body>"]), "request.ambiguous-envelope"),
    ],
)
def test_what_is_no_envelope(content: bytes, expected: str) -> None:
    """SW-4.5, SW-4.11."""
    assert cause(content) == expected


@pytest.mark.parametrize(("tag", "parts"), [("{urn:a}b", ("urn:a", "b")), ("b", ("", "b"))])
def test_split(tag: str, parts: tuple[str, str]) -> None:
    assert tree.split(tag) == parts
