"""What a schema set or a WSDL says on the wire, as lines of text that can be compared.

A description maps a path (`GetDiagnosisResponse/diagnosis/diagnosisBody`) to what is said there: names with
their namespaces, types, facets, occurrence, group order, wildcards. Schemas with equal descriptions accept
the same messages for the same reasons; comments, documentation and the order of definitions are left out.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lxml import etree
from xmlschema import XMLSchema10
from xmlschema.validators import (
    XsdAnyAttribute,
    XsdAnyElement,
    XsdAttribute,
    XsdComplexType,
    XsdComponent,
    XsdElement,
    XsdGroup,
    XsdType,
)

XS = "http://www.w3.org/2001/XMLSchema"
WSDL = "http://schemas.xmlsoap.org/wsdl/"
SOAP = "http://schemas.xmlsoap.org/wsdl/soap/"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
REFERENCES = {"element", "message", "binding", "type"}
"""Attributes of a WSDL whose value is a qualified name."""

Description = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaSet:
    """One WSDL with everything its inline schema imports, in both engines."""

    wsdl: Path
    root: etree._Element
    fast: etree.XMLSchema
    model: XMLSchema10

    def messages(self) -> list[str]:
        """The qualified names of the elements in the body, request first (CO-4.2)."""
        return [name for part, name in self.parts() if part == "parameters"]

    def parts(self) -> list[tuple[str, str]]:
        """Name and qualified element name of every message part."""
        parts = self.root.iter(f"{{{WSDL}}}part")
        return [(part.get("name", ""), qualified(part, part.get("element", ""))) for part in parts]


def load(wsdl: Path) -> SchemaSet:
    """Compile the WSDL's inline schema with the WSDL's location as base (CO-7.2)."""
    root = etree.parse(wsdl).getroot()
    inline = root.find(f"{{{WSDL}}}types/{{{XS}}}schema")
    assert inline is not None, f"{wsdl} has no inline schema"
    text = etree.tostring(inline, encoding="unicode", with_tail=False)
    model = XMLSchema10(text, base_url=f"{wsdl.parent.absolute().as_uri()}/")
    return SchemaSet(wsdl=wsdl, root=root, fast=etree.XMLSchema(inline), model=model)


def qualified(element: etree._Element, prefixed: str) -> str:
    """`{namespace}local` of a prefixed name where it stands."""
    prefix, _, local = prefixed.rpartition(":")
    return f"{{{element.nsmap.get(prefix or None, '')}}}{local}"


def body(message: Path) -> etree._Element:
    """The message element in a SOAP envelope."""
    found = etree.parse(message).getroot().find(f"{{{ENVELOPE}}}Body")
    assert found is not None, f"{message} has no Body"
    return next(child for child in found if isinstance(child.tag, str))


def local(name: str | None) -> str:
    """A qualified name without its namespace."""
    return (name or "any").rpartition("}")[2]


# Schemas


def describe(component: XsdElement | XsdType, root: str) -> Description:
    """All that is said from this element or type downwards; recursion ends at a type met above."""
    if isinstance(component, XsdElement):
        return dict(_element(component, root))
    return dict(_type(component, root, ()))


def described_globals(model: XMLSchema10) -> dict[str, Description]:
    """Every global element and type but XML Schema's own: wildcards and xsi:type can reach them all."""
    elements, types = model.maps.elements, model.maps.types
    found = {f"element {name}": describe(elements[name], local(name)) for name in elements if XS not in name}
    return found | {f"type {name}": describe(types[name], local(name)) for name in types if XS not in name}


def differences(official: Description, ours: Description) -> list[str]:
    """One line per path that differs; nothing below a path that one side lacks."""
    paths = [path for path in {**official, **ours} if official.get(path) != ours.get(path)]
    lacking = {path for path in paths if not (path in official and path in ours)}
    shown = [path for path in paths if not any(parent in lacking for parent in _parents(path))]
    return [f"{path}: official {official.get(path, '–')} | ours {ours.get(path, '–')}" for path in shown]


def _parents(path: str) -> Iterator[str]:
    steps = path.split("/")
    return ("/".join(steps[:length]) for length in range(1, len(steps)))


def _element(element: XsdElement, path: str, above: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    kind = element.type
    value = f"default={element.default} fixed={element.fixed}"
    flags = f"nillable={element.nillable} abstract={element.abstract} block={element.block!r}"
    yield path, f"{element.name} {_occurs(element)} of {kind.name or 'its own type'} {value} {flags}"
    if kind.name is None or kind.name not in above:
        yield from _type(kind, path, (*above, kind.name or ""))


def _type(kind: XsdType, path: str, above: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if not isinstance(kind, XsdComplexType):
        yield f"{path}/()", _simple(kind)
        return
    base = kind.base_type.name if kind.base_type is not None else None
    yield f"{path}/@", f"{kind.derivation} of {base} mixed={kind.mixed} abstract={kind.abstract}"
    yield from ((f"{path}/@{local(name)}", _attribute(found)) for name, found in kind.attributes.items())
    if isinstance(kind.content, XsdGroup):
        yield from _group(kind.content, path, above)
    else:
        yield f"{path}/()", _simple(kind.content)


def _group(group: XsdGroup, path: str, above: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    yield f"{path}/()", f"{group.model} {_occurs(group)}: {' '.join(local(child.name) for child in group)}"
    for number, child in enumerate(group):
        if isinstance(child, XsdElement):
            yield from _element(child, f"{path}/{local(child.name)}", above)
        elif isinstance(child, XsdAnyElement):
            yield f"{path}/any", f"{_occurs(child)} {_wildcard(child)}"
        else:
            yield from _group(child, f"{path}/group{number}", above)


def _occurs(particle: XsdElement | XsdGroup | XsdAnyElement) -> str:
    most = "unbounded" if particle.max_occurs is None else particle.max_occurs
    return f"{particle.min_occurs}..{most}"


def _wildcard(wildcard: XsdAnyElement | XsdAnyAttribute) -> str:
    return f"any {sorted(wildcard.namespace)} {wildcard.process_contents}"


def _attribute(attribute: XsdAttribute | XsdAnyAttribute) -> str:
    if isinstance(attribute, XsdAnyAttribute):
        return _wildcard(attribute)
    value = f"default={attribute.default} fixed={attribute.fixed}"
    return f"{attribute.name} {attribute.use} {_simple(attribute.type)} {value}"


def _simple(kind: XsdType) -> str:
    """A simple type by its chain of restrictions down to the built-in type, with each step's facets."""
    if kind.name is not None and XS in kind.name:
        return local(kind.name)
    facets = getattr(kind, "facets", {})
    said = sorted(f"{local(name)}={_facet(facet)}" for name, facet in facets.items())
    base = kind.base_type
    return f"{kind.name} [{', '.join(said)}] of {_simple(base) if base is not None else 'nothing'}"


def _facet(facet: XsdComponent) -> str:
    for values in ("regexps", "enumeration"):
        if hasattr(facet, values):
            return str(sorted(getattr(facet, values)))
    return str(getattr(facet, "value", facet))


# WSDL and files


def describe_wsdl(element: etree._Element, path: str = "") -> Description:
    """What a WSDL says outside its types and documentation, references resolved to qualified names."""
    said = {
        str(name): qualified(element, str(value)) if name in REFERENCES else str(value)
        for name, value in element.attrib.items()
    }
    step = f"{path}/{local(str(element.tag))}[{element.get('name') or element.get('part') or ''}]"
    found = {step: str(sorted(said.items()))}
    for child in element:
        if _counts(child):
            found |= describe_wsdl(child, step)
    return found


def _counts(element: etree._Element) -> bool:
    if not isinstance(element.tag, str):
        return False
    name = etree.QName(element)
    return name.namespace in {WSDL, SOAP} and name.localname not in {"types", "documentation"}


def fingerprints(files: Iterable[Path]) -> dict[str, Path]:
    """SHA-256 of each file's bytes without white space."""
    return {hashlib.sha256(b"".join(file.read_bytes().split())).hexdigest(): file for file in files}
