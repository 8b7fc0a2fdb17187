from hypothesis import given
from hypothesis import strategies as st
from rows import OWN, row, transactions

from vaxel.engagements.batch import Applying, Arrived, changed, letters, sought, steps
from vaxel.engagements.model import Engagement, Transaction
from vaxel.engagements.subscribers import Subscriber

NOW = "20261124120000"
RULES = Applying(own=OWN)
requests = st.lists(
    st.builds(
        Arrived,
        correlation_id=st.just("c"),
        sender=st.just("SE-S"),
        transactions=st.lists(
            transactions, min_size=1, max_size=4, unique_by=lambda each: each.engagement.identity
        ).map(tuple),
        notified=st.booleans(),
    ),
    max_size=8,
)


def one(*found: Engagement, notified: bool = False, sender: str = "SE-S", delete: bool = False) -> Arrived:
    told = tuple(Transaction(engagement=each, delete=delete) for each in found)
    return Arrived(correlation_id="c-1", sender=sender, transactions=told, notified=notified)


@given(requests)
def test_a_step_holds_an_identity_once(arrived: list[Arrived]) -> None:
    for step in steps(arrived, RULES):
        identities = [each.transaction.engagement.identity for each in step]
        assert len(identities) == len(set(identities))
        assert set(identities) <= set(sought(step, OWN))


@given(requests)
def test_nothing_is_lost_but_what_collapses(arrived: list[Arrived]) -> None:
    taken = [(id(each.cause), each.transaction) for step in steps(arrived, RULES) for each in step]
    wanted = [(id(request), each) for request in arrived for each in request.transactions]
    large = [
        (key, each)
        for request in arrived
        if request.notified or len(request.transactions) > 1
        for key, each in [(id(request), one) for one in request.transactions]
    ]
    assert [each for each in taken if each in large] == large
    assert {each.engagement.identity for _, each in taken} == {each.engagement.identity for _, each in wanted}


def test_singles_collapse_only_with_their_neighbours() -> None:
    """EI-4.10: only what is collected together."""
    gone, back = one(row(), delete=True), one(row())
    assert [each.transaction.delete for step in steps([gone, back], RULES) for each in step] == [True]
    pair = one(row(categorization="a"), row(categorization="b"))
    assert [each.transaction.delete for step in steps([gone, pair, back], RULES) for each in step] == [
        True,
        False,
        False,
        False,
    ]


def test_a_notification_takes_our_row_away() -> None:
    """EI-5.3."""
    (step,) = steps([one(row(owner="SE-X"), notified=True)], RULES)
    found = list(changed(step, {row().identity: row()}, RULES, NOW))
    assert [(each.delete, each.row.owner if each.row else "") for _, each in found] == [(True, ""), (False, "SE-X")]


def test_letters_go_to_who_wants_them_but_not_back() -> None:
    """EI-5.4, EI-8.4."""
    to = [Subscriber(address=name) for name in ("SE-A", "SE-X", "SE-S")]
    (step,) = steps([one(row(owner="SE-X"), notified=True)], RULES)
    told = list(letters(changed(step, {}, RULES, NOW), to))
    assert [(each.subscriber, each.correlation_id) for each in told] == [("SE-A", "c-1")]
    (step,) = steps([one(row())], RULES)
    assert len(list(letters(changed(step, {}, RULES, NOW), to))) == 3


def test_unchanged_notifications_are_passed_on_unless_told() -> None:
    (step,) = steps([one(row(owner="SE-X"), notified=True)], RULES)
    held = {row(owner="SE-X").identity: row(owner="SE-X")}
    quiet = Applying(own=OWN, forward_unchanged=False)
    to = [Subscriber(address="SE-A")]
    assert len(list(letters(changed(step, held, RULES, NOW), to))) == 1
    assert len(list(letters(changed(step, held, quiet, NOW), to))) == 0
