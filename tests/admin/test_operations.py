"""Who may read the operation surfaces (SW-2.9), and their plain answers; what they say is conformance/test_switch_17."""

import ipaddress
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from vaxel.admin.operations import Operations, Reloaded, Surfaces

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
PROXY = (ipaddress.ip_network("10.0.0.0/24"),)


async def asked(
    path: str = "/status", *, peer: str = "127.0.0.1", forwarded: tuple[str, ...] = (), method: str = "GET"
) -> tuple[int, bytes, bytes]:
    async def reload() -> Reloaded:
        return Reloaded(
            successful=False, reason="a\n<b>", routes=1, permissions=2, tree_before=3, tree_after=1, files=("x",)
        )

    surfaces = Surfaces(
        ready=lambda: {"journal": "full"},
        status=lambda: {"Name": "vaxel"},
        registry=CollectorRegistry(),
        reload=reload,
        host="node",
        allow=LOOPBACK,
        proxies=PROXY,
        forwarded_for=b"x-forwarded-for",
    )
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    await Operations(surfaces)({"path": path, "method": method, "client": (peer, 1), "headers": headers}, None, send)
    return sent[0]["status"], dict(sent[0]["headers"])[b"content-type"], sent[1]["body"]


@pytest.mark.parametrize(
    ("peer", "forwarded", "status"),
    [
        ("127.0.0.1", (), 200),
        ("::1", (), 200),
        ("::ffff:127.0.0.1", (), 200),
        ("192.0.2.1", (), 403),
        ("", (), 403),
        ("unix", (), 403),
        ("10.0.0.5", (), 403),
        ("10.0.0.5", ("127.0.0.1",), 200),
        ("10.0.0.5", ("192.0.2.1",), 403),
        ("10.0.0.5", ("127.0.0.1, 192.0.2.1",), 403),
        ("10.0.0.5", ("127.0.0.1", "192.0.2.1"), 403),
        ("127.0.0.1", ("127.0.0.1",), 200),
        ("192.0.2.1", ("127.0.0.1",), 403),
        ("127.0.0.1", ("nonsense",), 403),
    ],
)
@pytest.mark.parametrize("path", ["/status", "/metrics", "/actuator/prometheus", "/resetcache", "/resethsacache"])
async def test_sw_2_9_who_may_read(path: str, peer: str, forwarded: tuple[str, ...], status: int) -> None:
    assert (await asked(path, peer=peer, forwarded=forwarded))[0] == status


@pytest.mark.parametrize(
    ("path", "status"), [("/health/live", 200), ("/health/ready", 503), ("/actuator/health/liveness", 200)]
)
async def test_health_is_for_everybody(path: str, status: int) -> None:
    assert (await asked(path, peer="192.0.2.1"))[0] == status


@pytest.mark.parametrize("path", ["/status", "/resetcache", "/health/live"])
async def test_only_reading(path: str) -> None:
    assert (await asked(path, method="POST"))[0] == 405


async def test_a_failed_reload_in_national_words() -> None:
    _, _, content = await asked("/resetcache")
    lines = content.decode().splitlines()
    assert "<br>Directory: REUSING_EXISTING_CACHE a &lt;b&gt;" in lines
    assert lines[-1] == "<br>was successful: false"
    status, kind, content = await asked("/resethsacache")
    assert (status, kind) == (200, b"text/plain")
    assert b"Result: failure: a\n" in content
    assert b"Warning" in content
