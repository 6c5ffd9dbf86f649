# SPDX-License-Identifier: Apache-2.0
"""How often somebody may try to sign in, so that guessing takes longer than anybody lives."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

from polyvet.web.message import Request
from polyvet.web.rolling import Rolling
from polyvet.web.slots import digest

# Attempts a minute. One address may be that of many users: of a clinic's, or of a proxy's.
AS_ONE, FROM_ONE_ADDRESS = 5, 60


def count(attempts: Rolling, where: bytes, request: Request, who: str) -> None:
    """Count an attempt by whoever sends the request to be `who`, an e-mail. LimitReached for who guesses."""
    address = (request.scope.get("client") or ("",))[0]
    attempts.take(digest(b"address", where, sender(address)), FROM_ONE_ADDRESS)
    attempts.take(digest(b"e-mail", where, who.strip().lower().encode("utf-8", "surrogateescape")), AS_ONE)


def sender(address: str) -> bytes:
    """Whose attempts are counted together: those of an address; of IPv6 those of its network, the address's first
    half, since the other half is the sender's to choose."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address.encode()
    return found.packed[:8] if isinstance(found, IPv6Address) and not found.ipv4_mapped else found.packed
