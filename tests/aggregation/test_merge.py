"""Many answers to one, as bytes (aggregation.md section 8)."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from test_plan import PERSON, entry

from vaxel.aggregation.merge import Duplicates, MemoryShelf, Merge, ShelfFull, ends, synthetic_result
from vaxel.aggregation.plan import Source
from vaxel.contracts.entry import Contract
from vaxel.soap.records import cut

CONTRACT = entry()
NAMESPACE = CONTRACT.namespace
CORE = "urn:core"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"


def source(name: str) -> Source:
    return Source(address=name, resident=PERSON)


def x(document: str, system: str = "S", *, patient: str = PERSON, body: str = "", prefix: str = "c:") -> str:
    p = prefix
    return (
        f"<{p}xHeader><{p}documentId>{document}</{p}documentId><{p}sourceSystemHSAId>{system}</{p}sourceSystemHSAId>"
        f"<{p}patientId><{p}id>{patient}</{p}id></{p}patientId></{p}xHeader>{body}"
    )


def answer(
    *records: str,
    element: str = "x",
    declared: str = f'xmlns="{NAMESPACE}" xmlns:c="{CORE}"',
    root: str = "GetXResponse",
) -> bytes:
    inside = "".join(f"<{element}>{record}</{element}>" for record in records)
    return f'<s:Envelope xmlns:s="{SOAP}"><s:Body><{root} {declared}>{inside}</{root}></s:Body></s:Envelope>'.encode()


def merged(
    *answers: tuple[str, bytes], contract: Contract = CONTRACT, duplicates: Duplicates = "identical"
) -> tuple[bytes, Merge, list[Any]]:
    merge = Merge(contract, PERSON, MemoryShelf(), duplicates)
    taken = [
        merge.take(source(name), cut(content, NAMESPACE, "GetXResponse", merge.names)) for name, content in answers
    ]
    before, after = ends(contract, merge.base, b"")
    return b"".join([before, *merge.pieces(tuple(taken)), after]), merge, taken


def canonical(content: bytes, name: str = "x") -> list[str]:
    """Each record in canonical form, prefixes aside, but with what it sees declared for values."""
    response = etree.fromstring(content).find(f"{{{SOAP}}}Body")[0]
    return [
        etree.canonicalize(etree.tostring(each, with_tail=False).decode(), rewrite_prefixes=True)
        for each in response.iterchildren(f"{{*}}{name}")
    ]


def documents(content: bytes) -> list[str]:
    return [each.text or "" for each in etree.fromstring(content).iter("{*}documentId")]


DECLARED = st.sampled_from(
    [
        f'xmlns="{NAMESPACE}" xmlns:c="{CORE}"',
        f'xmlns:c="{CORE}" xmlns="{NAMESPACE}" xmlns:vxr="urn:elsewhere"',
        f"xmlns='{NAMESPACE}' xmlns:c='{CORE}' xmlns:n='urn:n'",
        f'xmlns="{NAMESPACE}" xmlns:c="{CORE}" xmlns:n="urn:m" xmlns:SOAP-ENV="urn:other"',
    ]
)
BODIES = st.sampled_from(
    ["", "<n xmlns=''/>", "<c:t xmlns:c='urn:inner'>&lt;</c:t>", "<!-- c --><c:d><![CDATA[<x>]]></c:d>", "<x>inner</x>"]
)


@st.composite
def answers(draw: Any) -> bytes:
    records = [x(draw(st.sampled_from("123456")), body=draw(BODIES)) for _ in range(draw(st.integers(0, 3)))]
    return answer(*records, declared=draw(DECLARED))


@settings(max_examples=120, deadline=None)
@given(answers(), answers(), answers())
def test_merging_is_associative(one: bytes, two: bytes, three: bytes) -> None:
    """STYLE 25: what is joined may be joined again, in any grouping, and every record says what it said."""
    plain = canonical(one) + canonical(two) + canonical(three)
    left = merged(("L", merged(("A", one), ("B", two), duplicates="keep")[0]), ("C", three), duplicates="keep")[0]
    right = merged(("A", one), ("R", merged(("B", two), ("C", three), duplicates="keep")[0]), duplicates="keep")[0]
    assert (
        canonical(left)
        == canonical(right)
        == canonical(merged(("A", one), ("B", two), ("C", three), duplicates="keep")[0])
        == plain
    )


def test_records_of_the_first_source_keep_every_byte() -> None:
    """AG-8.3, STYLE 11."""
    record = x("1", body="<!-- kept -->\r\n\t<c:t  a = 'x>y'><![CDATA[<x>]]>&#229;</c:t >")
    assert f"<x>{record}</x>".encode() in merged(("A", answer(record)))[0]


def test_what_a_value_names_stays_declared() -> None:
    """AG-8.3: a prefix that is used in a value only."""
    typed = x("1", body=f'<v xmlns:xsi="{XSI}" xsi:type="t:Code">1</v>')
    declared = f'xmlns="{NAMESPACE}" xmlns:c="{CORE}" xmlns:t="urn:two"'
    other = declared.replace("urn:two", "urn:one")
    content = merged(("A", answer(x("0"), declared=other)), ("B", answer(typed, declared=declared)))[0]
    value = etree.fromstring(content).find(f".//{{{NAMESPACE}}}v")
    assert value.nsmap["t"] == "urn:two"


def test_a_default_namespace_does_not_reach_those_who_had_none() -> None:
    declared = f'xmlns:r="{NAMESPACE}" xmlns:c="{CORE}"'
    bare = answer(x("2"), element="r:x", declared=declared, root="r:GetXResponse").replace(
        b"</c:xHeader>", b"</c:xHeader><bare/>"
    )
    content = merged(("A", answer(x("1"))), ("B", bare))[0]
    assert etree.fromstring(content).find(".//bare") is not None


def test_equal_records_of_two_sources_are_one() -> None:
    """AG-8.5: also where they are written otherwise; never within one answer."""
    other = answer(x("1", prefix="q:", body="<!-- c -->"), declared=f'xmlns="{NAMESPACE}" xmlns:q="{CORE}"')
    content, _, taken = merged(("A", answer(x("1"), x("1"))), ("B", other))
    assert documents(content) == ["1", "1"]
    assert [each.duplicates for each in taken] == [0, 1]


@pytest.mark.parametrize(("duplicates", "kept"), [("identical", ["A", "B"]), ("identity", ["B"]), ("keep", ["A", "B"])])
def test_equal_identity_and_other_content(duplicates: Duplicates, kept: list[str]) -> None:
    """AG-8.5: `identity` keeps the one from its own source system, whichever came first."""
    first, second = answer(x("1", "B", body="<c:from>A</c:from>")), answer(x("1", "B", body="<c:from>B</c:from>"))
    for answers_ in ((("A", first), ("B", second)), (("B", second), ("A", first))):
        content, _, _ = merged(*answers_, duplicates=duplicates)
        found = sorted(each.text or "" for each in etree.fromstring(content).iter(f"{{{CORE}}}from"))
        assert found == kept


def test_an_id_is_unique_in_its_source_system_only() -> None:
    """CO-10.5."""
    content, _, taken = merged(("A", answer(x("1", "A"))), ("B", answer(x("1", "B"))), duplicates="identity")
    assert (documents(content), taken[1].duplicates) == (["1", "1"], 0)


def test_groups_are_told_apart_by_their_parts() -> None:
    """CO-10.5: a group has the identities of its observations."""
    contract = Contract.model_validate({**CONTRACT.model_dump(), "records": {"list": "x", "header": "obs"}})
    part = "<observation><id><root>r</root><extension>{}</extension></id></observation>"
    whose = f"<sourceSystem><id><extension>S</extension></id></sourceSystem><patient><id><extension>{PERSON}</extension></id></patient>"
    one, other = answer(part.format("1") + part.format("2") + whose), answer(part.format("1") + whose)
    _, _, taken = merged(("A", one), ("B", one), ("C", other), contract=contract, duplicates="identity")
    assert [each.duplicates for each in taken] == [0, 1, 0]


def test_what_is_too_complex_to_compare_is_kept() -> None:
    deep = answer(x("1", body="<y>" * 120 + "</y>" * 120))
    written = deep.replace(b"<y>", b"<y >", 1)
    assert documents(merged(("A", deep), ("B", written))[0]) == ["1", "1"]
    assert documents(merged(("A", deep), ("B", deep))[0]) == ["1"]


def test_records_about_another_patient() -> None:
    """AG-8.6."""
    content, _, (taken,) = merged(("A", answer(x("1"), x("2", patient="201212121212"), x("3"))))
    assert (documents(content), taken.foreign) == (["1", "3"], 1)


def test_other_repeated_elements_follow_in_schema_order() -> None:
    """AG-8.7."""
    contract = Contract.model_validate(
        {**CONTRACT.model_dump(), "records": {"list": "x", "header": "psh", "also": ["more", "still"]}}
    )
    first = answer("").replace(b"<x></x>", f"<x>{x('0')}</x><still>A</still><more>A</more>".encode())
    second = answer(x("2")).replace(b"</x></GetX", b"</x><more>B</more></GetX")
    content = merged(("A", first), ("B", second), contract=contract)[0]
    names = [etree.QName(each).localname + (each.text or "") for each in etree.fromstring(content).find("{*}Body")[0]]
    assert names == ["x", "x", "moreA", "moreB", "stillA"]


def test_a_full_shelf_says_so() -> None:
    """AG-8.12."""
    merge = Merge(CONTRACT, PERSON, MemoryShelf(room_bytes=300), "keep")
    merge.take(source("A"), cut(answer(x("1")), NAMESPACE, "GetXResponse", ["x"]))
    with pytest.raises(ShelfFull):
        merge.take(source("B"), cut(answer(x("2")), NAMESPACE, "GetXResponse", ["x"]))


@pytest.mark.parametrize(
    ("shape", "written"),
    [
        ("full", ["resultCode", "logId", "message"]),
        ("short", ["resultCode", "resultText"]),
        ("ext", ["resultCode", "logId", "message"]),
        ("none", []),
    ],
)
def test_the_synthetic_result(shape: str, written: list[str]) -> None:
    """AG-8.8, AG-8.9."""
    contract = Contract.model_validate(
        {
            **CONTRACT.model_dump(),
            "records": {"list": "x", "header": "psh", "result": {"shape": shape, "synthetic": True}},
        }
    )
    content = synthetic_result(contract, "a:b", "ref<1>")
    children = list(etree.fromstring(content)) if content else []
    assert [etree.QName(each).localname for each in children] == written
    assert {etree.QName(each).namespace for each in children} <= {"urn:riv:a:b:1"}
    assert b"ref<1>" not in content
