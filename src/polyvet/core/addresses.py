# SPDX-License-Identifier: Apache-2.0
"""Where the server may post to: public addresses, and the networks that its operator has named.

Whoever may make a webhook chooses what the server connects to. It must not reach what only the server can: itself, its
network, the cloud's metadata.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

CLOSED = "This address is not public; the server's setting webhook_networks can allow its network."
_PRINTABLE = re.compile(r"[\x21-\x7e]+")
Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# IANA's special purposes, spelled out: what Python calls private differs from one release to the next.
_CLOSED_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
_UNICAST_6 = IPv6Network("2000::/3")  # all else is loopback, local, multicast or not given out
_CLOSED_6 = tuple(IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
_NAT64 = IPv6Network("64:ff9b::/96")
_LAST_4 = 0xFFFF_FFFF


class Addresses:
    """The addresses that may be posted to."""

    def __init__(self, opened: Iterable[str] = ()) -> None:
        """`opened`: networks that are allowed whatever they are, as `10.1.0.0/16`. ValueError for one that is none."""
        self._opened: list[Network] = [ip_network(text) for text in opened]

    def allow(self, text: str) -> bool:
        """Whether an address may be connected to."""
        try:
            address = _within(ip_address(text.partition("%")[0]))
        except ValueError:
            return False
        if any(address in network for network in self._opened if network.version == address.version):
            return True
        if isinstance(address, IPv4Address):
            return not any(address in network for network in _CLOSED_4)
        return address in _UNICAST_6 and not any(address in network for network in _CLOSED_6)

    def refuse(self, host: str) -> bool:
        """Whether a URL's host is an address, in whatever notation, that may not be connected to. What a name resolves
        to is looked at when it is connected to."""
        address = _literal(host)
        return address is not None and not self.allow(address)


def read_target(text: str) -> str:
    """The URL to post to that a text names: absolute, of http or https, and as it is sent: a name beyond ASCII in
    Punycode, all else percent-encoded. ValueError says what is wrong."""
    found = text.strip()
    try:
        parts = urlsplit(found)
        good = bool(_PRINTABLE.fullmatch(found) and parts.scheme in ("http", "https") and parts.hostname)
        good = good and parts.port != 0 and "\\" not in found
    except ValueError:
        good = False
    if not good:
        raise ValueError("Enter a valid URL.")
    if "@" in parts.netloc:
        raise ValueError("A URL must not hold a user or a password.")
    return found


def _within(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & _LAST_4)
    return address


def _literal(host: str) -> str | None:
    """The address that a host is, also as the system's resolver reads it: `127.1`, `0x7f000001`, `2130706433`."""
    try:
        return str(ip_address(host.partition("%")[0]))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, UnicodeEncodeError):
        return None
