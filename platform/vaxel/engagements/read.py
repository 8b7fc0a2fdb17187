"""Requests of the index's contracts, from the parsed payload to values (engagement_index.md sections 4 to 7). Pure.

Nothing is refused here but a page that cannot be: what is missing is empty, and `checks` says so.
"""

from dataclasses import dataclass
from typing import Any

from vaxel.engagements.fields import BY_NAME, FILTERS
from vaxel.engagements.model import Engagement, Transaction
from vaxel.errors import IndexSchema

PAGING = "urn:vaxel:engagementindex:1"
LARGEST_PAGE = 10_000
_TRUE = frozenset({"true", "1"})
_ABSENT = dict.fromkeys((field.attribute for field in BY_NAME.values()), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A FindContent: what is stated must be equal, `most_recent_content` or later; empty is not stated (EI-6.2).

    `page` is the number of rows asked for, None for all of them; `cursor` goes on after an earlier page (EI-6.5).
    """

    wanted: Engagement
    page: int | None = None
    cursor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """A GetUpdates: the domain, since when, and after which resident (EI-7.1)."""

    service_domain: str
    since: str
    after: str = ""


def transactions(payload: Any) -> tuple[Transaction, ...]:
    """The transactions of an Update or ProcessNotification, in order."""
    return tuple(_transaction(element) for element in payload.iterchildren("{*}engagementTransaction"))


def engagements(parent: Any) -> tuple[Engagement, ...]:
    """The `engagement` children of an element."""
    return tuple(engagement(element) for element in parent.iterchildren("{*}engagement"))


def engagement(element: Any) -> Engagement:
    """One engagement; elements that are none of its fields are ignored (EI-3.7)."""
    found = dict(_ABSENT)
    for child in element.iterchildren("{*}*"):
        field = BY_NAME.get(_local(child))
        if field is not None:
            found[field.attribute] = child.text or ""
    return Engagement(**found)


def query(payload: Any) -> Query:
    """A FindContent; raises `IndexSchema` where its page cannot be (EI-6.5)."""
    stated = {_local(child): child.text or "" for child in payload.iterchildren("{*}*")}
    found = _ABSENT | {field.attribute: stated.get(field.name, "") for field in FILTERS}
    page = next(payload.iterchildren(f"{{{PAGING}}}page"), None)
    if page is None:
        return Query(wanted=Engagement(**found))
    size = page.get("size", "")
    if not size.isascii() or not size.isdigit() or not 1 <= int(size) <= LARGEST_PAGE:
        raise IndexSchema(f"a page has 1 to {LARGEST_PAGE} rows", fields={"field": "page/@size"})
    return Query(wanted=Engagement(**found), page=int(size), cursor=page.get("cursor", ""))


def changes(payload: Any) -> Changes:
    """A GetUpdates."""
    stated = {_local(child): child.text or "" for child in payload.iterchildren("{*}*")}
    return Changes(
        service_domain=stated.get("serviceDomain", ""),
        since=stated.get("timeStamp", ""),
        after=stated.get("registeredResidentLastFetched", ""),
    )


def _transaction(element: Any) -> Transaction:
    delete, found = False, None
    for child in element.iterchildren("{*}*"):
        local = _local(child)
        if local == "deleteFlag":
            delete = (child.text or "").strip() in _TRUE
        elif local == "engagement":
            found = child
    return Transaction(engagement=engagement(found) if found is not None else Engagement(**_ABSENT), delete=delete)


def _local(element: Any) -> str:
    tag: str = element.tag
    return tag[tag.rfind("}") + 1 :]
