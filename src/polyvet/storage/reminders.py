# SPDX-License-Identifier: Apache-2.0
"""Reminders in the store: filtered lists of them, one, and changes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select, update

from polyvet.model.details import ReminderDetails, from_json, to_json
from polyvet.model.entities import Reminder
from polyvet.model.files import ReminderFile
from polyvet.model.filters import Kind
from polyvet.storage import numbers
from polyvet.storage.filter_sql import Field
from polyvet.storage.filtered import FilteredList, Source
from polyvet.storage.seen import by_client, by_patient, client_number, patient_number
from polyvet.storage.statement import Statement, inserting, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import reminders
from polyvet.storage.writing import Tx

COUNTER = "reminders"
NUMBERED = "reminder"  # the kind of its numbers
m = reminders.c
_ROW = tuple(m[name] for name in Reminder.__struct_fields__)
_WIDTH = len(_ROW)
_COLUMNS = (*_ROW, m.details, client_number(reminders), patient_number(reminders))
FIELDS = {
    "number": Field(m.number, Kind.NUMBER),
    "client.number": by_client(reminders),
    "patient.number": by_patient(reminders),
    "department": Field(m.department, Kind.NUMBER),
    "planned_on": Field(m.planned_on, Kind.DATE),
    "status": Field(m.status, Kind.NUMBER),
    "send_method": Field(m.send_method, Kind.NUMBER),
    "created_at": Field(m.created_at, Kind.INSTANT),
    "updated_at": Field(m.updated_at, Kind.INSTANT),
}


def _file(row: Any) -> ReminderFile:
    details, *numbered = row[_WIDTH:]
    return ReminderFile(Reminder(*row[:_WIDTH]), from_json(ReminderDetails, details), *numbered)


_here = (m.clinic_id == p("clinic"),)
LISTED: FilteredList[ReminderFile] = FilteredList(
    Source(
        columns=_COLUMNS,
        base=reminders,
        joined=reminders,
        here=_here,
        fields=FIELDS,
        last=m.number,
        unique=frozenset(("number", "updated_at")),
        indexed=frozenset(("number", "planned_on", "updated_at", "client.number", "patient.number")),
        apart=frozenset(("patient.number",)),
        whole=COUNTER,
    ),
    _file,
)
_BY_NUMBER = Statement(select(*_COLUMNS).where(*_here, m.number == p("number")), "clinic number")
_CHANGING = "client_id patient_id department planned_on status send_method updated_at details"
_NEW = " ".join(f"new_{name}" for name in _CHANGING.split())
_INSERT = inserting(reminders, " ".join(column.name for column in reminders.columns), rank=60)
_UPDATE = Statement(
    update(reminders).where(m.id == p("reminder")).values({name: p(f"new_{name}") for name in _CHANGING.split()}),
    f"{_NEW} reminder",
    rank=70,
)
_DELETE = Statement(delete(reminders).where(m.id == p("reminder")), "reminder", rank=80)


async def by_number(reader: Reader, clinic_id: int, number: int) -> ReminderFile | None:
    """A reminder of the clinic."""
    row = await reader.fetch_one(_BY_NUMBER, clinic_id, number)
    return None if row is None else _file(row)


async def take_numbers(tx: Tx, clinic_id: int, count: int = 1) -> int:
    """The first of the next `count` numbers."""
    return await numbers.take(tx, clinic_id, NUMBERED, count)


def insert(tx: Tx, reminder: Reminder, details: ReminderDetails) -> None:
    """Add a reminder."""
    tx.write(
        _INSERT, reminder.id, reminder.clinic_id, reminder.number, reminder.client_id, reminder.patient_id,
        reminder.department, reminder.planned_on, int(reminder.status), reminder.send_method,
        reminder.created_at, reminder.updated_at, to_json(details),
    )  # fmt: skip
    tx.count(reminder.clinic_id, COUNTER)


def change(tx: Tx, reminder: Reminder, details: ReminderDetails) -> None:
    """Write a reminder's new values."""
    tx.write(
        _UPDATE, reminder.client_id, reminder.patient_id, reminder.department, reminder.planned_on,
        int(reminder.status), reminder.send_method, reminder.updated_at, to_json(details), reminder.id,
    )  # fmt: skip


def remove(tx: Tx, reminder: Reminder) -> None:
    """Take a reminder away."""
    tx.write(_DELETE, reminder.id)
    tx.count(reminder.clinic_id, COUNTER, -1)
