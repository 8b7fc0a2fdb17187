"""Settings: switch.md section 19. Every name of its table with its default; what is not built yet, with the reason.

Also shown elsewhere: what stops the start (SW-19.1) case by case in test_settings.py, the headings (SW-19.3) in
docs/test_documents.py.
"""

from pathlib import Path

import pytest
from scene import PLATFORM, Scene, scene

from vaxel.errors import DataError, SettingsError
from vaxel.settings import Settings, effective, read

LOOPBACK = "127.0.0.0/8, ::1/128"
DEFAULTS = {
    "INSTANCE_ID": "", "INSTANCE_NAME": "",
    "TRUSTED_PROXIES": "", "INTERNAL_PEERS": "", "INTERNAL_CERTIFICATES": "",
    "TRUST_UNVERIFIED_HEADER": "off", "TLS_CRL": "",
    "WEB_HOST": "127.0.0.1", "WEB_PORT": "8090", "WORKERS": "1",
    "CLIENT_CERT_HEADER": "x-vp-auth-cert", "SENDER_PATTERN": "",
    "FORWARDED_FOR_HEADER": "X-Forwarded-For", "FORWARDED_PROTO_HEADER": "X-VP-Forwarded-Proto",
    "FORWARDED_HOST_HEADER": "X-VP-Forwarded-Host", "FORWARDED_PORT_HEADER": "X-VP-Forwarded-Port",
    "ORIGINAL_CONSUMER": "warn", "ROUTING_HISTORY": "on", "ROUTING_HISTORY_ON_HTTPS": "on",
    "ROUTING_DELIMITER": "#", "DEFAULT_ROUTING_CONTRACTS": "", "DEFAULT_ROUTING_SENDERS": "",
    "TREE_ROUTES": "on", "TREE_ROUTES_EXCEPT": "", "TREE_PERMISSIONS": "on", "TREE_PERMISSIONS_EXCEPT": "",
    "TREE_IGNORE_CASE": "off", "TREE_REQUIRED": "on",
    "CONNECT_TIMEOUT_S": "2", "PRODUCER_TIMEOUT_S": "29",
    "RETRY_ATTEMPTS": "1", "RETRY_DELAY_S": "2", "RETRY_BUFFER_BYTES": "1048576",
    "POOL_IDLE_S": "4", "PRODUCER_CHUNKED": "off",
    "MAX_SIZE_BYTES": "15728640", "ENVELOPE_HEAD_BYTES": "262144", "RESPONSE_PEEK_BYTES": "65536",
    "MAX_CALLS": "1000", "MAX_CALLS_PER_PRODUCER": "200", "MAX_CALLS_PER_CONSUMER": "200",
    "MAX_HEADER_BYTES": "65536", "HEADER_TIMEOUT_S": "10", "BODY_IDLE_S": "30",
    "MAX_CONNECTIONS": "2000", "MAX_BUFFERED_BYTES": "268435456",
    "PRODUCER_NETWORKS": "", "CALL_EVENTS": "summary", "CHECKPOINT_TO": "", "CORRELATION_ID_TO_HTTPS": "off",
    "LOG_HEADERS": "SOAPAction, Content-Type, Content-Length, User-Agent, Host, x-skltp-correlation-id, x-rivta-*, "
    "x-vp-sender-id, x-vp-instance-id, X-Forwarded-For",
    "CONTENT_TYPE": "text/xml;charset=UTF-8", "USER_AGENT": "",
    "HEADERS_REQUEST_REMOVE": "(?i)x-vp.*|PEER_CERTIFICATES|X-Forwarded.*|MULE_.*|X-MULE_.*|Connection|accept-encoding"
    "|X-Forwarded-Tls-Client-Cert",
    "HEADERS_REQUEST_KEEP": "(?i)x-vp-sender-id|x-vp-instance-id",
    "HEADERS_RESPONSE_REMOVE": "(?i)SOAPAction|MULE_.*|X-MULE_.*|LOCAL_CERTIFICATE|PEER_CERTIFICATES|http.method",
    "MTOM": "strip", "PASS_SOAP12_FAULTS": "off", "GZIP_CONSUMER": "off", "GZIP_PRODUCER": "off",
    "FAULT_CAUSE": "on", "FAULT_ADDRESS": "on", "WSDL_PUBLIC": "on", "FORWARD_QUERY": "off", "ENVELOPE_STRICT": "off",
    "OPERATIONS_ALLOW": LOOPBACK, "SHUTDOWN_GRACE_S": "30", "LOG_PAYLOAD": "off",
}  # fmt: skip
NOT_BUILT = {
    "FORWARD_QUERY": "nobody has needed it, and a query may hold what must not stand in a URL",
    "GZIP_CONSUMER": "coding of answers is built with section 13",
    "GZIP_PRODUCER": "coding of answers is built with section 13",
    "LOG_PAYLOAD": "the payload log is built with section 18",
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_sw_1_1_what_is_configurable_has_its_setting_and_default(tmp_path: Path, name: str) -> None:
    """SW-19.1: a name that is not built is unknown."""
    if name.lower() in Settings.model_fields:
        assert effective(read(tmp_path, {}))[f"VAXEL_{name}"] == DEFAULTS[name]
    else:
        assert NOT_BUILT[name]
        with pytest.raises(SettingsError, match="is not a setting"):
            read(tmp_path, {f"VAXEL_{name}": DEFAULTS[name]})


def test_sw_19_1_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    """Unknown names, wrong types and contradictions; blanks around list entries are trimmed."""
    (tmp_path / "vaxel.toml").write_text("colour = 'red'\nmax_calls = 0\n")
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, {"VAXEL_SIZE": "1", "VAXEL_HTTP_PORT": "x", "VAXEL_FAULT_CAUSE": "perhaps"})
    for name in ("COLOUR", "MAX_CALLS", "SIZE", "HTTP_PORT", "FAULT_CAUSE"):
        assert f"VAXEL_{name}" in str(caught.value)
    with pytest.raises(SettingsError, match="VAXEL_WORKERS"):
        read(tmp_path / "other", {"VAXEL_WORKERS": "2"})
    listed = read(tmp_path / "other", {"VAXEL_TREE_ROUTES_EXCEPT": " urn:a , ,urn:b"})
    assert listed.tree_routes_except == ("urn:a", "urn:b")


def test_sw_19_2_secrets_are_masked(tmp_path: Path) -> None:
    told = {"VAXEL_PRODUCER_CERT": "/c.pem", "VAXEL_PRODUCER_KEY": "/secret.pem"}
    shown = effective(read(tmp_path, told))
    assert shown["VAXEL_PRODUCER_KEY"] == "***"
    assert shown["VAXEL_PRODUCER_CERT"] == "/c.pem"
    assert set(shown) == {f"VAXEL_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize("platforms", [0, 2])
async def test_sw_19_4_none_or_two_platform_addresses_stop_the_start(tmp_path: Path, platforms: int) -> None:
    rows = "".join(f"  - {{id: {PLATFORM}{number}, name: n, kind: platform}}\n" for number in range(platforms))
    stage = Scene(tmp_path, {})
    stage.port = 1
    stage.furnish()
    stage.write("logical_addresses.yaml", f"format: 1\naddresses: {'[]' if not rows else ''}\n{rows}")
    stage.write("routing/routes.yaml", "format: 1\nroutes: []\n")
    with pytest.raises(DataError, match="kind platform"):
        async with scene(tmp_path):
            pass
