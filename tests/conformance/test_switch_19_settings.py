"""Settings: spec/switch.md section 19.

| rule | also shown by |
|---|---|
| SW-19.1, SW-19.2 | `test_settings.py` |
| SW-19.3 | `docs/test_documents.py` |
| SW-19.4 | `journey/test_reload.py` (`test_a_first_start_with_bad_files_is_refused`), `directory/test_load.py` |
"""

from pathlib import Path

import pytest

from vaxel.errors import SettingsError
from vaxel.settings import Settings, effective, read

LOGGED = (
    "SOAPAction, Content-Type, Content-Length, User-Agent, Host, x-skltp-correlation-id, x-rivta-*, x-vp-sender-id, "
    "x-vp-instance-id, X-Forwarded-For"
)
DEFAULTS = {
    "CONNECT_TIMEOUT_S": "2",
    "PRODUCER_TIMEOUT_S": "29",
    "RETRY_ATTEMPTS": "1",
    "RETRY_DELAY_S": "2",
    "RETRY_BUFFER_BYTES": "1048576",
    "POOL_IDLE_S": "4",
    "PRODUCER_CHUNKED": "off",
    "MAX_SIZE_BYTES": "15728640",
    "RESPONSE_PEEK_BYTES": "65536",
    "MAX_CALLS_PER_PRODUCER": "200",
    "PRODUCER_NETWORKS": "",
    "CALL_EVENTS": "summary",
    "LOG_HEADERS": LOGGED,
    "CHECKPOINT_TO": "",
    "CORRELATION_ID_TO_HTTPS": "off",
    "CONTENT_TYPE": "text/xml;charset=UTF-8",
    "USER_AGENT": "",
    "HEADERS_REQUEST_REMOVE": "(?i)x-vp.*|PEER_CERTIFICATES|X-Forwarded.*|MULE_.*|X-MULE_.*|Connection|accept-encoding"
    "|X-Forwarded-Tls-Client-Cert",
    "HEADERS_REQUEST_KEEP": "(?i)x-vp-sender-id|x-vp-instance-id",
    "HEADERS_RESPONSE_REMOVE": "(?i)SOAPAction|MULE_.*|X-MULE_.*|LOCAL_CERTIFICATE|PEER_CERTIFICATES|http.method",
    "GZIP_CONSUMER": "off",
    "GZIP_PRODUCER": "off",
    "MTOM": "strip",
    "PASS_SOAP12_FAULTS": "off",
    "FAULT_CAUSE": "on",
    "FAULT_ADDRESS": "on",
    "WSDL_PUBLIC": "on",
    "OPERATIONS_ALLOW": "127.0.0.0/8, ::1/128",
    "SHUTDOWN_GRACE_S": "30",
    "LOG_PAYLOAD": "off",
    "TLS_CRL": "",
    "WEB_HOST": "127.0.0.1",
    "WEB_PORT": "8090",
    "WORKERS": "1",
}


@pytest.mark.parametrize(("name", "default"), DEFAULTS.items(), ids=DEFAULTS)
def test_sw_19_defaults(tmp_path: Path, name: str, default: str) -> None:
    """The table of section 19, as far as it belongs to sections 10 to 18."""
    shown = effective(read(tmp_path, {}))[f"VAXEL_{name}"]
    assert shown in {default, f"{default}.0"}


def test_sw_16_2_duplicate_names_stop_the_start(tmp_path: Path) -> None:
    table = '[[tls.producer]]\nname = "a"\ndomain_suffix = ".se"\n'
    (tmp_path / "vaxel.toml").write_text(table * 2)
    with pytest.raises(SettingsError, match="same name"):
        read(tmp_path, {})


@pytest.mark.parametrize(
    ("told", "secret"),
    [
        ({"VAXEL_CHECKPOINT_TO": "https://user:SECRET@logs.example/x"}, "SECRET"),
        ({"VAXEL_TLS_CERT": "/c", "VAXEL_TLS_KEY": "/SECRET", "VAXEL_TLS_CLIENT_CA": "/a"}, "SECRET"),
    ],
)
def test_sw_19_2_secrets_are_masked(tmp_path: Path, told: dict[str, str], secret: str) -> None:
    (tmp_path / "vaxel.toml").write_text('[[tls.producer]]\nname = "a"\ndomain_name = "b.se"\nkey = "/SECRET"\n')
    shown = str(effective(read(tmp_path, told)))
    assert secret not in shown
    assert "name = a, domain_name = b.se" in shown


def test_sw_19_1_every_name_is_text_that_reads_back(tmp_path: Path) -> None:
    """What `vaxel check --settings` prints can be given as the environment again."""
    told = {
        "VAXEL_GZIP_CONSUMER": "on",
        "VAXEL_PRODUCER_NETWORKS": "10.0.0.0/8, ::1/128",
        "VAXEL_INTERNAL_PEERS": "10.0.0.1/32=SE-A|SE-B, ::1/128=SE-C",
        "VAXEL_INTERNAL_CERTIFICATES": "SE-A=SE-B",
    }
    settings = read(tmp_path, told)
    shown = {name: value for name, value in effective(settings).items() if value and name not in {"VAXEL_TLS_PRODUCER"}}
    assert read(Path(shown.pop("VAXEL_HOME")), shown) == settings
    assert set(Settings.model_fields) >= {name.removeprefix("VAXEL_").lower() for name in shown}
