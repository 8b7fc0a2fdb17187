"""Which part answers which path (SW-2.2 to SW-2.10)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaxel.admin.front import Front, asks_for_contract


class Part:
    """Keeps the paths it was asked for."""

    paths = frozenset(("/status",))

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.append(scope["path"])


async def asked(method: str, path: str, query: bytes = b"", *, operations: bool = True) -> str:
    gateway, publication, surfaces, sent = Part(), Part(), Part(), []

    async def send(message: Any) -> None:
        sent.append(message)

    front = Front(gateway, publication, surfaces if operations else None)  # type: ignore[arg-type]
    await front({"method": method, "path": path, "query_string": query, "headers": []}, None, send)
    if sent:
        return str(sent[0]["status"])
    return next(name for name, part in (("call", gateway), ("wsdl", publication), ("ops", surfaces)) if part.asked)


@pytest.mark.parametrize(
    ("method", "path", "query", "expected"),
    [
        ("POST", "/vp", b"", "call"),
        ("POST", "/vp/any/path", b"", "call"),
        ("POST", "/vp", b"x=1", "call"),
        ("POST", "/vpx", b"", "404"),
        ("GET", "/vp", b"", "405"),
        ("HEAD", "/vp", b"", "405"),
        ("GET", "/vp/x", b"wsdl", "wsdl"),
        ("POST", "/vp/x", b"WSDL=", "wsdl"),
        ("GET", "/vp/x", b"a=1&xsd=b.xsd", "wsdl"),
        ("GET", "/status", b"", "ops"),
        ("GET", "/status/x", b"", "404"),
        ("GET", "/", b"", "404"),
        ("GET", "/api/v1/status", b"", "404"),
    ],
)
async def test_who_answers(method: str, path: str, query: bytes, expected: str) -> None:
    assert await asked(method, path, query) == expected


async def test_https_carries_no_operations() -> None:
    assert await asked("GET", "/status", operations=False) == "404"


@given(st.binary(max_size=60))
def test_no_query_raises(query: bytes) -> None:
    assert asks_for_contract(query) in {True, False}


@pytest.mark.parametrize(
    ("query", "asks"), [(b"xwsdl", False), (b"wsdlx=1", False), (b"%77sdl", True), (b"a=wsdl", False)]
)
def test_only_a_parameter_of_that_name(query: bytes, asks: bool) -> None:
    assert asks_for_contract(query) is asks
