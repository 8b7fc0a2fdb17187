"""Settings of sections 2 to 9 with their defaults (switch.md section 19); what is not built yet, with the reason.

Also shown elsewhere: what stops the start (SW-19.1) and that secrets are masked (SW-19.2) in test_settings.py, the headings
(SW-19.3) in docs/test_documents.py.
"""

from pathlib import Path

import pytest
from scene import PLATFORM, Scene, scene

from vaxel.errors import DataError, SettingsError
from vaxel.settings import Settings, effective, read

DEFAULTS = {
    "INSTANCE_ID": "", "INSTANCE_NAME": "",
    "TRUSTED_PROXIES": "", "INTERNAL_PEERS": "", "INTERNAL_CERTIFICATES": "", "TRUST_UNVERIFIED_HEADER": "off",
    "CLIENT_CERT_HEADER": "x-vp-auth-cert", "SENDER_PATTERN": "",
    "FORWARDED_FOR_HEADER": "X-Forwarded-For", "FORWARDED_PROTO_HEADER": "X-VP-Forwarded-Proto",
    "FORWARDED_HOST_HEADER": "X-VP-Forwarded-Host", "FORWARDED_PORT_HEADER": "X-VP-Forwarded-Port",
    "ORIGINAL_CONSUMER": "warn", "ROUTING_HISTORY": "on", "ROUTING_HISTORY_ON_HTTPS": "on",
    "ROUTING_DELIMITER": "#", "DEFAULT_ROUTING_CONTRACTS": "", "DEFAULT_ROUTING_SENDERS": "",
    "TREE_ROUTES": "on", "TREE_ROUTES_EXCEPT": "", "TREE_PERMISSIONS": "on", "TREE_PERMISSIONS_EXCEPT": "",
    "TREE_IGNORE_CASE": "off", "TREE_REQUIRED": "on",
    "MAX_CALLS": "1000", "MAX_CALLS_PER_CONSUMER": "200", "MAX_BUFFERED_BYTES": "268435456",
    "MAX_HEADER_BYTES": "65536", "HEADER_TIMEOUT_S": "10", "BODY_IDLE_S": "30", "MAX_CONNECTIONS": "2000",
    "ENVELOPE_HEAD_BYTES": "262144", "ENVELOPE_STRICT": "off", "FORWARD_QUERY": "off",
    "OPERATIONS_ALLOW": "127.0.0.0/8, ::1/128",
}  # fmt: skip
NOT_BUILT = {"FORWARD_QUERY": "nobody has needed it, and a query may hold what must not stand in a URL"}


@pytest.mark.parametrize("name", DEFAULTS)
def test_sw_1_1_what_is_configurable_has_its_setting_and_default(tmp_path: Path, name: str) -> None:
    """SW-19.1: a name that is not built is unknown."""
    if name.lower() in Settings.model_fields:
        assert effective(read(tmp_path, {}))[f"VAXEL_{name}"] == DEFAULTS[name]
    else:
        assert NOT_BUILT[name]
        with pytest.raises(SettingsError, match="is not a setting"):
            read(tmp_path, {f"VAXEL_{name}": DEFAULTS[name]})


def test_sw_17_8_a_node_is_one_process(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="a node is one process"):
        read(tmp_path, {"VAXEL_WORKERS": "2"})
    assert read(tmp_path, {"VAXEL_WORKERS": "1"}).workers == 1


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
