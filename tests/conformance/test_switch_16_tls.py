"""TLS, spec/switch.md section 16.

| rule | also shown by |
|---|---|
| SW-16.1, SW-16.2, SW-16.3, SW-16.6 | `adapters/test_tls.py`; duplicate names in `test_switch_19_settings.py` |
| SW-16.4, SW-16.7 in the handshake | `journey/test_https.py` |
"""

import asyncio
import base64
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from scene import PLATFORM, PRODUCER, Scene, scene
from test_https import Pki, call

from stage import lead
from vaxel.adapters.authority import Authority
from vaxel.adapters.certificates import Certificates, read_trusted
from vaxel.adapters.tls import listener_context
from vaxel.errors import SenderUnknown


async def status(stage: Scene) -> dict[str, dict[str, object]]:
    answer = await stage.post(b"", {}, path="/status", method="GET")
    found: dict[str, dict[str, object]] = orjson.loads(answer.content)
    return found


async def until(stage: Scene, action: str, count: int = 1) -> None:
    for _ in range(200):
        if sum(line.get("event.action") == action for line in stage.log_lines()) >= count:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(action)


async def test_sw_16_4_changed_files_are_noticed_and_a_bad_one_is_an_alarm(tmp_path: Path) -> None:
    pki = Pki(tmp_path / "pki")
    async with scene(tmp_path / "home", **pki.told) as stage:
        pki.write(pki.authority.issue(PLATFORM, hosts=("localhost",)))
        await until(stage, "tls.reloaded")
        assert (await call(stage, pki.context(pki.consumer)))[0] == 200
        (tmp_path / "pki/own.pem").write_bytes(b"nonsense")
        await until(stage, "tls.refused")
        assert "cannot be used" in str((await status(stage))["Certificates"]["problem"])
        assert "vaxel_tls_problem 1.0" in (await stage.post(b"", {}, path="/metrics", method="GET")).text
        assert (await call(stage, pki.context(pki.consumer)))[0] == 200


async def test_sw_16_5_what_a_handshake_used(tmp_path: Path) -> None:
    """In the log and in status: profile, own serial and expiry, the peer's subject, protocol and cipher; and a count."""
    pki = Pki(tmp_path / "pki")
    own = pki.authority.issue(PLATFORM)
    cert = own.write(tmp_path / "pki/out.pem")
    server = pki.authority.issue(PRODUCER, hosts=("localhost",)).write(tmp_path / "pki/server.pem")
    told = {"producer_ca": tmp_path / "pki/ca.pem", "producer_cert": cert, "producer_key": cert}
    async with scene(tmp_path / "home", **told) as stage:
        context = listener_context(server, server, tmp_path / "pki/ca.pem", None)
        port = await stage.listeners.listen(stage.producer, "127.0.0.1", 0, context)
        await lead(stage, f"https://localhost:{port}/ws")
        for _ in range(3):
            assert (await stage.call()).status == 200
        lines = [line for line in stage.log_lines() if line.get("event.action") == "tls.handshake"]
        assert len(lines) == 1  # one connection
        certificate = x509.load_pem_x509_certificate(own.certificate)
        expected = {
            "profile": "default",
            "serial": f"{certificate.serial_number:x}",
            "ends": certificate.not_valid_after_utc.isoformat(),
            "version": "TLSv1.3",
            "failed": "",
        }
        shown = (await status(stage))["Certificates"]["handshakes"]["localhost"]  # type: ignore[index]
        for name, value in expected.items():
            assert (lines[0][f"tls.{name}"], shown[name]) == (value, value)
        assert PRODUCER in shown["peer"]
        assert shown["cipher"]
        assert lines[0]["event.module"] == "skltp-tls"
        metrics = (await stage.post(b"", {}, path="/metrics", method="GET")).text
        assert 'vaxel_handshakes_total{direction="out",outcome="ok"} 1.0' in metrics


async def test_sw_16_5_a_failed_handshake_is_told_with_its_reason(tmp_path: Path) -> None:
    Pki(tmp_path / "pki")
    server = Authority("Other").issue(PRODUCER, hosts=("localhost",)).write(tmp_path / "pki/server.pem")
    async with scene(tmp_path / "home", producer_ca=tmp_path / "pki/ca.pem") as stage:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(server)
        port = await stage.listeners.listen(stage.producer, "127.0.0.1", 0, context)
        await lead(stage, f"https://localhost:{port}/ws")
        assert (await stage.call()).cause == "producer.tls-untrusted"
        shown = (await status(stage))["Certificates"]["handshakes"]["localhost"]  # type: ignore[index]
        assert shown["failed"] == "CERTIFICATE_VERIFY_FAILED"


async def test_sw_16_5_expiry_is_a_metric(tmp_path: Path) -> None:
    pki = Pki(tmp_path / "pki")
    async with scene(tmp_path / "home", **pki.told) as stage:
        metrics = (await stage.post(b"", {}, path="/metrics", method="GET")).text
        assert "vaxel_certificate_days 29.0" in metrics
        assert (await status(stage))["Certificates"]["files"]["own.pem"]["daysLeft"] == 29  # type: ignore[index]


def sender_in(certificates: Certificates, pem: bytes, *, handshake: bool) -> str:
    """The sender as the handshake's certificate, or one in a header, gives it."""
    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    return certificates.of_handshake(der) if handshake else certificates.of_header(base64.b64encode(der).decode())


@pytest.mark.parametrize("handshake", [True, False], ids=["handshake", "header"])
def test_sw_16_7_a_list_that_ends_refuses_its_issuers_certificates_from_then_on(handshake: bool) -> None:
    """Without a reload, for a certificate that was accepted before, and on connections that stay open; others go on."""
    one, other = Authority("One"), Authority("Other")
    short = one.revocation_list(fresh_for=timedelta(hours=1))
    long = other.revocation_list(fresh_for=timedelta(days=1))
    now = [datetime.now(UTC)]
    trusted = read_trusted(one.pem + other.pem, short + long)
    certificates = Certificates(trusted, now=lambda: now[0])

    def sender(certificate: bytes) -> str:
        return sender_in(certificates, certificate, handshake=handshake)

    first, second = one.issue("SE-1").certificate, other.issue("SE-2").certificate
    assert (sender(first), sender(second)) == ("SE-1", "SE-2")
    now[0] += timedelta(hours=2)
    with pytest.raises(SenderUnknown, match="past its next update") as caught:
        sender(first)
    assert caught.value.cause == "sender.certificate-untrusted"
    assert sender(second) == "SE-2"
    certificates.trust(read_trusted(one.pem + other.pem, one.revocation_list(fresh_for=timedelta(hours=9)) + long))
    assert sender(first) == "SE-1"


@pytest.mark.parametrize("handshake", [True, False], ids=["handshake", "header"])
def test_sw_16_7_a_revoked_certificate_and_a_list_of_another(handshake: bool) -> None:
    """A list that the issuer did not sign counts for nothing, so the certificate has none that is fresh."""
    one, forger = Authority("One"), Authority("One")
    certificate = one.issue("SE-1").certificate
    for crl in (one.revocation_list([certificate]), forger.revocation_list()):
        certificates = Certificates(read_trusted(one.pem, crl))
        with pytest.raises(SenderUnknown) as caught:
            sender_in(certificates, certificate, handshake=handshake)
        assert caught.value.cause == "sender.certificate-untrusted"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
@pytest.mark.parametrize(
    ("told", "caution"),
    [
        ({"tls_min_version": "1.1"}, "the HTTPS listener takes TLS 1.1"),
        ({}, "no checkpoint is kept elsewhere"),
        ({"trust_unverified_header": "on"}, "certificate headers are believed without verification"),
    ],
)
async def test_sw_16_1_old_versions_only_by_setting_and_with_a_warning(
    tmp_path: Path, told: dict[str, str], caution: str
) -> None:
    """In the log at start, and in status; so with SW-5.14 and SW-18.10."""
    pki = Pki(tmp_path / "pki")
    async with scene(tmp_path / "home", **pki.told, **told) as stage:
        assert any(caution in str(line.get("finding")) for line in stage.log_lines())
        assert any(caution in str(shown) for shown in (await status(stage))["Cautions"])
