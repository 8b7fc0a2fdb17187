"""The tree of a message."""

from pathlib import Path

import orjson
import xmlschema

from vaxel.contracts.describe import Node, describe
from vaxel.contracts.entry import Contract
from vaxel.contracts.load import load
from vaxel.contracts.sample import Sampler
from vaxel.home import Home

ROOT = Path(__file__).parents[2]
SCHEMA = """
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:x" targetNamespace="urn:x" elementFormDefault="qualified">
  <xs:element name="Get" type="T"/>
  <xs:element name="GetResponse" type="xs:string"/>
  <xs:complexType name="T"><xs:sequence>
    <xs:element name="again" type="T" minOccurs="0" maxOccurs="unbounded"/>
    <xs:choice><xs:element name="one" type="E"/><xs:element name="two" type="xs:int"/></xs:choice>
    <xs:choice minOccurs="0"><xs:element name="three" type="xs:int"/></xs:choice>
    <xs:sequence maxOccurs="3"><xs:element name="four" type="S" maxOccurs="2"/></xs:sequence>
    <xs:any namespace="##other" processContents="lax" minOccurs="0"/></xs:sequence>
    <xs:attribute name="root" type="xs:string" use="required"/>
  </xs:complexType>
  <xs:simpleType name="E"><xs:restriction base="xs:string"><xs:enumeration value="OK"/></xs:restriction></xs:simpleType>
  <xs:complexType name="S"><xs:simpleContent><xs:extension base="E"><xs:attribute name="a"/></xs:extension></xs:simpleContent></xs:complexType>
</xs:schema>
"""


def test_types_cardinalities_choices_attributes_and_recursion() -> None:
    contract = Contract(
        name="Get", version="1.0", package="1", namespace="urn:x", wsdl="w", request="Get", response="GetResponse"
    )
    described = describe(contract, xmlschema.XMLSchema10(SCHEMA))
    tree = described.request
    rows = [(each.name, each.type, each.least, each.most, each.choice) for each in tree.children]
    assert rows == [
        ("@root", "string", 1, 1, 0),
        ("again", "T", 0, None, 0),
        ("one", "E", 0, 1, 1),
        ("two", "int", 0, 1, 1),
        ("three", "int", 0, 1, 2),
        ("four", "S", 1, 6, 0),
    ]
    again, one, four = tree.children[1], tree.children[2], tree.children[5]
    assert (tree.open, tree.recursive, again.recursive, again.children) == (True, False, True, ())
    assert (one.enumeration, four.enumeration, [each.name for each in four.children]) == (("OK",), ("OK",), ["@a"])
    assert described.response == Node(name="GetResponse", namespace="urn:x", type="string")


def test_every_contract_of_the_catalogue_can_be_told_in_json() -> None:
    home = Home(path=ROOT)
    catalogue = load(home.contract_files(), home.schema).catalogue
    for contract in catalogue:
        schema = catalogue.schema(contract)
        assert schema is not None
        told = orjson.loads(orjson.dumps(describe(contract, Sampler(contract, ROOT / schema.location).model)))
        assert told["request"]["name"] == contract.request
        assert told["response"]["children"]
