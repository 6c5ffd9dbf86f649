# SPDX-License-Identifier: Apache-2.0
"""The two written forms of one 128-bit identifier: ULID text and the cuid-like text of ClinovaVet."""

from __future__ import annotations

import secrets
import time

_BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
_PAIRS36 = [a + b for a in _BASE36 for b in _BASE36]


def new_id(milliseconds: int | None = None) -> int:
    """A fresh ULID as an integer: 48 bits of time, 80 random bits."""
    ms = time.time_ns() // 1_000_000 if milliseconds is None else milliseconds
    return (ms << 80) | secrets.randbits(80)


def ulid_text(number: int) -> str:
    """26 Crockford base-32 characters."""
    return "".join([_BASE32[(number >> shift) & 31] for shift in range(125, -1, -5)])


def cuid_text(number: int) -> str:
    """'c' and 24 base-36 digits, the form of a ClinovaVet id; two digits are taken at a time."""
    out = [""] * 12
    for place in range(11, -1, -1):
        number, rest = divmod(number, 1296)
        out[place] = _PAIRS36[rest]
    return "c" + "".join(out)
