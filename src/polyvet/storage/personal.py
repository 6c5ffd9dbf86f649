# SPDX-License-Identifier: Apache-2.0
"""All that a clinic's record holds of one client, table by table: what there is to hand out, and how much."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from sqlalchemy import Column, ColumnElement, Select, Table, func, literal_column, or_, select, union

from polyvet.model import values
from polyvet.model.entities import State
from polyvet.storage.statement import Statement, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import (
    INSTANT,
    audit,
    calendar_events,
    clients,
    connections,
    content,
    custom_field_values,
    custom_fields,
    enrolments,
    event_patients,
    events,
    invoice_lines,
    invoices,
    mails,
    medical_records,
    offers,
    patients,
    phones,
    reminders,
    shares,
    submissions,
    weights,
)

e, c = enrolments.c, connections.c
_ARCHIVED: ColumnElement[int] = literal_column(str(int(State.ARCHIVED)))


def mine(table: Table) -> ColumnElement[bool]:
    """Of the clinic, as an expression: so SQLite chooses the index of a narrower condition, and not one of all that the
    clinic has."""
    return table.c.clinic_id + literal_column("0") == p("clinic")


def here(table: Table) -> ColumnElement[bool]:
    """Of the clinic."""
    return table.c.clinic_id == p("clinic")


def theirs() -> Select[Any]:
    """The patients of the client that were ever enrolled at the clinic."""
    return select(e.patient_id).where(here(enrolments), e.client_id == p("client"))


def of_theirs(table: Table) -> ColumnElement[bool]:
    """The clinic's rows of these patients."""
    return table.c.patient_id.in_(theirs()) & mine(table)


def _ids(table: Table, *where: ColumnElement[bool]) -> Select[Any]:
    """The ids of rows for which one of these holds, each with an index of its own."""
    found = union(*(select(table.c.id).where(one) for one in where)).subquery()
    return select(found.c.id)


def concerning(table: Table) -> Select[Any]:
    """The ids of the clinic's rows that name the client or one of their patients."""
    return _ids(table, here(table) & (table.c.client_id == p("client")), of_theirs(table))


def appointments() -> ColumnElement[bool]:
    """Appointments of the client or of one of their patients, also beside others."""
    t = calendar_events.c
    beside = select(event_patients.c.event_id).where(event_patients.c.patient_id.in_(theirs()))
    own = here(calendar_events) & (t.client_id == p("client"))
    return t.id.in_(_ids(calendar_events, own, of_theirs(calendar_events), t.id.in_(beside) & mine(calendar_events)))


def mailed(column: Column[Any]) -> ColumnElement[bool]:
    """Whether a column holds the client's e-mail address, in whatever case."""
    own = select(clients.c.email_folded).where(
        clients.c.id == p("client"), clients.c.email_folded != literal_column("''")
    )
    return func.lower(column) == own.scalar_subquery()


def shared() -> ColumnElement[bool]:
    """Shares about one of their patients, or sent to them."""
    return shares.c.id.in_(_ids(shares, of_theirs(shares), here(shares) & mailed(shares.c.email)))


_shared = select(shares.c.id).where(shared())
_begun = select(content.c.id).where(of_theirs(content))
_offered = or_(offers.c.from_clinic == p("clinic"), offers.c.to_clinic == p("clinic"))
_values = custom_field_values.c
VALUED = select(_values.number).where(here(custom_field_values), _values.patient_id.in_(theirs()))
_valued = union(select(_values.number).where(here(custom_field_values), _values.client_id == p("client")), VALUED)
_PLAIN = "clinic client"


class Held(msgspec.Struct, frozen=True):
    """A kind of rows. `title` says what they are; `without` names columns that are nobody's to read."""

    name: str
    title: str
    table: Table
    where: ColumnElement[bool]
    names: str = _PLAIN  # the statement's parameters
    without: str = ""
    source: Any = None  # what is read, if more than the table
    more: tuple[ColumnElement[Any], ...] = ()  # columns of the rest of it
    counted: bool = True  # whether an index range finds them


HELD: tuple[Held, ...] = (
    Held("client", "who they are", clients, clients.c.id == p("client"), "client"),
    Held(
        "at_this_clinic",
        "what the clinic notes of them",
        connections,
        here(connections) & (c.client_id == p("client")),
        without="id shared",
    ),
    Held("phones", "phone numbers", phones, phones.c.client_id == p("client"), "client"),
    Held("patients", "animals", patients, patients.c.id.in_(theirs())),
    Held(
        "patients_at_this_clinic",
        "what the clinic notes of the animals",
        enrolments,
        here(enrolments) & e.patient_id.in_(theirs()),
    ),
    Held("weights", "weights of the animals", weights, weights.c.patient_id.in_(theirs())),
    Held(
        "custom_values",
        "values of the clinic's own fields",
        custom_field_values,
        here(custom_field_values)
        & (custom_fields.c.clinic_id == _values.clinic_id)
        & (custom_fields.c.number == _values.field)
        & _values.number.in_(_valued),
        source=(custom_field_values, custom_fields),
        more=(custom_fields.c.label,),
    ),
    Held(
        "records",
        "medical records",
        medical_records,
        of_theirs(medical_records),
    ),
    Held("appointments", "appointments", calendar_events, appointments()),
    Held("invoices", "invoices", invoices, invoices.c.id.in_(concerning(invoices))),
    Held(
        "invoice_lines",
        "what stands on the invoices",
        invoice_lines,
        invoice_lines.c.invoice_id.in_(concerning(invoices)),
    ),
    Held("reminders", "reminders", reminders, reminders.c.id.in_(concerning(reminders))),
    Held("shares", "what was shared with them", shares, shared(), counted=False),
    Held(
        "submissions",
        "what they filled in",
        submissions,
        submissions.c.subject_id.in_(union(_shared, _begun)),
        counted=False,
    ),
    Held(
        "vet_forms",
        "forms that the clinic's people filled in",
        content,
        content.c.id.in_(_begun),
        without="html markdown plain slug keywords",
    ),
    Held("mails", "mails to them", mails, here(mails) & mailed(mails.c.recipient), counted=False),
    Held("offers", "offers to other clinics", offers, _offered & (offers.c.client_id == p("client")), counted=False),
    Held(
        "changes",
        "who changed them",
        events,
        mine(events) & (events.c.entity_id == p("client")) & events.c.actor.is_not(None),
        counted=False,
    ),
    Held(
        "seen",
        "who in the clinic opened their file, or gave it out",
        audit,
        mine(audit) & (audit.c.entity_id == p("client")),
        counted=False,
    ),
)
_HIDDEN = ("_folded", "_lower", "_upper", "_hash")
_UNTOLD = {"clinic_id", "search_text", "leased_until"}
DOCUMENTS = {"details", "answers", "prefill", "value", "blood_test", "urine_test"}  # columns that hold JSON


def _columns(kind: Held) -> list[Column[Any]]:
    left_out = _UNTOLD | set(kind.without.split())
    return [one for one in kind.table.columns if one.name not in left_out and not one.name.endswith(_HIDDEN)]


def _reading(kind: Held) -> Statement:
    query = select(*_columns(kind), *kind.more).where(kind.where)
    return Statement(query.select_from(*kind.source) if kind.source else query, kind.names)


_READ = {kind.name: _reading(kind) for kind in HELD}
_COUNT = {
    kind.name: Statement(
        select(func.count()).select_from(*(kind.source or (kind.table,))).where(kind.where), kind.names
    )
    for kind in HELD
    if kind.counted
}
_PLACES = Statement(select(c.clinic_id, c.state).where(c.client_id == p("client")).order_by(c.clinic_id), "client")


def _searching(holds: Callable[..., ColumnElement[int]]) -> Select[Any]:
    query = select(c.number, *(clients.c[name] for name in _NAMES.split()), c.state)
    found = holds(c.search_text, p("fragment", c.search_text.type)) > literal_column("0")
    seen = (here(connections), c.number < p("before"), c.state <= _ARCHIVED)
    joined = query.select_from(connections.join(clients, clients.c.id == c.client_id))
    return joined.where(*seen, found).order_by(c.number.desc()).limit(p("limit"))


_NAMES = "first_name last_name organization_name email"
_SEARCH = Statement(_searching(func.instr), "clinic before fragment limit", postgresql=_searching(func.strpos))


class Person(msgspec.Struct, frozen=True):
    """A client in a list."""

    number: int
    first_name: str
    last_name: str
    organization_name: str
    email: str | None
    state: int

    @property
    def name(self) -> str:
        """What they are called."""
        return values.whole_name(self.first_name, self.last_name) or self.organization_name

    @property
    def archived(self) -> bool:
        """Whether the clinic has put their file away."""
        return self.state == State.ARCHIVED


async def search(reader: Reader, clinic_id: int, fragment: str, before: int, limit: int) -> list[Person]:
    """Clients whose searched text holds the folded fragment, archived ones among them, by falling number."""
    return [Person(*row) for row in await reader.fetch(_SEARCH, clinic_id, before, fragment, limit)]


async def places(reader: Reader, client_id: bytes) -> dict[int, int]:
    """The client's states by clinic."""
    return {row[0]: row[1] for row in await reader.fetch(_PLACES, client_id)}


async def counts(reader: Reader, clinic_id: int, client_id: bytes) -> list[tuple[str, int]]:
    """How much there is, as title and number, of the kinds that an index range counts."""
    found = []
    for kind in HELD:
        if kind.counted:
            (n,) = await reader.fetch_one(_COUNT[kind.name], *_arguments(kind, clinic_id, client_id))
            found.append((kind.title, n))
    return found


async def held(reader: Reader, clinic_id: int, client_id: bytes) -> dict[str, list[dict[str, Any]]]:
    """All rows by kind, written for people: ids as ULIDs, instants as ISO 8601 texts."""
    found: dict[str, list[dict[str, Any]]] = {}
    for kind in HELD:
        rows = await reader.fetch(_READ[kind.name], *_arguments(kind, clinic_id, client_id))
        columns = [*_columns(kind), *kind.more]
        found[kind.name] = [dict(_written(columns, row)) for row in rows]
    return found


def _arguments(kind: Held, clinic_id: int, client_id: bytes) -> tuple[Any, ...]:
    return (clinic_id, client_id) if kind.names == _PLAIN else (client_id,)


def _written(columns: list[Any], row: Any) -> Iterator[tuple[str, Any]]:
    for column, value in zip(columns, row, strict=True):
        if value is not None:
            yield column.name, _readable(column, value)


def _readable(column: Any, value: Any) -> Any:
    if isinstance(value, bytes):
        return values.to_crockford(value) if len(value) == 16 else value.hex()
    if column.type is INSTANT:
        return values.to_milliseconds_text(value)
    return json.loads(value) if column.name in DOCUMENTS else value
