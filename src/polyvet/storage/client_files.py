# SPDX-License-Identifier: Apache-2.0
"""Clients' files in the store: all that is known of a client, filtered lists of them, and what a change writes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace
from sqlalchemy import ColumnElement, and_, exists, literal_column, select, text, update

from polyvet.model import values
from polyvet.model.details import ClientDetails, ClientNotes, from_json, to_json
from polyvet.model.entities import Client, State
from polyvet.model.files import ClientFile
from polyvet.model.filters import AnyOf, Comparison, Condition, Filter, Kind, Not, Op
from polyvet.storage import clients as rows
from polyvet.storage.filter_sql import Field
from polyvet.storage.filtered import Counted, FilteredList, Source
from polyvet.storage.statement import SQLITE, Statement, among_numbers, as_numbers, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import clients, connections, enrolments, patients, phones
from polyvet.storage.writing import Tx

c = connections.c
_ACTIVE: ColumnElement[int] = literal_column(str(int(State.ACTIVE)))
_ARCHIVED: ColumnElement[int] = literal_column(str(int(State.ARCHIVED)))
_state = c.state + literal_column("0")  # as an expression: no index is to be chosen for it
_other = connections.alias("other")


def _number_of(client_id: ColumnElement[Any]) -> Any:
    """The number of another client of the same clinic."""
    return (
        select(_other.c.number)
        .where(_other.c.clinic_id == c.clinic_id, _other.c.client_id == client_id)
        .correlate(connections)
        .scalar_subquery()
    )


_joined = connections.join(clients, clients.c.id == c.client_id)
_COLUMNS = (
    *rows.COLUMNS,
    clients.c.details,
    c.details,
    c.home_department,
    _number_of(c.payer_id),
    _number_of(c.parent_id),
    c.old_id,
)


def _by_phone(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return c.client_id.in_(select(phones.c.client_id).where(condition))


def _by_patient(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    here = and_(enrolments.c.clinic_id == p("clinic"), enrolments.c.state <= _ARCHIVED)
    joined = enrolments.join(patients, patients.c.id == enrolments.c.patient_id)
    return c.client_id.in_(select(enrolments.c.client_id).select_from(joined).where(here, condition))


_living = exists(
    select(literal_column("1"))
    .select_from(enrolments.join(patients, patients.c.id == enrolments.c.patient_id))
    .where(
        enrolments.c.clinic_id == c.clinic_id,
        enrolments.c.client_id == c.client_id,
        enrolments.c.state == _ACTIVE,
        patients.c.deceased_on.is_(None),
    )
    .correlate(connections)
)
FIELDS = {
    "number": Field(c.number, Kind.NUMBER),
    "first_name": Field(clients.c.first_name, Kind.TEXT, clients.c.first_name_folded),
    "last_name": Field(clients.c.last_name, Kind.TEXT, clients.c.last_name_folded),
    "organization_name": Field(clients.c.organization_name, Kind.TEXT, clients.c.organization_name_folded),
    "email": Field(clients.c.email_folded, Kind.TEXT, clients.c.email_folded),
    "archived": Field(_state == _ARCHIVED, Kind.TRUTH, when_false=_state == _ACTIVE),
    "has_living_patients": Field(_living, Kind.TRUTH),
    "updated_at": Field(c.updated_at, Kind.INSTANT),
    "created_at": Field(c.created_at, Kind.INSTANT),
    "home_department": Field(c.home_department, Kind.NUMBER),
    "old_id": Field(c.old_id, Kind.TEXT),
    "phones.number": Field(phones.c.number, Kind.TEXT, among=_by_phone),
    "phones.kind": Field(phones.c.kind, Kind.NUMBER, among=_by_phone),
    "patients.number": Field(enrolments.c.number, Kind.NUMBER, among=_by_patient),
    "patients.name": Field(patients.c.name, Kind.TEXT, patients.c.name_folded, among=_by_patient),
    "patients.microchip": Field(patients.c.microchip, Kind.TEXT, among=_by_patient),
}

# --- the trigram index, for names and e-mail addresses --------------------------------------------------------

_SEARCHED = {"first_name", "last_name", "organization_name", "email"}
_HOLDING = {Op.CONTAINS, Op.ICONTAINS, Op.IS}
_TRIGRAM = 3
_IN_SQLITE: ColumnElement[bool] = c.id.in_(
    select(literal_column("rowid")).select_from(text("connections_fts")).where(text("connections_fts MATCH :narrow"))
)
_IN_POSTGRESQL = c.search_text.like(p("narrow", c.search_text.type), escape="\\")


def _needle(tree: Filter | None) -> str | None:
    """A folded text that the searched text of every matching row holds."""
    if tree is None or isinstance(tree, Comparison | Not):
        return None
    if isinstance(tree, Condition):
        if tree.path not in _SEARCHED or tree.op not in _HOLDING:
            return None
        text = str(tree.values[0])
        if tree.op is Op.CONTAINS and tree.path != "email":
            # Composing may change the last character of a part, and of a part that is not ASCII the first as well.
            text = text[:-1] if text.isascii() else ""
        folded = values.fold(text)
        return folded if len(folded) >= _TRIGRAM and "\0" not in folded else None
    needles = [_needle(part) for part in tree.parts]
    if isinstance(tree, AnyOf):
        return needles[0] if needles and all(needle == needles[0] for needle in needles) else None
    return max((needle for needle in needles if needle), key=len, default=None)


def _narrow(tree: Filter | None, engine: str) -> tuple[ColumnElement[bool], str] | None:
    needle = _needle(tree)
    if needle is None:
        return None
    if engine == SQLITE:
        return _IN_SQLITE, rows.trigrams(needle)
    return _IN_POSTGRESQL, rows.like_pattern(needle)


def address_parts(details: ClientDetails) -> tuple[str | None, ...]:
    """What an address on one line is made of."""
    d = details
    return d.street, d.street_2, d.street_3, d.zip_code, d.city, d.state


def _file(row: Any) -> ClientFile:
    width = len(rows.COLUMNS)
    client, (kept, notes, *rest) = Client(*row[:width]), row[width:]
    details = from_json(ClientDetails, kept)
    if client.address and not any(address_parts(details)):
        details = replace(details, street=client.address)  # it was written on one line
    return ClientFile(client, details, from_json(ClientNotes, notes), *rest)


_SOURCE = Source(
    columns=_COLUMNS,
    base=connections,
    joined=_joined,
    here=(c.clinic_id == p("clinic"), _state <= _ARCHIVED),
    fields=FIELDS,
    last=c.number,
    unique=frozenset(("number", "updated_at")),
    indexed=frozenset(("number", "updated_at", "email", "phones.number")),
    counted=Counted(connections, "clients", "clients updated", "archived clients", "archived clients updated"),
    narrow=_narrow,
)
LISTED: FilteredList[ClientFile] = FilteredList(_SOURCE, _file)
_BY_NUMBER = Statement(
    select(*_COLUMNS).select_from(_joined).where(c.clinic_id == p("clinic"), c.number == p("number")), "clinic number"
)
_sqlite, _postgresql = among_numbers(c.number, "numbers")
_of_clinic = select(*_COLUMNS).select_from(_joined).where(c.clinic_id == p("clinic"))
_BY_NUMBERS = Statement(_of_clinic.where(_sqlite), "clinic numbers", postgresql=_of_clinic.where(_postgresql))
_BY_ID = Statement(
    select(*_COLUMNS).select_from(_joined).where(c.clinic_id == p("clinic"), c.client_id == p("client")),
    "clinic client",
)
_ID_OF = Statement(select(c.client_id).where(c.clinic_id == p("clinic"), c.number == p("number")), "clinic number")
_HIGHEST = Statement(
    select(c.number)
    .where(c.clinic_id == p("clinic"), c.state <= _ARCHIVED)
    .order_by(c.number.desc())
    .limit(literal_column("1")),
    "clinic",
)


async def by_number(reader: Reader, clinic_id: int, number: int) -> ClientFile | None:
    """The file of a client that the clinic sees, archived or not."""
    row = await reader.fetch_one(_BY_NUMBER, clinic_id, number)
    return None if row is None else _seen(_file(row))


async def by_numbers(reader: Reader, clinic_id: int, numbers: Iterable[int]) -> list[ClientFile]:
    """The files of many clients that the clinic sees."""
    found = [
        _seen(_file(row)) for row in await reader.fetch(_BY_NUMBERS, clinic_id, as_numbers(reader.engine, numbers))
    ]
    return [file for file in found if file is not None]


async def by_id(reader: Reader, clinic_id: int, client_id: bytes) -> ClientFile | None:
    """The same by id."""
    row = await reader.fetch_one(_BY_ID, clinic_id, client_id)
    return None if row is None else _seen(_file(row))


def _seen(file: ClientFile) -> ClientFile | None:
    return file if file.client.state in (State.ACTIVE, State.ARCHIVED) else None


async def id_of(reader: Reader, clinic_id: int, number: int) -> bytes | None:
    """Whose number it is, in whatever state."""
    row = await reader.fetch_one(_ID_OF, clinic_id, number)
    return None if row is None else row[0]


async def highest(reader: Reader, clinic_id: int) -> int:
    """The highest number among the clients that the clinic sees; 0 if there are none."""
    row = await reader.fetch_one(_HIGHEST, clinic_id)
    return 0 if row is None else int(row[0])


# --- writing --------------------------------------------------------------------------------------------------

_GLOBAL = (
    "first_name middle_name last_name email address organization_name first_name_folded last_name_folded"
    " organization_name_folded email_folded details"
)
_LOCAL = "home_department payer_id parent_id old_id details"
_UPDATE = Statement(
    update(clients).where(clients.c.id == p("client")).values({name: p(f"new_{name}") for name in _GLOBAL.split()}),
    " ".join(f"new_{name}" for name in _GLOBAL.split()) + " client",
    rank=70,
)
_UPDATE_LOCAL = Statement(
    update(connections)
    .where(c.clinic_id == p("clinic"), c.client_id == p("client"))
    .values({name: p(f"new_{name}") for name in _LOCAL.split()}),
    " ".join(f"new_{name}" for name in _LOCAL.split()) + " clinic client",
    rank=70,
)


def write_global(tx: Tx, client: Client, details: ClientDetails) -> None:
    """Write what is the same at every clinic; the caller has `rows.touch_everywhere` stamp it."""
    tx.write(
        _UPDATE, client.first_name, client.middle_name, client.last_name, client.email, client.address,
        client.organization_name, *rows.folded_names(client), to_json(details), client.id,
    )  # fmt: skip


def write_local(
    tx: Tx,
    clinic_id: int,
    client_id: bytes,
    notes: ClientNotes,
    *,
    home_department: int | None,
    payer_id: bytes | None,
    parent_id: bytes | None,
    old_id: str | None,
) -> None:
    """Write what is the clinic's own."""
    tx.write(_UPDATE_LOCAL, home_department, payer_id, parent_id, old_id, to_json(notes), clinic_id, client_id)
