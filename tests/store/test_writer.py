"""The one writer, on both databases."""

import asyncio

from sqlalchemy import text

from vaxel.store.store import Store


async def test_what_waits_together_is_written_together(store: Store) -> None:
    seen: list[int] = []

    async def work(connection: object, items: object) -> int:
        seen.append(len(items))  # type: ignore[arg-type]
        return len(seen)

    results = await asyncio.gather(*(store.write(work, number) for number in range(50)))
    assert sum(seen) == 50
    assert len(seen) < 50
    assert len(results) == 50


async def test_a_job_that_fails_fails_alone(store: Store) -> None:
    async def good(connection: object, items: list[str]) -> None:
        for item in items:
            insert = text("INSERT INTO index_facts (name, value) VALUES (:name, 'x')")
            await connection.execute(insert, {"name": item})  # type: ignore[attr-defined]

    outcomes = await asyncio.gather(*(store.write(good, name) for name in ("a", "b", "a", "c")), return_exceptions=True)
    assert [type(each).__name__ for each in outcomes] == ["NoneType", "NoneType", "IntegrityError", "NoneType"]
    found = await (await store.reader()).rows("SELECT name FROM index_facts ORDER BY name", {})
    assert [row[0] for row in found] == ["a", "b", "c"]
