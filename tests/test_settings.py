"""Settings: every problem at once, nothing unknown (SW-19.1, SW-19.2)."""

from pathlib import Path

import pytest

from vaxel.errors import SettingsError
from vaxel.settings import effective, read


def problems(tmp_path: Path, **environment: str) -> str:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, {f"VAXEL_{name.upper()}": value for name, value in environment.items()})
    return "\n".join(caught.value.problems)


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"colour": "red"}, "VAXEL_COLOUR is not a setting"),
        ({"http_port": "x"}, "VAXEL_HTTP_PORT"),
        ({"http_port": "70000"}, "VAXEL_HTTP_PORT"),
        ({"workers": "2"}, "a node is one process"),
        ({"trusted_proxies": "10.0.0.0/8"}, "VAXEL_TLS_CLIENT_CA"),
        ({"trusted_proxies": "10."}, "VAXEL_TRUSTED_PROXIES"),
        ({"internal_peers": "127.0.0.1/32=*"}, "VAXEL_INTERNAL_PEERS"),
        ({"internal_peers": "127.0.0.1"}, "VAXEL_INTERNAL_PEERS"),
        ({"retry_attempts": "-1"}, "VAXEL_RETRY_ATTEMPTS"),
        ({"sender_pattern": "("}, "VAXEL_SENDER_PATTERN"),
        ({"original_consumer": "maybe"}, "VAXEL_ORIGINAL_CONSUMER"),
        ({"tls_cert": "/x", "tls_key": "/y"}, "go together"),
        ({"tls_crl": "/x"}, "VAXEL_TLS_CRL needs"),
        ({"wsdl_public": "yes"}, "VAXEL_WSDL_PUBLIC"),
        ({"node": "../evil"}, "VAXEL_NODE"),
        ({"schema_compat": "wildcard-others"}, "VAXEL_SCHEMA_COMPAT"),
        ({"breaker_open_s": "90"}, "VAXEL_BREAKER_MAX_OPEN_S"),
        ({"breaker_share": "0"}, "VAXEL_BREAKER_SHARE"),
        ({"probe": "all"}, "VAXEL_PROBE"),
    ],
)
def test_what_stops_the_start(tmp_path: Path, environment: dict[str, str], told: str) -> None:
    assert told in problems(tmp_path, **environment)


def test_all_problems_at_once(tmp_path: Path) -> None:
    told = problems(tmp_path, colour="red", http_port="x", retry_attempts="-1")
    assert all(name in told for name in ("VAXEL_COLOUR", "VAXEL_HTTP_PORT", "VAXEL_RETRY_ATTEMPTS"))


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "vaxel.toml").write_text(
        'http_port = 1\nweb_port = 2\n[[tls.producer]]\nname = "a"\ndomain_suffix = ".se"\n'
    )
    settings = read(tmp_path, {"VAXEL_HTTP_PORT": "3", "VAXEL_RIVTA_DIR": "ignored"})
    assert (settings.http_port, settings.web_port, settings.tls_producer[0].domain_suffix) == (3, 2, ".se")


def test_blanks_around_entries_are_trimmed(tmp_path: Path) -> None:
    settings = read(tmp_path, {"VAXEL_INTERNAL_PEERS": " 127.0.0.1/32 = A | B , ::1/128=C "})
    assert settings.internal_peers == (("127.0.0.1/32", ("A", "B")), ("::1/128", ("C",)))


def test_secrets_are_masked(tmp_path: Path) -> None:
    """SW-19.2."""
    shown = effective(read(tmp_path, {"VAXEL_PRODUCER_CERT": "/c", "VAXEL_PRODUCER_KEY": "/secret/key"}))
    assert shown["VAXEL_PRODUCER_KEY"] == "***"
    assert "/secret/key" not in str(shown)


def test_a_file_that_is_not_toml(tmp_path: Path) -> None:
    (tmp_path / "vaxel.toml").write_text("not toml")
    assert "not TOML" in problems(tmp_path)
