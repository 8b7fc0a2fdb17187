"""Messages against their contract: lxml decides; violations say where and what, never a value (CO-7.8)."""

import re
from dataclasses import dataclass
from typing import Any

from vaxel.contracts.catalogue import Catalogue
from vaxel.contracts.entry import Contract

MAX_VIOLATIONS = 10
_RULE = re.compile(r"(?:SCHEMAV_)?(?:CVC_)?(.*)")
_QNAME = re.compile(r"\{[^}]*\}|\*:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One breach: line, path of local names, the rule of XML Schema, and our own words for it."""

    line: int
    path: str
    rule: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.path}: {self.reason} ({self.rule})"


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
    log = schema.errors(payload)
    shown = [error for error in log if error.type_name != "SCHEMAV_CVC_DATATYPE_VALID_1_2_1"] or log
    return tuple(_violation(error, payload) for error in shown[:MAX_VIOLATIONS])


def _violation(error: Any, payload: Any) -> Violation:
    rule = error.type_name.removeprefix("SCHEMAV_").removeprefix("CVC_")
    return Violation(
        line=error.line,
        path=_path(error, payload),
        rule=rule.lower().replace("_", "-"),
        reason=_REASONS.get(rule, "the value is not of the type"),
    )


def _path(error: Any, payload: Any) -> str:
    """The element's path below the body as local names with positions, from the schema's own words on where."""
    element = _element(payload, error.path or "")
    if element is None:
        return str(payload.tag).rpartition("}")[2]
    names = []
    while element is not None and element is not payload.getparent():
        names.append(_named(element))
        element = element.getparent()
    return "/".join(reversed(names))


def _element(payload: Any, path: str) -> Any:
    """The element at libxml2's path, which begins with the payload; walked by hand, since prefixes are bound anywhere.

    None where it is not there.
    """
    element = payload
    for step in path.split("/")[2:]:
        name, _, number = step.partition("[")
        same = [each for each in element.iterchildren("{*}*") if name in {"*", _prefixed(each)}]
        position = int(number[:-1]) if number else 1
        if len(same) < position:
            return None
        element = same[position - 1]
    return element


def _prefixed(element: Any) -> str:
    local = str(element.tag).rpartition("}")[2]
    return f"{element.prefix}:{local}" if element.prefix else local


def _named(element: Any) -> str:
    local = str(element.tag).rpartition("}")[2]
    parent = element.getparent()
    same = [each for each in parent if each.tag == element.tag] if parent is not None else [element]
    return local if len(same) == 1 else f"{local}[{same.index(element) + 1}]"
