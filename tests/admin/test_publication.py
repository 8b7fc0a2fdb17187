"""The base of published addresses, by its own application (SW-15.3); what is published is conformance/test_switch_15."""

import ipaddress
from typing import Any

import pytest

from vaxel.admin.publication import Publisher
from vaxel.contracts.catalogue import Catalogue
from vaxel.contracts.publish import Publication

NAMES = ("X-Proto", "X-Host", "X-Port")
PROXY = (ipaddress.ip_network("10.0.0.0/8"),)


class Told(Publication):
    """A publication that shows the address it was asked to write."""

    def wsdl(self, path: str, url: str) -> bytes | None:
        return url.encode() if path == "/vp/x" else None


async def asked(peer: str, headers: dict[str, str], *, path: str = "/vp/x", scheme: str = "http") -> tuple[int, str]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    publisher = Publisher(lambda: Told(Catalogue(), lambda _: None), PROXY, NAMES)
    scope = {
        "method": "GET",
        "scheme": scheme,
        "path": path,
        "query_string": b"wsdl",
        "client": (peer, 1),
        "headers": [(name.encode(), value.encode()) for name, value in {"host": "own.se:8080", **headers}.items()],
    }
    await publisher(scope, None, send)
    return sent[0]["status"], sent[1]["body"].decode()


@pytest.mark.parametrize(
    ("peer", "headers", "url"),
    [
        ("192.0.2.1", {}, "http://own.se:8080/vp/x"),
        ("192.0.2.1", {"x-proto": "https", "x-host": "a.se", "x-port": "443"}, "http://own.se:8080/vp/x"),
        ("10.1.2.3", {"x-proto": "https", "x-host": "a.se", "x-port": "443"}, "https://a.se:443/vp/x"),
        ("10.1.2.3", {"x-host": "a.se"}, "http://a.se/vp/x"),
        ("10.1.2.3", {"x-port": "99"}, "http://own.se:99/vp/x"),
        ("10.1.2.3", {"x-proto": "javascript", "x-port": "9x"}, "http://own.se:8080/vp/x"),
        ("", {}, "http://own.se:8080/vp/x"),
    ],
)
async def test_the_base(peer: str, headers: dict[str, str], url: str) -> None:
    assert await asked(peer, headers) == (200, url)


async def test_over_https_and_what_is_unknown() -> None:
    assert await asked("", {}, scheme="https") == (200, "https://own.se:8080/vp/x")
    assert (await asked("", {}, path="/vp/y"))[0] == 404
