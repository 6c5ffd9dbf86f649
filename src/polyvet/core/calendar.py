# SPDX-License-Identifier: Apache-2.0
"""The calendar, read by windows of bounded length."""

from __future__ import annotations

from polyvet.core.context import Context
from polyvet.model.entities import CalendarEvent
from polyvet.model.errors import RangeTooLong
from polyvet.model.paging import Page, Place
from polyvet.model.values import DAY
from polyvet.storage import calendar as stored

LONGEST_WINDOW_DAYS = 90


async def search(
    ctx: Context,
    *,
    low: int,
    high: int,
    kind: str | None = None,
    status: str | None = None,
    limit: int,
    offset: int = 0,
    place: Place | None = None,
) -> Page[CalendarEvent]:
    """Events that start in [low, high), in order. RangeTooLong over 90 days or when high is before low."""
    ctx.require("calendar:read")
    if high - low > LONGEST_WINDOW_DAYS * DAY:
        raise RangeTooLong(f"Date range must not exceed {LONGEST_WINDOW_DAYS} days.")
    if high < low:
        raise RangeTooLong("The end of the date range must not be before its start.")
    return await stored.list_window(
        ctx.reader, ctx.clinic_id, low=low, high=high, kind=kind, status=status, limit=limit, offset=offset, place=place
    )
