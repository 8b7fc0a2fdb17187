"""Questions, on both databases."""

from rows import DOMAIN, OWN, RESIDENT, row, wanted
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from stored import apply, arrived, found

from vaxel.engagements.cursor import key
from vaxel.store import asking
from vaxel.store.store import Store


async def test_filters_of_a_query(store: Store) -> None:
    """EI-6.2."""
    await apply(store, arrived(row(), row(categorization="voo", most_recent_content=""), row(source_system="SE-B")))
    for stated, count in (
        ({}, 3),
        ({"categorization": "voo"}, 1),
        ({"source_system": "SE-B"}, 1),
        ({"owner": OWN}, 3),
        ({"owner": "SE-X"}, 0),
        ({"data_controller": "SE2321000016-0000", "logical_address": "SE2321000016-39KJ"}, 3),
        ({"clinical_process_interest_id": "NA", "business_object_instance_identifier": "NA"}, 3),
        ({"most_recent_content": "20260102030405"}, 2),
        ({"most_recent_content": "20260102030406"}, 0),
        ({"service_domain": "riv:other"}, 0),
    ):
        assert len(await found(store, **stated)) == count, stated


async def test_pages_in_order(store: Store) -> None:
    """EI-6.3, EI-6.5: no row comes twice; upper case before lower on both databases."""
    names = ["b", "B", "a", "å", "A", "NA"]
    await apply(store, arrived(*(row(categorization=name) for name in names)))
    reader, seen, place = await store.reader(), [], None
    while page := await asking.find(reader, wanted(), place, 2):
        seen += [each.categorization for each in page]
        place = key(page[-1])
    assert seen == ["A", "B", "NA", "a", "b", "å"]


async def test_changes_since(store: Store) -> None:
    """EI-7.1, EI-7.2."""
    other = "191001239803"
    await apply(store, arrived(row(), row(registered_resident_identification=other)))
    await apply(store, arrived(row(), delete=True))
    reader = await store.reader()
    assert await asking.changed_residents(reader, DOMAIN, 0, "", 10) == (other, RESIDENT)
    assert await asking.changed_residents(reader, DOMAIN, 0, other, 10) == (RESIDENT,)
    assert await asking.changed_residents(reader, DOMAIN, 2**40, "", 10) == ()
    rows_of = await asking.of_residents(reader, store.dialect, DOMAIN, (other, RESIDENT))
    assert {resident: len(rows) for resident, rows in rows_of.items()} == {other: 1, RESIDENT: 0}


async def test_a_search_uses_an_index(store: Store) -> None:
    """EI-6.7."""
    await apply(store, arrived(row()))
    statement, parameters = asking.found_by(wanted(categorization="dia"), None, None)
    reader = await store.reader()
    if store.dialect == "sqlite":
        plan = await reader.rows("EXPLAIN QUERY PLAN " + statement, parameters)
        assert "SEARCH engagements USING PRIMARY KEY" in str(plan)
    else:
        others = [row(registered_resident_identification=f"resident-{number}") for number in range(1000)]
        await apply(store, arrived(*others))
        await store.write(_analyse)
        plan = await reader.rows("EXPLAIN " + statement, parameters)
        assert "Index Scan using engagements_pkey" in str(plan)
    assert "Sort" not in str(plan)
    assert "TEMP B-TREE" not in str(plan)


async def _analyse(connection: AsyncConnection, _: object) -> None:
    await connection.execute(text("ANALYZE engagements"))
