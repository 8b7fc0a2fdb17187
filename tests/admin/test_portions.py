"""Each part's portion of the settings: nothing is dropped on the way."""

import dataclasses
from pathlib import Path

from vaxel import __version__
from vaxel.admin import portions
from vaxel.settings import read

TOLD = {
    "VAXEL_MAX_HEADER_BYTES": "1001",
    "VAXEL_HEADER_TIMEOUT_S": "1002",
    "VAXEL_BODY_IDLE_S": "1003",
    "VAXEL_MAX_CONNECTIONS": "1004",
    "VAXEL_CONNECT_TIMEOUT_S": "1005",
    "VAXEL_POOL_IDLE_S": "1006",
    "VAXEL_RETRY_ATTEMPTS": "1007",
    "VAXEL_RETRY_DELAY_S": "1008",
    "VAXEL_RETRY_BUFFER_BYTES": "1009",
    "VAXEL_RESPONSE_PEEK_BYTES": "1010",
    "VAXEL_MAX_CALLS_PER_PRODUCER": "1011",
    "VAXEL_PRODUCER_CHUNKED": "on",
    "VAXEL_FAULT_ADDRESS": "off",
    "VAXEL_MAX_SIZE_BYTES": "1012",
    "VAXEL_ENVELOPE_HEAD_BYTES": "1013",
    "VAXEL_ENVELOPE_STRICT": "on",
    "VAXEL_MTOM": "inline",
    "VAXEL_CONTENT_TYPE": "text/xml",
    "VAXEL_CORRELATION_ID_TO_HTTPS": "on",
    "VAXEL_CLIENT_CERT_HEADER": "X-Own-Cert",
    "VAXEL_INTERNAL_PEERS": "10.0.0.0/8=SE-A|SE-B",
    "VAXEL_ROUTING_HISTORY": "off",
}


def test_every_member_of_a_portion_follows_its_setting(tmp_path: Path) -> None:
    """Each differs from its default, so none was forgotten."""
    settings = read(tmp_path, TOLD)
    kept = {"keep_alive_s"}  # not a setting
    for portion in (portions.limits(settings), portions.calling(settings), portions.reading(settings)):
        default = type(portion)()
        for member in dataclasses.fields(portion):
            changed = getattr(portion, member.name) != getattr(default, member.name)
            assert changed or member.name in kept, member.name


def test_headers_and_trust(tmp_path: Path) -> None:
    settings = read(tmp_path, TOLD)
    rules = portions.header_rules(settings, "SE-OWN")
    assert (rules.instance_id, rules.content_type, rules.correlation_id_to_https) == ("SE-OWN", "text/xml", True)
    assert (rules.certificate_header, rules.user_agent) == (b"x-own-cert", f"Vaxel/{__version__}")
    trust = portions.trust(settings, "SE-OWN")
    assert [(str(network), senders) for network, senders in trust.internal_peers] == [
        ("10.0.0.0/8", frozenset({"se-a", "se-b"}))
    ]
    assert (trust.history, trust.history_on_https, trust.proxies) == (False, True, ())


def test_tls_profiles(tmp_path: Path) -> None:
    table = '[[tls.producer]]\nname = "a"\ndomain_name = "a.se"\nport = 1\nciphers = "x"\nverify_hostname = false\n'
    (tmp_path / "vaxel.toml").write_text(table + 'min_version = "1.3"\nca = "/ca"\ncert = "/c"\nkey = "/k"\n')
    settings = read(tmp_path, {"VAXEL_PRODUCER_CA": "/own"})
    (profile,) = portions.profiles(settings)
    stated = dataclasses.asdict(profile)
    assert stated == {name: getattr(settings.tls_producer[0], name) for name in stated}
    assert portions.default_profile(settings).ca == Path("/own")
