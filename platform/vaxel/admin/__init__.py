"""The admin API on the web port: FastAPI routes that answer problem+json, behind a bearer key (SW-2.11)."""

import secrets
from collections.abc import Callable
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse

from vaxel import __version__
from vaxel.admin.problems import Problem, answer

Facts = Callable[[], dict[str, Any]]


More = Callable[[FastAPI, list[Any]], None]
"""Adds routes to the application, behind the guard that it is given."""


def api(key: str, status: Facts, release: Facts, reload: Callable[[], Any], more: More) -> FastAPI:
    """The application; every path below `/api/v1` needs `Authorization: Bearer <key>`."""

    def authorised(request: Request) -> None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secrets.compare_digest(given.encode(), key.encode()):
            raise Problem(401, "unauthorized", "The key is missing or wrong", "send the key of var/admin.key")

    app = FastAPI(
        title="Växel", version=__version__, docs_url="/api/docs", openapi_url="/api/openapi.json", redoc_url=None
    )
    app.add_exception_handler(Problem, answer)
    guard = [Depends(authorised)]

    @app.get("/api/v1/status", dependencies=guard)
    async def show_status() -> JSONResponse:
        """How the platform is: the same facts as `/status` on the HTTP port."""
        return JSONResponse(status())

    @app.get("/api/v1/release", dependencies=guard)
    async def show_release() -> JSONResponse:
        """The directory release in use: number, time, author, digest, rows by kind."""
        return JSONResponse(release())

    @app.post("/api/v1/reload", dependencies=guard)
    async def reload_now() -> JSONResponse:
        """Read the operator's files again; a bad edit is refused whole and the old release stays."""
        return JSONResponse(await reload())

    more(app, guard)
    return app
