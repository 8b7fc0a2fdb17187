"""Messages with one thing wrong, each named by the rule that it breaks. For people and tests, not the data path."""

import random
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from lxml import etree

from vaxel.contracts.components import Complex, Element, Simple
from vaxel.contracts.sample import Payload
from vaxel.contracts.structure import Structure

Damage = Callable[[Any, Element, Simple | None], bool]
"""Changes an element, given its declaration and the type of its text (None where it has child elements)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A damaged message: the rule that it breaks, and the element that was changed."""

    rule: str
    element: str
    root: Any

    def text(self) -> str:
        """The message as XML."""
        return str(etree.tostring(self.root, encoding="unicode"))


def missing(node: Any, element: Element, text: Simple | None) -> bool:
    """A mandatory element is not there."""
    parent = node.getparent()
    alone = parent is not None and sum(each.tag == node.tag for each in parent) == 1
    if alone and element.least:
        parent.remove(node)
    return bool(alone and element.least)


def repeated(node: Any, element: Element, text: Simple | None) -> bool:
    """An element that may be there once is there twice."""
    if node.getparent() is not None and element.most == 1:
        node.addnext(deepcopy(node))
        return True
    return False


def unknown(node: Any, element: Element, text: Simple | None) -> bool:
    """An element that the contract does not have, in its own namespace."""
    if text is None and element.namespace:
        node.insert(0, node.makeelement(f"{{{element.namespace}}}unknownElement"))
        return True
    return False


def namespace(node: Any, element: Element, text: Simple | None) -> bool:
    """An element in another namespace than its own."""
    if node.getparent() is not None and element.least:
        node.tag = f"{{urn:example:other}}{element.name}"
        return True
    return False


def order(node: Any, element: Element, text: Simple | None) -> bool:
    """Two elements in the wrong order."""
    following = node.getnext()
    if node.getparent() is None or following is None or following.tag == node.tag:
        return False
    following.addnext(node)
    return True


def enumeration(node: Any, element: Element, text: Simple | None) -> bool:
    """A value that is none of those listed."""
    return _written(node, "NoneOfThose", applies=text is not None and bool(text.enumeration))


def pattern(node: Any, element: Element, text: Simple | None) -> bool:
    """A value that does not match the pattern."""
    return _written(
        node, "~ no match ~", applies=text is not None and bool(text.patterns) and not text.within("~ no match ~")
    )


def length(node: Any, element: Element, text: Simple | None) -> bool:
    """A value that is too long."""
    most = (text.facet("length") or text.facet("maxLength")) if text is not None else None
    return _written(node, "x" * ((most or 0) + 1), applies=most is not None)


def kind(node: Any, element: Element, text: Simple | None) -> bool:
    """Words where a number, time or truth value should be."""
    words = {"string", "token", "normalizedString", "anyURI", "anySimpleType"}
    return _written(node, "not a value", applies=text is not None and text.primitive not in words and not text.members)


def attribute(node: Any, element: Element, text: Simple | None) -> bool:
    """An attribute that the contract does not have."""
    node.set("unknownAttribute", "x")
    return True


RULES: Mapping[str, Damage] = {
    each.__name__: each
    for each in (missing, repeated, unknown, namespace, order, enumeration, pattern, length, kind, attribute)
}
"""Every rule by its name."""


def mutants(
    payload: Payload, structure: Structure, chance: random.Random, rules: tuple[str, ...] = ()
) -> Iterator[Mutant]:
    """The message with each rule broken at each place where it can be, places in random order.

    What is damaged may be allowed all the same, by a wildcard or a default: only a schema can tell.
    """
    for rule in rules or tuple(RULES):
        places = list(range(len(payload.declared)))
        chance.shuffle(places)
        for place in places:
            root = deepcopy(payload.root)
            _, element = payload.declared[place]
            node = list(root.iter())[place]
            if RULES[rule](node, element, _text(structure, element)):
                yield Mutant(rule=rule, element=element.name, root=root)


def _text(structure: Structure, element: Element) -> Simple | None:
    found = structure.type_of(element)
    content = found.content if isinstance(found, Complex) else found
    return content if isinstance(content, Simple) else None


def _written(node: Any, text: str, *, applies: bool) -> bool:
    if applies:
        node.text = text
    return applies
