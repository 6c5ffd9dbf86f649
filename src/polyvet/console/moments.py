# SPDX-License-Identifier: Apache-2.0
"""Points in time as pages show them: by the clocks of the clinic that reads them."""

from __future__ import annotations

from contextvars import ContextVar

from polyvet.model import values

# Of the clinic whose page is being made. Templates' macros know nothing of a page but what they are given, and no page
# is to forget whose clocks it goes by.
ZONE: ContextVar[str] = ContextVar("zone", default="UTC")


def local(at: int, *, seconds: bool = False) -> str:
    """An instant by the clinic's clocks: `4 May 2026, 14:30`, or `4 May 2026, 14:30:05`."""
    moment = values.local(at, ZONE.get())
    return f"{moment.day} {moment:%b} {moment.year}, {moment:%H:%M:%S}"[: None if seconds else -3]


def utc(at: int) -> str:
    """An instant as programs read it: `2026-05-04T11:30:05.250Z`."""
    return values.to_datetime(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")
