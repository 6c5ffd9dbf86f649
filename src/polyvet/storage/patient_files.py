# SPDX-License-Identifier: Apache-2.0
"""Patients' files in the store: all that is known of a patient, filtered lists of them, and what a change writes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, literal_column, select, update

from polyvet.model.details import PatientDetails, PatientNotes, from_json, to_json
from polyvet.model.entities import State
from polyvet.model.files import PatientFile
from polyvet.model.filters import Kind
from polyvet.storage import patients as rows
from polyvet.storage.filter_sql import Field
from polyvet.storage.filtered import Counted, FilteredList, Source
from polyvet.storage.statement import Statement, among_numbers, as_numbers, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import clients, connections, enrolments, patients
from polyvet.storage.writing import Tx

e = enrolments.c
_ACTIVE: ColumnElement[int] = literal_column(str(int(State.ACTIVE)))
_ARCHIVED: ColumnElement[int] = literal_column(str(int(State.ARCHIVED)))
_state = e.state + literal_column("0")  # as an expression: no index is to be chosen for it
_owner = (
    select(connections.c.number)
    .where(connections.c.clinic_id == e.clinic_id, connections.c.client_id == e.client_id)
    .correlate(enrolments)
    .scalar_subquery()
)
_joined = enrolments.join(patients, patients.c.id == e.patient_id)
_COLUMNS = (
    *rows.COLUMNS,
    _owner,
    patients.c.details,
    e.details,
    patients.c.animal_code,
    e.home_department,
    e.old_id,
)


def _by_owner(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    joined = connections.join(clients, clients.c.id == connections.c.client_id)
    return e.client_id.in_(
        select(connections.c.client_id).select_from(joined).where(connections.c.clinic_id == p("clinic"), condition)
    )


FIELDS = {
    "number": Field(e.number, Kind.NUMBER),
    "name": Field(patients.c.name, Kind.TEXT, patients.c.name_folded),
    "microchip": Field(patients.c.microchip, Kind.TEXT),
    "species": Field(e.species_id, Kind.NUMBER),
    "breed": Field(patients.c.breed_id, Kind.NUMBER),
    "archived": Field(_state == _ARCHIVED, Kind.TRUTH, when_false=_state == _ACTIVE),
    "deceased_on": Field(patients.c.deceased_on, Kind.DATE),
    "birth_date": Field(patients.c.birth_date, Kind.DATE),
    "updated_at": Field(e.updated_at, Kind.INSTANT),
    "created_at": Field(e.created_at, Kind.INSTANT),
    "home_department": Field(e.home_department, Kind.NUMBER),
    "old_id": Field(e.old_id, Kind.TEXT),
    "animal_code": Field(patients.c.animal_code, Kind.TEXT),
    "client.number": Field(connections.c.number, Kind.NUMBER, among=_by_owner),
    "client.first_name": Field(clients.c.first_name, Kind.TEXT, clients.c.first_name_folded, among=_by_owner),
    "client.last_name": Field(clients.c.last_name, Kind.TEXT, clients.c.last_name_folded, among=_by_owner),
    "client.organization_name": Field(
        clients.c.organization_name, Kind.TEXT, clients.c.organization_name_folded, among=_by_owner
    ),
    "client.email": Field(clients.c.email_folded, Kind.TEXT, clients.c.email_folded, among=_by_owner),
    "client.archived": Field(
        connections.c.state == _ARCHIVED, Kind.TRUTH, when_false=connections.c.state == _ACTIVE, among=_by_owner
    ),
}


def _file(row: Any) -> PatientFile:
    width = len(rows.COLUMNS)
    owner, details, notes, *rest = row[width:]
    return PatientFile(
        rows.patient_of(row), owner, from_json(PatientDetails, details), from_json(PatientNotes, notes), *rest
    )


_SOURCE = Source(
    columns=_COLUMNS,
    base=enrolments,
    joined=_joined,
    here=(e.clinic_id == p("clinic"), _state <= _ARCHIVED),
    fields=FIELDS,
    last=e.number,
    unique=frozenset(("number", "updated_at")),
    indexed=frozenset(("number", "updated_at", "client.number", "microchip")),
    counted=Counted(enrolments, "patients", "updated", "archived patients", "archived patients updated"),
)
LISTED: FilteredList[PatientFile] = FilteredList(_SOURCE, _file)
_BY_NUMBER = Statement(
    select(*_COLUMNS).select_from(_joined).where(e.clinic_id == p("clinic"), e.number == p("number")), "clinic number"
)
_sqlite, _postgresql = among_numbers(e.number, "numbers")
_of_clinic = select(*_COLUMNS).select_from(_joined).where(e.clinic_id == p("clinic"))
_BY_NUMBERS = Statement(_of_clinic.where(_sqlite), "clinic numbers", postgresql=_of_clinic.where(_postgresql))
_BY_ID = Statement(
    select(*_COLUMNS).select_from(_joined).where(e.clinic_id == p("clinic"), e.patient_id == p("patient")),
    "clinic patient",
)
_HIGHEST = Statement(
    select(e.number)
    .where(e.clinic_id == p("clinic"), e.state <= _ARCHIVED)
    .order_by(e.number.desc())
    .limit(literal_column("1")),
    "clinic",
)
_sqlite, _postgresql = among_numbers(connections.c.number, "numbers")
_owners = select(connections.c.client_id).where(connections.c.clinic_id == p("clinic"))
_of_owners = (
    select(_owner, e.number)
    .where(e.clinic_id == p("clinic"), _state <= _ARCHIVED)
    .order_by(e.number + literal_column("0"))
)
_OF_OWNERS = Statement(
    _of_owners.where(e.client_id.in_(_owners.where(_sqlite))),
    "clinic numbers",
    postgresql=_of_owners.where(e.client_id.in_(_owners.where(_postgresql))),
)


async def by_number(reader: Reader, clinic_id: int, number: int) -> PatientFile | None:
    """The file of a patient that the clinic sees, archived or not."""
    row = await reader.fetch_one(_BY_NUMBER, clinic_id, number)
    return None if row is None else _seen(_file(row))


async def by_numbers(reader: Reader, clinic_id: int, numbers: Iterable[int]) -> list[PatientFile]:
    """The files of many patients that the clinic sees."""
    found = [
        _seen(_file(row)) for row in await reader.fetch(_BY_NUMBERS, clinic_id, as_numbers(reader.engine, numbers))
    ]
    return [file for file in found if file is not None]


async def by_id(reader: Reader, clinic_id: int, patient_id: bytes) -> PatientFile | None:
    """The same by id."""
    row = await reader.fetch_one(_BY_ID, clinic_id, patient_id)
    return None if row is None else _seen(_file(row))


def _seen(file: PatientFile) -> PatientFile | None:
    return file if file.patient.state in (State.ACTIVE, State.ARCHIVED) else None


async def highest(reader: Reader, clinic_id: int) -> int:
    """The highest number among the patients that the clinic sees; 0 if there are none."""
    row = await reader.fetch_one(_HIGHEST, clinic_id)
    return 0 if row is None else int(row[0])


async def of_owners(reader: Reader, clinic_id: int, owners: Iterable[int]) -> dict[int, list[int]]:
    """The numbers of many clients' patients that the clinic sees, by the clients' numbers."""
    found: dict[int, list[int]] = defaultdict(list)
    for owner, number in await reader.fetch(_OF_OWNERS, clinic_id, as_numbers(reader.engine, owners)):
        found[owner].append(number)
    return found


# --- writing --------------------------------------------------------------------------------------------------

_UPDATE = Statement(
    update(patients)
    .where(patients.c.id == p("patient"))
    .values(details=p("new_details"), animal_code=p("new_animal_code")),
    "new_details new_animal_code patient",
    rank=70,
)
_UPDATE_LOCAL = Statement(
    update(enrolments)
    .where(e.clinic_id == p("clinic"), e.patient_id == p("patient"))
    .values(home_department=p("new_home_department"), old_id=p("new_old_id"), details=p("new_details")),
    "new_home_department new_old_id new_details clinic patient",
    rank=70,
)


def write_global(tx: Tx, patient_id: bytes, details: PatientDetails, animal_code: str | None) -> None:
    """Write what is the same at every clinic, beside the row that `patients.update_everywhere` writes."""
    tx.write(_UPDATE, to_json(details), animal_code, patient_id)


def write_local(
    tx: Tx,
    clinic_id: int,
    patient_id: bytes,
    notes: PatientNotes,
    *,
    home_department: int | None,
    old_id: str | None,
) -> None:
    """Write what is the clinic's own."""
    tx.write(_UPDATE_LOCAL, home_department, old_id, to_json(notes), clinic_id, patient_id)
