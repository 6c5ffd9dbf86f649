# SPDX-License-Identifier: Apache-2.0
"""Where an application may have users sent back to with their codes: nowhere that others could listen."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

LONGEST = 1_000
MOST = 20
# What a header may repeat: the origin goes into the page's content security policy.
_PRINTABLE = re.compile(r"[!-~]+")
_HOST = re.compile(r"[A-Za-z0-9.-]+(?::\d{1,5})?|\[[0-9A-Fa-f:]+\](?::\d{1,5})?")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def problem(uri: str) -> str | None:
    """What keeps a URI from being one that codes are sent to; None if it may be."""
    if not _PRINTABLE.fullmatch(uri) or len(uri) > LONGEST or "#" in uri:
        return f"it must be printable ASCII without a #, of {LONGEST} characters at most"
    try:
        parts = urlsplit(uri)
        host = parts.hostname
    except ValueError as error:
        return str(error)
    if "." in parts.scheme:  # an app's own scheme is its domain turned round, so that no other app has it (RFC 8252)
        return None
    if parts.scheme not in ("https", "http") or host is None or not _HOST.fullmatch(parts.netloc):
        return "write it as https://HOST/PATH, or com.example.app:/PATH for an app on a device"
    if parts.scheme == "http" and host not in _LOOPBACK:
        return "http is for this machine only; codes must not travel unencrypted"
    return None
