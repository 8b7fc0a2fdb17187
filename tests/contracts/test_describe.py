"""The tree of a message, by a schema that has everything packages use."""

import orjson
from tests.contracts.build import CORE, NAMESPACE, RESPONDER, WSDL, package

from vaxel.contracts.derive import header, result
from vaxel.contracts.describe import Node, message
from vaxel.contracts.structure import Structure


def tree(files: dict[str, bytes] | None = None, name: str = "GetNotesResponse") -> Node:
    found = {f"p/{each}": content for each, content in (files or package()).items()}
    return message(Structure("p", WSDL, found.get), f"{{{NAMESPACE}}}{name}")


def with_type(text: str) -> dict[str, bytes]:
    """The package with another type of what an answer lists."""
    files = package()
    start, end = files[CORE].split(b'<xs:complexType name="NoteType">')[0], text.encode() + b"</xs:schema>"
    return {**files, CORE: start + end}


def test_occurrences_choices_attributes_and_recursion() -> None:
    note = tree().child("note")
    assert note is not None
    assert (note.occurs, note.type, note.namespace) == ("0..*", "NoteType", NAMESPACE)
    assert [(each.name, each.occurs, each.choice) for each in note.children] == [
        ("@lang", "1..1", 0),
        ("noteHeader", "1..1", 0),
        ("code", "1..1", 0),
        ("date", "0..1", 0),
        ("text", "0..1", 1),
        ("count", "0..1", 1),
        ("part", "0..1", 0),
    ]
    assert note.child("part").recursive  # type: ignore[union-attr]
    assert note.child("code").enumeration == ("A", "B")  # type: ignore[union-attr]
    assert note.child("code").documentation == "What kind it is."  # type: ignore[union-attr]
    assert note.child("date").limits == ("pattern: (19|20)\\d\\d(0[1-9]|1[012])(0[1-9]|[12][0-9]|3[01])",)  # type: ignore[union-attr]


def test_a_wildcard_leaves_a_type_open() -> None:
    request = tree(name="GetNotes")
    assert [(each.name, each.open) for each in request.children] == [("patientId", True), ("sourceSystemHSAId", False)]


def test_paths_are_as_the_catalogue_writes_them() -> None:
    """CO-9.6."""
    found = {"/".join(path) for path in tree().paths()}
    assert {"note", "note/noteHeader/documentId", "note/@lang", "note/part"} <= found


def test_it_is_json() -> None:
    shown = orjson.loads(orjson.dumps(tree()))
    assert shown["children"][0]["children"][0] == {
        "name": "@lang", "namespace": "", "type": "language", "least": 1, "most": 1, "choice": 0, "documentation": "",
        "enumeration": [], "limits": [], "open": False, "recursive": False, "children": [],
    }  # fmt: skip


def test_extension_restriction_group_reference_union_and_list() -> None:
    more = """
      <xs:complexType name="Base"><xs:sequence><xs:element name="first" type="xs:string"/></xs:sequence>
        <xs:attribute name="a" type="xs:int"/></xs:complexType>
      <xs:group name="G"><xs:sequence><xs:element name="inGroup" type="core:Union"/></xs:sequence></xs:group>
      <xs:attributeGroup name="AG"><xs:attribute ref="core:lang" use="required"/></xs:attributeGroup>
      <xs:attribute name="lang" type="xs:language"/>
      <xs:simpleType name="Union"><xs:union memberTypes="core:CodeEnum xs:int"/></xs:simpleType>
      <xs:simpleType name="List"><xs:list itemType="xs:int"/></xs:simpleType>
      <xs:complexType name="Text"><xs:simpleContent><xs:extension base="core:DateType"><xs:attribute name="u" type="core:List"/>
        </xs:extension></xs:simpleContent></xs:complexType>
      <xs:element name="global" type="core:Text"/>
      <xs:complexType name="NoteType"><xs:complexContent><xs:extension base="core:Base"><xs:sequence>
        <xs:group ref="core:G" minOccurs="0" maxOccurs="2"/><xs:element ref="core:global"/></xs:sequence>
        <xs:attributeGroup ref="core:AG"/></xs:extension></xs:complexContent></xs:complexType>"""
    note = tree(with_type(more)).child("note")
    assert note is not None
    assert [(each.name, each.occurs) for each in note.children] == [
        ("@a", "0..1"), ("@lang", "1..1"), ("first", "1..1"), ("inGroup", "0..2"), ("global", "1..1"),
    ]  # fmt: skip
    date = note.child("global")
    assert date is not None
    assert date.limits[0].startswith("pattern")
    assert [each.name for each in date.children] == ["@u"]


def test_the_layout_of_a_record_is_seen() -> None:
    """Section 10: by the fields that tell one from the others."""
    assert header(tree().child("note")) == "psh"  # type: ignore[arg-type]
    small = {name: content.replace(b"sourceSystemHSAId", b"sourceSystemHSAid") for name, content in package().items()}
    assert header(tree(small).child("note")) == "cpsh"  # type: ignore[arg-type]
    other = {name: content.replace(b"approvedForPatient", b"approved") for name, content in package().items()}
    assert header(tree(other).child("note")) is None  # type: ignore[arg-type]


def test_the_shape_of_the_result_is_seen() -> None:
    """Section 5.3."""
    files = package()
    element = '<xs:element name="result" minOccurs="0"><xs:complexType><xs:sequence><xs:element name="{}" type="xs:string"/></xs:sequence></xs:complexType></xs:element></xs:sequence>'
    assert result(tree(files)) == "none"
    for child, shape in (("resultCode", "full"), ("resultText", "short")):
        head, _, tail = files[RESPONDER].decode().rpartition("</xs:sequence>")
        assert result(tree({**files, RESPONDER: (head + element.format(child) + tail).encode()})) == shape
