"""Messages judged beside their calls (CO-7, level `observe`): no reply waits for it, none fails by it.

One thread judges what the budget lets through; everything else is skipped and counted. The event loop owns all
state but the queue, so nothing here is locked.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue

from vaxel.call import Body, Call
from vaxel.contracts.catalogue import Catalogue
from vaxel.contracts.entry import Contract
from vaxel.contracts.quality import Message, Subject
from vaxel.contracts.validate import Violation, judge
from vaxel.exchange.bounds import Bounds

MAX_WAITING = 64
SAVED_S = 2
"""Seconds of unused budget that may be saved up."""
HANDING_S = 30e-6
"""CPU seconds that handing a message to the thread and back costs the event loop, about."""


def subject_of(call: Call, contract: Contract, message: Message) -> Subject:
    """Whose message it is: the consumer's request, or the producer's answer (CO-7.9)."""
    party = call.sender if message == "request" else call.target.producer
    return Subject(contract=contract.namespace, message=message, party=party)


class Budget:
    """A share of one core, saved up for a while; spending more than there is leaves a debt. Times in seconds."""

    def __init__(self, share: float, now: float) -> None:
        self._share = share
        self._left = share * SAVED_S
        self._at = now

    def allows(self, now: float) -> bool:
        """Whether anything is left at this monotonic time."""
        self._left = min(self._left + (now - self._at) * self._share, self._share * SAVED_S)
        self._at = now
        return self._left > 0

    def spend(self, cpu_s: float) -> None:
        """Take what was used."""
        self._left -= cpu_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Who is told: a message passes, it was skipped (with the cause), it was judged (with the CPU seconds taken)."""

    seen: Callable[[Subject], None]
    skipped: Callable[[Subject, str], None]
    judged: Callable[[Subject, tuple[Violation, ...], float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    reference: str
    subject: Subject
    catalogue: Catalogue
    contract: Contract
    content: bytes


class Observer:
    """Takes messages with `offer`, judges some of them in a thread, and tells what it found in the event loop."""

    def __init__(self, bounds: Bounds, share: float, told: Told) -> None:
        self._bounds = bounds
        self._told = told
        self._budget = Budget(share, time.monotonic())
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._waiting = 0
        self._thread: threading.Thread | None = None
        self._stopping = False

    def start(self) -> None:
        """Begin to judge; messages offered before are skipped."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._work, name="observe", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Finish the message that is being judged, and skip the rest."""
        if self._thread is None or self._stopping:
            return
        self._stopping = True
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        await asyncio.sleep(0)  # what the thread left for the loop comes first
        while not self._jobs.empty():
            job = self._jobs.get()
            if job is not None:
                self._finish(job, None, 0)

    def offer(self, catalogue: Catalogue, call: Call, contract: Contract, message: Message, body: Body) -> None:
        """Judge a message if there is room and budget; returns at once and never raises."""
        subject = subject_of(call, contract, message)
        self._told.seen(subject)
        reference = f"{call.reference} {message}"  # of its own: it may be held longer than the call's
        cause = self._obstacle(reference, body)
        if cause:
            self._told.skipped(subject, cause)
            return
        self._waiting += 1
        self._jobs.put(
            _Job(reference=reference, subject=subject, catalogue=catalogue, contract=contract, content=body.start)
        )

    def _obstacle(self, reference: str, body: Body) -> str:
        """Why the message cannot be judged; empty where it can, and its bytes are counted then."""
        if body.rest is not None:
            return "streamed"
        if self._thread is None or self._stopping or self._waiting >= MAX_WAITING:
            return "queue"
        if not self._budget.allows(time.monotonic()):
            return "budget"
        return "" if self._bounds.hold_spare(reference, len(body.start)) else "memory"

    def _work(self) -> None:
        """The thread: judge until there is nothing more to come."""
        while not self._stopping and (job := self._jobs.get()) is not None:
            self._loop.call_soon_threadsafe(self._finish, job, *_judged(job))

    def _finish(self, job: _Job, violations: tuple[Violation, ...] | None, cpu_s: float) -> None:
        """In the loop again: give the bytes back and tell."""
        self._waiting -= 1
        self._bounds.release(job.reference)
        self._budget.spend(cpu_s)
        if violations is None:
            self._told.skipped(job.subject, "failed")
        else:
            self._told.judged(job.subject, violations, cpu_s)


def _judged(job: _Job) -> tuple[tuple[Violation, ...] | None, float]:
    """What was found, None where the judge itself failed; and the CPU seconds that it took."""
    began = time.thread_time()
    try:
        schema = job.catalogue.schema(job.contract)
        if schema is not None and schema.compiled() is not None:
            began = time.thread_time()  # compiling comes once for a schema, and is not what a message costs
        violations = judge(job.catalogue, job.contract, job.content, response=job.subject.message == "response")
    except Exception:  # noqa: BLE001 - a message that breaks the judge must not end the watching of all others
        return None, time.thread_time() - began + HANDING_S
    return violations, time.thread_time() - began + HANDING_S
