"""Refusals as problem+json (RFC 9457): the one file that knows that form."""

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from vaxel.errors import Refusal

TYPE = "urn:vaxel:problem:"


class Problem(Exception):
    """What the admin API answers instead of a result; `remedy` says what to do."""

    def __init__(self, status: int, kind: str, title: str, remedy: str) -> None:
        super().__init__(title)
        self.status, self.kind, self.title, self.remedy = status, kind, title, remedy


async def answer(_: Request, error: Exception) -> JSONResponse:
    """The problem document; anything that is no `Problem` is a 500 without detail."""
    problem = error if isinstance(error, Problem) else Problem(500, "internal", "Internal error", "see the log")
    content = {
        "type": TYPE + problem.kind,
        "title": problem.title,
        "status": problem.status,
        "detail": problem.remedy,
    }
    headers = {"WWW-Authenticate": "Bearer"} if problem.status == 401 else None
    return JSONResponse(content, problem.status, headers, media_type="application/problem+json")


async def refused(request: Request, error: Exception) -> JSONResponse:
    """A refusal of the platform: 503 where it may succeed later, 422 where it will not."""
    if not isinstance(error, Refusal):
        return await answer(request, error)
    status = 503 if error.retryable else 422
    return await answer(request, Problem(status, error.cause, f"{error.code} {error.reason}", error.detail))


async def invalid(request: Request, error: Exception) -> JSONResponse:
    """A request whose members are not as they should be: which, and why, without what was sent."""
    found = error.errors() if isinstance(error, RequestValidationError) else ()
    told = "; ".join(f"{'.'.join(str(step) for step in each['loc'][1:])}: {each['msg']}" for each in found)
    return await answer(request, Problem(422, "invalid", "The request cannot be used", told))
