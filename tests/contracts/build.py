"""Small packages of a made-up domain, in the layout that packages have; each test breaks what it is about."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

DOMAIN = "example:care:notes"
NAMESPACE = f"urn:riv:{DOMAIN}:GetNotesResponder:1"
XS = 'xmlns:xs="http://www.w3.org/2001/XMLSchema"'
WSDL = "interactions/GetNotesInteraction/GetNotesInteraction_1.0_RIVTABP21.wsdl"
RESPONDER = "interactions/GetNotesInteraction/GetNotesResponder_1.0.xsd"
CORE = "core_components/example_care_notes_1.0.xsd"
REGISTRY = "core_components/itintegration_registry_1.0.xsd"


def package(domain: str = DOMAIN, name: str = "GetNotes", version: str = "1.0") -> dict[str, bytes]:
    """A package with one contract, by path."""
    major = version.partition(".")[0]
    words = {"domain": domain, "name": name, "major": major, "version": version, "file": domain.replace(":", "_")}
    folder = f"interactions/{name}Interaction"
    return {
        f"core_components/{words['file']}_{version}.xsd": _CORE.format(**words).encode(),
        REGISTRY: _REGISTRY.encode(),
        f"{folder}/{name}Responder_{version}.xsd": _RESPONDER.format(**words).encode(),
        f"{folder}/{name}Interaction_{version}_RIVTABP21.wsdl": _WSDL.format(**words).encode(),
    }


def zipped(files: Mapping[str, bytes], path: Path, top: str = "") -> Path:
    """An archive of files, below a top folder where one is named."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, each in files.items():
            archive.writestr(top + name, each)
    path.write_bytes(content.getvalue())
    return path


def laid_out(files: Mapping[str, bytes], folder: Path) -> Path:
    """The files in a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


_REGISTRY = f"""<xs:schema {XS} targetNamespace="urn:riv:itintegration:registry:1" elementFormDefault="qualified">
  <xs:element name="LogicalAddress" type="xs:string"/>
</xs:schema>
"""
_CORE = f"""<?xml version="1.0" encoding="UTF-8"?>
<xs:schema {XS} xmlns:core="urn:riv:{{domain}}:{{major}}" targetNamespace="urn:riv:{{domain}}:{{major}}"
    elementFormDefault="qualified">
  <xs:simpleType name="DateType">
    <xs:restriction base="xs:string"><xs:pattern value="(19|20)\\d\\d(0[1-9]|1[012])(0[1-9]|[12][0-9]|3[01])"/></xs:restriction>
  </xs:simpleType>
  <xs:simpleType name="CodeEnum">
    <xs:restriction base="xs:string"><xs:enumeration value="A"/><xs:enumeration value="B"/></xs:restriction>
  </xs:simpleType>
  <xs:complexType name="PersonIdType"><xs:sequence>
    <xs:element name="id" type="xs:string"/><xs:element name="type" type="xs:string"/>
    <xs:any namespace="##other" processContents="lax" minOccurs="0" maxOccurs="unbounded"/>
  </xs:sequence></xs:complexType>
  <xs:complexType name="NoteHeaderType"><xs:sequence>
    <xs:element name="documentId" type="xs:string"/><xs:element name="sourceSystemHSAId" type="xs:string"/>
    <xs:element name="approvedForPatient" type="xs:boolean"/>
  </xs:sequence></xs:complexType>
  <xs:complexType name="NoteType"><xs:sequence>
    <xs:element name="noteHeader" type="core:NoteHeaderType"/>
    <xs:element name="code" type="core:CodeEnum"><xs:annotation><xs:documentation>What kind it is.</xs:documentation></xs:annotation></xs:element>
    <xs:element name="date" type="core:DateType" minOccurs="0"/>
    <xs:choice><xs:element name="text" type="xs:string"/><xs:element name="count" type="xs:int"/></xs:choice>
    <xs:element name="part" type="core:NoteType" minOccurs="0"/>
  </xs:sequence><xs:attribute name="lang" type="xs:language" use="required"/></xs:complexType>
</xs:schema>
"""
_RESPONDER = f"""<?xml version="1.0" encoding="UTF-8"?>
<xs:schema {XS} xmlns:tns="urn:riv:{{domain}}:{{name}}Responder:{{major}}" xmlns:core="urn:riv:{{domain}}:{{major}}"
    targetNamespace="urn:riv:{{domain}}:{{name}}Responder:{{major}}" elementFormDefault="qualified">
  <xs:import namespace="urn:riv:{{domain}}:{{major}}" schemaLocation="../../core_components/{{file}}_{{version}}.xsd"/>
  <xs:element name="{{name}}" type="tns:{{name}}Type"/>
  <xs:element name="{{name}}Response" type="tns:{{name}}ResponseType"/>
  <xs:complexType name="{{name}}Type"><xs:sequence>
    <xs:element name="patientId" type="core:PersonIdType"/>
    <xs:element name="sourceSystemHSAId" type="xs:string" minOccurs="0"/>
  </xs:sequence></xs:complexType>
  <xs:complexType name="{{name}}ResponseType"><xs:sequence>
    <xs:element name="note" type="core:NoteType" minOccurs="0" maxOccurs="unbounded"/>
  </xs:sequence></xs:complexType>
</xs:schema>
"""
_WSDL = f"""<?xml version="1.0" encoding="UTF-8"?>
<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" {XS}
    xmlns:tns="urn:riv:{{domain}}:{{name}}:{{major}}:rivtabp21" xmlns:r="urn:riv:{{domain}}:{{name}}Responder:{{major}}"
    xmlns:itr="urn:riv:itintegration:registry:1" targetNamespace="urn:riv:{{domain}}:{{name}}:{{major}}:rivtabp21">
  <w:types><xs:schema targetNamespace="urn:riv:{{domain}}:{{name}}:{{major}}:rivtabp21">
    <xs:import namespace="urn:riv:{{domain}}:{{name}}Responder:{{major}}" schemaLocation="{{name}}Responder_{{version}}.xsd"/>
    <xs:import namespace="urn:riv:itintegration:registry:1" schemaLocation="../../core_components/itintegration_registry_1.0.xsd"/>
  </xs:schema></w:types>
  <w:message name="Request"><w:part name="LogicalAddress" element="itr:LogicalAddress"/><w:part name="parameters" element="r:{{name}}"/></w:message>
  <w:message name="Response"><w:part name="parameters" element="r:{{name}}Response"/></w:message>
  <w:portType name="P"><w:operation name="{{name}}"><w:input message="tns:Request"/><w:output message="tns:Response"/></w:operation></w:portType>
  <w:binding name="B" type="tns:P"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <w:operation name="{{name}}"><soap:operation soapAction="urn:riv:{{domain}}:{{name}}Responder:{{major}}:{{name}}"/></w:operation>
  </w:binding>
  <w:service name="S"><w:port name="O" binding="tns:B"><soap:address location="http://tempuri.org"/></w:port></w:service>
</w:definitions>
"""
