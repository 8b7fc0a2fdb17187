from datetime import date

from rows import DOMAIN, OWN, row

from vaxel.directory.model import ALWAYS, Address, IndexFilter, Permission, Route, Valid, assemble
from vaxel.engagements.fields import NOTIFY
from vaxel.engagements.subscribers import Subscriber, passes, subscribers

DAY = date(2026, 11, 24)
DIA = IndexFilter(service_domain=DOMAIN.upper(), categorizations=("DIA",))
ALL = IndexFilter(service_domain=DOMAIN)


def permission(
    *to: str, filters: tuple[IndexFilter, ...] = (), consumer: str = OWN, valid: Valid = ALWAYS
) -> Permission:
    return Permission(consumer=(consumer,), to=to, contract=(NOTIFY,), valid=valid, index_filters=filters)


def found(*permissions: Permission, routes: tuple[Route, ...] = ()) -> tuple[Subscriber, ...]:
    directory = assemble((Address(id=OWN, name="x", kind="platform"),), (), routes, permissions)
    return subscribers(directory, OWN.lower(), DAY, frozenset({OWN.lower()}))


def test_subscribers_are_where_the_index_may_call() -> None:
    """EI-8.1."""
    past = Valid(first=date(2020, 1, 1), last=date(2020, 12, 31))
    rows = (permission("SE-A"), permission("SE-B", consumer="SE-X"), permission("SE-C", valid=past), permission(OWN))
    assert [each.address for each in found(*rows)] == ["SE-A"]


def test_rows_of_one_address_are_joined() -> None:
    """EI-8.2: a row without filters wants everything."""
    assert found(permission("SE-A", filters=(DIA,)), permission("se-a", filters=(ALL,))) == (
        Subscriber(address="SE-A", filters=(DIA, ALL)),
    )
    assert found(permission("SE-A", filters=(DIA,)), permission("SE-A")) == (Subscriber(address="SE-A"),)


def test_any_address_means_those_with_a_route() -> None:
    route = Route(
        to=("SE-R", "*"), contract=(NOTIFY,), producer="SE-P", url="http://x", profile="rivtabp21", valid=ALWAYS
    )
    assert [each.address for each in found(permission("*"), routes=(route,))] == ["SE-R"]


def test_filters_are_compared_without_case() -> None:
    """EI-8.2."""
    assert Subscriber(address="SE-A", filters=(DIA,)).wants(row(categorization="Dia"))
    assert not Subscriber(address="SE-A", filters=(DIA,)).wants(row(categorization="voo"))
    assert Subscriber(address="SE-A", filters=(ALL,)).wants(row(categorization="voo"))
    assert not Subscriber(address="SE-A", filters=(ALL,)).wants(row(service_domain="riv:x"))
    assert Subscriber(address="SE-A").wants(row(service_domain="riv:x"))


def test_nothing_goes_round() -> None:
    """EI-5.4: neither to the owner nor to who told us."""
    subscriber = Subscriber(address="SE-A")
    assert passes(subscriber, row(), sender="SE-B")
    assert not passes(subscriber, row(owner="se-a"), sender="SE-B")
    assert not passes(subscriber, row(), sender="se-A")
    assert not passes(Subscriber(address="SE-A", filters=(DIA,)), row(categorization="voo"), sender="")
