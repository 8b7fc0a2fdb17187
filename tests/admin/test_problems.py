"""Refusals of the admin API as RFC 9457 writes them."""

import json

import pytest
from fastapi import Request
from fastapi.exceptions import RequestValidationError

from vaxel.admin.problems import Problem, answer, invalid

REQUEST = Request({"type": "http", "method": "GET", "path": "/", "headers": []})


@pytest.mark.parametrize(("status", "header"), [(401, "Bearer"), (409, None)])
async def test_a_problem(status: int, header: str | None) -> None:
    response = await answer(REQUEST, Problem(status, "kind", "Title", "what to do"))
    assert (response.status_code, response.media_type) == (status, "application/problem+json")
    assert response.headers.get("www-authenticate") == header
    assert json.loads(bytes(response.body)) == {
        "type": "urn:vaxel:problem:kind",
        "title": "Title",
        "status": status,
        "detail": "what to do",
    }


async def test_anything_else_is_500_without_detail() -> None:
    response = await answer(REQUEST, ValueError("SECRET"))
    assert response.status_code == 500
    assert b"SECRET" not in bytes(response.body)


async def test_what_is_invalid_is_named_and_not_repeated() -> None:
    error = RequestValidationError([{"loc": ("body", "minutes"), "msg": "too many", "type": "x", "input": "SECRET"}])
    content = bytes((await invalid(REQUEST, error)).body)
    assert json.loads(content)["detail"] == "minutes: too many"
    assert b"SECRET" not in content
