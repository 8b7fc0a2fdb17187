"""Reads a contract's schema into values that can be walked (`components`): to describe, sample and derive. Pure.

lxml validates by the same files but tells nothing of what it knows, and a whole second engine is not for a server.
What is read here is what packages use: references, groups, restrictions, extensions, unions, lists, wildcards.
"""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from vaxel.contracts import wsdl as wsdls
from vaxel.contracts.compatibility import ALL_COMPATIBILITY, compatible
from vaxel.contracts.components import (
    XSD,
    Attribute,
    Complex,
    Element,
    Group,
    Occurs,
    Particle,
    Simple,
    Type,
    Wildcard,
)
from vaxel.contracts.package import Resolver, inside
from vaxel.soap import tree

_NAMED = frozenset({"element", "complexType", "simpleType", "group", "attributeGroup", "attribute"})
_MODELS = frozenset({"sequence", "choice", "all"})
_LOCATED = frozenset({"import", "include", "redefine"})
ANY_TYPE = Complex(name="anyType", attributes=(), content=None)


@dataclass(frozen=True, slots=True)
class _Document:
    """One schema document: what its names mean without a prefix, and whether its local elements are qualified."""

    location: str
    target: str
    qualified: bool


class Structure:
    """The schema of one WSDL; parts are built when they are asked for."""

    def __init__(
        self, package: str, wsdl: str, resolve: Resolver, *, compatibility: frozenset[str] = ALL_COMPATIBILITY
    ) -> None:
        self._package = package
        self._resolve = resolve
        self._compatible = partial(compatible, rules=compatibility)
        self._globals: dict[tuple[str, str], tuple[Any, _Document]] = {}
        self._types: dict[str, Type] = {}
        self._read: set[tuple[str, str]] = set()
        location = posixpath.join(package, wsdl)
        for inline in wsdls.inline_schemas(wsdls.document(resolve(location), location)):
            self._index(inline, location, inline.get("targetNamespace", ""))

    def element(self, tag: str) -> Element | None:
        """A global element by `{namespace}name`; None where there is none."""
        found = self._globals.get(("element", tag))
        return self._element(*found, top=True) if found else None

    def type_of(self, element: Element) -> Type:
        """The type of an element; anything at all where the schema does not say."""
        return self._type(element.type) if isinstance(element.type, str) else element.type

    # Documents

    def _index(self, schema: Any, location: str, target: str) -> None:
        document = _Document(location, target, schema.get("elementFormDefault") == "qualified")
        for node in schema.iterchildren(f"{{{XSD}}}*"):
            kind = _local(node)
            if kind in _NAMED:
                space = f"{{{target}}}" if target else ""
                self._globals.setdefault((kind, f"{space}{node.get('name')}"), (node, document))
            elif kind in _LOCATED:
                self._follow(node, document)

    def _follow(self, node: Any, document: _Document) -> None:
        found = inside(self._package, document.location, node.get("schemaLocation", ""))
        content = self._resolve(found) if found else None
        if found is None or content is None:
            return
        schema = tree.document(self._compatible(content))
        target = schema.get("targetNamespace", document.target if _local(node) != "import" else "")
        if (found, target) not in self._read:
            self._read.add((found, target))
            self._index(schema, found, target)

    # Elements and groups

    def _element(self, node: Any, document: _Document, *, top: bool = False) -> Element:
        least, most = (1, 1) if top else _occurs(node)
        reference = node.get("ref")
        if reference is not None:
            found = self._globals.get(("element", _qualified(node, reference, document)))
            if found is not None:
                return replace(self._element(*found, top=True), least=least, most=most)
        qualified = top or node.get("form", "qualified" if document.qualified else "") == "qualified"
        return Element(
            name=node.get("name") or (reference or "").rpartition(":")[2],
            namespace=document.target if qualified else "",
            type=self._stated_type(node, document),
            least=least,
            most=most,
            nillable=node.get("nillable") in {"true", "1"},
            fixed=node.get("fixed"),
            documentation=_documentation(node),
        )

    def _stated_type(self, node: Any, document: _Document) -> Type | str:
        if node.get("type"):
            return _qualified(node, node.get("type"), document)
        for inner in node.iterchildren(f"{{{XSD}}}complexType", f"{{{XSD}}}simpleType"):
            return self._built(inner, document)
        return ANY_TYPE

    def _particles(self, node: Any, document: _Document) -> Iterator[Particle]:
        for child in node.iterchildren(f"{{{XSD}}}*"):
            kind = _local(child)
            if kind == "element":
                yield self._element(child, document)
            elif kind in _MODELS:
                yield self._group(child, document)
            elif kind == "group":
                yield from self._referred_group(child, document)
            elif kind == "any":
                least, most = _occurs(child)
                process = child.get("processContents", "strict")
                yield Wildcard(namespace=child.get("namespace", "##any"), process=process, least=least, most=most)

    def _group(self, node: Any, document: _Document) -> Group:
        least, most = _occurs(node)
        return Group(model=_local(node), particles=tuple(self._particles(node, document)), least=least, most=most)

    def _referred_group(self, node: Any, document: _Document) -> Iterator[Group]:
        found = self._globals.get(("group", _qualified(node, node.get("ref", ""), document)))
        if found is not None:
            least, most = _occurs(node)
            for particle in self._particles(*found):
                if isinstance(particle, Group):
                    yield replace(particle, least=least, most=most)

    # Types

    def _type(self, name: str) -> Type:
        if name not in self._types:
            self._types[name] = self._named_type(name)
        return self._types[name]

    def _named_type(self, name: str) -> Type:
        if name.startswith(f"{{{XSD}}}"):
            local = name.rpartition("}")[2]
            return ANY_TYPE if local == "anyType" else Simple(name=local, primitive=local)
        found = self._globals.get(("complexType", name)) or self._globals.get(("simpleType", name))
        return self._built(*found) if found else ANY_TYPE

    def _built(self, node: Any, document: _Document) -> Type:
        if _local(node) == "simpleType":
            return self._simple(node, document)
        return self._complex(node, document)

    def _complex(self, node: Any, document: _Document) -> Complex:
        name, abstract = node.get("name", ""), node.get("abstract") in {"true", "1"}
        for content in node.iterchildren(f"{{{XSD}}}simpleContent", f"{{{XSD}}}complexContent"):
            derived = next(content.iterchildren(f"{{{XSD}}}extension", f"{{{XSD}}}restriction"))
            base = self._type(_qualified(derived, derived.get("base", ""), document))
            return replace(self._derived(content, derived, base, document), name=name, abstract=abstract)
        group = next((each for each in self._particles(node, document) if isinstance(each, Group)), None)
        return Complex(name=name, attributes=tuple(self._attributes(node, document)), content=group, abstract=abstract)

    def _derived(self, content: Any, derived: Any, base: Type, document: _Document) -> Complex:
        """A type that extends or restricts another: attributes add up, groups follow each other."""
        inherited = base.attributes if isinstance(base, Complex) else ()
        attributes = (*inherited, *self._attributes(derived, document))
        text = base.content if isinstance(base, Complex) else base
        if _local(content) == "simpleContent":
            restricted = _local(derived) == "restriction" and isinstance(text, Simple)
            simple = self._restricted(derived, text) if restricted and isinstance(text, Simple) else text
            return Complex(name="", attributes=attributes, content=simple)
        own = next((each for each in self._particles(derived, document) if isinstance(each, Group)), None)
        if _local(derived) == "extension" and isinstance(text, Group) and own is not None:
            own = Group(model="sequence", particles=(text, own))
        return Complex(name="", attributes=attributes, content=own or (text if isinstance(text, Group) else None))

    def _attributes(self, node: Any, document: _Document) -> Iterator[Attribute]:
        for child in node.iterchildren(f"{{{XSD}}}attribute", f"{{{XSD}}}attributeGroup"):
            if _local(child) == "attributeGroup":
                found = self._globals.get(("attributeGroup", _qualified(child, child.get("ref", ""), document)))
                yield from self._attributes(*found) if found else ()
            elif child.get("use") != "prohibited":
                yield self._attribute(child, document)

    def _attribute(self, node: Any, document: _Document) -> Attribute:
        space = ""
        required = node.get("use") == "required"
        if node.get("ref"):
            name = _qualified(node, node.get("ref"), document)
            found = self._globals.get(("attribute", name))
            space, node = name.rpartition("}")[0].removeprefix("{"), found[0] if found else node
            document = found[1] if found else document
        kind = self._stated_type(node, document)
        simple = self._type(kind) if isinstance(kind, str) else kind
        return Attribute(
            name=node.get("name") or node.get("ref", "").rpartition(":")[2],
            namespace=space,
            type=simple if isinstance(simple, Simple) else Simple(),
            required=required,
            fixed=node.get("fixed"),
        )

    def _simple(self, node: Any, document: _Document) -> Simple:
        name = node.get("name", "")
        for child in node.iterchildren(f"{{{XSD}}}restriction", f"{{{XSD}}}union", f"{{{XSD}}}list"):
            if _local(child) == "union":
                return Simple(name=name, members=tuple(self._members(child, document, "memberTypes")))
            if _local(child) == "list":
                return Simple(name=name, item=next(iter(self._members(child, document, "itemType")), None))
            base = next(iter(self._members(child, document, "base")), Simple())
            return replace(self._restricted(child, base), name=name)
        return Simple(name=name)

    def _members(self, node: Any, document: _Document, attribute: str) -> Iterator[Simple]:
        for name in node.get(attribute, "").split():
            kind = self._type(_qualified(node, name, document))
            if isinstance(kind, Simple):
                yield kind
        for inner in node.iterchildren(f"{{{XSD}}}simpleType"):
            yield self._simple(inner, document)

    def _restricted(self, node: Any, base: Simple) -> Simple:
        """A type with the facets of one step of restriction: patterns of a step are alternatives."""
        values: dict[str, list[str]] = {}
        for facet in node.iterchildren(f"{{{XSD}}}*"):
            if facet.get("value") is not None:
                values.setdefault(_local(facet), []).append(facet.get("value"))
        patterns = values.pop("pattern", [])
        enumeration = values.pop("enumeration", [])
        return replace(
            base,
            enumeration=tuple(enumeration) or base.enumeration,
            patterns=(*base.patterns, tuple(patterns)) if patterns else base.patterns,
            facets=tuple({**dict(base.facets), **{name: found[-1] for name, found in values.items()}}.items()),
        )


def _local(node: Any) -> str:
    return str(node.tag).rpartition("}")[2]


def _occurs(node: Any) -> tuple[int, Occurs]:
    most = node.get("maxOccurs", "1")
    return int(node.get("minOccurs", "1")), None if most == "unbounded" else int(most)


def _qualified(node: Any, name: str, document: _Document) -> str:
    """`{namespace}local` of a name; one without prefix or default namespace is the document's own."""
    prefix, _, local = name.strip().rpartition(":")
    namespace = node.nsmap.get(prefix or None) or ("" if prefix else document.target)
    return f"{{{namespace}}}{local}" if namespace else local


def _documentation(node: Any) -> str:
    found = node.find(f"{{{XSD}}}annotation/{{{XSD}}}documentation")
    return " ".join("".join(found.itertext()).split()) if found is not None else ""
