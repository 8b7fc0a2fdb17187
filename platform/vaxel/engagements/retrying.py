"""How a subscriber's queue goes on after each attempt (EI-8.5, EI-8.7, EI-8.8): outcomes in, decisions out. Pure."""

from dataclasses import dataclass, replace
from enum import StrEnum

PROBE_S = 60.0
"""Longest pause between probes of a subscriber that cannot be reached, in seconds."""


class Outcome(StrEnum):
    """What became of an attempt."""

    DELIVERED = "delivered"
    REFUSED = "refused"  # the subscriber answered, and does not take the message
    UNREACHABLE = "unreachable"  # nobody can say whether it would


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How often and how far apart (seconds) one message is tried, and how many transactions it may hold."""

    attempts: int = 5
    wait_s: float = 1
    factor: float = 1
    longest_s: float = 600
    largest: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Where a queue stands: failed attempts for the message at its head, how many transactions to send at once."""

    size: int
    attempts: int = 0
    paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What to do: `done` takes the sent transactions off the queue, `dead` makes dead letters of them."""

    queue: Queue
    wait_s: float = 0
    done: bool = False
    dead: bool = False


def advance(queue: Queue, outcome: Outcome, sent: int, policy: Policy) -> Step:
    """The next step after an attempt with `sent` transactions.

    A refused message is split until the refused transaction is alone. A subscriber that cannot be reached loses the
    message at hand to the dead letters after the last attempt; the rest of its queue pauses, probes and resumes.
    """
    if outcome is Outcome.DELIVERED:
        return Step(queue=Queue(size=min(policy.largest, max(sent, queue.size) * 2)), done=True)
    if outcome is Outcome.REFUSED and sent > 1:
        return Step(queue=Queue(size=sent // 2))
    attempts = queue.attempts + 1
    if queue.paused and outcome is Outcome.UNREACHABLE:
        wait_s = min(PROBE_S, policy.longest_s, policy.wait_s * 2 ** min(attempts, 16))
        return Step(queue=replace(queue, attempts=attempts, size=1), wait_s=wait_s)
    if attempts < policy.attempts:
        return Step(queue=replace(queue, attempts=attempts, paused=False), wait_s=_wait(attempts, policy))
    paused = outcome is Outcome.UNREACHABLE
    return Step(queue=Queue(size=1, paused=paused), wait_s=policy.wait_s if paused else 0, dead=True)


def _wait(attempts: int, policy: Policy) -> float:
    return min(policy.longest_s, policy.wait_s * policy.factor ** (attempts - 1))
