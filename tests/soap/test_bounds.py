"""How complex a message may be: the cheap look never lets pass what the exact one would refuse (SW-4.8)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaxel.errors import MessageMalformed
from vaxel.soap import bounds

SMALL = bounds.Bounds(depth=4, tag_bytes=60, attributes=3, namespaces=2)
ATTRIBUTES = st.sampled_from(
    [
        "",
        " x='1'",
        " x='1' y='2' z='3' q='4'",
        " x='/>' y='a=b=c'",
        " xmlns='u' xmlns:b='u' xmlns:c='u'",
        f" y='{'v' * 60}'",
    ]
)
TEXTS = st.sampled_from(
    ["", "=====", ">>", "/>", "<!-- <a><a><a><a><a> -->", "<![CDATA[<a></a><a>]]>", "<?i <a>?>", "<b/>"]
)
ELEMENTS = st.recursive(
    TEXTS,
    lambda inner: st.builds(
        lambda attributes, content: f"<a{attributes}>{''.join(content)}</a>", ATTRIBUTES, st.lists(inner, max_size=3)
    ),
    max_leaves=12,
)


def refused(content: bytes, look: object) -> str:
    try:
        look(content, SMALL)  # type: ignore[operator]
    except MessageMalformed as error:
        return error.cause
    return ""


@given(ELEMENTS)
def test_the_cheap_look_misses_nothing(text: str) -> None:
    """In what is well-formed; the rest the parser refuses."""
    content = f"<r>{text}</r>".encode()
    assert refused(content, bounds.check) == refused(content, bounds._exact)


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_our_errors(content: bytes) -> None:
    assert refused(content, bounds.check) in {"", "request.too-complex", "request.doctype-forbidden"}


@pytest.mark.parametrize(
    ("content", "within"),
    [
        ("<a>" * 100 + "</a>" * 100, True),
        ("<a>" * 101 + "</a>" * 101, False),
        ("<a>" * 99 + "<b/>" * 200 + "</a>" * 99, True),
        (f"<a x='{'v' * 65_528}'>", True),
        (f"<a x='{'v' * 65_529}'>", False),
        ("<a " + " ".join(f"a{n}=''" for n in range(256)) + "/>", True),
        ("<a " + " ".join(f"a{n}=''" for n in range(257)) + "/>", False),
        ("<a " + " ".join(f"xmlns:a{n}=''" for n in range(64)) + "/>", True),
        ("<a " + " ".join(f"xmlns:a{n}=''" for n in range(65)) + "/>", False),
        (
            "<a "
            + " ".join(f"xmlns:a{n}=''" for n in range(64))
            + " "
            + " ".join(f"a{n}=''" for n in range(256))
            + "/>",
            True,
        ),
        ("<!--" + "<a>" * 200 + "-->", True),
        ("<![CDATA[" + "<a>" * 200 + "]]>", True),
        ("<!-- <!DOCTYPE x> -->", True),
    ],
)
def test_the_limits_are_exact(content: str, within: bool) -> None:
    """SW-4.8: depth 100, a tag 65536 bytes, 256 attributes and 64 namespace declarations on one element."""
    if within:
        bounds.check(content.encode())
        return
    with pytest.raises(MessageMalformed) as caught:
        bounds.check(content.encode())
    assert caught.value.cause == "request.too-complex"


def test_a_document_type_is_told_as_one() -> None:
    with pytest.raises(MessageMalformed) as caught:
        bounds.check(b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>")
    assert caught.value.cause == "request.doctype-forbidden"
