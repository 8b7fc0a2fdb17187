from typing import Any

import pytest
from rows import OWN, RESIDENT, row
from stored import LISTENERS, found, queue

from vaxel.errors import IndexField
from vaxel.services.index_acts import IndexActs, as_fields
from vaxel.store.store import Store


class Notes(list[dict[str, Any]]):
    async def __call__(self, fields: dict[str, Any]) -> None:
        self.append(fields)


def acts(store: Store, notes: Notes) -> IndexActs:
    return IndexActs(store, notes, lambda: LISTENERS)


async def test_export_and_import(store: Store) -> None:
    """EI-11.5."""
    notes = Notes()
    rows = [row(categorization=f"c{number:04}", creation_time="20200101000000") for number in range(1500)]
    assert await acts(store, notes).take(map(as_fields, rows), by="me") == 1500
    out = [line async for line in acts(store, notes).export(by="me")]
    assert [line["key"] for line in out] == [each.exchange_key for each in rows]
    assert await acts(store, notes).take(out, by="me", notify=True) == 1500
    assert len(await queue(store, "SE-ALL")) == 1000  # as many as are read at once
    assert [each["action"] for each in notes] == ["index.import", "index.export", "index.import"]


@pytest.mark.parametrize("line", [{}, {**as_fields(row()), "colour": "red"}, {**as_fields(row()), "owner": 1}])
async def test_what_is_no_engagement_is_not_imported(store: Store, line: dict[str, Any]) -> None:
    with pytest.raises(IndexField):
        await acts(store, Notes()).take([line], by="me")


async def test_a_removal_is_noted_first(store: Store) -> None:
    """EI-12.4: a resident as a patient, which the journal seals."""
    notes = Notes()
    await acts(store, notes).take([as_fields(row()), as_fields(row(owner="SE-X"))], by="me")
    with pytest.raises(IndexField):
        await acts(store, notes).remove("categorization", "dia", by="me")
    assert await acts(store, notes).remove("owner", OWN, by="me") == 1
    assert await acts(store, notes).remove("registered_resident_identification", RESIDENT, by="me") == 1
    assert await found(store) == ()
    assert [each.get("value", each.get("patient")) for each in notes[1:]] == [OWN, RESIDENT]


async def test_a_new_subscriber_is_told_of_everything(store: Store) -> None:
    """EI-8.11: within its filter, and nobody else."""
    notes = Notes()
    await acts(store, notes).take([as_fields(row()), as_fields(row(categorization="voo"))], by="me")
    assert await acts(store, notes).refill("se-dia", by="me") == 1
    assert [each.engagement.categorization for each in await queue(store, "SE-DIA")] == ["dia"]
    assert await queue(store, "SE-ALL") == []
    assert notes[-1] == {"action": "index.refill", "by": "me", "subscriber": "SE-DIA"}
    with pytest.raises(IndexField):
        await acts(store, notes).refill("SE-NOBODY", by="me")
