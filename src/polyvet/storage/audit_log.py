# SPDX-License-Identifier: Apache-2.0
"""The three tables that tell who saw and changed what, read backwards by ranges of their indexes, and the names that
their rows go by."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    and_,
    literal_column,
    or_,
    select,
    tuple_,
    union_all,
)

from polyvet.model import values
from polyvet.model.audit_log import LATEST, Entry, Mark
from polyvet.model.entities import State
from polyvet.storage.statement import POSTGRESQL, SQLITE, Statement, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import (
    ID,
    audit,
    calendar_events,
    clients,
    connections,
    enrolments,
    events,
    invoices,
    medical_records,
    patients,
    reminders,
    requests,
    users,
)

_ARCHIVED: ColumnElement[int] = literal_column(str(int(State.ARCHIVED)))
_FIRST_REFUSED = 400
ev, d, r = events.c, audit.c, requests.c
_EVENT = (ev.seq, ev.at, ev.kind, ev.entity, ev.entity_id, ev.actor)
_DEED = (d.at, d.id, d.actor, d.actor_shown, d.action, d.entity, d.shown)
_ASKED = (r.at, r.request_id, r.key_id, r.key_shown, r.method, r.path, r.status)
_CHOICES = ("", "actor", "thing")


class Line(msgspec.Struct, frozen=True):
    """An entry, where it stands, and its path if it was a request."""

    entry: Entry
    mark: Mark
    path: str = ""


def _both(stated: Callable[[str, str], Select[Any]], choice: str, names: str) -> Statement:
    """What is stated for each engine."""
    return Statement(
        stated(SQLITE, choice), f"{names}{' chosen' if choice else ''}", postgresql=stated(POSTGRESQL, choice)
    )


def _of(
    engine: str, clinic: ColumnElement[int], choice: str, actor: ColumnElement[Any], thing: ColumnElement[Any]
) -> list[ColumnElement[bool]]:
    """The clinic's rows, or those of one actor or thing. For these the clinic stands as an expression on SQLite, which
    would rather read all that the clinic has than what the index of actors or things leads to; PostgreSQL would take
    the expression for rare, and sort all that it finds."""
    column = {"actor": actor, "thing": thing}.get(choice)
    if column is None:
        return [clinic == p("clinic")]
    here = clinic + literal_column("0") if engine == SQLITE else clinic
    return [here == p("clinic"), column == p("chosen", column.type)]


def _events(engine: str, choice: str) -> Select[Any]:
    """Events with the numbers and names of clients and patients that the clinic sees."""
    where = [
        *_of(engine, ev.clinic_id, choice, ev.actor, ev.entity_id),
        ev.seq < p("before"),
        ev.seq >= p("low"),
        *([ev.actor.is_not(None)] if choice == "thing" else []),  # as their index has it
    ]
    some = select(*_EVENT, ev.clinic_id).where(*where).order_by(ev.seq.desc()).limit(p("look")).subquery("some")
    s, c, e = some.c, connections.c, enrolments.c
    joined = (
        some.outerjoin(connections, and_(c.clinic_id == s.clinic_id, c.client_id == s.entity_id, c.state <= _ARCHIVED))
        .outerjoin(clients, clients.c.id == c.client_id)
        .outerjoin(enrolments, and_(e.clinic_id == s.clinic_id, e.patient_id == s.entity_id, e.state <= _ARCHIVED))
        .outerjoin(patients, patients.c.id == e.patient_id)
    )
    names = (c.number, clients.c.first_name, clients.c.last_name, clients.c.organization_name)
    query = select(*(s[column.name] for column in _EVENT), *names, e.number, patients.c.name).select_from(joined)
    return query.order_by(s.seq.desc())


def _deeds(engine: str, choice: str) -> Select[Any]:
    place = tuple_(d.at, d.id) < tuple_(p("at", d.at.type), p("ident", d.id.type))
    where = [*_of(engine, d.clinic_id, choice, d.actor, d.entity_id), d.at <= p("at"), place, d.at >= p("since")]
    return select(*_DEED).where(*where).order_by(d.at.desc(), d.id.desc()).limit(p("look"))


_read = (
    r.clinic_id == p("clinic"), r.at <= p("at"), r.at >= p("since"),
    or_(r.at < p("at"), r.request_id < p("ident", r.request_id.type)),
)  # fmt: skip
_EVENTS = {choice: _both(_events, choice, "clinic before low look") for choice in _CHOICES}
_DEEDS = {choice: _both(_deeds, choice, "clinic at ident since look") for choice in _CHOICES}
_ASKING = Statement(
    select(*_ASKED).where(*_read).order_by(r.at.desc(), r.request_id.desc()).limit(p("look")),
    "clinic at ident since look",
)
_AT = Statement(
    select(ev.seq, ev.at)
    .where(ev.clinic_id == p("clinic"), ev.seq <= p("seq"))
    .order_by(ev.seq.desc())
    .limit(literal_column("1")),
    "clinic seq",
)


def _numbered(table: Table, ident: ColumnElement[bytes], number: ColumnElement[int]) -> Select[Any]:
    return select(ident).where(table.c.clinic_id == p("clinic"), number == p("number"))


_BY_NUMBER = Statement(
    union_all(
        _numbered(connections, connections.c.client_id, connections.c.number),
        _numbered(enrolments, enrolments.c.patient_id, enrolments.c.number),
        *(
            _numbered(table, table.c.id, table.c.number)
            for table in (calendar_events, medical_records, reminders, users)
        ),
        _numbered(invoices, invoices.c.id, invoices.c.serial),
    ),
    "clinic number",
)
_NUMBERS_OF = Statement(
    union_all(
        select(connections.c.number).where(
            connections.c.clinic_id == p("clinic"), connections.c.client_id == p("thing", ID)
        ),
        select(enrolments.c.number).where(
            enrolments.c.clinic_id == p("clinic"), enrolments.c.patient_id == p("thing", ID)
        ),
        *(
            select(table.c.number).where(table.c.clinic_id == p("clinic"), table.c.id == p("thing", ID))
            for table in (calendar_events, medical_records, reminders)
        ),
    ),
    "clinic thing",
)


async def events_before(
    reader: Reader, clinic_id: int, mark: Mark, low: int, look: int, *, actor: bytes | None, thing: bytes | None
) -> list[Line]:
    """Up to `look` changes of the record, the last first; by one actor or of one thing, whose changer is known."""
    chosen, value = _choice(actor, thing)
    rows = await reader.fetch(_EVENTS[chosen], clinic_id, mark.seq, low, look, *value)
    return [_event(row, mark) for row in rows]


async def deeds_before(
    reader: Reader, clinic_id: int, mark: Mark, since: int, look: int, *, actor: bytes | None, thing: bytes | None
) -> list[Line]:
    """The same of what people did in the console."""
    chosen, value = _choice(actor, thing)
    rows = await reader.fetch(_DEEDS[chosen], clinic_id, mark.deed_at, mark.deed_id, since, look, *value)
    return [
        Line(
            Entry(at, by, name, action, entity, shown), msgspec.structs.replace(mark, deed_at=at, deed_id=ident)
        )
        for at, ident, by, name, action, entity, shown in rows
    ]  # fmt: skip


async def asked_before(reader: Reader, clinic_id: int, mark: Mark, since: int, look: int) -> list[Line]:
    """The same of requests; those that were refused or did not read have no path."""
    rows = await reader.fetch(_ASKING, clinic_id, mark.asked_at, mark.asked_id, since, look)
    found = []
    for at, ident, key, name, method, path, status in rows:
        read = method == "GET" and 0 < status < _FIRST_REFUSED
        entry = Entry(at, key, name, "saw", "", path)
        found.append(Line(entry, msgspec.structs.replace(mark, asked_at=at, asked_id=ident), path if read else ""))
    return found


def _choice(actor: bytes | None, thing: bytes | None) -> tuple[str, tuple[bytes, ...]]:
    """What an index is asked for: the thing, if there is one; then it is for the caller to look at the actors."""
    if thing is not None:
        return "thing", (thing,)
    return ("", ()) if actor is None else ("actor", (actor,))


def _event(row: Any, mark: Mark) -> Line:
    seq, at, kind, entity, thing, actor, client, first, last, organization, patient, name = row
    shown = values.to_crockford(thing)
    if client is not None:
        shown = f"{' '.join(part for part in (first, last) if part) or organization} ({client})"
    elif patient is not None:
        shown = f"{name} ({patient})"
    elif thing < b"\0\0\0\1":
        shown = str(int.from_bytes(thing, "big"))  # an id that is a number
    return Line(Entry(at, actor, None, kind, entity, shown), msgspec.structs.replace(mark, seq=seq))


async def seq_at(reader: Reader, clinic_id: int, instant: int, last: int) -> int:
    """The first number in the clinic's log, up to `last`, of an event that is not before the instant. The log goes by
    the clinic's clock, so it is looked for by halving."""
    low, high = 0, last + 1
    while low < high:
        middle = (low + high) // 2
        row = await reader.fetch_one(_AT, clinic_id, middle)
        if row is None or row[1] < instant:
            low = middle + 1
        else:
            high = middle
    return low


async def last_seq(reader: Reader, clinic_id: int) -> int:
    """The number of the clinic's last event; 0 if there is none."""
    row = await reader.fetch_one(_AT, clinic_id, LATEST)
    return 0 if row is None else int(row[0])


async def by_number(reader: Reader, clinic_id: int, number: int) -> list[bytes]:
    """The ids of all things of the clinic that have a number."""
    return [row[0] for row in await reader.fetch(_BY_NUMBER, clinic_id, number)]


async def numbers_of(reader: Reader, clinic_id: int, things: Iterable[bytes]) -> set[int]:
    """The numbers of things at the clinic."""
    return {row[0] for thing in things for row in await reader.fetch(_NUMBERS_OF, clinic_id, thing)}
