"""What a catalogue entry can be told by its WSDL and schema (contracts.md section 9, "From: package"). Pure."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vaxel.contracts.describe import Node
from vaxel.contracts.entry import IDEMPOTENT_NAMES
from vaxel.contracts.wsdl import Wsdl

REGISTRY = "urn:riv:itintegration:registry:1"
LEVELS = {"request": "observe", "response": "observe"}
"""What the contracts of an installed package are held to, until somebody says more (CO-7.1)."""

# Section 8.2: where requests have their fields, the likeliest first. A path ends where the schema has text.
PATIENT = ("patientId/id", "patientId/extension", "patientId", "PatientId", "subjectOfCareId", "subject_of_care",
           "personId/@extension")  # fmt: skip
_PARTS = ("", "/extension")
_ALSO = ("hasMore",)
"""Repeated elements of an answer that stand beside the list (`records.also`)."""
SOURCE = ("sourceSystemHSAId", "sourceSystemHSAid", "sourceSystemId")
CARE_UNIT = ("careUnitHSAId", "careUnitHSAid", "careUnitId", "careUnit", "healthcare_facility")
CARE_PROVIDER = ("careGiverHSAId", "careGiverHSAid", "careGiverId", "healthcareProvider")
PERIOD = ("timePeriod", "datePeriod", "time")

# Section 10: paths below the list element that tell a layout from the others; `H` is `<list element>Header`.
LAYOUTS: Mapping[str, tuple[str, ...]] = {
    "psh": ("H/documentId", "H/sourceSystemHSAId", "H/approvedForPatient"),
    "cpsh": ("H/documentId", "H/sourceSystemHSAid", "H/approvedForPatient"),
    "jol": ("header/accessControlHeader/approvedForPatient", "header/sourceSystemId/extension"),
    "obs": ("observation/approvedForPatient", "observation/registrationTime", "sourceSystem/id/extension"),
    "act": ("activity/approvedForPatient", "activity/registrationTime", "sourceSystem/id/extension"),
    "mea": ("approvedForPatient", "sourceSystem/id/extension", "performerRole/careUnit/id/extension"),
    "flat": ("subjectOfCareId", "logicalSystemId", "eventTime"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What no package says of a contract (`known.toml`)."""

    information_set: str | None = None
    categorizations: tuple[str, ...] = ()
    blocking_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """An entry as it is written to the catalogue, and the keys that somebody must state."""

    entry: Mapping[str, Any]
    open: tuple[str, ...]


def read_known(content: bytes) -> Mapping[tuple[str, str], Known]:
    """The table of `known.toml`, by domain and `<name>-<major>`."""
    table = tomllib.loads(content.decode())
    return {(domain, name): _known(row) for domain, rows in table.items() for name, row in rows.items()}


def _known(row: dict[str, Any]) -> Known:
    return Known(
        information_set=row.get("information_set"),
        categorizations=tuple(row.get("categorizations", ())),
        blocking_type=row.get("blocking_type"),
    )


def derived(
    wsdl: Wsdl, package: str, profiles: Iterable[str], trees: tuple[Node, Node] | None, known: Known | None
) -> Derived:
    """The entry of an interaction; `trees` are its request and answer, None where its schema cannot be used."""
    profiles = sorted(profiles)
    entry: dict[str, Any] = {
        "name": wsdl.name,
        "version": wsdl.version,
        "package": package,
        "namespace": wsdl.namespace,
        "wsdl": wsdl.file,
        "request": wsdl.request,
        "response": wsdl.response,
        "soap_action": wsdl.soap_action or None,
        "profiles": profiles if profiles != ["rivtabp21"] else None,
        "address_header": wsdl.address_header if wsdl.address_header != REGISTRY else None,
        "headers": list(wsdl.other_headers),
        "validation": LEVELS,
        "idempotent": wsdl.name.startswith(IDEMPOTENT_NAMES),
    }
    if trees is not None:
        entry |= _from_trees(wsdl.domain, *trees, known or Known())
    entry = {key: value for key, value in entry.items() if value not in (None, [], {}, ())}
    return Derived(entry=entry, open=tuple(_open(entry, unusable=trees is None)))


def records(answer: Node) -> dict[str, Any]:
    """List element, layout, further elements and result of an answer; empty where it has no one list."""
    lists = [child for child in answer.children if child.most is None and child.name not in _ALSO]
    if len(lists) != 1:
        return {}
    layout = header(lists[0])
    if layout is None:
        return {}
    also = [child.name for child in answer.children if child.name in _ALSO]
    found: dict[str, Any] = {"list": lists[0].name, "header": layout}
    return found | ({"also": also} if also else {}) | {"result": {"shape": result(answer), "synthetic": False}}


def header(record: Node) -> str | None:
    """The layout of a record's header (section 10); None where it has none of them."""
    for layout, paths in LAYOUTS.items():
        stated = [path.replace("H/", f"{record.name}Header/", 1) for path in paths]
        if all(record.child(*path.split("/")) for path in stated):
            return layout
    return None


def result(answer: Node) -> str:
    """The shape of an answer's result element (section 5.3)."""
    found = answer.child("result")
    if found is None:
        return "none"
    if re.search(r":\d+\.\d+\Z", found.namespace):
        return "ext"
    return "short" if found.child("resultText") else "full"


def _from_trees(domain: str, request: Node, answer: Node, known: Known) -> dict[str, Any]:
    paths = {
        "care_unit": _found(request, CARE_UNIT),
        "care_provider": _found(request, CARE_PROVIDER),
        "period": next((name for name in PERIOD if request.child(name, "start")), None),
    }
    aggregation: dict[str, Any] = {}
    if known.categorizations:
        source = _found(request, SOURCE)
        aggregation = {"service_domain": f"riv:{domain}", "categorizations": list(known.categorizations)}
        aggregation |= {"source_filter": source} if source else {}
    return {
        "patient": next((path for path in PATIENT if _leaf(request, path)), None),
        "information_set": known.information_set,
        "blocking_type": known.blocking_type,
        "records": records(answer),
        "filters": {name: path for name, path in paths.items() if path},
        "aggregation": aggregation,
    }


def _found(request: Node, names: tuple[str, ...]) -> str | None:
    return next((name + part for name in names for part in _PARTS if _leaf(request, name + part)), None)


def _leaf(request: Node, path: str) -> bool:
    """Whether a path leads to text."""
    node = request.child(*path.split("/"))
    return node is not None and all(child.name.startswith("@") for child in node.children) and not node.open


def _open(entry: Mapping[str, Any], *, unusable: bool) -> Iterator[str]:
    """Keys that an operator must state, or may want to."""
    yield "access"
    if unusable:
        yield "patient, records (the schema cannot be used)"
        return
    for key in ("patient", "records", "information_set", "aggregation"):
        if key not in entry:
            yield key
