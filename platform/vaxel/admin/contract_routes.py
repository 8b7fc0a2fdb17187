"""`/api/v1/contracts` and `/api/v1/quality`: the catalogue and how well it is kept to, for people and programs."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Response

from vaxel.admin.contract_facts import ContractFacts, Wanted
from vaxel.admin.pages import MAX_LIMIT, page

Rows = Callable[[str, str, str], list[dict[str, Any]]]
"""The quality report's rows of a contract, a party and a message; empty is any. Read in the event loop."""
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many in a page.")]
Cursor = Annotated[str, Query(description="`next` of the page before.")]
Message = Literal["request", "response"]
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "content": {"application/problem+json": {}}}
    for status, text in ((401, "The key is missing or wrong"), (422, "The request cannot be used"))
}
UNKNOWN: dict[int | str, dict[str, Any]] = {
    404: {"description": "The catalogue lacks the contract", "content": {"application/problem+json": {}}}
}


def routes(facts: ContractFacts, rows: Rows) -> APIRouter:
    """The routes, below `/api/v1`."""
    router = APIRouter(prefix="/api/v1", responses=PROBLEMS)

    @router.get("/contracts")
    async def list_contracts(
        name: Annotated[str, Query(description="Part of the name, in any case.")] = "",
        domain: str = "",
        access: Literal["", "open", "patient", "own", "unstated"] = "",
        information_set: str = "",
        limit: Limit = 50,
        cursor: Cursor = "",
    ) -> Response:
        """Contracts in the order of their namespaces: entry, levels, and whether the schema is usable."""
        wanted = Wanted(name=name, domain=domain, access=access, information_set=information_set)

        def look() -> dict[str, Any]:
            shown, following = page(facts.listed(wanted), lambda row: row["namespace"].lower(), limit, cursor)
            return {"contracts": [facts.judged(row) for row in shown], "next": following}

        return _json(await asyncio.to_thread(look))

    @router.get("/contracts/{namespace}", responses=UNKNOWN)
    async def show_contract(namespace: str) -> Response:
        """One contract: versions, the tree of both messages, who produces and consumes it today, quality totals."""
        return _json(await asyncio.to_thread(facts.one, namespace, rows(namespace, "", "")))

    @router.get("/contracts/{namespace}/sample", responses=UNKNOWN)
    async def sample_message(
        namespace: str,
        message: Message = "request",
        seed: Annotated[int, Query(ge=0, le=2**31)] = 1,
        to: Annotated[str, Query(description="Logical address of a request; default the platform's own.")] = "",
    ) -> Response:
        """A valid message of test data in its envelope; equal seeds give equal messages."""
        content = await asyncio.to_thread(facts.sample, namespace, message, seed, to)
        return Response(content, media_type="text/xml; charset=utf-8")

    @router.get("/quality")
    async def show_quality(
        contract: Annotated[str, Query(description="Responder namespace.")] = "",
        party: Annotated[str, Query(description="HSA-id of the producer of answers, or consumer of requests.")] = "",
        message: Literal["", "request", "response"] = "",
        limit: Limit = 50,
        cursor: Cursor = "",
    ) -> Response:
        """The quality report: messages seen, checked and skipped, and violations grouped by path, rule and reason."""
        shown, following = page(rows(contract, party, message), _row_key, limit, cursor)
        return _json({"rows": shown, "next": following})

    return router


def _row_key(row: dict[str, Any]) -> str:
    return "\0".join((row["contract"].lower(), row["message"], row["party"].lower(), row["party"]))


def _json(content: Any) -> Response:
    return Response(orjson.dumps(content), media_type="application/json")
