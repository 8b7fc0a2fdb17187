from hypothesis import given
from hypothesis import strategies as st

from vaxel.engagements.retrying import Outcome, Policy, Queue, Step, advance

POLICY = Policy()
GROWING = Policy(factor=3)


def tried(outcome: Outcome, times: int, sent: int = 1, policy: Policy = POLICY) -> list[Step]:
    queue, steps = Queue(size=1000), []
    for _ in range(times):
        steps.append(advance(queue, outcome, sent, policy))
        queue = steps[-1].queue
    return steps


def test_five_attempts_a_second_apart() -> None:
    """EI-8.5."""
    steps = tried(Outcome.UNREACHABLE, 5)
    assert [step.wait_s for step in steps[:4]] == [1, 1, 1, 1]
    assert [step.dead for step in steps] == [False] * 4 + [True]
    assert [step.wait_s for step in tried(Outcome.UNREACHABLE, 4, policy=GROWING)] == [1, 3, 9, 27]
    slow = Policy(factor=3, attempts=50)
    assert max(step.wait_s for step in tried(Outcome.UNREACHABLE, 40, policy=slow)) == 600


def test_a_queue_that_cannot_be_delivered_pauses_and_resumes() -> None:
    """EI-8.7: one message is lost to the dead letters, the rest waits."""
    steps = tried(Outcome.UNREACHABLE, 40)
    assert [step.dead for step in steps].count(True) == 1
    assert all(step.queue.paused for step in steps[4:])
    assert max(step.wait_s for step in steps[5:]) == 60
    assert advance(steps[-1].queue, Outcome.DELIVERED, 1, POLICY).queue == Queue(size=2)


def test_a_refused_batch_is_split() -> None:
    """EI-8.8."""
    queue, sizes = Queue(size=1000), [1000]
    while sizes[-1] > 1:
        step = advance(queue, Outcome.REFUSED, sizes[-1], POLICY)
        assert (step.dead, step.done, step.wait_s) == (False, False, 0)
        queue = step.queue
        sizes.append(queue.size)
    assert sizes == [1000, 500, 250, 125, 62, 31, 15, 7, 3, 1]


def test_a_refused_transaction_does_not_pause_the_queue() -> None:
    steps = tried(Outcome.REFUSED, 5)
    assert steps[-1].dead
    assert not steps[-1].queue.paused


@given(st.lists(st.tuples(st.sampled_from(list(Outcome)), st.integers(1, 1000)), max_size=60))
def test_a_queue_always_goes_on(attempts: list[tuple[Outcome, int]]) -> None:
    queue = Queue(size=1000)
    for outcome, most in attempts:
        step = advance(queue, outcome, min(most, queue.size), POLICY)
        queue = step.queue
        assert 1 <= queue.size <= POLICY.largest
        assert 0 <= step.wait_s <= POLICY.longest_s
        assert not (step.done and step.dead)
        assert step.done == (outcome is Outcome.DELIVERED)
