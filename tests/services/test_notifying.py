"""Delivering, with subscribers that are told what to answer."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any

from prometheus_client import CollectorRegistry
from rows import row
from stored import apply, arrived, queue

from vaxel.adapters.index_telemetry import IndexEvents
from vaxel.adapters.telemetry import Log
from vaxel.contracts.sample import envelope
from vaxel.engagements.fields import NOTIFY
from vaxel.engagements.model import Transaction
from vaxel.engagements.retrying import Outcome, Policy
from vaxel.services.notifying import Attempt, Notifier, alike, judged
from vaxel.store import asking
from vaxel.store.outbox import Waiting
from vaxel.store.store import Store

POLICY = Policy(attempts=2, wait_s=0.01, largest=4)


class Subscribers:
    """Answers by the name of the subscriber: a list of outcomes, then delivered for ever."""

    def __init__(self, outcomes: dict[str, list[Outcome]]) -> None:
        self.outcomes = outcomes
        self.seen: list[tuple[str, Outcome, list[str]]] = []

    async def __call__(self, subscriber: str, correlation_id: str, told: Sequence[Transaction]) -> Attempt:
        planned = self.outcomes.get(subscriber, [])
        outcome = planned.pop(0) if planned else Outcome.DELIVERED
        self.seen.append((subscriber, outcome, [each.engagement.categorization for each in told]))
        return Attempt(outcome=outcome, comment="as planned")

    def of(self, subscriber: str) -> list[tuple[Outcome, list[str]]]:
        return [(outcome, told) for name, outcome, told in self.seen if name == subscriber]


@asynccontextmanager
async def notifying(store: Store, send: Any) -> AsyncIterator[Notifier]:
    notifier = Notifier(store, send, POLICY, "n1", IndexEvents(Log(BytesIO()), CollectorRegistry()))
    running = asyncio.create_task(notifier.run())
    try:
        yield notifier
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def empty(store: Store, *names: str) -> None:
    for _ in range(500):
        if not [each for name in names for each in await queue(store, name)]:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the queues are not empty")


async def test_batches_in_order(store: Store) -> None:
    """EI-8.4, EI-8.6: at most as many as one message holds, each identity once."""
    await apply(store, arrived(*(row(categorization=f"c{number}") for number in range(6))))
    await apply(store, arrived(row(categorization="c5"), row(categorization="c6"), delete=True))
    send = Subscribers({})
    async with notifying(store, send):
        await empty(store, "SE-ALL")
    assert [told for _, told in send.of("SE-ALL")] == [["c0", "c1", "c2", "c3"], ["c4", "c5"], ["c5"]]


async def test_one_that_is_down_delays_nobody(store: Store) -> None:
    """EI-8.7: the message at hand dies, the rest waits and goes when it is back."""
    await apply(store, arrived(*(row(categorization=f"c{number}") for number in range(5)), row()))
    send = Subscribers({"SE-ALL": [Outcome.UNREACHABLE] * 4})
    async with notifying(store, send):
        await empty(store, "SE-ALL", "SE-DIA")
    assert send.of("SE-DIA") == [(Outcome.DELIVERED, ["dia"])]
    assert [len(told) for _, told in send.of("SE-ALL")] == [4, 4, 1, 1, 1, 1]
    dead = await asking.dead_letters(await store.reader(), "SE-ALL")
    assert (len(dead), {each.reason for each in dead}) == (4, {"as planned"})


async def test_a_refused_transaction_is_found(store: Store) -> None:
    """EI-8.8."""
    await apply(store, arrived(*(row(categorization=f"c{number}") for number in range(4))))
    send = Subscribers({"SE-ALL": [Outcome.REFUSED] * 4})
    async with notifying(store, send):
        await empty(store, "SE-ALL")
    assert [told for _, told in send.of("SE-ALL")] == [
        ["c0", "c1", "c2", "c3"],
        ["c0", "c1"],
        ["c0"],
        ["c0"],
        ["c1"],
        ["c2", "c3"],
    ]
    (letter,) = await asking.dead_letters(await store.reader(), "SE-ALL")
    assert "c0" in letter.content


def test_answers() -> None:
    """EI-8.10: ERROR is a failure, INFO a success."""

    def answer(code: str) -> bytes:
        inner = f"<ResultCode>{code}</ResultCode><comment>so</comment>"
        return envelope(f'<ProcessNotificationResponse xmlns="{NOTIFY}">{inner}</ProcessNotificationResponse>')

    for code, outcome in (
        ("OK", Outcome.DELIVERED),
        ("INFO", Outcome.DELIVERED),
        ("ERROR", Outcome.REFUSED),
        ("", Outcome.REFUSED),
    ):
        assert judged(200, answer(code)) == Attempt(outcome=outcome, comment="so")
    assert judged(500, b"<faultcode>s:Server</faultcode>").outcome is Outcome.REFUSED
    assert judged(200, b"<html>").outcome is Outcome.REFUSED


def test_alike() -> None:
    def waiting(number: int, name: str) -> Waiting:
        return Waiting(seq=number, correlation_id="", told=Transaction(engagement=row(categorization=name)))

    several = [waiting(1, "a"), waiting(2, "b"), waiting(3, "a"), waiting(4, "c")]
    assert [each.seq for each in alike(several)] == [1, 2]
