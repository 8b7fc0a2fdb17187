"""Delivers notifications, each subscriber's queue by itself (EI-8.3 to EI-8.10)."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from vaxel.adapters.index_telemetry import IndexEvents
from vaxel.engagements import write
from vaxel.engagements.fields import NOTIFY
from vaxel.engagements.model import Identity, Transaction
from vaxel.engagements.retrying import Outcome, Policy, Queue, advance
from vaxel.errors import IndexTechnical, MessageMalformed, Refusal
from vaxel.services.inner_calls import Switch, inner_call
from vaxel.soap import scan, tree
from vaxel.store import asking, outbox
from vaxel.store.outbox import Held, Stand, Waiting
from vaxel.store.store import Store

LOOK_S = 2.0
"""How often queues are looked at without being told: other nodes and commands fill them too."""
HOLD_AGAIN_S = 20.0
ACTION = f"{NOTIFY}:ProcessNotification"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What became of an attempt, with the subscriber's comment or our reason."""

    outcome: Outcome
    comment: str = ""


Send = Callable[[str, str, Sequence[Transaction]], Awaitable[Attempt]]
"""Subscriber, correlation id and transactions → what became of it."""


def through(switch: Switch, own: Callable[[], str]) -> Send:
    """Sending through the platform's own switch as its own id (EI-8.4)."""

    async def send(subscriber: str, correlation_id: str, told: Sequence[Transaction]) -> Attempt:
        content = write.notification(subscriber, told)
        call = inner_call(content, sender=own(), correlation_id=correlation_id, soap_action=ACTION)
        try:
            status, answer = await switch.ask(call)
        except Refusal as refusal:
            answered = refusal.cause == "producer.http-status"
            outcome = Outcome.REFUSED if answered else Outcome.UNREACHABLE
            return Attempt(outcome=outcome, comment=f"{refusal.code} {refusal.cause}")
        return judged(status, answer)

    return send


def judged(status: int, answer: bytes) -> Attempt:
    """A subscriber's answer: OK and INFO are successes, ERROR and a fault are not (EI-8.10)."""
    if status >= 400:
        return Attempt(outcome=Outcome.REFUSED, comment=" ".join(scan.fault_code(answer)).strip())
    try:
        payload = tree.parse(answer).payload
    except MessageMalformed:
        return Attempt(outcome=Outcome.REFUSED, comment="the answer is not a SOAP message")
    said = {tree.split(each.tag)[1]: (each.text or "").strip() for each in payload.iterchildren("{*}*")}
    taken = said.get("ResultCode") in {"OK", "INFO"}
    return Attempt(outcome=Outcome.DELIVERED if taken else Outcome.REFUSED, comment=said.get("comment", ""))


def alike(waiting: Sequence[Waiting]) -> tuple[Waiting, ...]:
    """The beginning of a queue in which no identity comes twice: what one message may hold (EI-4.3)."""
    seen: set[Identity] = set()
    for number, each in enumerate(waiting):
        identity = each.told.engagement.identity
        if identity in seen:
            return tuple(waiting[:number])
        seen.add(identity)
    return tuple(waiting)


class Notifier:
    """Keeps one task for each subscriber for whom something waits."""

    def __init__(self, store: Store, send: Send, policy: Policy, node: str, events: IndexEvents) -> None:
        self._store = store
        self._send = send
        self._policy = policy
        self._node = node
        self._events = events
        self._queues: dict[str, Queue] = {}
        self._busy: set[str] = set()
        self._told = asyncio.Event()

    def tell(self) -> None:
        """Something was put into a queue."""
        self._told.set()

    async def run(self) -> None:
        """Deliver until cancelled; one subscriber's trouble is nobody else's (EI-8.7)."""
        async with asyncio.TaskGroup() as group:
            while True:
                for subscriber in await self._waiting():
                    if subscriber not in self._busy:
                        self._busy.add(subscriber)
                        group.create_task(self._deliver(subscriber), name=f"EI.NOTIFICATION.{subscriber}")
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await self._told.wait()
                self._told.clear()

    async def _waiting(self) -> tuple[str, ...]:
        try:
            return await asking.queued(await self._store.reader())
        except IndexTechnical as error:
            self._events.trouble("notifying", error)
            return ()

    async def _deliver(self, subscriber: str) -> None:
        """One queue until it is empty, another node's, or the store is gone."""
        held = Held(subscriber=subscriber, node=self._node)
        holding_until = 0.0
        try:
            while True:
                if time.monotonic() >= holding_until:
                    if subscriber not in await self._store.write(outbox.hold, held):
                        return
                    holding_until = time.monotonic() + HOLD_AGAIN_S
                queue = self._queues.get(subscriber, Queue(size=self._policy.largest))
                sent = alike(await asking.head(await self._store.reader(), subscriber, queue.size))
                if not sent:
                    return
                await asyncio.sleep(await self._attempt(held, queue, sent))
        except Exception as error:  # noqa: BLE001 - the queue stays as it is, and is looked at again
            self._events.trouble("notifying", error)
        finally:
            self._busy.discard(subscriber)

    async def _attempt(self, held: Held, queue: Queue, sent: tuple[Waiting, ...]) -> float:
        """Try once, note what became of it; the seconds to wait before the next attempt."""
        told = [each.told for each in sent]
        attempt = await self._send(held.subscriber, sent[0].correlation_id, told)
        step = advance(queue, attempt.outcome, len(sent), self._policy)
        causes = list(dict.fromkeys(each.correlation_id for each in sent))
        self._events.notified(held.subscriber, attempt.outcome, len(sent), attempt.comment, causes)
        delivered = attempt.outcome is Outcome.DELIVERED
        stand = Stand(
            held=held,
            sent=sent,
            dead=step.dead,
            delivered=delivered,
            paused=step.queue.paused,
            attempts=step.queue.attempts,
            error="" if delivered else attempt.comment or attempt.outcome,
        )
        await self._store.write(outbox.stand, stand)
        self._queues[held.subscriber] = step.queue
        if step.dead:
            self._events.died(held.subscriber, len(sent))
        return step.wait_s
