# SPDX-License-Identifier: Apache-2.0
"""What belongs together as one clinic sees it: the whole file of a client, a patient, an appointment or one of the
staff; papers, and whom they concern.

Clients, patients and users are told by their numbers at the clinic: None, or left out of a list, where it does not see
them, or no longer.
"""

from __future__ import annotations

from polyvet.model.details import (
    AppointmentDetails,
    ClientDetails,
    ClientNotes,
    PatientDetails,
    PatientNotes,
    ReminderDetails,
    UserDetails,
)
from polyvet.model.entities import (
    ROWS_OF_INVOICE,
    CalendarEvent,
    Client,
    Entity,
    Invoice,
    InvoiceLine,
    MedicalRecord,
    Patient,
    Reminder,
    User,
)


class ClientFile(Entity, frozen=True):
    """All that is on file of a client. `payer` and `parent` are numbers of other clients of the clinic."""

    client: Client
    details: ClientDetails
    notes: ClientNotes
    home_department: int | None
    payer: int | None
    parent: int | None
    old_id: str | None


class PatientFile(Entity, frozen=True):
    """All that is on file of a patient; `owner` is its client's number at the clinic."""

    patient: Patient
    owner: int
    details: PatientDetails
    notes: PatientNotes
    animal_code: str | None
    home_department: int | None
    old_id: str | None


class AppointmentFile(Entity, frozen=True):
    """All that is on file of a calendar event."""

    event: CalendarEvent
    details: AppointmentDetails
    client: int | None
    patients: tuple[int, ...]
    user: int | None
    more_users: tuple[int, ...]


class StaffFile(Entity, frozen=True):
    """All that is on file of somebody who works at the clinic."""

    user: User
    details: UserDetails


class RecordFile(Entity, frozen=True):
    """A medical record."""

    record: MedicalRecord
    client: int | None
    patient: int | None
    author: int | None


class InvoiceFile(Entity, frozen=True):
    """An invoice's head."""

    head: Invoice
    client: int | None
    patient: int | None


class InvoiceRow(Entity, frozen=True):
    """A row of an invoice."""

    serial: int
    created_at: int
    updated_at: int
    patient: int | None
    line: InvoiceLine

    @property
    def number(self) -> int:
        """The row's number at the clinic."""
        return row_number(self.serial, self.line.position)


def row_number(serial: int, position: int) -> int:
    """The number of an invoice's row."""
    return serial * ROWS_OF_INVOICE + position


class ReminderFile(Entity, frozen=True):
    """All that is on file of a reminder."""

    reminder: Reminder
    details: ReminderDetails
    client: int | None
    patient: int | None
