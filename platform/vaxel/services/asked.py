"""One aggregation under way: what it was told, what it asks, and how it has gone so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from vaxel.aggregation import merge, plan
from vaxel.aggregation.merge import Duplicates, Merge, Shelf, Taken
from vaxel.aggregation.plan import Plan
from vaxel.aggregation.question import Question
from vaxel.aggregation.status import Wording
from vaxel.call import Call
from vaxel.contracts.entry import Contract
from vaxel.services.sources import Outcome, Until


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregating:
    """How it is done, by settings (section 14): seconds, bytes, switches."""

    rules: plan.Rules = field(default_factory=plan.Rules)
    timeout_s: float = 28
    margin_s: float = 0.25
    parallel: int = 200
    filtered: Literal["summary", "records", "off"] = "summary"
    wording: Wording = field(default_factory=Wording)
    order: Literal["arrival", "source"] = "arrival"
    duplicates: Duplicates = "identical"
    error_fails: bool = True
    spool_bytes: int = 8_388_608
    max_bytes: int = 104_857_600


@dataclass(slots=True, kw_only=True)
class Tally:
    """What is told of an aggregation when it is over: times in monotonic seconds, how it went with each source."""

    plan: Plan
    asked_s: float
    outcomes: list[Outcome] = field(default_factory=list)
    taken: dict[str, Taken] = field(default_factory=dict)
    replaced: int = 0
    size_bytes: int = 0

    @property
    def omitted(self) -> Mapping[str, int]:
        """What was left out, by reason (section 9.3)."""
        duplicates = sum(each.duplicates for each in self.taken.values()) + self.replaced
        return merge.counted(self.plan.omitted, {"duplicate-record": duplicates})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One aggregation under way: the call, what it asks, who is asked, and until when."""

    call: Call
    content: bytes
    entry: Contract
    question: Question
    until: Until
    streamed: bool
    duplicates: Duplicates
    tally: Tally

    def merge(self, shelf: Shelf, *, resend: bool = True) -> Merge:
        """A merge of its answers."""
        return Merge(self.entry, self.question.resident, shelf, self.duplicates, resend=resend)
