"""Messages made from a schema, and every small damage that can be done to a message."""

import random
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from itertools import islice, product

from lxml import etree
from xmlschema.validators import XsdElement, XsdGroup, XsdType

XSI = "http://www.w3.org/2001/XMLSchema-instance"
VALUES = (
    "text", "20260101120000", "20260101", "true", "1.5", "AAAA", "10", "10:30:00", "2026-01-01", "2026-01-01T10:30:00",
    "5b2ffb9a-7a1e-4b1c-9a38-3e5b2f6f0f11", "0123456789ABCDEF", "191212121212", "^191212121212$", "",
)  # fmt: skip
"""Tried in turn for a leaf, after the type's enumeration; an anchor is a literal character (contracts.md section 13)."""

Damage = Callable[[etree._Element], object]


def sample(element: XsdElement, above: tuple[str | None, ...] = ()) -> etree._Element:
    """A message with every element of the schema once; of a choice the first, and what may hold itself does so once."""
    made = etree.Element(element.name)
    content = getattr(element.type, "content", None)
    if isinstance(content, XsdGroup):
        types = (*above, element.type.name)
        made.extend(
            [sample(child, types) for child in _children(content) if child.min_occurs or not _deep(child, types)]
        )
    else:
        made.text = _value(element.type)
    return made


def _children(group: XsdGroup) -> Iterator[XsdElement]:
    chosen = list(group)[:1] if group.model == "choice" else group
    for particle in chosen:
        if isinstance(particle, XsdElement):
            yield particle
        elif isinstance(particle, XsdGroup):
            yield from _children(particle)


def _deep(element: XsdElement, above: tuple[str | None, ...]) -> bool:
    """Whether the element's type stands twice above it already."""
    return element.type.name is not None and above.count(element.type.name) > 1


def _value(kind: XsdType) -> str:
    choices = [str(value) for value in getattr(kind, "enumeration", None) or ()]
    return next(value for value in (*choices, *VALUES) if kind.text_is_valid(value))


def mutations(message: etree._Element) -> Iterator[tuple[str, etree._Element]]:
    """The message once for every damage to every element, with a name for it."""
    return _made(message, _places(message))


def some_mutations(message: etree._Element, count: int) -> Iterator[tuple[str, etree._Element]]:
    """At most `count` of all mutations, the same ones each time; no others are made."""
    places = list(_places(message))
    random.Random(1).shuffle(places)  # noqa: S311 - repeatable, not secret
    return islice(_made(message, places), count)


def _places(message: etree._Element) -> Iterable[tuple[int, str]]:
    """Every element by its number, with every damage by its name."""
    return product(range(sum(1 for _ in message.iter("*"))), DAMAGES)


def _made(message: etree._Element, places: Iterable[tuple[int, str]]) -> Iterator[tuple[str, etree._Element]]:
    for number, name in places:
        damaged = deepcopy(message)
        target = next(islice(damaged.iter("*"), number, None))
        original = etree.QName(target).localname
        if DAMAGES[name](target) is not False:
            yield f"{name} {original} ({number})", damaged


def delete(element: etree._Element) -> bool:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)
    return parent is not None


def duplicate(element: etree._Element) -> bool:
    if element.getparent() is not None:
        element.addnext(deepcopy(element))
    return element.getparent() is not None


def rename(element: etree._Element) -> None:
    element.tag = f"{element.tag}Unknown"


def recase(element: etree._Element) -> None:
    name = etree.QName(element)
    element.tag = f"{{{name.namespace}}}{name.localname.swapcase()}"


def move_to_other_namespace(element: etree._Element) -> None:
    element.tag = f"{{urn:example:other}}{etree.QName(element).localname}"


def swap(element: etree._Element) -> bool:
    following = element.getnext()
    if following is None or element.getparent() is None:
        return False
    following.addnext(element)
    return True


def write(text: str) -> Damage:
    """A damage that replaces an element's content by `text`."""

    def replace(element: etree._Element) -> None:
        for child in list(element):
            element.remove(child)
        element.text = text

    return replace


def make_nil(element: etree._Element) -> None:
    write("")(element)
    element.set(f"{{{XSI}}}nil", "true")


def append(tag: str) -> Damage:
    """A damage that adds a last child; without a namespace in `tag`, in that of the element."""

    def add(element: etree._Element) -> None:
        space = etree.QName(element).namespace
        etree.SubElement(element, tag if tag.startswith("{") else f"{{{space}}}{tag}")

    return add


def set_attribute(name: str, value: str) -> Damage:
    """A damage that sets an attribute."""
    return lambda element: element.set(name, value)


CORE = "urn:riv:clinicalprocess:healthcond:description:2"
DAMAGES: dict[str, Damage] = {
    "delete": delete,
    "duplicate": duplicate,
    "rename": rename,
    "change the case of": recase,
    "change the namespace of": move_to_other_namespace,
    "swap with its sibling": swap,
    "empty": write(""),
    "write words in": write("not a value"),
    "write an impossible time in": write("20261301120000"),
    "write an impossible date in": write("20261301"),
    "write a year alone in": write("2026"),
    "write hours without minutes in": write("2026010112"),
    "write an identifier of another version in": write("5b2ffb9a-7a1e-1b1c-9a38-3e5b2f6f0f11"),
    "write day 00 in": write("20260100120000"),
    "write day 32 in": write("20260132120000"),
    "write minute 60 in": write("20260101126000"),
    "write the eighteenth century in": write("17260101120000"),
    "write a decimal comma in": write("1,5"),
    "write space around time in": write(" 20260101120000 "),
    "write anchors around time in": write("^20260101120000$"),
    "write lower case in": write("ok"),
    "write what no field of limited length takes in": write("x" * 8193),
    "write not a URI in": write("%%% ["),
    "write a patient's identity in": write("191212121212"),
    "write a patient's identity between anchors in": write("^191212121212$"),
    "write a negative number in": write("-1"),
    "write a number of one digit in": write("7"),
    "write a number of fifteen digits in": write("123456789012345"),
    "add an unknown child to": append("unknown"),
    "add a foreign child to": append("{urn:example:other}unknown"),
    "add a core child to": append(f"{{{CORE}}}communicableDisease"),
    "add a result of minor 1 to": append("{urn:riv:clinicalprocess:healthcond:description:2.1}result"),
    "add an attestation of minor 1 to": append("{urn:riv:clinicalprocess:healthcond:actoutcome:3.1}attested"),
    "add a patient of minor 1 to": append("{urn:riv:clinicalprocess:healthcond:actoutcome:4.1}patientId"),
    "add a service contract to": append("{urn:riv:itintegration:registry:1}ServiceContract"),
    "add an attribute to": set_attribute("unknown", "x"),
    "add a foreign attribute to": set_attribute("{urn:example:other}unknown", "x"),
    "make nil": make_nil,
}
