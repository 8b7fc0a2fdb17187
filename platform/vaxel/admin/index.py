"""The engagement index on the admin API: status, write lock, dead letters, removals (EI-8.9, EI-11.3, EI-12.4)."""

from typing import Annotated, Any, Literal, Self

from fastapi import FastAPI, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator

from vaxel.admin.problems import Problem, refused
from vaxel.errors import Refusal
from vaxel.services.index_acts import Chosen, IndexActs

BY = "api"
PATH = "/api/v1/index"


class Lock(BaseModel):
    """Whether rows may change."""

    model_config = ConfigDict(extra="forbid")

    on: bool


class Letters(BaseModel):
    """Dead letters by number, or all of a subscriber."""

    model_config = ConfigDict(extra="forbid")

    numbers: Annotated[list[int], Field(max_length=1000)] = []
    subscriber: str = ""

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if bool(self.numbers) == bool(self.subscriber):
            raise ValueError("state `numbers` or `subscriber`")
        return self

    @property
    def chosen(self) -> Chosen:
        """The same for the index."""
        return Chosen(numbers=tuple(self.numbers), subscriber=self.subscriber)


class Refill(BaseModel):
    """Which subscriber is told of everything."""

    model_config = ConfigDict(extra="forbid")

    subscriber: Annotated[str, Field(min_length=1, max_length=64)]


class Removal(BaseModel):
    """Whose rows are removed for good; in the body, since a resident's id never stands in a URL."""

    model_config = ConfigDict(extra="forbid")

    field: Literal["registered_resident_identification", "source_system", "owner"]
    value: Annotated[str, Field(min_length=1, max_length=64)]
    notify: bool = False


def add(app: FastAPI, guard: list[Any], acts: IndexActs) -> None:
    """Add the routes, behind the guard."""
    app.add_exception_handler(Refusal, refused)

    @app.get(PATH, dependencies=guard)
    async def show_index() -> JSONResponse:
        """Rows, what waits to be applied and since when, the write lock, each subscriber's queue."""
        return JSONResponse(await acts.status())

    @app.put(f"{PATH}/write-lock", dependencies=guard)
    async def lock_index(lock: Lock) -> JSONResponse:
        """Let no row change while the database is moved, or let them change again."""
        await acts.lock(on=lock.on, by=BY)
        return JSONResponse({"writeLock": lock.on})

    @app.get(f"{PATH}/dead-letters", dependencies=guard)
    async def list_dead_letters(
        subscriber: str = "",
        after: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> JSONResponse:
        """Notifications that nobody took, without what they say; the next page begins after the last number."""
        return JSONResponse(await acts.dead_letters(subscriber, after, limit))

    @app.get(f"{PATH}/dead-letters/{{number}}", dependencies=guard)
    async def show_dead_letter(number: int) -> JSONResponse:
        """One of them with what it says about whom; that it was read is recorded."""
        found = await acts.dead_letter(number, by=BY)
        if found is None:
            raise _unknown(number)
        return JSONResponse(found)

    @app.patch(f"{PATH}/dead-letters/{{number}}", dependencies=guard)
    async def mend_dead_letter(number: int, fields: dict[str, str]) -> JSONResponse:
        """Change fields by their names on the wire; it is sent when it is resent."""
        if not await acts.mend(number, fields, by=BY):
            raise _unknown(number)
        return JSONResponse({"mended": number})

    @app.post(f"{PATH}/dead-letters/resend", dependencies=guard)
    async def resend_dead_letters(letters: Letters) -> JSONResponse:
        """Put them at the end of their queues; unmended ones say what the row is now."""
        return JSONResponse({"resent": await acts.resend(letters.chosen, by=BY)})

    @app.post(f"{PATH}/dead-letters/drop", dependencies=guard)
    async def drop_dead_letters(letters: Letters) -> JSONResponse:
        """Throw them away."""
        return JSONResponse({"dropped": await acts.drop(letters.chosen, by=BY)})

    @app.post(f"{PATH}/refills", dependencies=guard)
    async def refill_subscriber(refill: Refill) -> JSONResponse:
        """Tell a subscriber of all current rows within its filter."""
        return JSONResponse({"queued": await acts.refill(refill.subscriber, by=BY)})

    @app.post(f"{PATH}/removals", dependencies=guard)
    async def remove_rows(removal: Removal) -> JSONResponse:
        """Remove all rows of a resident, a source system or an owner, with or without telling subscribers."""
        count = await acts.remove(removal.field, removal.value, by=BY, notify=removal.notify)
        return JSONResponse({"removed": count})


def _unknown(number: int) -> Problem:
    return Problem(404, "unknown-letter", "There is no such dead letter", f"list them; {number} may be resent already")
