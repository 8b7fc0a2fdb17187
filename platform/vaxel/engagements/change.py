"""What a transaction does to the row of its identity, and whether subscribers hear of it (EI-4.11, EI-4.12). Pure."""

from dataclasses import dataclass, replace

from vaxel.engagements.model import Engagement, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """`row` is to be written, None where there is nothing to write; `delete` where the row is to go.

    `told` is what subscribers hear, None where nothing changed for them.
    """

    row: Engagement | None = None
    delete: bool = False
    told: Transaction | None = None


NOTHING = Change()


def change(former: Engagement | None, wanted: Transaction, now: str, *, forward: bool = False) -> Change:
    """The change of a row; `now` is the time of the change, `YYYYMMDDhhmmss` (EI-3.6).

    `forward` tells subscribers even of what changes nothing: notifications are passed on (EI-5.4).
    """
    if wanted.delete:
        if former is None:
            return Change(told=wanted) if forward else NOTHING
        return Change(delete=True, told=Transaction(engagement=former, delete=True))
    if former is not None and former.most_recent_content == wanted.engagement.most_recent_content:
        return Change(told=Transaction(engagement=former)) if forward else NOTHING
    created = (former.creation_time if former else "") or now
    row = replace(wanted.engagement, creation_time=created, update_time=now)
    return Change(row=row, told=Transaction(engagement=row))
