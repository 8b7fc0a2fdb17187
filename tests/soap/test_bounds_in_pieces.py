"""Bounds of a document (SW-4.8): the quick look misses nothing that the exact one refuses."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vaxel.errors import MessageMalformed
from vaxel.soap.bounds import Bounds, _balance, check

SMALL = Bounds(depth=10, tag_bytes=4096, attributes=12, namespaces=4)


def refused(content: bytes, bounds: Bounds = SMALL) -> bool:
    try:
        check(content, bounds)
    except MessageMalformed as error:
        assert error.cause == "request.too-complex"  # noqa: PT017 - the cause is part of what is compared
        return True
    return False


filler = st.lists(
    st.sampled_from(["<a/>", "<b>x</b>", "text ", "<!-- c -->", "<c d='e'></c>", "=" * 9]), max_size=80
).map("".join)


@settings(max_examples=300)
@given(depth=st.integers(1, 14), fillers=st.lists(filler, min_size=14, max_size=14))
def test_depth_is_exact_whatever_stands_around(depth: int, fillers: list[str]) -> None:
    content = "".join(f"<n>{fillers[level] if level < depth - 1 else 'x'}" for level in range(depth)) + "</n>" * depth
    assert refused(content.encode()) == (depth > SMALL.depth)


@settings(max_examples=300)
@given(before=st.integers(0, 9000), attributes=st.integers(0, 20), long=st.integers(0, 5000), after=filler)
def test_tags_are_exact_wherever_they_stand(before: int, attributes: int, long: int, after: str) -> None:
    tag = "<t " + " ".join(f'a{n}="v"' for n in range(attributes)) + f' z="{"x" * long}">'
    content = f"<r>{' ' * before}{tag}</t>{after}</r>".encode()
    assert refused(content) == (attributes + 1 > SMALL.attributes or len(tag) > SMALL.tag_bytes)


@pytest.mark.parametrize("count", [4, 5])
def test_namespaces_are_counted_by_themselves(count: int) -> None:
    tag = "<t " + " ".join(f'xmlns:n{n}="u"' for n in range(count)) + ' a="1" b="2"/>'
    assert refused(f"<r>{tag}</r>".encode()) == (count > SMALL.namespaces)


@pytest.mark.parametrize("size", [0, 200_000, 300_000])
@pytest.mark.parametrize(
    "hostile",
    ["<n>" * 11 + "x" + "</n>" * 11, "<t " + " ".join(f"a{n}='v'" for n in range(13)) + "/>", f"<t a='{'x' * 5000}'/>"],
)
def test_what_stands_far_into_a_document_is_seen(size: int, hostile: str) -> None:
    """A long document is looked at in pieces."""
    for filler in ("x", "<b>x</b>"):
        before = filler * (size // len(filler))
        assert refused(f"<r>{before}{hostile}</r>".encode())
        assert not refused(f"<r>{before}</r>".encode())


def test_a_tag_across_two_pieces_is_seen_whole() -> None:
    """Five namespaces, of which neither piece holds more than the four that are allowed."""
    tag = "<t " + " ".join(f'xmlns:n{n}="u"' for n in range(5)) + "/>"
    for start in range(262_144 - len(tag), 262_146, 7):
        before = "<b>x</b>" * ((start - 3) // 8) + " " * ((start - 3) % 8)
        assert refused(f"<r>{before}{tag}</r>".encode())


def test_an_ordinary_message_needs_no_exact_look() -> None:
    """End tags are counted across blocks, so that the balance of a long message stays what it is."""
    content = b"<r>" + b"<record><id>1</id><text>some words</text></record>" * 20_000 + b"</r>"
    assert _balance(content, 0, len(content), 0, 30) == 0
