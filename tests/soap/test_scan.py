"""The door to XML as bytes: equal to the tree on every head, whatever the pieces it comes in (SW-4.13)."""

import pytest
from envelopes import ENVELOPES, plain
from hypothesis import given
from hypothesis import strategies as st

from vaxel.call import Envelope
from vaxel.errors import MessageMalformed
from vaxel.soap import scan, tree

CAUSES = {"request.ambiguous-envelope", "request.no-body-element"}


def through_tree(content: bytes, *, strict: bool = False) -> Envelope | str:
    try:
        return tree.parse(content, strict=strict)
    except MessageMalformed as error:
        return error.cause


def through_scan(pieces: list[bytes], *, strict: bool = False, limit: int = 262_144) -> Envelope | str | None:
    reader = scan.HeadReader(limit=limit, strict=strict)
    try:
        for piece in pieces:
            found = reader.feed(piece)
            if found is not None:
                return found
    except MessageMalformed as error:
        return error.cause
    return None


def read(envelope: Envelope) -> tuple[str, ...]:
    return (
        envelope.receiver,
        envelope.profile,
        envelope.contract,
        envelope.operation,
        envelope.address_namespace,
    )


@given(ENVELOPES, st.booleans(), st.integers(1, 400))
def test_both_doors_read_the_same(content: bytes, strict: bool, step: int) -> None:
    """SW-4.13: what the tree accepts the scan reads alike; what the scan refuses, by the head alone, the tree refuses."""
    pieces = [content[start : start + step] for start in range(0, len(content), step)]
    from_tree, from_scan = through_tree(content, strict=strict), through_scan(pieces, strict=strict)
    if isinstance(from_tree, Envelope):
        assert isinstance(from_scan, Envelope)
        assert read(from_scan) == read(from_tree)
    elif not isinstance(from_scan, Envelope):
        assert from_scan in CAUSES


@given(st.binary(max_size=200), st.integers(0, 300))
def test_no_bytes_raise_anything_but_our_errors(noise: bytes, place: int) -> None:
    content = plain()
    for each in (noise, content[:place] + noise + content[place:]):
        through_scan([each])
        assert isinstance(scan.complete(each), bool)
        assert all(isinstance(text, str) for text in scan.fault_code(each))


def test_a_head_is_read_before_the_message_has_ended() -> None:
    """SW-4.2: nothing after the first element of the body is examined, malformed or not."""
    content = plain(body='<c:GetX a="1"><broken')
    found = through_scan([content])
    assert isinstance(found, Envelope)
    assert (found.receiver, found.operation, found.payload) == ("A", "GetX", None)


@pytest.mark.parametrize("step", [50, 1000, 100_000])
def test_a_head_has_its_limit(step: int) -> None:
    """SW-4.9: what stands before the first element of the body, however large the pieces are."""
    content = plain(header=f"<!--{'c' * 1000}-->", body="<c:GetX>" + "<y/>" * 500 + "</c:GetX>")
    pieces = [content[at : at + step] for at in range(0, len(content), step)]
    head = content.index(b"<c:GetX>")
    assert isinstance(through_scan(pieces, limit=head), Envelope)
    assert through_scan(pieces, limit=head - 1) == "request.head-too-large"


def test_an_unfinished_head_waits_for_more() -> None:
    assert through_scan([plain()[:100]]) is None


def test_a_fault_is_found_without_a_tree() -> None:
    content = b"<s:Fault><faultcode>s:Server</faultcode><faultstring xml:lang='sv'> trasig </faultstring></s:Fault>"
    assert scan.fault_code(content) == ("s:Server", "trasig")
    assert scan.fault_code(b"<html/>") == ("", "")


@pytest.mark.parametrize(
    ("content", "whole"),
    [(b"<a><b/></a>", True), (b"<a><b/></a>\n", True), (b"<a><b/>", False), (b"<a/>x", False), (b"", False)],
)
def test_complete_tells_whether_the_root_has_ended(content: bytes, whole: bool) -> None:
    assert scan.complete(content) is whole
