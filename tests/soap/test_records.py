"""Records are found as lxml finds them, in whatever form an answer is written (SW-4.13)."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from published import RIVTA, with_reference_data

from vaxel.errors import MessageMalformed
from vaxel.soap import records
from vaxel.soap.records import children, cut, masked, value_of

NAMESPACE = "urn:riv:demo:GetThingsResponder:1"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"

NAMES = ("thing", "thingHeader", "things", "t", "result", "hasMore", "Body", "Envelope")
PREFIXES = ("", "a:", "b:", "s:")
PARTS = ("", " ", "x", "&lt;/thing>", "&lt;thing&gt;", "&#x5d;]&gt;", "å ä ö", "\r\n\t", "/>")
HIDDEN = ("", "x", "<thing>", "</thing>", "<!", "<![CDATA[", "?", "<thing a='", '"', "\n")
TAGS = (
    "",
    " id = 'a>b'",
    ' id="/>"',
    " xmlns:b='urn:other'",
    ' xmlns="urn:y" a:x=">"',
    "\n\tid\n=\n'<'".replace("<", "&lt;"),
)


def marks() -> st.SearchStrategy[str]:
    hidden = st.sampled_from(HIDDEN)
    return st.one_of(
        hidden.map(lambda text: f"<!--{text}-->"),
        hidden.map(lambda text: f"<![CDATA[{text}]]>"),
        hidden.map(lambda text: f"<?pi {text} ?>"),
        st.sampled_from(PARTS),
    )


@st.composite
def elements(draw: Any, depth: int = 3) -> str:
    name = draw(st.sampled_from(PREFIXES)) + draw(st.sampled_from(NAMES))
    blank = draw(st.sampled_from(["", " ", "\n", "\t\r\n"]))
    tag = name + draw(st.sampled_from(TAGS))
    if draw(st.booleans()) and depth < 3:
        return f"<{tag}{blank}/>"
    parts = st.one_of(marks(), elements(depth - 1)) if depth else marks()
    return f"<{tag}{blank}>{''.join(draw(st.lists(parts, max_size=4)))}</{name}{blank}>"


@st.composite
def answers(draw: Any) -> bytes:
    comments = st.sampled_from(["<!---->", "<!-- <thing/> -->", "\n"])
    inside = "".join(draw(st.lists(st.one_of(comments, elements()), max_size=6)))
    declaration = draw(
        st.sampled_from(["", '<?xml version="1.0" encoding="UTF-8"?>\n', "<?xml version='1.0'?><!-- <s:Body> -->"])
    )
    header = draw(st.sampled_from(["", "<s:Header/>", "<s:Header><x>&amp;<!--<s:Body>--></x></s:Header>"]))
    return (
        f"{declaration}<s:Envelope xmlns:s='{SOAP}' xmlns:a=\"urn:a\">{header}<s:Body xmlns:b='urn:b'>\n"
        f'<r:GetThingsResponse xmlns:r="{NAMESPACE}" xmlns="urn:x" >{inside}</r:GetThingsResponse>\n</s:Body></s:Envelope>'
    ).encode()


def by_lxml(content: bytes, name: str) -> list[str]:
    response = etree.fromstring(content).find(f".//{{{NAMESPACE}}}GetThingsResponse")
    assert response is not None
    return [canonical(etree.tostring(each, with_tail=False)) for each in response.iterchildren(f"{{*}}{name}")]


def canonical(element: bytes) -> str:
    return etree.canonicalize(element.decode(), rewrite_prefixes=True, with_comments=True)


def in_scope(found: records.Cut, element: records.Element) -> bytes:
    """A record as a document of its own: what it saw declared is put on an element around it."""
    declared = b"".join(
        b" xmlns%b=%b" % (b":" + prefix if prefix else b"", value) for prefix, value in found.scope.items()
    )
    wrapped = b"<w%b>%b</w>" % (declared, found.content[element.start : element.end])
    return etree.tostring(etree.fromstring(wrapped)[0], with_tail=False)


@settings(max_examples=150, deadline=None)
@given(answers())
def test_the_two_doors_find_the_same(content: bytes) -> None:
    found = cut(content, NAMESPACE, "GetThingsResponse", ["thing", "hasMore"])
    for name, elements in found.records.items():
        assert [canonical(in_scope(found, element)) for element in elements] == by_lxml(content, name)


@settings(max_examples=100, deadline=None)
@given(elements())
def test_an_elements_own_text_is_lxmls(written: str) -> None:
    content = f"<w xmlns:a='urn:a' xmlns:b='urn:b' xmlns:s='urn:s'>{written}</w>".encode()
    text = masked(content)
    outer = next(children(text, 0))
    element = next(children(text, outer.inner))
    tree = etree.fromstring(content)[0]
    expected = (tree.text or "") + "".join(child.tail or "" for child in tree)
    assert value_of(content, element).replace("\r\n", "\n") == expected


@with_reference_data
def test_every_official_answer_is_cut_as_lxml_would() -> None:
    seen = 0
    for path in sorted((RIVTA / "examples").glob("*/*Response_v*.xml")):
        content = enveloped(path.read_bytes().removeprefix(b"\xef\xbb\xbf").lstrip())
        response = next(next(etree.fromstring(content).iter(f"{{{SOAP}}}Body")).iterchildren(etree.Element))
        namespace, local = response.tag[1:].split("}")
        names = sorted({child.tag.rpartition("}")[2] for child in response.iterchildren(etree.Element)})
        found = cut(content, namespace, local, names)
        for name in names:
            expected = [
                canonical(etree.tostring(each, with_tail=False)) for each in response.iterchildren(f"{{*}}{name}")
            ]
            assert [canonical(in_scope(found, element)) for element in found.records[name]] == expected, path
            seen += len(expected)
    assert seen > 50


def enveloped(content: bytes) -> bytes:
    """Some examples are payloads alone."""
    if SOAP.encode() in content:
        return content
    return b'<s:Envelope xmlns:s="%b"><s:Body>%b</s:Body></s:Envelope>' % (
        SOAP.encode(),
        re.sub(rb"<\?xml.*?\?>", b"", content),
    )


def envelope(body: str) -> bytes:
    return f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{body}</s:Body></s:Envelope>'.encode()


RESPONSE = f'<GetThingsResponse xmlns="{NAMESPACE}">{{}}</GetThingsResponse>'


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not well-formed"),
        (b"\x00\x01 garbage", "not well-formed"),
        (envelope(RESPONSE.format("<thing>")), "not well-formed"),
        (envelope(RESPONSE.format("<p:thing/>")), "not well-formed"),
        (envelope(RESPONSE.format("<thing/>"))[:-5], "not well-formed"),
        (b"<!DOCTYPE x [<!ENTITY a 'aaaa'>]>" + envelope(RESPONSE.format("&a;")), "document type"),
        (envelope('<GetOtherResponse xmlns="urn:x"/>'), "GetOtherResponse"),
        (envelope('<GetThingsResponse xmlns="urn:x"/>'), "GetThingsResponse"),
        (envelope(""), "exactly one"),
        (envelope(RESPONSE.format("") * 2), "exactly one"),
        (b"<Envelope/>", "Envelope"),
        (b'<s:Envelope xmlns:s="%b"/>' % SOAP.encode(), "no Body"),
    ],
)
def test_what_is_no_answer_of_the_contract(content: bytes, reason: str) -> None:
    """AG-8.4."""
    with pytest.raises(MessageMalformed, match=reason):
        cut(content, NAMESPACE, "GetThingsResponse", ["thing"])


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.binary(max_size=60), answers().map(lambda content: content[: len(content) // 2])))
def test_no_bytes_raise_anything_but_our_errors(content: bytes) -> None:
    with pytest.raises(MessageMalformed):
        cut(content, NAMESPACE, "GetThingsResponse", ["thing"])


def test_the_result_is_read() -> None:
    inside = "<result><resultCode> ERROR</resultCode><errorCode><![CDATA[A&B]]></errorCode></result><thing/>"
    found = cut(envelope(RESPONSE.format(inside)), NAMESPACE, "GetThingsResponse", ["thing"])
    assert (found.result_code, found.error_code) == ("ERROR", "A&B")
