"""MTOM: the envelope out of a multipart message (SW-13.6 to SW-13.8)."""

import base64

import pytest
from envelopes import plain
from hypothesis import given
from hypothesis import strategies as st

from vaxel.errors import MessageMalformed
from vaxel.soap.mtom import MAX_PARTS, envelope_of

TYPE = 'multipart/related; type="application/xop+xml"; boundary="b1"'
INCLUDE = '<xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:{}"/>'


def message(*parts: tuple[str, bytes]) -> bytes:
    pieces = [f"--b1\r\nContent-ID: <{name}>\r\n\r\n".encode() + content + b"\r\n" for name, content in parts]
    return b"".join(pieces) + b"--b1--\r\n"


def including(name: str) -> bytes:
    return plain(body=f"<c:GetX>{INCLUDE.format(name)}</c:GetX>")


def test_the_envelope_is_cut_out() -> None:
    """SW-13.6: attachments are dropped; SW-13.7: an unprefixed envelope is found too."""
    assert envelope_of(message(("a", plain()), ("b", b"\0\1")), TYPE) == plain()
    bare = b'<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body><x/></Body></Envelope>'
    assert envelope_of(message(("a", b"\xef\xbb\xbf" + bare)), TYPE.encode()) == bare


@given(st.binary(max_size=200).filter(lambda content: b"\r\n--b1" not in b"\r\n" + content))
def test_an_attachment_stands_in_its_place(content: bytes) -> None:
    """SW-13.7: `inline`."""
    inlined = envelope_of(message(("a", including("x@y")), ("x@y", content)), TYPE, "inline")
    assert inlined == including("x@y").replace(INCLUDE.format("x@y").encode(), base64.b64encode(content))
    assert envelope_of(message(("a", including("x@y")), ("x@y", content)), TYPE) == including("x@y")


@pytest.mark.parametrize(
    ("content", "content_type", "cause"),
    [
        (message(("a", plain())), "multipart/related; boundary=b1; type=text/xml", "request.no-envelope"),
        (message(("a", plain())), 'multipart/related; type="application/xop+xml"', "request.no-envelope"),
        (message(("a", b"hello")), TYPE, "request.no-envelope"),
        (message(("a", b"<s:Envelope>")), TYPE, "request.no-envelope"),
        (b"", TYPE, "request.no-envelope"),
        (message(*[("a", b"x")] * (MAX_PARTS + 1)), TYPE, "request.too-complex"),
    ],
)
def test_what_is_refused(content: bytes, content_type: str, cause: str) -> None:
    """SW-13.6, SW-13.8."""
    with pytest.raises(MessageMalformed) as caught:
        envelope_of(content, content_type)
    assert caught.value.cause == cause


def test_an_include_without_its_part() -> None:
    with pytest.raises(MessageMalformed):
        envelope_of(message(("a", including("gone"))), TYPE, "inline")


@given(st.binary(max_size=200), st.integers(0, 400), st.sampled_from(["strip", "inline"]))
def test_no_bytes_raise_anything_but_our_errors(noise: bytes, place: int, mode: str) -> None:
    content = message(("a", including("x")), ("x", b"1"))
    try:
        assert b"Envelope" in envelope_of(content[:place] + noise + content[place:], TYPE, mode)
    except MessageMalformed as error:
        assert error.cause.startswith("request.")  # noqa: PT017 - either outcome is right
