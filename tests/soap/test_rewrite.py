"""One message for many receivers: nothing but what is named changes (AG-6.1)."""

import pytest
from scene import REQUEST, UNIT, message

from vaxel.errors import TranslationFailed
from vaxel.soap import tree
from vaxel.soap.rewrite import Rewriting


def test_the_address_alone_changes() -> None:
    content = message().replace(b"<soap:Body>", b"<!-- <LogicalAddress>x</LogicalAddress> --> <soap:Body>\r\n")
    written = Rewriting(content, UNIT).to("SE1&2")
    assert written == content.replace(UNIT.encode(), b"SE1&amp;2")
    assert tree.parse(written).receiver == "SE1&2"


def test_both_profiles_and_repeated_addresses() -> None:
    content = message(profile="rivtabp20")
    assert tree.parse(Rewriting(content, UNIT).to("B")).receiver == "B"
    start, end = content.index(b"<wsa:To"), content.index(b"</soap:Header>")
    twice = content[:end] + content[start:end] + content[end:]
    assert tree.parse(Rewriting(twice, UNIT).to("B")).receiver == "B"


def test_elements_of_the_body() -> None:
    """AG-11: also one that stands empty; namesakes elsewhere stay."""
    payload = "<q xmlns='urn:q'><id>1</id><in><id>2</id></in><place/><place a='/>'></place></q>"
    written = Rewriting(message(payload), UNIT, ("id", "place")).to("B", {"id": "<P>", "place": "U"})
    expected = "<q xmlns='urn:q'><id>&lt;P&gt;</id><in><id>2</id></in><place>U</place><place a='/>'>U</place></q>"
    assert expected.encode() in written


def test_a_message_without_address() -> None:
    with pytest.raises(TranslationFailed):
        Rewriting(message(REQUEST, receiver=None), "")
