# SPDX-License-Identifier: Apache-2.0
"""Calendar events in the store as bookings: filtered lists, who and what takes part, whether somebody is free."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec.structs import astuple, replace
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Select,
    and_,
    cast,
    delete,
    exists,
    false,
    literal_column,
    null,
    or_,
    select,
    union_all,
    update,
)

from polyvet.model.details import AppointmentDetails, from_json, to_json
from polyvet.model.entities import CalendarEvent, EventStatus, State
from polyvet.model.files import AppointmentFile
from polyvet.model.filters import Kind
from polyvet.storage.filter_sql import Field
from polyvet.storage.filtered import FilteredList, Source
from polyvet.storage.statement import Statement, among_numbers, as_numbers, inserting, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import (
    calendar_events,
    connections,
    enrolments,
    event_patients,
    event_users,
    users,
)
from polyvet.storage.writing import Tx

WHOLE = "appointments"  # the counter of all
k = calendar_events.c
_seen: ColumnElement[int] = literal_column(str(int(State.ARCHIVED)))
_cancelled: ColumnElement[str] = literal_column(f"'{EventStatus.CANCELLED}'")
_EVENT = tuple(k[name] for name in CalendarEvent.__struct_fields__)
_WIDTH = len(_EVENT)
_client = (
    select(connections.c.number)
    .where(
        connections.c.clinic_id == k.clinic_id,
        connections.c.client_id == k.client_id,
        connections.c.state <= _seen,
    )
    .correlate(calendar_events)
    .scalar_subquery()
)
_patient = (
    select(enrolments.c.number)
    .where(
        enrolments.c.clinic_id == k.clinic_id,
        enrolments.c.patient_id == k.patient_id,
        enrolments.c.state + literal_column("0") <= _seen,
    )
    .correlate(calendar_events)
    .scalar_subquery()
)
_user = select(users.c.number).where(users.c.id == k.user_id).correlate(calendar_events).scalar_subquery()
_COLUMNS = (*_EVENT, k.details, _client, _patient, _user)
_other = calendar_events.alias("other")


def _by_client(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    here = (connections.c.clinic_id == p("clinic"), connections.c.state + literal_column("0") <= _seen)
    return _among(k.client_id, select(connections.c.client_id).where(*here, condition))


def _by_user(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return _among(k.user_id, select(users.c.id).where(users.c.clinic_id == p("clinic"), condition))


def _among(column: Column[Any], found: Select[Any]) -> ColumnElement[bool]:
    """False, not unknown, where the column is not set; said so that no index is chosen for that part."""
    return and_(column.in_(found), column.is_(None) == false())


def _by_patient(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """One of the animals, the first or a further one. By number: SQLite would go along all of the clinic's events
    rather than look for a few ids."""
    here = (
        enrolments.c.clinic_id == p("clinic"),
        enrolments.c.state + literal_column("0") <= _seen,
        condition,
        _other.c.clinic_id + literal_column("0") == p("clinic"),
    )
    first = enrolments.join(_other, _other.c.patient_id == enrolments.c.patient_id)
    further = enrolments.join(event_patients, event_patients.c.patient_id == enrolments.c.patient_id).join(
        _other, _other.c.id == event_patients.c.event_id
    )
    return k.number.in_(
        union_all(*(select(_other.c.number).select_from(joined).where(*here) for joined in (first, further)))
    )


_has_patient = or_(
    _patient.is_not(None),
    exists(
        select(literal_column("1"))
        .select_from(event_patients.join(enrolments, enrolments.c.patient_id == event_patients.c.patient_id))
        .where(
            event_patients.c.event_id == k.id,
            enrolments.c.clinic_id + literal_column("0") == k.clinic_id,  # so that SQLite starts from the event
            enrolments.c.state + literal_column("0") <= _seen,
        )
        .correlate(calendar_events)
    ),
)
FIELDS = {
    "number": Field(k.number, Kind.NUMBER),
    "client.number": Field(connections.c.number, Kind.NUMBER, among=_by_client, there=_client.is_not(None)),
    "patients.number": Field(enrolments.c.number, Kind.NUMBER, among=_by_patient, there=_has_patient),
    "user.number": Field(users.c.number, Kind.NUMBER, among=_by_user, there=k.user_id.is_not(None)),
    "start_at": Field(k.start_at, Kind.INSTANT),
    "end_at": Field(k.end_at, Kind.INSTANT),
    "active": Field(k.status != _cancelled, Kind.TRUTH, when_false=k.status == _cancelled),
    "booking": Field(k.booking, Kind.NUMBER),
    "department": Field(k.department, Kind.NUMBER),
    "reason": Field(cast(null(), BigInteger), Kind.NUMBER),  # nobody has any
    "updated_at": Field(k.updated_at, Kind.INSTANT),
    "created_at": Field(k.created_at, Kind.INSTANT),
}


def _file(row: Any) -> AppointmentFile:
    details, client, patient, user = row[_WIDTH:]
    patients = () if patient is None else (patient,)
    event = CalendarEvent(*row[:_WIDTH])
    return AppointmentFile(event, from_json(AppointmentDetails, details), client, patients, user, ())


LISTED: FilteredList[AppointmentFile] = FilteredList(
    Source(
        columns=_COLUMNS,
        base=calendar_events,
        joined=calendar_events,
        here=(k.clinic_id == p("clinic"),),
        fields=FIELDS,
        last=k.number,
        unique=frozenset(("number",)),
        indexed=frozenset(("number", "start_at", "updated_at", "client.number", "patients.number", "user.number")),
        whole=WHOLE,
    ),
    _file,
)
_BY_NUMBER = Statement(select(*_COLUMNS).where(k.clinic_id == p("clinic"), k.number == p("number")), "clinic number")


def _beside(numbers: ColumnElement[bool]) -> tuple[Select[Any], Select[Any]]:
    """The further animals and people of some events: event, place, number."""
    animals = (
        event_patients.join(calendar_events, k.id == event_patients.c.event_id)
        .join(enrolments, enrolments.c.patient_id == event_patients.c.patient_id)
    )  # fmt: skip
    people = event_users.join(calendar_events, k.id == event_users.c.event_id).join(
        users, users.c.id == event_users.c.user_id
    )
    return (
        select(k.number, event_patients.c.position, enrolments.c.number)
        .select_from(animals)
        .where(
            k.clinic_id == p("clinic"),
            numbers,
            enrolments.c.clinic_id + literal_column("0") == k.clinic_id,
            enrolments.c.state + literal_column("0") <= _seen,
        ),
        select(k.number, event_users.c.position, users.c.number)
        .select_from(people)
        .where(k.clinic_id == p("clinic"), numbers),
    )


_sqlite, _postgresql = among_numbers(k.number, "numbers")
_PATIENTS, _USERS = (
    Statement(sqlite, "clinic numbers", postgresql=postgresql)
    for sqlite, postgresql in zip(_beside(_sqlite), _beside(_postgresql), strict=True)
)


async def by_number(reader: Reader, clinic_id: int, number: int) -> AppointmentFile | None:
    """The file of one event of the clinic."""
    row = await reader.fetch_one(_BY_NUMBER, clinic_id, number)
    return None if row is None else (await completed(reader, clinic_id, [_file(row)]))[0]


async def completed(reader: Reader, clinic_id: int, files: Sequence[AppointmentFile]) -> list[AppointmentFile]:
    """The files with their further animals and people."""
    numbers = as_numbers(reader.engine, (file.event.number for file in files))
    found: list[dict[int, list[tuple[int, int]]]] = []
    for statement in (_PATIENTS, _USERS):
        by_event: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for event, position, number in await reader.fetch(statement, clinic_id, numbers):
            by_event[event].append((position, number))
        found.append(by_event)
    return [
        replace(
            file,
            patients=(*file.patients, *_in_order(found[0][file.event.number])),
            more_users=_in_order(found[1][file.event.number]),
        )
        for file in files
    ]


def _in_order(placed: list[tuple[int, int]]) -> tuple[int, ...]:
    return tuple(number for _, number in sorted(placed))


# --- whether somebody is free ---------------------------------------------------------------------------------


def _busy(numbers: ColumnElement[bool]) -> Select[Any]:
    """An event that overlaps, of one of some people. No event is longer than from `earliest` to `start`, so that what
    may overlap is one range of an index."""
    people = select(users.c.id).where(users.c.clinic_id == p("clinic"), numbers)
    overlapping = (k.end_at > p("start"), k.status != _cancelled, k.id != p("itself", k.id.type))
    during = (p("earliest"), p("end"))
    own = select(k.id).where(
        k.clinic_id == p("clinic"), k.user_id.in_(people), k.start_at > during[0], k.start_at < during[1], *overlapping
    )
    theirs = (
        select(k.id)
        .select_from(event_users.join(calendar_events, k.id == event_users.c.event_id))
        .where(
            event_users.c.user_id.in_(people),
            event_users.c.start_at > during[0],
            event_users.c.start_at < during[1],
            *overlapping,
        )
    )
    return select(literal_column("1")).select_from(union_all(own, theirs).subquery("busy")).limit(literal_column("1"))


_sqlite, _postgresql = among_numbers(users.c.number, "numbers")
_BUSY = Statement(_busy(_sqlite), "clinic numbers itself earliest start end", postgresql=_busy(_postgresql))


async def is_busy(
    reader: Reader, clinic_id: int, people: Iterable[int], *, start: int, end: int, longest: int, itself: bytes
) -> bool:
    """Whether one of these people has an event other than `itself` in [start, end) that is not cancelled."""
    numbers = as_numbers(reader.engine, people)
    return await reader.fetch_one(_BUSY, clinic_id, numbers, itself, start - longest, start, end) is not None


# --- writing --------------------------------------------------------------------------------------------------

_NAMES = " ".join((*CalendarEvent.__struct_fields__, "details"))
_CHANGING = (
    "title kind status start_at end_at patient_id user_id updated_at client_id department booking details"
)  # fmt: skip
_INSERT = inserting(calendar_events, _NAMES, rank=55)
_UPDATE = Statement(
    update(calendar_events).where(k.id == p("event")).values({name: p(f"new_{name}") for name in _CHANGING.split()}),
    " ".join(f"new_{name}" for name in _CHANGING.split()) + " event",
    rank=70,
)
_NO_PATIENTS = Statement(delete(event_patients).where(event_patients.c.event_id == p("event")), "event", rank=71)
_ADD_PATIENT = inserting(event_patients, "event_id position patient_id", rank=72)
_NO_USERS = Statement(delete(event_users).where(event_users.c.event_id == p("event")), "event", rank=71)
_ADD_USER = inserting(event_users, "event_id position user_id start_at", rank=72)
_MOVE_USERS = Statement(
    update(event_users).where(event_users.c.event_id == p("event")).values(start_at=p("new_start_at")),
    "new_start_at event",
    rank=73,
)


def insert(tx: Tx, event: CalendarEvent, details: AppointmentDetails) -> None:
    """Add an event, and count it."""
    tx.write(_INSERT, *astuple(event), to_json(details))
    tx.count(event.clinic_id, WHOLE)


def change(tx: Tx, event: CalendarEvent, details: AppointmentDetails) -> None:
    """Write the event's new values; who takes part beside it moves with it."""
    given = astuple(event)
    values = dict(zip(CalendarEvent.__struct_fields__, given, strict=True)) | {"details": to_json(details)}
    tx.write(_UPDATE, *(values[name] for name in _CHANGING.split()), event.id)
    tx.write(_MOVE_USERS, event.start_at, event.id)


def put_patients(tx: Tx, event: CalendarEvent, further: Sequence[bytes]) -> None:
    """The animals beside the first one, instead of those that there were."""
    tx.write(_NO_PATIENTS, event.id)
    for position, ident in enumerate(further, 1):
        tx.write(_ADD_PATIENT, event.id, position, ident)


def put_users(tx: Tx, event: CalendarEvent, further: Sequence[bytes]) -> None:
    """The people beside the one in the row, instead of those that there were."""
    tx.write(_NO_USERS, event.id)
    for position, ident in enumerate(further, 1):
        tx.write(_ADD_USER, event.id, position, ident, event.start_at)
