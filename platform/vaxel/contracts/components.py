"""What a schema is made of: elements, types, facets, as frozen values. `structure` reads them. Pure."""

from dataclasses import dataclass

from vaxel.contracts import patterns

XSD = "http://www.w3.org/2001/XMLSchema"
Occurs = int | None
"""How often at most; None is without end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Simple:
    """A type of text. `primitive` is the built-in that it restricts in the end, `string` or `dateTime`.

    Every row of `patterns` must match by one of its members; `facets` are the others, by name.
    """

    name: str = ""
    primitive: str = "string"
    enumeration: tuple[str, ...] = ()
    patterns: tuple[tuple[str, ...], ...] = ()
    facets: tuple[tuple[str, str], ...] = ()
    members: tuple["Simple", ...] = ()
    item: "Simple | None" = None

    def facet(self, name: str) -> int | None:
        """A facet that counts something; None where it is not stated."""
        found = dict(self.facets).get(name)
        return int(float(found)) if found is not None else None

    def within(self, text: str) -> bool:
        """Whether enumeration, patterns and lengths take a text; that it is of the primitive is for others to see."""
        if self.members:
            return any(member.within(text) for member in self.members)
        if self.enumeration and text not in self.enumeration:
            return False
        length, least, most = self.facet("length"), self.facet("minLength"), self.facet("maxLength")
        sized = (length is None or len(text) == length) and (least or 0) <= len(text) <= (
            len(text) if most is None else most
        )
        return sized and all(any(patterns.matches(each, text) for each in row) for row in self.patterns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """An attribute of an element."""

    name: str
    namespace: str
    type: Simple
    required: bool = False
    fixed: str | None = None

    @property
    def tag(self) -> str:
        """`{namespace}name`, or the name alone."""
        return f"{{{self.namespace}}}{self.name}" if self.namespace else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Wildcard:
    """A place for elements of other namespaces (CO-6.1)."""

    namespace: str
    process: str
    least: int
    most: Occurs


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Particles in `sequence`, `choice` or `all`."""

    model: str
    particles: tuple["Particle", ...]
    least: int = 1
    most: Occurs = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Complex:
    """A type with attributes or child elements; `content` is text, a group, or nothing."""

    name: str
    attributes: tuple[Attribute, ...]
    content: Simple | Group | None
    abstract: bool = False


Type = Simple | Complex


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """An element where it stands. A type with a name is given by it, `{namespace}local`, so that types may recur."""

    name: str
    namespace: str
    type: Type | str
    least: int = 1
    most: Occurs = 1
    nillable: bool = False
    fixed: str | None = None
    documentation: str = ""

    @property
    def tag(self) -> str:
        """`{namespace}name`."""
        return f"{{{self.namespace}}}{self.name}" if self.namespace else self.name


Particle = Element | Group | Wildcard
