"""The HTTPS listener and certificate headers, with real certificates (switch.md sections 5 and 16)."""

import asyncio
import base64
import ssl
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pki import Pki, header_forms
from scene import PLATFORM, TRUSTED, UNIT, Scene, message, scene

from vaxel.adapters.authority import Authority


async def call(stage: Scene, context: ssl.SSLContext, headers: dict[str, str] | None = None) -> tuple[int, str]:
    url = f"https://localhost:{stage.platform.ports['https']}/vp"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=message(), headers=headers or {}, ssl=context) as answer,
    ):
        return answer.status, (await answer.text()).partition("<faultstring>")[2][:5]


async def test_the_certificate_says_who_calls(tmp_path: Path) -> None:
    """SW-5.9, SW-16.1; names in headers are ignored (SW-5.6)."""
    pki = Pki(tmp_path / "pki")
    async with scene(tmp_path / "home", **pki.told) as stage:
        headers = {"x-vp-sender-id": "SE-OTHER", "x-vp-instance-id": PLATFORM}
        assert await call(stage, pki.context(pki.consumer), headers) == (200, "")
        assert (stage.journal("opened")[0]["sender"], stage.journal("opened")[0]["class"]) == (TRUSTED, "mtls")
        history = stage.producer.seen[0]["headers"][b"x-rivta-routing-history"]
        assert history == f"{TRUSTED}#{PLATFORM}".encode()
        assert (await call(stage, pki.context(pki.consumer), {"x-rivta-routing-history": f"X#{PLATFORM}"}))[
            1
        ] == "VP014"


async def test_no_certificate_no_connection(tmp_path: Path) -> None:
    pki, other = Pki(tmp_path / "pki"), Authority()
    async with scene(tmp_path / "home", **pki.told) as stage:
        for identity in (None, other.issue(TRUSTED)):
            with pytest.raises((aiohttp.ClientError, ssl.SSLError, OSError)):
                await call(stage, pki.context(identity))
        assert stage.journal("opened") == []


async def test_no_operations_on_https(tmp_path: Path) -> None:
    """SW-2.10."""
    pki = Pki(tmp_path / "pki")
    async with scene(tmp_path / "home", **pki.told) as stage, aiohttp.ClientSession() as session:
        url = f"https://localhost:{stage.platform.ports['https']}/status"
        async with session.get(url, ssl=pki.context(pki.consumer)) as answer:
            assert answer.status == 404


async def test_revocation_and_reload_without_a_failed_call(tmp_path: Path) -> None:
    """SW-16.4, SW-16.7: a list that revokes, one past its next update, a bad file that changes nothing."""
    pki = Pki(tmp_path / "pki", crl=True)
    async with scene(tmp_path / "home", **pki.told) as stage:
        good, revoked = pki.authority.issue(TRUSTED), pki.consumer
        assert (await call(stage, pki.context(revoked)))[0] == 200
        (tmp_path / "pki/crl.pem").write_bytes(pki.authority.revocation_list([revoked.certificate]))
        assert await stage.platform.reload_tls()
        with pytest.raises((aiohttp.ClientError, ssl.SSLError, OSError)):
            await call(stage, pki.context(revoked))
        assert (await call(stage, pki.context(good)))[0] == 200
        (tmp_path / "pki/crl.pem").write_bytes(b"nonsense")
        assert not await stage.platform.reload_tls()
        assert stage.platform.facts.tls_problem
        assert (await call(stage, pki.context(good)))[0] == 200
        (tmp_path / "pki/crl.pem").write_bytes(pki.authority.revocation_list(fresh_for=timedelta(hours=-1)))
        assert await stage.platform.reload_tls()
        with pytest.raises((aiohttp.ClientError, ssl.SSLError, OSError)):
            await call(stage, pki.context(good))


async def test_a_new_certificate_is_taken_under_load(tmp_path: Path) -> None:
    pki = Pki(tmp_path / "pki")
    async with scene(tmp_path / "home", **pki.told) as stage:
        context, statuses, stop = pki.context(pki.consumer), [], asyncio.Event()

        async def calls() -> None:
            while not stop.is_set():
                statuses.append((await call(stage, context))[0])

        calling = asyncio.create_task(calls())
        for _ in range(5):
            pki.write(pki.authority.issue(PLATFORM, hosts=("localhost",)))
            assert await stage.platform.reload_tls()
            await asyncio.sleep(0.05)
        stop.set()
        await calling
        assert set(statuses) == {200}
        stored = x509.load_pem_x509_certificates((tmp_path / "pki/own.pem").read_bytes())[0]
        port = stage.platform.ports["https"]
        _, writer = await asyncio.open_connection("localhost", port, ssl=context)
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
        assert shown == stored.public_bytes(Encoding.DER)


@pytest.mark.parametrize("form", ["pem", "base64", "chain", "url"])
async def test_certificate_headers_of_a_trusted_proxy(tmp_path: Path, form: str) -> None:
    """SW-5.8, SW-5.14."""
    pki = Pki(tmp_path / "pki")
    async with scene(tmp_path / "home", internal_peers="", **pki.told) as stage:
        value = header_forms(pki.consumer)[form]
        answer = await stage.post(message(receiver=UNIT), {"x-vp-auth-cert": value})
        assert (answer.status, answer.code) == (200, "")
        assert stage.journal("opened")[0]["class"] == "proxied"
        assert "MII" not in stage.log.getvalue().decode()


async def test_certificate_headers_that_are_not_believed(tmp_path: Path) -> None:
    """SW-5.8, SW-5.9, SW-5.14."""
    pki = Pki(tmp_path / "pki")
    stranger = header_forms(Authority().issue(TRUSTED))["base64"]
    expired = header_forms(pki.authority.issue(TRUSTED, days=-1))["base64"]
    cases = {
        "": "sender.certificate-missing",
        "hello": "sender.certificate-unknown-format",
        "MII!": "sender.certificate-unreadable",
        "MII" + base64.b64encode(b"x" * 90).decode(): "sender.certificate-unreadable",
        stranger: "sender.certificate-untrusted",
        expired: "sender.certificate-untrusted",
    }
    async with scene(tmp_path / "home", internal_peers="", **pki.told) as stage:
        for value, cause in cases.items():
            answer = await stage.post(message(), {"x-vp-auth-cert": value} if value else {})
            assert (answer.code, answer.cause) == ("VP002", cause)
