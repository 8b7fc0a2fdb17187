"""Envelopes of every shape that a consumer could write, for property tests of the two doors and of the translation."""

from hypothesis import strategies as st

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
REGISTRY = "urn:riv:itintegration:registry:1"
CONTRACT = "urn:riv:a:b:GetXResponder:1"

ADDRESSES = ["w:To", "r:LogicalAddress", "x:To", "x:LogicalAddress", "LogicalAddress"]
OTHERS = ["w:MessageID", "w:Action", "vxa:Other", "x:Header", "s:Header", "x:Body", "c:ToAll"]
NAMES = st.sampled_from([*ADDRESSES, *OTHERS, "s:Body"])
TEXTS = st.sampled_from(
    ["A", "A", "A", "B", "", " ", "<!-- c -->", "<![CDATA[A]]>", "&#65;", "<?p i?>", "å", "\r\n", "<![CDATA[<x>]]>"]
)
ATTRIBUTES = st.sampled_from(["", "", ' s:mustUnderstand="1"', " a='>'", ' vxa:b="/w:To>"', ' xmlns="urn:d"', "\n"])


def element(name: str, attributes: str, content: str, *, empty: bool = False) -> str:
    """One element, written out."""
    return f"<{name}{attributes}/>" if empty and not content else f"<{name}{attributes}>{content}</{name} >"


ELEMENTS = st.recursive(
    st.builds(element, NAMES, ATTRIBUTES, st.lists(TEXTS, max_size=3).map("".join), empty=st.booleans()),
    lambda inner: st.builds(element, NAMES, ATTRIBUTES, st.lists(inner | TEXTS, max_size=3).map("".join)),
    max_leaves=4,
)
HEADERS = st.builds(
    element, st.sampled_from(["s:Header"] * 5 + ["x:Header"]), ATTRIBUTES, st.lists(ELEMENTS, max_size=3).map("".join)
)
PAYLOADS = st.sampled_from(
    ["<c:GetX/>", "<c:GetX><y/></c:GetX>", "<GetX/>", "", "text", "<!-- c --><c:GetX/>", "<s:Body/>"]
)
BODIES = st.builds(element, st.sampled_from(["s:Body"] * 6 + ["x:Body"]), ATTRIBUTES, PAYLOADS)


def envelope(parts: list[str], name: str = "s:Envelope") -> bytes:
    """An envelope around some parts, with every prefix declared."""
    return (
        f'<{name} xmlns:s="{SOAP}" xmlns:w="{ADDRESSING}" xmlns:r="{REGISTRY}" xmlns:x="urn:x" xmlns:c="{CONTRACT}"'
        f' xmlns:vxa="urn:other">{"".join(parts)}</{name}>'
    ).encode()


ENVELOPES = st.builds(
    envelope,
    st.lists(HEADERS | ELEMENTS, max_size=2).flatmap(lambda head: BODIES.flatmap(lambda body: st.just([*head, body]))),
)
"""Well-formed documents: most are SOAP calls, some are not."""


_NEIGHBOURS = st.lists(st.builds(element, st.sampled_from(OTHERS), ATTRIBUTES, TEXTS), max_size=2)
ADDRESSED = st.builds(
    lambda before, name, attributes, texts, after, payload: plain(
        "".join([*before, element(name, attributes, "".join(texts)), *after]), payload
    ),
    _NEIGHBOURS,
    st.sampled_from(ADDRESSES[:4]),
    ATTRIBUTES,
    st.lists(TEXTS, max_size=3),
    _NEIGHBOURS,
    PAYLOADS.filter(lambda payload: "c:GetX" in payload),
)
"""SOAP calls with one address header, among others."""


def plain(
    header: str = f'<r:LogicalAddress xmlns:r="{REGISTRY}">A</r:LogicalAddress>', body: str = "<c:GetX/>"
) -> bytes:
    """The ordinary call."""
    return envelope([f"<s:Header>{header}</s:Header>", f"<s:Body>{body}</s:Body>"])
