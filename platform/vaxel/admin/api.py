"""The admin API on the web port: FastAPI routes that answer problem+json, behind a bearer key (SW-2.11)."""

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from vaxel import __version__
from vaxel.adapters.payloads import MAX_MINUTES, Kind
from vaxel.admin.payloads import PayloadLog
from vaxel.admin.problems import Problem, answer, invalid

Facts = Callable[[], dict[str, Any]]
More = Callable[[FastAPI, list[Any]], None]
"""Adds routes to the application, behind the guard that it is given."""


class PayloadWindow(BaseModel):
    """Whose payloads are to be logged, and for how many minutes."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    value: str = Field(min_length=1, max_length=256)
    minutes: int = Field(ge=1, le=MAX_MINUTES)


def api(
    key: str,
    status: Facts,
    release: Facts,
    reload: Callable[[], Any],
    payloads: PayloadLog,
    producers: Callable[[], Awaitable[list[dict[str, Any]]]],
    *more: APIRouter | More,
) -> FastAPI:
    """The application with `more` routes; every path below `/api/v1` needs `Authorization: Bearer <key>`."""

    def authorised(request: Request) -> None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secrets.compare_digest(given.encode(), key.encode()):
            raise Problem(401, "unauthorized", "The key is missing or wrong", "send the key of var/admin.key")

    app = FastAPI(
        title="Växel", version=__version__, docs_url="/api/docs", openapi_url="/api/openapi.json", redoc_url=None
    )
    app.add_exception_handler(Problem, answer)
    app.add_exception_handler(RequestValidationError, invalid)
    guard = [Depends(authorised)]
    for each in more:
        if isinstance(each, APIRouter):
            app.include_router(each, dependencies=guard)
        else:
            each(app, guard)

    @app.get("/api/v1/status", dependencies=guard)
    async def show_status() -> JSONResponse:
        """How the platform is: the same facts as `/status` on the HTTP port."""
        return JSONResponse(status())

    @app.get("/api/v1/release", dependencies=guard)
    async def show_release() -> JSONResponse:
        """The directory release in use: number, time, author, digest, rows by kind."""
        return JSONResponse(release())

    @app.get("/api/v1/producers", dependencies=guard)
    async def show_producers() -> JSONResponse:
        """Every endpoint that routes lead to: breaker, latency, failures, calls in flight, and who depends on it."""
        return JSONResponse({"producers": await producers()})

    @app.post("/api/v1/reload", dependencies=guard)
    async def reload_now() -> JSONResponse:
        """Read the operator's files again; a bad edit is refused whole and the old release stays."""
        return JSONResponse(await reload())

    @app.post("/api/v1/payload-log", dependencies=guard)
    async def open_payload_log(window: PayloadWindow) -> JSONResponse:
        """Log the payloads of one correlation id, sender or contract for some minutes; the journal tells of it."""
        return JSONResponse(await payloads.open(window.kind, window.value, window.minutes))

    @app.delete("/api/v1/payload-log", dependencies=guard)
    async def close_payload_log() -> JSONResponse:
        """Log no payload any more."""
        return JSONResponse(await payloads.close())

    return app
