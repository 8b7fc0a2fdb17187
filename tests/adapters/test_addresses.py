"""Where producers may live (SW-10.10)."""

import ipaddress

import pytest

from vaxel.adapters.addresses import AllowedNetworks

LISTED = AllowedNetworks(
    (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("0.0.0.0/0"))
)
USUAL = AllowedNetworks(None)


@pytest.mark.parametrize(
    ("address", "usual", "listed"),
    [
        ("192.0.2.1", True, True),
        ("10.1.2.3", True, True),
        ("2001:db8::1", True, False),
        ("127.0.0.1", False, True),
        ("::1", False, False),
        ("::ffff:127.0.0.1", False, True),
        ("169.254.169.254", False, False),
        ("::ffff:169.254.169.254", False, False),
        ("fe80::1%eth0", False, False),
        ("fd00:ec2::254", False, False),
        ("100.100.100.200", False, False),
        ("0.0.0.0", False, False),
        ("::", False, False),
        ("224.0.0.1", False, False),
        ("2130706433", False, False),
        ("example.se", False, False),
        ("", False, False),
    ],
)
def test_what_is_allowed(address: str, usual: bool, listed: bool) -> None:
    assert (USUAL.allows(address), LISTED.allows(address)) == (usual, listed)
