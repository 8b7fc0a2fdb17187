"""Elements of a minor version newer than any installed: seen, counted, never a reason to refuse (CO-6.5). Pure."""

from collections.abc import Mapping, Set
from copy import deepcopy
from typing import Any

from lxml import etree


def newer_elements(payload: Any, versions: Mapping[str, str], namespaces: Set[str]) -> list[Any]:
    """The outermost elements below `payload` that a newer minor brought, in document order.

    Their namespace is `<base>.<m>`, where the schemas have the base (`namespaces`) but no minor of it so high;
    `versions` states `<major>.<minor>` for bases whose own minor is known without an extension.
    """
    found: list[Any] = []
    verdicts: dict[str, bool] = {}
    for element in payload.iterdescendants(etree.Element):
        namespace = str(element.tag)[1:].partition("}")[0]
        if namespace not in verdicts:
            verdicts[namespace] = _newer(namespace, versions, namespaces)
        if verdicts[namespace] and not (found and found[-1] in element.iterancestors()):
            found.append(element)
    return found


def without(payload: Any, elements: list[Any]) -> Any:
    """A copy of `payload` without these elements below it; lines and the order of the others stay."""
    numbers = {id(element) for element in elements}
    places = [number for number, element in enumerate(payload.iter()) if id(element) in numbers]
    made = deepcopy(payload)
    every = list(made.iter())
    for place in places:
        _remove(every[place])
    return made


def _newer(namespace: str, versions: Mapping[str, str], namespaces: Set[str]) -> bool:
    base, _, minor = namespace.rpartition(".")
    if not minor.isdecimal() or base not in namespaces:
        return False
    known = [each.removeprefix(base + ".") for each in namespaces if each.startswith(base + ".")]
    stated = versions.get(base, "").partition(".")[2]
    return int(minor) > max([int(each) for each in (*known, stated) if each.isdecimal()], default=0)


def _remove(element: Any) -> None:
    """Take out an element and keep the text after it, which may be a value of its parent."""
    parent, former = element.getparent(), element.getprevious()
    if element.tail and former is not None:
        former.tail = (former.tail or "") + element.tail
    elif element.tail:
        parent.text = (parent.text or "") + element.tail
    parent.remove(element)
