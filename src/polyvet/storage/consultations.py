# SPDX-License-Identifier: Apache-2.0
"""A clinic's own medical records by number: filtered lists of them, and one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from polyvet.model.entities import MedicalRecord
from polyvet.model.files import RecordFile
from polyvet.model.filters import Kind
from polyvet.storage.filter_sql import Field
from polyvet.storage.filtered import FilteredList, Source
from polyvet.storage.seen import by_owner, by_patient, owner_number, patient_number, user_number
from polyvet.storage.statement import Statement, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import medical_records, users

r = medical_records.c
_WIDTH = len(medical_records.columns)
_COLUMNS = (
    *medical_records.columns,
    owner_number(medical_records),
    patient_number(medical_records),
    user_number(medical_records, r.author_id),
)


def _by_author(condition: Any) -> Any:
    return r.author_id.is_not(None) & r.author_id.in_(
        select(users.c.id).where(users.c.clinic_id == p("clinic"), condition)
    )


FIELDS = {
    "number": Field(r.number, Kind.NUMBER),
    "title": Field(r.title, Kind.TEXT),
    "kind": Field(r.kind, Kind.TEXT),
    "status": Field(r.status, Kind.TEXT),
    "occurred_at": Field(r.occurred_at, Kind.INSTANT),
    "signed_at": Field(r.signed_at, Kind.INSTANT),
    "created_at": Field(r.created_at, Kind.INSTANT),
    "updated_at": Field(r.updated_at, Kind.INSTANT),
    "department": Field(r.department, Kind.NUMBER),
    "client.number": by_owner(medical_records),
    "patient.number": by_patient(medical_records),
    "author.number": Field(users.c.number, Kind.NUMBER, among=_by_author),
}


def _file(row: Any) -> RecordFile:
    return RecordFile(MedicalRecord(*row[:_WIDTH]), *row[_WIDTH:])


_here = (r.clinic_id == p("clinic"),)
LISTED: FilteredList[RecordFile] = FilteredList(
    Source(
        columns=_COLUMNS,
        base=medical_records,
        joined=medical_records,
        here=_here,
        fields=FIELDS,
        last=r.number,
        unique=frozenset(("number",)),
        indexed=frozenset(("number", "occurred_at", "updated_at", "client.number", "patient.number")),
        apart=frozenset(("client.number", "patient.number")),
        whole="records",
    ),
    _file,
)
_BY_NUMBER = Statement(select(*_COLUMNS).where(*_here, r.number == p("number")), "clinic number")


async def by_number(reader: Reader, clinic_id: int, number: int) -> RecordFile | None:
    """A record that the clinic made."""
    row = await reader.fetch_one(_BY_NUMBER, clinic_id, number)
    return None if row is None else _file(row)
