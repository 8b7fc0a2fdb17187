"""Who is asked: from engagements and the directory to sources, and what was left out (AG section 5). Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Literal

from vaxel.aggregation.question import Question
from vaxel.call import LogicalAddress
from vaxel.contracts.entry import Contract
from vaxel.directory.model import Directory
from vaxel.directory.permit import Permit, permit
from vaxel.directory.resolve import RoutingRules, ancestors, resolve
from vaxel.engagements.model import Engagement

Reason = Literal["category", "own-address", "not-permitted", "no-route", "request-filter"]
OUTCOMES: Mapping[Reason, str] = {
    "category": "FS",
    "own-address": "FL",
    "not-permitted": "FT",
    "no-route": "FT",
    "request-filter": "FS",
}
"""How the log names each (AG-5.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """For whom sources are found: `others` is the original consumer where it counts (step c), else empty.

    `address` is the care provider's address that was asked, empty where it was the platform's own (AG-2.6).
    """

    sender: str
    others: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One that is asked, once: its address, and the patient's identity as the index has it."""

    address: str
    resident: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A source that is not asked, and the first reason for that."""

    address: str
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Who is asked, in first-seen order, and who is not."""

    sources: tuple[Source, ...]
    dropped: tuple[Dropped, ...]

    @property
    def omitted(self) -> Mapping[str, int]:
        """How many sources were left out, by reason (section 9.3)."""
        return Counter(each.reason for each in self.dropped)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What settings say: own addresses besides the platform's, whether step c climbs the tree (AG-5.2)."""

    routing: RoutingRules = field(default_factory=RoutingRules)
    own: tuple[str, ...] = ()
    tree: bool = False

    @property
    def of_step_c(self) -> RoutingRules:
        """Exact address, then `*`; no tree unless it is wanted."""
        if self.tree:
            return self.routing
        return replace(
            self.routing, tree_routes=False, tree_routes_except=(), tree_permissions=False, tree_permissions_except=()
        )


def plan(
    engagements: tuple[Engagement, ...],
    question: Question,
    asker: Asker,
    entry: Contract,
    directory: Directory,
    rules: Rules,
    day: date,
) -> Plan:
    """Apply the filters of section 5 in their order (AG-1.1)."""
    judge = _Judge(question, asker, entry, directory, rules, day)
    target = entry.aggregation.target if entry.aggregation else "source_system"
    sources: dict[str, Source] = {}
    dropped: dict[str, Dropped] = {}
    for engagement in engagements:
        address = getattr(engagement, target)
        reason = judge.reason(engagement)
        if reason is not None:
            dropped.setdefault(address.lower(), Dropped(address=address, reason=reason))
        else:
            found = Source(address=address, resident=engagement.registered_resident_identification)
            sources.setdefault(address.lower(), found)
    left_out = tuple(each for key, each in dropped.items() if key not in sources)
    return Plan(sources=tuple(sources.values()), dropped=left_out)


def recent(engagements: tuple[Engagement, ...], age: str, now: datetime) -> tuple[Engagement, ...]:
    """Those whose content is no older than `age` (`1y`, `6m`, `30d`); rows that do not say so are left out (EI-6.2)."""
    number, unit = int(age[:-1]), age[-1]
    days = number * {"y": 365, "m": 30, "d": 1}[unit]
    first = now.replace(year=now.year - number) if unit == "y" and now.day < 29 else now - timedelta(days=days)
    limit = first.strftime("%Y%m%d%H%M%S")
    return tuple(each for each in engagements if each.most_recent_content >= limit)


class _Judge:
    """Says of an engagement why it is left out; what the directory says of an address is found once."""

    def __init__(
        self, question: Question, asker: Asker, entry: Contract, directory: Directory, rules: Rules, day: date
    ) -> None:
        self._question, self._asker = question, asker
        self._contract = entry.namespace
        self._directory, self._rules, self._day = directory, rules, day
        self._step_c = rules.of_step_c
        self._categories = {name.lower() for name in question.categories}
        self._own = {directory.platform.id.lower(), *(name.lower() for name in rules.own)}
        self._known: dict[str, Reason | None] = {}

    def reason(self, engagement: Engagement) -> Reason | None:
        """Steps a to e; None where it is kept."""
        address = engagement.logical_address
        if self._categories and engagement.categorization.lower() not in self._categories:
            return "category"
        if address.lower() in self._own:
            return "own-address"
        if address not in self._known:
            self._known[address] = self._by_directory(address)
        if self._known[address] is not None:
            return self._known[address]
        if self._question.source and address.lower() != self._question.source.lower():
            return "request-filter"
        return None if self._below(address) else "request-filter"

    def _by_directory(self, address: str) -> Reason | None:
        """Step c: a permission and a route, now."""
        askers = [name for name in (self._asker.sender, self._asker.others) if name]
        where = LogicalAddress(address)
        found = (permit(self._directory, name, where, self._contract, self._day, self._step_c) for name in askers)
        if not any(isinstance(each, Permit) for each in found):
            return "not-permitted"
        route = resolve(self._directory, address, self._contract, self._day, self._step_c, sub_call=True)
        return None if route.rows else "no-route"

    def _below(self, address: str) -> bool:
        """Step e: at or below the address asked."""
        asked = self._asker.address.lower()
        if not asked or address.lower() == asked:
            return True
        return any(each.lower() == asked for each in ancestors(self._directory, address, self._rules.routing))
