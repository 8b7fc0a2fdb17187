"""Why a call goes where it goes, or does not: the journey's own decisions, put into words (SW-8.4). Pure."""

from dataclasses import dataclass
from datetime import date

from vaxel.call import Target
from vaxel.directory.model import Directory
from vaxel.directory.permit import Permit, permit
from vaxel.directory.resolve import RoutingRules, resolve
from vaxel.errors import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Both decisions with their traces and rows; `code` is that of a refusal, empty where there is none."""

    code: str
    cause: str
    target: Target | None
    route_trace: str
    route_rows: tuple[str, ...]
    permission_trace: str
    permission_row: str


def why(directory: Directory, sender: str, receiver: str, contract: str, day: date, rules: RoutingRules) -> Explanation:
    """What steps 5 and 6 decide about a call, without making one."""
    found = resolve(directory, receiver, contract, day, rules)
    allowed = permit(directory, sender, receiver, contract, day, rules)
    code, cause = "", ""
    if isinstance(found.outcome, Refusal):
        code, cause = found.outcome.code, found.outcome.cause
    elif not isinstance(allowed, Permit):
        code, cause = "VP007", "permission.denied"
    return Explanation(
        code=code,
        cause=cause,
        target=found.outcome if isinstance(found.outcome, Target) else None,
        route_trace=found.trace,
        route_rows=tuple(row.source for row in found.rows),
        permission_trace=allowed.trace,
        permission_row=allowed.row.source if isinstance(allowed, Permit) else "",
    )
