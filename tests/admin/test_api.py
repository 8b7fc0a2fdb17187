"""The admin API by its own application: keys, problems, what its documents promise (SW-2.11, RFC 9457)."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from vaxel.admin.api import api
from vaxel.admin.problems import Problem

KEY = {"authorization": "Bearer key"}


class Payloads:
    """The payload log that refuses."""

    async def open(self, kind: str, value: str, minutes: int) -> dict[str, Any]:
        raise Problem(409, "payload-log-off", "No", "set it on")

    async def close(self) -> dict[str, Any]:
        return {"open": False}


async def asked(
    method: str, path: str, headers: Mapping[str, str | bytes] | None = None, **told: Any
) -> httpx.Response:
    async def reload() -> dict[str, Any]:
        return {"successful": True}

    async def producers() -> list[dict[str, Any]]:
        return [{"endpoint": "http://producer.example:80"}]

    app = api(
        "key", lambda: {"Name": "vaxel"}, lambda: {"number": 1}, reload, Payloads(), producers, lambda app, guard: None
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        return await client.request(method, path, headers=dict(headers or {}), **told)  # type: ignore[arg-type]


PATHS = [
    ("GET", "/api/v1/status"),
    ("GET", "/api/v1/release"),
    ("GET", "/api/v1/producers"),
    ("POST", "/api/v1/reload"),
    ("POST", "/api/v1/payload-log"),
    ("DELETE", "/api/v1/payload-log"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer other", "Basic key", "Bearer åäö"])
async def test_sw_2_11_nothing_without_the_key(method: str, path: str, authorization: str) -> None:
    answer = await asked(method, path, {"authorization": authorization.encode()})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_every_path_is_guarded() -> None:
    paths = (await asked("GET", "/api/openapi.json")).json()["paths"]
    assert {(method.upper(), path) for path, ways in paths.items() for method in ways} == set(PATHS)


async def test_answers() -> None:
    assert (await asked("GET", "/api/v1/status", KEY)).json() == {"Name": "vaxel"}
    assert (await asked("GET", "/api/v1/release", KEY)).json() == {"number": 1}
    assert (await asked("POST", "/api/v1/reload", KEY)).json() == {"successful": True}
    assert (await asked("DELETE", "/api/v1/payload-log", KEY)).json() == {"open": False}


async def test_refusals_are_problems() -> None:
    window = {"kind": "sender", "value": "SE-1", "minutes": 5}
    answer = await asked("POST", "/api/v1/payload-log", KEY, json=window)
    assert (answer.status_code, answer.json()) == (
        409,
        {"type": "urn:vaxel:problem:payload-log-off", "title": "No", "status": 409, "detail": "set it on"},
    )
    answer = await asked("POST", "/api/v1/payload-log", KEY, json=window | {"value": "x" * 999, "minutes": "SECRET"})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert "minutes" in answer.json()["detail"]
    assert "SECRET" not in answer.text
