# SPDX-License-Identifier: Apache-2.0
"""The whole file of a client, a patient, an appointment or one of the staff, as one clinic sees it."""

from __future__ import annotations

from polyvet.model.details import (
    AppointmentDetails,
    ClientDetails,
    ClientNotes,
    PatientDetails,
    PatientNotes,
    UserDetails,
)
from polyvet.model.entities import CalendarEvent, Client, Entity, Patient, User


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
    """All that is on file of a calendar event. People and animals are numbers of the clinic; whom it does not see any
    more is left out."""

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
