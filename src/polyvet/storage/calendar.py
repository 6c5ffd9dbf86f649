# SPDX-License-Identifier: Apache-2.0
"""Calendar events in the store, by a window of time."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, literal_column, select, tuple_, union_all

from polyvet.model.entities import CalendarEvent, EventStatus
from polyvet.model.paging import Page, Place
from polyvet.storage.statement import Statement, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import calendar_events, event_patients

k = calendar_events.c
_COLUMNS = tuple(k[name] for name in CalendarEvent.__struct_fields__)
_WIDTH = len(_COLUMNS)

# A filter that is not asked for is an empty text; the index holds kind and status, so the count reads nothing else.
_where = (
    k.clinic_id == p("clinic"),
    k.start_at >= p("low"),
    k.start_at < p("high"),
    (p("kind", k.kind.type) == "") | (k.kind == p("kind")),
    (p("status", k.status.type) == "") | (k.status == p("status")),
)
_total = select(func.count()).select_from(calendar_events).where(*_where).scalar_subquery()
_behind = tuple_(k.start_at, k.id) > tuple_(p("at", k.start_at.type), p("ident", k.id.type))
_LIST = Statement(
    select(*_COLUMNS, _total).where(*_where, _behind).order_by(k.start_at, k.id).limit(p("limit")).offset(p("offset")),
    "clinic low high kind status at ident limit offset",
)
_TOTAL = Statement(select(_total), "clinic low high kind status")

_of_patient = union_all(
    select(k.id).where(k.patient_id == p("patient")),
    select(event_patients.c.event_id).where(event_patients.c.patient_id == p("patient")),
)
# An expression, for which no index is walked: all that is to come at the clinic is more than what is the patient's.
_zero: ColumnElement[int] = literal_column("0")
_NEXT = Statement(
    select(func.min(k.start_at)).where(
        k.id.in_(_of_patient), k.clinic_id + _zero == p("clinic"), k.kind == p("kind"),
        k.start_at + _zero > p("after"), k.status != p("cancelled"),
    ),
    "patient clinic kind after cancelled",
)  # fmt: skip


async def next_of(reader: Reader, clinic_id: int, patient_id: bytes, kind: str, after: int) -> int | None:
    """When a patient's next event of a kind starts at the clinic; None if none is booked."""
    row = await reader.fetch_one(_NEXT, patient_id, clinic_id, kind, after, str(EventStatus.CANCELLED))
    start: int | None = row[0]
    return start


async def list_window(
    reader: Reader,
    clinic_id: int,
    *,
    low: int,
    high: int,
    kind: str | None,
    status: str | None,
    limit: int,
    offset: int = 0,
    place: Place | None = None,
) -> Page[CalendarEvent]:
    """Events that start in [low, high), in the order in which they start; with `place`, those behind it.

    The total counts the window's part of an index; dialects bound the window.
    """
    place = place or Place(at=low - 1, ident=b"\0" * 16)
    window = (clinic_id, low, high, kind or "", status or "")
    rows = await reader.fetch(_LIST, *window, place.at, place.ident, limit + 1, offset)
    total = rows[0][_WIDTH] if rows else (await reader.fetch_one(_TOTAL, *window))[0]
    return Page([CalendarEvent(*row[:_WIDTH]) for row in rows[:limit]], total, len(rows) > limit)
