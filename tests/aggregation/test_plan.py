"""Who is asked: filters in their order, pure and repeatable (aggregation.md section 5)."""

from dataclasses import replace
from datetime import datetime
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest
from build import COMPONENTS_ROWS, CONTRACT, DAY, load, permission, route
from hypothesis import given
from hypothesis import strategies as st

from vaxel.aggregation.plan import Asker, Plan, Rules, plan, recent
from vaxel.aggregation.question import Question
from vaxel.contracts.entry import Contract
from vaxel.directory.model import Directory, assemble
from vaxel.engagements.model import Engagement

TREE = "  - {id: A, name: a, parent: G}\n  - {id: B, name: b, parent: G}\n  - {id: G, name: g}\n  - {id: N, name: n}\n"
ASKER = Asker(sender="C")
RULES = Rules()
PERSON = "191212121212"


def entry(**aggregation: object) -> Contract:
    stated = {"service_domain": "riv:a:b", "categorizations": ["x"], **aggregation}
    return Contract.model_validate(
        {
            "name": "GetX", "version": "1.0", "package": "1.0", "namespace": CONTRACT, "wsdl": "w", "request": "GetX",
            "response": "GetXResponse", "records": {"list": "x", "header": "psh"}, "aggregation": stated,
        }
    )  # fmt: skip


def engagement(
    address: str, *, source: str = "", categorization: str = "x", resident: str = PERSON, recent: str = ""
) -> Engagement:
    return Engagement(
        registered_resident_identification=resident, service_domain="riv:a:b", categorization=categorization,
        logical_address=address, business_object_instance_identifier="NA", clinical_process_interest_id="NA",
        source_system=source or address, data_controller="1", most_recent_content=recent,
    )  # fmt: skip


def directory(*rows: str) -> Directory:
    routes = "".join(row for row in rows if "producer:" in row)
    permissions = "".join(row for row in rows if "consumer:" in row)
    components = COMPONENTS_ROWS + "  - {id: O, roles: [consumer]}\n"
    return load(addresses=TREE, components=components, routes=routes, permissions=permissions).directory


OPEN = directory(route("A"), route("B"), route("N"), permission("*"))


def planned(
    *engagements: Engagement,
    among: Directory = OPEN,
    asker: Asker = ASKER,
    rules: Rules = RULES,
    contract: Contract | None = None,
    **asked: object,
) -> Plan:
    question = Question(resident=PERSON, service_domain="riv:a:b", **asked)  # type: ignore[arg-type]
    return plan(engagements, question, asker, contract or entry(), among, rules, DAY)


def asked(found: Plan) -> list[str]:
    return [each.address for each in found.sources]


def left_out(found: Plan) -> dict[str, str]:
    return {each.address: each.reason for each in found.dropped}


def test_each_source_once_in_first_seen_order() -> None:
    """AG-5 g, AG-6.3."""
    found = planned(engagement("B"), engagement("A"), engagement("B"), engagement("b"))
    assert asked(found) == ["B", "A"]


def test_categories_are_kept_without_case() -> None:
    """AG-5 a."""
    found = planned(
        engagement("A", categorization="DIA"), engagement("B", categorization="voo"), categories=("dia", "upp")
    )
    assert (asked(found), left_out(found)) == (["A"], {"B": "category"})


def test_own_addresses_are_not_asked() -> None:
    """AG-5 b: nor those of VAXEL_OWN_ADDRESSES."""
    found = planned(engagement("p"), engagement("A"), engagement("B"), rules=Rules(own=("a",)))
    assert (asked(found), left_out(found)) == (["B"], {"p": "own-address", "A": "own-address"})


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ((route("A"), permission("A")), None),
        ((route("*"), permission("*")), None),
        ((route("A"),), "not-permitted"),
        ((permission("A"),), "no-route"),
        ((route("G"), permission("A")), "no-route"),
        ((route("A"), permission("G")), "not-permitted"),
        ((route("A", url="vaxel:aggregate"), permission("A")), "no-route"),
        ((route("A", valid="until: 2020-01-01"), permission("A")), "no-route"),
        ((route("A"), permission("A", valid="until: 2020-01-01")), "not-permitted"),
        ((route("A"), permission("A", consumer="O")), "not-permitted"),
    ],
)
def test_the_directory_decides_by_exact_address_then_default(rows: tuple[str, ...], reason: str | None) -> None:
    """AG-5 c."""
    found = planned(engagement("A"), among=directory(*rows))
    assert left_out(found) == ({"A": reason} if reason else {})
    assert asked(found) == ([] if reason else ["A"])


def test_the_tree_is_climbed_where_it_is_wanted() -> None:
    """AG-5.2."""
    among = directory(route("G"), permission("G"))
    assert asked(planned(engagement("A"), among=among, rules=Rules(tree=True))) == ["A"]


def test_the_original_consumer_counts_where_it_may() -> None:
    """AG-5 c: who may not state one has no `others`."""
    among = directory(route("A"), permission("A", consumer="O"))
    assert asked(planned(engagement("A"), among=among, asker=replace(ASKER, others="O"))) == ["A"]


def test_the_request_names_one_source() -> None:
    """AG-5 d, AG-5.1: the filter looks at logicalAddress, the call goes to sourceSystem."""
    found = planned(engagement("A", source="S1"), engagement("B", source="S2"), source="a")
    assert (asked(found), left_out(found)) == (["S1"], {"S2": "request-filter"})


def test_an_address_asked_bounds_who_is_asked() -> None:
    """AG-5 e, AG-2.6."""
    found = planned(engagement("A"), engagement("N"), asker=replace(ASKER, address="G"))
    assert (asked(found), left_out(found)) == (["A"], {"N": "request-filter"})
    assert asked(planned(engagement("A"), asker=replace(ASKER, address="a"))) == ["A"]


def test_the_catalogue_says_which_field_is_called() -> None:
    """AG-11: `target: logical_address`, with the patient's identity as the index has it."""
    found = planned(engagement("A", source="S", resident="201212121212"), contract=entry(target="logical_address"))
    assert [(each.address, each.resident) for each in found.sources] == [("A", "201212121212")]


def test_a_source_that_is_asked_was_not_left_out() -> None:
    """Section 9.3 counts sources, not rows."""
    found = planned(
        engagement("A", categorization="voo"),
        engagement("A", categorization="dia"),
        engagement("B", categorization="q"),
        engagement("B", categorization="r"),
        categories=("dia",),
    )
    assert (asked(found), dict(found.omitted)) == (["A"], {"category": 1})


def test_the_first_reason_counts() -> None:
    found = planned(engagement("P", categorization="q"), categories=("dia",))
    assert left_out(found) == {"P": "category"}


@given(st.permutations(range(4)), st.lists(st.sampled_from("ABGN"), max_size=6))
def test_the_order_of_the_files_does_not_matter(order: list[int], addresses: list[str]) -> None:
    """AG-1.1, STYLE 25."""
    routes = [OPEN.routes[number % len(OPEN.routes)] for number in order]
    shuffled = assemble(
        OPEN.addresses, OPEN.components, tuple(dict.fromkeys(routes)) + OPEN.routes, OPEN.permissions[::-1]
    )
    engagements = tuple(engagement(address) for address in addresses)
    assert planned(*engagements, among=shuffled) == planned(*engagements)


def test_the_order_of_engagements_decides_only_the_order_of_sources() -> None:
    engagements = [engagement("A"), engagement("B"), engagement("N"), engagement("P")]
    for order in permutations(engagements):
        found = planned(*order)
        assert asked(found) == [each.logical_address for each in order if each.logical_address != "P"]
        assert left_out(found) == {"P": "own-address"}


@pytest.mark.parametrize(("age", "kept"), [("1y", ["b", "c"]), ("6m", ["c"]), ("30d", [])])
def test_an_age_limit(age: str, kept: list[str]) -> None:
    """AG-11, EI-6.2: at or after; rows without a time are left out."""
    now = datetime(2026, 6, 15, 12, 0, 0, tzinfo=ZoneInfo("Europe/Stockholm"))
    rows = {"a": "20250615115959", "b": "20250615120000", "c": "20260201000000", "d": ""}
    found = recent(tuple(engagement(name, recent=time) for name, time in rows.items()), age, now)
    assert [each.logical_address for each in found] == kept
