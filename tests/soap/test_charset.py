"""Encodings: UTF-8 inside, the consumer's own outside (SW-4.7, SW-13.4)."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaxel.errors import MessageMalformed
from vaxel.soap import charset, tree

NAMES = sorted(set(charset._ALLOWED.values()) - {"utf-8", "us-ascii"})
LATIN = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=40)


@pytest.mark.parametrize("name", NAMES)
def test_there_and_back(name: str) -> None:
    """A message in every encoding that is taken: into UTF-8, and an answer back into the same."""
    text = f'<?xml version="1.0" encoding="{name}"?><a>Ä</a>'
    content = text.encode(name)
    inside, found = charset.to_utf8(content)
    assert tree.document(inside).text == "Ä"
    assert codecs.lookup(found) == codecs.lookup(name) or found in {"utf-16", "utf-32"}
    outside = charset.from_utf8(inside, found)
    assert charset.to_utf8(outside)[0] == inside


@given(LATIN)
def test_utf_8_passes_byte_for_byte(text: str) -> None:
    content = f"<?xml version='1.0' encoding='utf-8'?><a>{text}</a>".encode()
    assert charset.to_utf8(content) == (content, "utf-8")
    assert charset.to_utf8(codecs.BOM_UTF8 + content) == (content, "utf-8")


@given(LATIN)
def test_declared_utf_16_but_utf_8_in_fact(text: str) -> None:
    """SW-4.7."""
    content = f'<?xml version="1.0" encoding="UTF-16"?><a>{text}</a>'.encode()
    inside, found = charset.to_utf8(content)
    assert found == "utf-8"
    assert inside == content.replace(b"UTF-16", b"UTF-8")


@given(st.binary(max_size=300), st.sampled_from(["", *NAMES, "utf-8", "utf-7", "rot13", "x"]))
def test_no_bytes_raise_anything_but_our_errors(noise: bytes, name: str) -> None:
    content = (f'<?xml version="1.0" encoding="{name}"?>'.encode() if name else b"") + noise
    try:
        inside, found = charset.to_utf8(content)
    except MessageMalformed:
        return
    assert found == "utf-8" or inside.decode("utf-8") is not None
    assert charset.from_utf8(inside, found)


def test_what_an_encoding_lacks_becomes_a_reference() -> None:
    answer = charset.from_utf8('<?xml version="1.0" encoding="UTF-8"?><a>Ж å</a>'.encode(), "iso-8859-1")
    assert answer == b'<?xml version="1.0" encoding="ISO-8859-1"?><a>&#1046; \xe5</a>'


@pytest.mark.parametrize("name", ["utf-7", "rot13", "unicode_escape", "idna", "zip", "no-such", "cp037"])
def test_what_is_no_encoding_of_messages(name: str) -> None:
    with pytest.raises(MessageMalformed):
        charset.declared(f'<?xml version="1.0" encoding="{name}"?>'.encode())
