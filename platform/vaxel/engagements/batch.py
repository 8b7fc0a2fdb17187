"""What waits to be applied: in which steps, what each changes, and who hears of it (EI-4.9, EI-4.10). Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from vaxel.engagements.change import Change, change
from vaxel.engagements.collapse import collapse
from vaxel.engagements.model import Engagement, Identity, Transaction
from vaxel.engagements.subscribers import Subscriber, passes


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A request that was answered and is not applied yet; `notified` where it is a ProcessNotification."""

    correlation_id: str
    sender: str
    transactions: tuple[Transaction, ...]
    notified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """One transaction and where it came from."""

    transaction: Transaction
    cause: Arrived


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What one subscriber is to hear."""

    subscriber: str
    correlation_id: str
    told: Transaction


Step = tuple[Pending, ...]
"""Transactions of different identities, which are applied at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applying:
    """How transactions are applied: `own` is this index, `collect` the largest request that is collected (EI-4.9)."""

    own: str
    collect: int = 1
    forward_unchanged: bool = True


def steps(arrived: Sequence[Arrived], rules: Applying) -> Iterator[Step]:
    """Everything in the order it came, collected requests collapsed; as few steps as the identities allow."""
    step: list[Pending] = []
    taken: set[Identity] = set()
    for each in _collapsed(arrived, rules):
        identities = _touched(each, rules.own)
        if not taken.isdisjoint(identities):
            yield tuple(step)
            step, taken = [], set()
        step.append(each)
        taken.update(identities)
    if step:
        yield tuple(step)


def sought(step: Step, own: str) -> list[Identity]:
    """The identities whose rows a step needs."""
    return [identity for each in step for identity in _touched(each, own)]


def changed(
    step: Step, former: Mapping[Identity, Engagement], rules: Applying, now: str
) -> Iterator[tuple[Pending, Change]]:
    """Each change of a step; a notification also removes the row that this index owned (EI-5.3)."""
    for each in step:
        engagement = each.transaction.engagement
        forward = each.cause.notified and rules.forward_unchanged
        if each.cause.notified:
            mine = former.get(replace(engagement, owner=rules.own).identity)
            if mine is not None:
                yield each, Change(row=None, delete=True, told=Transaction(engagement=mine, delete=True))
        yield each, change(former.get(engagement.identity), each.transaction, now, forward=forward)


def letters(changes: Iterable[tuple[Pending, Change]], to: Sequence[Subscriber]) -> Iterator[Letter]:
    """What subscribers hear of the changes, in order."""
    for pending, each in changes:
        if each.told is None:
            continue
        sender = pending.cause.sender if pending.cause.notified else ""
        for subscriber in to:
            if passes(subscriber, each.told.engagement, sender):
                yield Letter(subscriber=subscriber.address, correlation_id=pending.cause.correlation_id, told=each.told)


def _collapsed(arrived: Sequence[Arrived], rules: Applying) -> Iterator[Pending]:
    def collected(each: Arrived) -> bool:
        return not each.notified and len(each.transactions) <= rules.collect

    for together, group in groupby(arrived, key=collected):
        pending = [Pending(transaction=one, cause=each) for each in group for one in each.transactions]
        yield from collapse(pending, lambda each: each.transaction) if together else pending


def _touched(each: Pending, own: str) -> tuple[Identity, ...]:
    engagement = each.transaction.engagement
    if each.cause.notified:
        return engagement.identity, replace(engagement, owner=own).identity
    return (engagement.identity,)
