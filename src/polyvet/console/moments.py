# SPDX-License-Identifier: Apache-2.0
"""Points in time as pages show them: by the clocks of the clinic that reads them."""

from __future__ import annotations

import math
from contextvars import ContextVar
from functools import cache
from zoneinfo import available_timezones

from polyvet.model import values

# Of the clinic whose page is being made. Templates' macros know nothing of a page but what they are given, and no page
# is to forget whose clocks it goes by.
ZONE: ContextVar[str] = ContextVar("zone", default="UTC")

_MINUTES_FROM_S = 120


@cache
def zones() -> tuple[str, ...]:
    """The time zones that a clinic chooses from: those that are named for a place, and UTC."""
    return ("UTC", *sorted(one for one in available_timezones() if "/" in one and not one.startswith("Etc/")))


def local(at: int, *, seconds: bool = False) -> str:
    """An instant by the clinic's clocks: `4 May 2026, 14:30`, or `4 May 2026, 14:30:05`."""
    moment = values.local(at, ZONE.get())
    return f"{moment.day} {moment:%b} {moment.year}, {moment:%H:%M:%S}"[: None if seconds else -3]


def ahead(seconds: int) -> str:
    """How long there is to wait, in whole units: `in 90 s`, `in 3 min`; `now` for no time."""
    if not seconds:
        return "now"
    return f"in {seconds} s" if seconds <= _MINUTES_FROM_S else f"in {math.ceil(seconds / 60)} min"


def utc(at: int) -> str:
    """An instant as programs read it: `2026-05-04T11:30:05.250Z`."""
    return values.to_datetime(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")
