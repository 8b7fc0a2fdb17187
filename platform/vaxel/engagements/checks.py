"""What the index refuses, with code and cause, in the order of EI-4.5 (engagement_index.md section 9). Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from vaxel.engagements.fields import FIELDS, value
from vaxel.engagements.model import Engagement, Identity, Transaction
from vaxel.engagements.read import Changes
from vaxel.errors import (
    IndexDuplicate,
    IndexField,
    IndexReservedAddress,
    IndexReservedSource,
    IndexSchema,
    IndexTechnical,
    IndexWrongReceiver,
    Refusal,
)

SHOWN = 100
"""How many problems a detail lists (EI-4.5)."""
RESIDENT = r"[0-9]{8}(?:[0-9pPtTfF][0-9]{3}|[0-9A-Zptf]{4})"
"""Either of the two published patterns (EI-3.2)."""
_MANDATORY = tuple(field for field in FIELDS if field.mandatory)
_DATE = re.compile(r"[0-9]{14}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What requests are held to: the index's ids in lower case, ids that no engagement may name, limits.

    `own` is the id in its own spelling: the owner of what is registered here (EI-4.7).
    """

    own: str
    addresses: frozenset[str]
    reserved: frozenset[str]
    transactions: int = 1000
    resident: str = RESIDENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong with a transaction, counted from 1. `other` is the number of an equal one."""

    kind: type[Refusal]
    cause: str
    number: int
    field: str = ""
    other: int = 0
    value: str = ""

    def __str__(self) -> str:
        """In English, without a value."""
        what = f"as transaction {self.other}" if self.other else self.field
        return f"transaction {self.number}: {what}: {self.cause.removeprefix('request.')}"


def check_receiver(receiver: str, rules: Rules) -> None:
    """EI003 unless the request is addressed to this index (EI-4.2)."""
    if receiver.lower() not in rules.addresses:
        fields = {"logicalAddress": receiver or "(missing)", "own": rules.own}
        raise IndexWrongReceiver("the request is addressed to another index", fields=fields)


def check_count(count: int, rules: Rules) -> None:
    """EI000 unless there are as many transactions as there may be (EI-4.1)."""
    if not 1 <= count <= rules.transactions:
        fields = {"transactions": str(count), "limit": f"1 to {rules.transactions}"}
        raise IndexTechnical("the number of transactions is not allowed", cause="request.count", fields=fields)


def check_transactions(found: Sequence[Transaction], rules: Rules) -> None:
    """The first problem as a refusal (EI-4.3 to EI-4.6); the owner is mandatory: an Update's is set before (EI-4.7)."""
    problems = tuple(islice(_problems(found, rules), SHOWN))
    if problems:
        raise _refusal(problems)


def check_query(wanted: Engagement) -> None:
    """EI000 unless resident and domain are stated (EI-6.1)."""
    for field in FIELDS[:2]:
        if not value(wanted, field):
            raise IndexTechnical(
                "a mandatory field is missing", cause="request.field-missing", fields={"field": field.name}
            )
    if wanted.most_recent_content and not is_date(wanted.most_recent_content):
        raise IndexField("the date is impossible", cause="request.field-date", fields={"field": "mostRecentContent"})


def check_changes(asked: Changes, oldest: str) -> None:
    """EI000 unless the domain and a time that deletions are remembered since are stated (EI-7.4)."""
    for name, text in (("serviceDomain", asked.service_domain), ("timeStamp", asked.since)):
        if not text:
            fields = {"field": name}
            raise IndexTechnical("a mandatory field is missing", cause="request.field-missing", fields=fields)
    if not is_date(asked.since):
        raise IndexField("the date is impossible", cause="request.field-date", fields={"field": "timeStamp"})
    if asked.since < oldest:
        fields = {"timeStamp": asked.since, "oldest": oldest}
        raise IndexTechnical("load everything anew", cause="get-updates.too-old", fields=fields)


def check_resident(resident: str, rules: Rules) -> None:
    """EI001 unless the resident's id looks like one (EI-3.2); there is no test of a check digit."""
    if not re.fullmatch(rules.resident, resident):
        raise IndexSchema("the value does not match the pattern", fields={"field": "registeredResidentIdentification"})


def is_date(text: str) -> bool:
    """Whether it is `YYYYMMDDhhmmss` and exists in the calendar."""
    if not _DATE.fullmatch(text):
        return False
    try:
        datetime.strptime(text, "%Y%m%d%H%M%S")  # noqa: DTZ007 - judged, not used
    except ValueError:
        return False
    return True


def _problems(found: Sequence[Transaction], rules: Rules) -> Iterator[Problem]:
    seen: dict[Identity, int] = {}
    for number, each in enumerate(found, 1):
        first = seen.setdefault(each.engagement.identity, number)
        if first != number:
            yield Problem(kind=IndexDuplicate, cause="request.duplicate-identity", number=number, other=first)
        yield from _of_one(each.engagement, number, rules)


def _of_one(engagement: Engagement, number: int, rules: Rules) -> Iterator[Problem]:
    for field in _MANDATORY:
        text = value(engagement, field)
        if text != text.strip():
            yield Problem(kind=IndexField, cause="request.field-white-space", number=number, field=field.name)
    if engagement.logical_address.lower() in rules.reserved:
        yield _reserved(IndexReservedAddress, "address", number, "logicalAddress", engagement.logical_address)
    if engagement.source_system.lower() in rules.reserved:
        yield _reserved(IndexReservedSource, "source", number, "sourceSystem", engagement.source_system)
    for field in _MANDATORY:
        if not value(engagement, field):
            yield Problem(kind=IndexField, cause="request.field-missing", number=number, field=field.name)
    for field in FIELDS:
        if len(value(engagement, field)) > field.longest:
            yield Problem(kind=IndexField, cause="request.field-length", number=number, field=field.name)
    for field in FIELDS:
        text = value(engagement, field)
        if field.date and text and not is_date(text):
            yield Problem(kind=IndexField, cause="request.field-date", number=number, field=field.name)


def _reserved(kind: type[Refusal], what: str, number: int, field: str, value: str) -> Problem:
    return Problem(kind=kind, cause=f"request.reserved-{what}", number=number, field=field, value=value)


def _refusal(problems: Sequence[Problem]) -> Refusal:
    first = problems[0]
    fields = {"number": str(first.number)}
    if first.other:
        fields = {"first": str(first.other), "second": str(first.number)}
    if first.field:
        fields["field"] = first.field
    if first.value:
        fields["hsaId"] = first.value
    reason = "; ".join(map(str, problems))
    return first.kind(reason, cause=first.cause, fields=fields)
