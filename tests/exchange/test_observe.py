"""Checks beside calls: budget, bounds, and that nobody waits for them."""

import asyncio
import threading
from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from vaxel.call import Body, Call, Caller, ContractId, Envelope, HsaId, RivtaProfile, Target
from vaxel.contracts.catalogue import Catalogue
from vaxel.contracts.entry import Contract
from vaxel.contracts.quality import Subject
from vaxel.contracts.validate import Violation
from vaxel.exchange.bounds import Bounds
from vaxel.exchange.observe import MAX_WAITING, SAVED_S, Budget, Observer, Told, subject_of

NAMESPACE = "urn:riv:demo:GetResponder:1"
CONTRACT = Contract(
    name="Get", version="1.0", package="1.0", namespace=NAMESPACE, wsdl="w", request="Get", response="GetResponse"
)
CALL: Any = Call(
    id="1", reference="1", correlation_id="1", encoding="utf-8", received_at=None, started=0, deadline=0,  # type: ignore[arg-type]
    caller=Caller(sender=HsaId("C1"), call_class="internal", listener="http", peer="", address=""),
    envelope=Envelope(receiver="", profile=RivtaProfile.BP21, contract=ContractId(NAMESPACE), operation="Get"),
    body=Body.whole(b""), headers=(), url="", original_consumer="", original_consumer_in="", routing_history="",
    target=Target(url="", profile="", producer=HsaId("P1")),
)  # fmt: skip


class Blocking(Catalogue):
    """A catalogue that holds up whoever asks for a schema until it is let go."""

    def __init__(self) -> None:
        super().__init__([("demo", CONTRACT)])
        self.go = threading.Event()

    def schema(self, contract: Contract) -> None:
        self.go.wait(30)


class Ears:
    """What an observer told."""

    def __init__(self) -> None:
        self.seen: list[Subject] = []
        self.skipped: Counter[str] = Counter()
        self.judged: list[tuple[Violation, ...]] = []
        self.told = Told(
            seen=self.seen.append,
            skipped=lambda _, cause: self.skipped.update([cause]),
            judged=lambda _, violations, __: self.judged.append(violations),
        )

    async def all(self) -> None:
        """Until everything seen was judged or skipped."""
        while len(self.seen) > len(self.judged) + self.skipped.total():  # noqa: ASYNC110 - what is told is counted
            await asyncio.sleep(0.005)


def bounds(buffered_bytes: int = 1_000_000) -> Bounds:
    return Bounds(calls=10, calls_per_consumer=10, buffered_bytes=buffered_bytes)


async def test_nobody_waits_and_the_queue_is_bounded() -> None:
    """Offers return while the thread is held up; what is beyond the queue is skipped; bytes are given back."""
    ears, catalogue, held = Ears(), Blocking(), bounds()
    observer = Observer(held, 1, ears.told)
    observer.start()
    for _ in range(MAX_WAITING + 3):
        observer.offer(catalogue, CALL, CONTRACT, "response", Body.whole(b"no XML"))
    assert (ears.judged, ears.skipped) == ([], {"queue": 3})
    assert held.buffered_bytes == MAX_WAITING * len(b"no XML")
    catalogue.go.set()
    await ears.all()
    assert [violations[0].rule for violations in ears.judged] == ["soap"] * MAX_WAITING
    assert held.buffered_bytes == 0
    await observer.stop()


async def test_a_stop_skips_what_waits() -> None:
    ears, catalogue, held = Ears(), Blocking(), bounds()
    observer = Observer(held, 1, ears.told)
    observer.start()
    for _ in range(5):
        observer.offer(catalogue, CALL, CONTRACT, "request", Body.whole(b"x"))
    stopping = asyncio.create_task(observer.stop())
    await asyncio.sleep(0)
    catalogue.go.set()
    await stopping
    assert len(ears.judged) + ears.skipped["failed"] == 5
    assert len(ears.judged) <= 1
    assert held.buffered_bytes == 0
    observer.offer(catalogue, CALL, CONTRACT, "request", Body.whole(b"x"))
    assert ears.skipped["queue"] == 1


async def test_what_is_not_at_hand_or_has_no_room_is_skipped() -> None:
    ears, catalogue = Ears(), Catalogue([("demo", CONTRACT)])
    held = bounds(buffered_bytes=100)
    observer = Observer(held, 1, ears.told)
    observer.start()

    async def rest() -> Any:
        yield b"more"

    observer.offer(catalogue, CALL, CONTRACT, "response", Body(start=b"x", rest=rest()))
    observer.offer(catalogue, CALL, CONTRACT, "response", Body.whole(b"x" * 51))
    assert (ears.skipped, held.buffered_bytes) == ({"streamed": 1, "memory": 1}, 0)
    await observer.stop()


async def test_without_a_budget_nothing_is_judged() -> None:
    ears = Ears()
    observer = Observer(bounds(), 0, ears.told)
    observer.start()
    observer.offer(Catalogue(), CALL, CONTRACT, "response", Body.whole(b"x"))
    assert ears.skipped == {"budget": 1}
    await observer.stop()


async def test_a_message_that_breaks_the_judge_ends_nothing() -> None:
    class Broken(Catalogue):
        def schema(self, contract: Contract) -> None:
            if threading.current_thread().name == "observe":
                raise RuntimeError

    ears = Ears()
    observer = Observer(bounds(), 1, ears.told)
    observer.start()
    observer.offer(Broken(), CALL, CONTRACT, "response", Body.whole(b"x"))
    observer.offer(Catalogue(), CALL, CONTRACT, "response", Body.whole(b"x"))
    await ears.all()
    assert (ears.skipped["failed"], len(ears.judged)) == (1, 1)
    await observer.stop()


@given(st.floats(0.01, 1), st.lists(st.tuples(st.floats(0, 3), st.floats(0, 0.5)), max_size=50))
def test_the_budget_is_held_in_the_long_run(share: float, messages: list[tuple[float, float]]) -> None:
    """Spent is never more than saved and earned, but for the one message that made the debt."""
    budget, now, spent, largest = Budget(share, 0), 0.0, 0.0, 0.0
    for pause_s, cost_s in messages:
        now += pause_s
        if budget.allows(now):
            budget.spend(cost_s)
            spent, largest = spent + cost_s, max(largest, cost_s)
    assert spent <= share * (SAVED_S + now) + largest + 1e-6


def test_an_idle_platform_saves_for_a_while_only() -> None:
    budget = Budget(0.1, 0)
    assert budget.allows(3600)
    budget.spend(0.1 * SAVED_S + 0.001)
    assert not budget.allows(3600)
    assert budget.allows(3601)


def test_a_request_is_the_consumers_and_an_answer_the_producers() -> None:
    assert subject_of(CALL, CONTRACT, "request").party == "C1"
    answer = subject_of(replace(CALL, target=replace(CALL.target, producer=HsaId("P2"))), CONTRACT, "response")
    assert (answer.party, answer.contract) == ("P2", NAMESPACE)
