"""What a request asks, read once by the catalogue's paths (aggregation.md sections 4, 5, 11, 12). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vaxel.contracts.entry import Aggregation, Contract
from vaxel.errors import QuestionRefused

FROM_REQUEST = "from_request:"
"""Mode of an entry whose categorizations stand in the request, followed by their path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked about whom. Empty fields say nothing.

    `categorization` is what the index is asked for; `categories` are kept of what it knows; `source` is the one source
    that the request names.
    """

    resident: str
    service_domain: str
    categorization: str | None = None
    categories: tuple[str, ...] = ()
    source: str = ""


def read(payload: Any, operation: str, entry: Contract) -> Question:
    """The question of a request whose payload was parsed; `QuestionRefused` says what is wrong with it."""
    stated = entry.aggregation
    if stated is None or not stated.enabled or entry.patient is None:
        raise QuestionRefused("the contract is not aggregated here", cause="request.unknown-element")
    if operation != entry.request:
        reason = f"the body holds {operation[:80]}, expected was {entry.request}"
        raise QuestionRefused(reason, cause="request.unknown-element")
    for name in stated.refuse:
        if any("".join(element.itertext()).strip() for element in _at(payload, name.split("/"))):
            reason = f"{name} does not apply to an aggregating service; ask the source itself"
            raise QuestionRefused(reason, cause="request.field-not-allowed")
    resident = next(iter(texts(payload, entry.patient)), "")
    if not resident:
        raise QuestionRefused(f"the patient is expected in {'/'.join(entry.patient)}")
    source = texts(payload, tuple(stated.source_filter.split("/"))) if stated.source_filter else ()
    return Question(
        resident=resident,
        service_domain=stated.service_domain,
        categorization=_asked(stated),
        categories=_kept(stated, payload),
        source=next(iter(source), ""),
    )


def texts(payload: Any, path: tuple[str, ...]) -> tuple[str, ...]:
    """The values at a path of local names below the request element, empty ones left out (contracts.md section 13)."""
    if path[-1].startswith("@"):
        found = [element.get(path[-1][1:]) or "" for element in _at(payload, path[:-1])]
    else:
        found = [element.text or "" for element in _at(payload, path)]
    return tuple(value.strip() for value in found if value.strip())


def _at(payload: Any, path: Sequence[str]) -> list[Any]:
    elements = [payload]
    for name in path:
        elements = [child for element in elements for child in element.iterchildren(f"{{*}}{name}")]
    return elements


def _asked(stated: Aggregation) -> str | None:
    """AG-4.2: exactly one categorization is asked for, else none."""
    single = len(stated.categorizations) == 1 and stated.mode in {None, "single"}
    return stated.categorizations[0] if single else None


def _kept(stated: Aggregation, payload: Any) -> tuple[str, ...]:
    if stated.mode and stated.mode.startswith(FROM_REQUEST):
        return texts(payload, tuple(stated.mode.removeprefix(FROM_REQUEST).split("/")))
    return stated.categorizations if len(stated.categorizations) > 1 else ()
