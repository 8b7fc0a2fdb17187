"""Messages against their contract: lxml decides; violations say where and what, never a value (CO-7.8)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree

from vaxel.contracts.catalogue import Catalogue
from vaxel.contracts.entry import Contract
from vaxel.contracts.minors import newer_elements, without
from vaxel.errors import MessageMalformed
from vaxel.soap import charset, tree

MAX_VIOLATIONS = 10
_NUMBERED = re.compile(r".*\d{6}.*")
NEWER_MINOR: Final = "newer-minor"
"""The rule of a finding that is no reason to refuse (CO-6.5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One breach: line, path of local names, the rule of XML Schema, and our own words for it."""

    line: int
    path: str
    rule: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.path}: {self.reason} ({self.rule})"


UNREADABLE = Violation(line=1, path="/", rule="soap", reason="the message is not a SOAP message")

_REASONS = {
    "ELEMENT_CONTENT": "an element is missing, unknown here, or in the wrong place",
    "COMPLEX_TYPE_2_4": "an element is missing, unknown here, or in the wrong place",
    "COMPLEX_TYPE_2_1": "the element must be empty",
    "COMPLEX_TYPE_2_2": "the element must have no child elements",
    "COMPLEX_TYPE_2_3": "text stands between child elements",
    "COMPLEX_TYPE_3_1": "an attribute is not as its type wants it",
    "COMPLEX_TYPE_3_2_1": "an attribute is unknown here",
    "COMPLEX_TYPE_4": "a mandatory attribute is missing",
    "PATTERN_VALID": "the value does not match the pattern",
    "ENUMERATION_VALID": "the value is none of those listed",
    "LENGTH_VALID": "the value has the wrong length",
    "MINLENGTH_VALID": "the value is too short",
    "MAXLENGTH_VALID": "the value is too long",
    "MININCLUSIVE_VALID": "the value is too small",
    "MAXINCLUSIVE_VALID": "the value is too large",
    "ELT_1": "the element is not declared",
    "ELT_3_1": "xsi:nil is not allowed here",
    "ELT_3_2_1": "a nil element must be empty",
}


def validate(catalogue: Catalogue, contract: Contract, payload: Any, *, response: bool) -> tuple[Violation, ...]:
    """What is wrong with the first element of a message's body, at most ten findings; empty when it is valid.

    A contract whose schema is absent or unusable has nothing to violate (CO-7.4, CO-7.10).
    """
    schema = catalogue.schema(contract)
    if schema is None or schema.compiled() is None:
        return ()
    expected = f"{{{contract.namespace}}}{contract.response if response else contract.request}"
    if payload.tag != expected:
        name = contract.response if response else contract.request
        return (Violation(line=payload.sourceline or 0, path="/", rule="element", reason=f"the body must hold {name}"),)
    found = schema.errors(payload)
    newer = newer_elements(payload, {contract.namespace: contract.version}, schema.namespaces) if found else []
    judged = without(payload, newer) if newer else payload
    violations = _violations(schema.errors(judged) if newer else found, judged)
    return (*violations, *(_newer(element, payload) for element in newer))[:MAX_VIOLATIONS]


def judge(catalogue: Catalogue, contract: Contract, content: bytes, *, response: bool) -> tuple[Violation, ...]:
    """As `validate`, of a whole message's bytes in the encoding it states; what cannot be read is a violation."""
    try:
        payload = tree.parse(charset.to_utf8(content)[0]).payload
    except MessageMalformed:
        return (UNREADABLE,)
    return validate(catalogue, contract, payload, response=response)


def refuses(violations: Iterable[Violation]) -> bool:
    """Whether one of them is a reason to refuse the message: all are but those of a newer minor (CO-6.5)."""
    return any(violation.rule != NEWER_MINOR for violation in violations)


def _violations(errors: list[Any], payload: Any) -> list[Violation]:
    shown = [error for error in errors if error.type_name != "SCHEMAV_CVC_DATATYPE_VALID_1_2_1"] or errors
    return [_violation(error, payload) for error in shown]


def _newer(element: Any, payload: Any) -> Violation:
    return Violation(
        line=element.sourceline or 0,
        path=_path(element, payload),
        rule=NEWER_MINOR,
        reason="the element belongs to a newer minor of the contract",
    )


def _violation(error: Any, payload: Any) -> Violation:
    rule = error.type_name.removeprefix("SCHEMAV_").removeprefix("CVC_")
    return Violation(
        line=error.line,
        path=_path(_found(error.path or "", payload), payload),
        rule=rule.lower().replace("_", "-"),
        reason=_REASONS.get(rule, "the value is not of the type"),
    )


def _found(path: str, payload: Any) -> Any:
    """The element at libxml2's path, whose first step is the payload.

    A step is a name as it is written, or `*` for one in a default namespace, which counts all its siblings.
    """
    element = payload
    for step in path.split("/")[2:]:
        name, _, number = step.rstrip("]").partition("[")
        same = [child for child in element.iterchildren(etree.Element) if name in {"*", _written(child)}]
        position = int(number or 1) - 1
        if position >= len(same):
            break  # an attribute, or text: the element is what can be shown
        element = same[position]
    return element


def _written(element: Any) -> str:
    local = str(element.tag).rpartition("}")[2]
    return f"{element.prefix}:{local}" if element.prefix else local


def _path(element: Any, payload: Any) -> str:
    """The element's path below the body as local names with positions."""
    names = [_named(element)] if element is not payload else []
    for above in element.iterancestors() if names else ():
        if above is payload:
            break
        names.append(_named(above))
    return "/".join([str(payload.tag).rpartition("}")[2], *reversed(names)])


def _named(element: Any) -> str:
    """Its local name and position; `*` for a name that could hold an identity, which a sender's mistake can make."""
    local = _NUMBERED.sub("*", str(element.tag).rpartition("}")[2])
    same = list(element.getparent().iterchildren(element.tag))
    return local if len(same) == 1 else f"{local}[{same.index(element) + 1}]"
