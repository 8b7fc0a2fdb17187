"""Which addresses the platform may connect to (SW-10.10)."""

import ipaddress
import socket
from typing import Any

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Where clouds and hosts keep what no producer is: refused whatever a list says.
_NEVER = tuple(
    ipaddress.ip_network(text)
    for text in ("169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128", "100.100.100.200/32", "0.0.0.0/8", "::/128")
)


class AddressRefused(OSError):
    """A producer's name led to an address where no producer may live."""


class AllowedNetworks:
    """`networks` as stated; None: every network but loopback."""

    def __init__(self, networks: tuple[Network, ...] | None) -> None:
        self._networks = networks

    def allows(self, text: str) -> bool:
        """Whether a numeric address may be connected to; IPv4-mapped forms count as IPv4."""
        try:
            address = ipaddress.ip_address(text.partition("%")[0])
        except ValueError:
            return False
        address = getattr(address, "ipv4_mapped", None) or address
        if address.is_multicast or any(_within(address, network) for network in _NEVER):
            return False
        if self._networks is None:
            return not address.is_loopback
        return any(_within(address, network) for network in self._networks)

    def socket(self, found: tuple[Any, ...]) -> socket.socket:
        """A socket for one result of a name look-up, made only where its address is allowed; else `AddressRefused`."""
        family, kind, protocol, _, address = found
        if not self.allows(address[0]):
            raise AddressRefused("the address is not one where producers may live")
        made = socket.socket(family, kind, protocol)
        made.settimeout(0)
        return made


def _within(address: ipaddress.IPv4Address | ipaddress.IPv6Address, network: Network) -> bool:
    return address.version == network.version and address in network
