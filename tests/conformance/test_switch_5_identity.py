"""Who calls: switch.md section 5, rule by rule.

The table of call classes (SW-5.1 to SW-5.7, SW-5.15) is gone through line by line in exchange/test_identify.py; the wire
side of SW-5.3, SW-5.6, SW-5.7 also in journey/test_call.py, that of SW-5.8 and SW-5.14 in journey/test_https.py.
"""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID
from pki import Pki, header_forms
from scene import PLATFORM, PROTECTED, TRUSTED, UNIT, UNKNOWN, UNPERMITTED, Scene, message, scene

from vaxel.adapters.authority import Authority
from vaxel.adapters.certificates import Certificates, Trusted, by_pattern
from vaxel.errors import SenderUnknown, SettingsError
from vaxel.settings import read

pytestmark = pytest.mark.asyncio(loop_scope="module")

OPEN = message(f'<GetNothing xmlns="{UNKNOWN}"/>')
SERIAL, COMMON, UNIT_NAME = NameOID.SERIAL_NUMBER, NameOID.COMMON_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME
TOLD = {
    "internal_peers": f"127.0.0.1/32={TRUSTED}|{UNPERMITTED}, 10.9.0.0/16={TRUSTED}",
    "trusted_proxies": "10.8.0.0/16",
    "trust_unverified_header": "on",
}


def internal(sender: str = TRUSTED, **headers: str) -> dict[str, str]:
    told = {"x-vp-sender-id": sender, "x-vp-instance-id": PLATFORM}
    return told | {name.replace("_", "-"): value for name, value in headers.items()}


def settings(tmp_path: Path, **told: str) -> object:
    return read(tmp_path, {f"VAXEL_{name.upper()}": value for name, value in told.items()})


async def test_sw_5_1_the_lists_admit_nobody_by_themselves(tmp_path: Path) -> None:
    """Loopback is a trusted proxy only where header certificates can be verified; internal peers there are none."""
    bare = read(tmp_path, {})
    assert (bare.proxies, bare.internal_peers, bare.internal_certificates) == ((), (), ())
    verified = read(tmp_path, {"VAXEL_TLS_CLIENT_CA": "/ca.pem"})
    assert [str(network) for network in verified.proxies] == ["127.0.0.0/8", "::1/128"]
    assert read(tmp_path, {"VAXEL_TLS_CLIENT_CA": "/ca.pem", "VAXEL_TRUSTED_PROXIES": ""}).proxies == ()


async def test_sw_5_1_a_peer_on_no_list(tmp_path: Path) -> None:
    async with scene(tmp_path, internal_peers=f"10.0.0.0/8={TRUSTED}") as stage:
        answer = await stage.post(OPEN, internal())
        assert (answer.code, answer.cause) == ("VP011", "network.peer-not-allowed")
        assert "IP-address: 127.0.0.1" in answer.text


@pytest.mark.parametrize(
    "told",
    [
        {"internal_peers": "10.=A"},
        {"internal_peers": "10.0.0.1/8=A"},
        {"internal_peers": "10.0.0.0/33=A"},
        {"internal_peers": "host.example.se=A"},
        {"internal_peers": "10.0.0.0/8"},
        {"internal_peers": "10.0.0.0/8="},
        {"internal_peers": "10.0.0.0/8=*"},
        {"internal_peers": "10.0.0.0/8=A|SE*"},
        {"internal_certificates": "SE-AGP"},
        {"internal_certificates": "SE-AGP=*"},
        {"trusted_proxies": "10.0.0.0/8, 10.1.", "tls_client_ca": "/x"},
        {"operations_allow": "10.0.0.1/8"},
    ],
)
async def test_sw_5_2_a_bad_entry_stops_the_start(tmp_path: Path, told: dict[str, str]) -> None:
    """SW-5.3, SW-5.4: senders are stated one by one, there is no wildcard."""
    with pytest.raises(SettingsError) as caught:
        settings(tmp_path, **told)
    assert f"VAXEL_{next(iter(told)).upper()}" in str(caught.value)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (internal(), ""),
        (internal(TRUSTED.lower()), ""),
        (internal("SE-OTHER"), "sender.not-listed-for-peer"),
        (internal() | {"x-vp-instance-id": PLATFORM.lower()}, "sender.certificate-missing"),
        (internal() | {"x-vp-instance-id": ""}, "sender.certificate-missing"),
        ({"x-vp-instance-id": PLATFORM}, "sender.certificate-missing"),
        ({"x-vp-sender-id": TRUSTED}, "sender.certificate-missing"),
        ({"x-vp-auth-cert": "MII"}, "sender.certificate-header-untrusted"),
        (internal(x_forwarded_for="10.9.1.1"), ""),
        (internal(x_forwarded_for="10.9.1.1, 10.8.1.1"), ""),
        (internal(x_forwarded_for="10.7.1.1"), "network.forwarded-not-allowed"),
        (internal(x_forwarded_for="10.9.1.1, 10.7.1.1"), "network.forwarded-not-allowed"),
    ],
)
async def test_sw_5_3_who_is_internal(stage: Scene, headers: dict[str, str], expected: str) -> None:
    """SW-5.5: also by every forwarded address; SW-5.6, SW-5.7: what counts for nothing from this peer."""
    assert (await stage.post(OPEN, headers)).cause == expected
    if not expected:
        assert [record["class"] for record in stage.journal("opened")] == ["internal"]


async def test_sw_5_4_a_certificate_that_may_state_senders(tmp_path: Path) -> None:
    """SW-5.6: for any other certificate the headers are ignored on HTTPS."""
    pki = Pki(tmp_path / "pki")
    told = {**pki.told, "internal_certificates": f"{PROTECTED.lower()}={TRUSTED}"}
    async with scene(tmp_path / "home", **told) as stage:
        for holder, stated, sender, kind in (
            (PROTECTED, TRUSTED, TRUSTED, "internal"),
            (PROTECTED, UNPERMITTED, PROTECTED, "mtls"),
            (TRUSTED, PROTECTED, TRUSTED, "mtls"),
        ):
            context = pki.context(pki.authority.issue(holder))
            url = f"https://localhost:{stage.platform.ports['https']}/vp"
            async with stage.session.post(url, data=message(), headers=internal(stated), ssl=context) as answer:
                assert answer.status in {200, 401}
            opened = stage.journal("opened")[-1]
            assert (opened["sender"], opened["class"]) == (sender, kind)


@pytest.mark.parametrize("form", ["pem", "base64", "chain", "url"])
async def test_sw_5_8_certificate_header_as_pem_base64_or_url_encoded(tmp_path: Path, form: str) -> None:
    """Under whatever name the setting says."""
    told = {"trusted_proxies": "127.0.0.1/32", "trust_unverified_header": "on", "internal_peers": ""}
    header = "X-Forwarded-Tls-Client-Cert"
    async with scene(tmp_path, client_cert_header=header, **told) as stage:
        value = header_forms(Authority().issue(TRUSTED))[form]
        assert (await stage.post(OPEN, {header: value})).code == "VX004"
        assert [record["sender"] for record in stage.journal("opened")] == [TRUSTED]
        assert (await stage.post(OPEN, {"x-vp-auth-cert": value})).cause == "sender.certificate-missing"
        assert (await stage.post(OPEN, {header: "hello"})).cause == "sender.certificate-unknown-format"
        assert (await stage.post(OPEN, {header: "MII?"})).cause == "sender.certificate-unreadable"


def certificate(*rdns: list[x509.NameAttribute]) -> bytes:
    """A certificate with this subject, in the order of its encoding."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.RelativeDistinguishedName(each) for each in rdns])
    builder = x509.CertificateBuilder(
        subject, subject, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1)
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def part(oid: x509.ObjectIdentifier, value: str, kind: _ASN1Type | None = None) -> x509.NameAttribute:
    return x509.NameAttribute(oid, value, kind)


def sender(der: bytes, pattern: str = "") -> str:
    try:
        return Certificates(Trusted(), pattern=pattern).of_handshake(der)
    except SenderUnknown as error:
        return error.cause


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ([[part(COMMON, "x")], [part(SERIAL, "SE1")]], "SE1"),
        ([[part(COMMON, "x"), part(SERIAL, "SE1")]], "SE1"),
        ([[part(COMMON, "SERIALNUMBER=SE9")], [part(SERIAL, "SE1")]], "SE1"),
        ([[part(COMMON, "SE1")]], "sender.id-not-found"),
        ([[part(SERIAL, " ")]], "sender.id-not-found"),
        ([[part(SERIAL, "SE1")], [part(SERIAL, "SE2")]], "sender.id-ambiguous"),
        ([[part(SERIAL, "SE1")], [part(SERIAL, "SE1")]], "sender.id-ambiguous"),
    ],
)
async def test_sw_5_9_exactly_one_serial_number(subject: list[list[x509.NameAttribute]], expected: str) -> None:
    assert sender(certificate(*subject)) == expected


@pytest.mark.parametrize(
    ("subject", "pattern", "expected"),
    [
        ([[part(UNIT_NAME, "SE1")], [part(SERIAL, "SE2")]], "OU=([^,]+)", "SE1"),
        ([[part(COMMON, "OU=SE9")], [part(UNIT_NAME, "SE1")]], "OU=([^,]+)", "SE1"),
        ([[part(COMMON, "x,OU=SE9")]], "OU=([^,]+)", "sender.id-not-found"),
        ([[part(UNIT_NAME, "SE1")], [part(UNIT_NAME, "SE2")]], "OU=([^,]+)", "sender.id-ambiguous"),
        ([[part(UNIT_NAME, "SE1")], [part(UNIT_NAME, "SE1")]], "OU=([^,]+)", "SE1"),
        ([[part(SERIAL, "SE1")]], "SERIALNUMBER=(.+)", "SE1"),
        ([[part(SERIAL, "SE1")]], r"2\.5\.4\.5=(.+)", "SE1"),
        ([[part(UNIT_NAME, "SE1, annat + mer")]], "OU=([^,+]+)", "SE1, annat + mer"),
        ([[part(COMMON, "x")]], "OU=([^,]+)", "sender.id-not-found"),
    ],
)
async def test_sw_5_9_a_pattern_from_the_start_of_each_part(
    subject: list[list[x509.NameAttribute]], pattern: str, expected: str
) -> None:
    """SW-5.10: an escaped comma belongs to the value; serialNumber is found by name and by number."""
    assert sender(certificate(*subject), pattern) == expected


@pytest.mark.parametrize(
    "kind", [_ASN1Type.UTF8String, _ASN1Type.PrintableString, _ASN1Type.BMPString, _ASN1Type.IA5String]
)
@pytest.mark.parametrize("text", ["SE1", "S" * 64, "SE 1"])
async def test_sw_5_10_a_value_is_read_as_the_string_it_is(kind: _ASN1Type, text: str) -> None:
    """Of whatever ASN.1 type, never as `#` and hex."""
    name = x509.Name([part(UNIT_NAME, text, kind)])
    assert by_pattern(name, re.compile("OU=([^,]+)")) == {text}


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [("", "127.0.0.1"), ("10.9.1.1", "127.0.0.1"), ("10.9.1.1, 10.9.1.2", "127.0.0.1")],
)
async def test_sw_5_11_the_address_in_logs(stage: Scene, forwarded: str, address: str) -> None:
    """Listed addresses are none of the sender's; the whole rule is in exchange/test_identify.py."""
    await stage.post(OPEN, internal(x_forwarded_for=forwarded) if forwarded else internal())
    assert [line["source.ip"] for line in stage.call_lines()] == [address]


async def test_sw_5_11_a_forwarded_address_through_a_proxy(tmp_path: Path) -> None:
    told = {"trusted_proxies": "127.0.0.1/32", "trust_unverified_header": "on", "internal_peers": ""}
    headers = {"x-vp-auth-cert": header_forms(Authority().issue(TRUSTED))["base64"], "x-real": "192.0.2.1, 192.0.2.2"}
    async with scene(tmp_path, forwarded_for_header="X-Real", **told) as stage:
        await stage.post(message(), headers)
        assert [line["source.ip"] for line in stage.call_lines()] == ["192.0.2.2"]


async def test_sw_5_13_ids_without_case_but_as_they_are_written(stage: Scene) -> None:
    written = TRUSTED.lower()
    assert (await stage.post(OPEN, internal(written))).status == 200
    assert stage.producer.seen[0]["headers"][b"x-vp-sender-id"] == written.encode()
    assert [line["labels.senderid"] for line in stage.call_lines()] == [written]
    assert {record["sender"] for record in stage.journal()} == {written}


@pytest.mark.parametrize("unverified", ["off", "on"])
async def test_sw_5_14_proxies_need_a_ca_or_a_word_that_they_do_not(tmp_path: Path, unverified: str) -> None:
    told = {"trusted_proxies": "10.0.0.0/8", "trust_unverified_header": unverified}
    if unverified == "on":
        assert settings(tmp_path, **told)
    else:
        with pytest.raises(SettingsError, match="VAXEL_TRUST_UNVERIFIED_HEADER"):
            settings(tmp_path, **told)


async def test_sw_5_14_a_header_certificate_is_verified(tmp_path: Path) -> None:
    """Chained to the client CA, in date, not revoked."""
    pki = Pki(tmp_path / "pki", crl=True)
    revoked, expired = pki.authority.issue(TRUSTED), pki.authority.issue(TRUSTED, days=-1)
    (tmp_path / "pki/crl.pem").write_bytes(pki.authority.revocation_list([revoked.certificate]))
    async with scene(tmp_path / "home", internal_peers="", **pki.told) as stage:
        for identity in (revoked, expired, Authority().issue(TRUSTED)):
            answer = await stage.post(message(), {"x-vp-auth-cert": header_forms(identity)["base64"]})
            assert (answer.code, answer.cause) == ("VP002", "sender.certificate-untrusted")
        assert (await stage.post(message(), {"x-vp-auth-cert": header_forms(pki.consumer)["base64"]})).status == 200


async def test_sw_5_15_more_than_one_certificate_header(tmp_path: Path) -> None:
    pki = Pki(tmp_path / "pki")
    value = header_forms(pki.consumer)["base64"].encode()
    async with scene(tmp_path / "home", internal_peers="", **pki.told) as stage:
        twice = b"x-vp-auth-cert: " + value + b"\r\n"
        head = b"POST /vp HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: %d\r\n" % len(message())
        answer = await stage.raw(head + twice + twice + b"\r\n" + message())
        assert b"x-vaxel-cause: sender.certificate-header-repeated" in answer
        assert b"200 OK" in await stage.raw(head + twice + b"\r\n" + message())


async def test_sw_5_16_rights_follow_the_sender_never_the_original_consumer(stage: Scene) -> None:
    stated = {"x_rivta_original_serviceconsumer_hsaid": TRUSTED}
    answer = await stage.post(OPEN, internal(UNPERMITTED, **stated))
    assert (answer.code, answer.cause) == ("VP007", "permission.denied")
    assert f"senderId: {UNPERMITTED}" in answer.text
    assert f"receiverId: {UNIT}" in answer.text
