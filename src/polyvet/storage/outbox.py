# SPDX-License-Identifier: Apache-2.0
"""The event log read as an outbox: how far each clinic's has been read, and the numbers of the things it names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Table, func, literal, literal_column, null, select
from sqlalchemy.dialects import postgresql, sqlite

from polyvet.storage.statement import Statement, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import (
    calendar_events,
    clinics,
    connections,
    enrolments,
    events,
    medical_records,
    outbox_cursors,
    reminders,
    users,
    webhooks,
)
from polyvet.storage.writing import Tx

_SMALL = b"\0" * 4  # how an id begins that is a number: a ULID begins with its time
_NUMBER_BITS = 64


class Unread(NamedTuple):
    """How far a clinic's log goes, and how far it has been read; `since` is where its webhooks begin to listen."""

    clinic_id: int
    since: int
    last: int
    read: int


class Happened(NamedTuple):
    """An event."""

    seq: int
    kind: str
    entity: str
    entity_id: bytes
    at: int


class Thing(NamedTuple):
    """What an event is about: its number at the clinic, and its department if it is of one."""

    number: int
    department: int | None


_read = func.coalesce(outbox_cursors.c.seq, literal_column("0"))
_CLINICS = Statement(
    select(webhooks.c.clinic_id, func.min(webhooks.c.since_seq), clinics.c.event_seq, _read)
    .select_from(
        webhooks.join(clinics, clinics.c.id == webhooks.c.clinic_id).outerjoin(
            outbox_cursors, outbox_cursors.c.clinic_id == webhooks.c.clinic_id
        )
    )
    .where(webhooks.c.active)
    .group_by(webhooks.c.clinic_id, clinics.c.event_seq, outbox_cursors.c.seq)
)
_here = events.c.clinic_id == p("clinic")
_EVENTS = Statement(
    select(events.c.seq, events.c.kind, events.c.entity, events.c.entity_id, events.c.at)
    .where(_here, events.c.seq > p("after"))
    .order_by(events.c.seq)
    .limit(p("most")),
    "clinic after most",
)
_CURSOR = Statement(select(outbox_cursors.c.seq).where(outbox_cursors.c.clinic_id == p("clinic")), "clinic")
_NEW = {"clinic_id": p("clinic"), "seq": p("seq")}
_sqlite, _postgresql = sqlite.insert(outbox_cursors).values(_NEW), postgresql.insert(outbox_cursors).values(_NEW)
_ADVANCE = Statement(
    _sqlite.on_conflict_do_update(index_elements=["clinic_id"], set_={"seq": _sqlite.excluded.seq}),
    "clinic seq",
    postgresql=_postgresql.on_conflict_do_update(index_elements=["clinic_id"], set_={"seq": _postgresql.excluded.seq}),
    rank=550,
)


def _things(entity: str, table: Table, ident: ColumnElement[bytes], department: ColumnElement[Any] | None) -> Statement:
    """The things of one entity that a range of events names."""
    department = null() if department is None else department
    return Statement(
        select(events.c.entity_id, table.c.number, department)
        .select_from(events.join(table, (table.c.clinic_id == events.c.clinic_id) & (ident == events.c.entity_id)))
        .where(_here, events.c.seq > p("after"), events.c.seq <= p("last"), events.c.entity == literal(entity)),
        "clinic after last",
    )


_THINGS = {
    "client": _things("client", connections, connections.c.client_id, None),
    "patient": _things("patient", enrolments, enrolments.c.patient_id, None),
    "appointment": _things("appointment", calendar_events, calendar_events.c.id, calendar_events.c.department),
    "reminder": _things("reminder", reminders, reminders.c.id, reminders.c.department),
    "user": _things("user", users, users.c.id, None),
    "record": _things("record", medical_records, medical_records.c.id, None),
}


def in_place_of_an_id(number: int, department: int | None) -> bytes:
    """What an event names a thing by that others do not find any more: its number, and its department before it."""
    return (((department or 0) << _NUMBER_BITS) | number).to_bytes(16, "big")


async def unread(reader: Reader) -> list[Unread]:
    """All clinics with an active webhook."""
    return [Unread(*row) for row in await reader.fetch(_CLINICS)]


async def cursor(tx: Tx, clinic_id: int) -> int:
    """The last event that has been read."""
    row = await tx.fetch_one(_CURSOR, clinic_id)
    return 0 if row is None else row[0]


async def after(tx: Tx, clinic_id: int, seq: int, most: int) -> list[Happened]:
    """The events after one."""
    return [Happened(*row) for row in await tx.fetch(_EVENTS, clinic_id, seq, most)]


def advance(tx: Tx, clinic_id: int, seq: int) -> None:
    """Note how far the log has been read."""
    tx.write(_ADVANCE, clinic_id, seq)


async def things(tx: Tx, clinic_id: int, entity: str, read: Sequence[Happened]) -> dict[bytes, Thing]:
    """What the events of one entity are about, by id; `read` is a range of the log. An id that is a small number is the
    thing's number itself, with its department if it is of one: that of a phone number, or of what was deleted. What is
    not found is left out."""
    found: dict[bytes, Thing] = {}
    for one in read:
        if one.entity == entity and one.entity_id[: len(_SMALL)] == _SMALL:
            department, number = divmod(int.from_bytes(one.entity_id, "big"), 1 << _NUMBER_BITS)
            found[bytes(one.entity_id)] = Thing(number, department or None)
    statement = _THINGS.get(entity)
    if statement is not None:
        for ident, number, department in await tx.fetch(statement, clinic_id, read[0].seq - 1, read[-1].seq):
            if number:  # what was there before things were numbered has none
                found[bytes(ident)] = Thing(number, department)
    return found
