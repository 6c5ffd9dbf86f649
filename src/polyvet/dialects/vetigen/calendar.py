# SPDX-License-Identifier: Apache-2.0
"""GET /api/v1/calendar/events [seed: summary] [docs: R1 and K].

Events of the key's clinic that start in [start_date, end_date), all in UTC. Without bounds the window is today through
30 days ahead, and it must not exceed 90 days [seed]. In the order in which they start [inferred].
"""

from __future__ import annotations

import msgspec

from polyvet.core import calendar
from polyvet.dialects.vetigen.listing import Listing
from polyvet.dialects.vetigen.patients import PATIENT
from polyvet.dialects.vetigen.wire import Generation, Success, encode, to_fp
from polyvet.dialects.vetigen.wire import Items as ItemsOf
from polyvet.model import values
from polyvet.model.entities import CalendarEvent, EventKind, EventStatus
from polyvet.model.errors import RangeTooLong
from polyvet.model.paging import Place
from polyvet.model.values import DAY
from polyvet.web import params
from polyvet.web.marks import Marks
from polyvet.web.message import Reply, Request

EVENT = "calevt_"
USER = "user_"
DEFAULT_WINDOW = 30 * DAY  # [seed]
MOST_UNPAGED = 10_000  # events in one answer of generation K, which has no pages [inferred]


class EventOut(msgspec.Struct, gc=False):
    """An event [docs]; which fields may be null is [inferred]: a sale has no patient, a booking maybe nobody yet."""

    fp: str
    title: str
    type: EventKind
    status: EventStatus
    start_at: str
    end_at: str
    patient_fp: str | None
    assigned_user_fp: str | None


EventsAnswer = Success[ItemsOf[EventOut]]
UnpagedEventsAnswer = list[EventOut]


class Calendar:
    """The one operation, in the shape of its generation."""

    def __init__(self, marks: Marks, generation: Generation) -> None:
        self._marks = marks
        self.list_events = self._list_all if generation is Generation.K else self._list_page

    async def _list_page(self, request: Request) -> Reply:
        """The page object [docs: R1]; `page` and `page_size`, which its page does not name, are read [inferred]."""
        query = request.query()
        low, high = window(query)
        kind, status = _chosen(query)
        listing = Listing(self._marks, request, query, "calendar", low, high, kind, status)
        page = await calendar.search(
            request.context,
            low=low,
            high=high,
            kind=kind,
            status=status,
            limit=listing.limit,
            offset=listing.offset,
            place=listing.place,
        )
        last = Place(page.items[-1].start_at, page.items[-1].id) if page.items else None
        return listing.answer(page, [event_out(event) for event in page.items], last)

    async def _list_all(self, request: Request) -> Reply:
        """A bare array, unpaged [docs: K]. More than fit one answer are refused, never cut off in silence."""
        query = request.query()
        low, high = window(query)
        kind, status = _chosen(query)
        page = await calendar.search(request.context, low=low, high=high, kind=kind, status=status, limit=MOST_UNPAGED)
        if page.more:
            raise RangeTooLong(f"The range holds more than {MOST_UNPAGED} events; ask for a shorter one.")
        return Reply(200, encode([event_out(event) for event in page.items]))


def window(query: dict[str, str]) -> tuple[int, int]:
    """The asked window. A missing bound is 30 days off the given one; a date alone is its midnight [inferred]."""
    low, high = params.instant(query, "start_date"), params.instant(query, "end_date")
    if low is None:
        low = values.now() // DAY * DAY if high is None else high - DEFAULT_WINDOW
    return low, low + DEFAULT_WINDOW if high is None else high


def _chosen(query: dict[str, str]) -> tuple[str | None, str | None]:
    """`type` and `status`; a word that is none of theirs is a 400 [inferred]."""
    return params.choice(query, "type", EventKind), params.choice(query, "status", EventStatus)


def event_out(event: CalendarEvent) -> EventOut:
    """An event on the wire."""
    return EventOut(
        to_fp(EVENT, event.id),
        event.title,
        EventKind(event.kind),
        EventStatus(event.status),
        values.to_milliseconds_text(event.start_at),
        values.to_milliseconds_text(event.end_at),
        None if event.patient_id is None else to_fp(PATIENT, event.patient_id),
        None if event.user_id is None else to_fp(USER, event.user_id),
    )
