# SPDX-License-Identifier: Apache-2.0
"""What the bulk loader takes: rows by the thousand, and clients' and patients' places at each clinic."""

from __future__ import annotations

import msgspec

from polyvet.model.entities import (
    CalendarEvent,
    Client,
    Entity,
    Invoice,
    InvoiceLine,
    MedicalRecord,
    Patient,
    Phone,
    Weight,
)


class Connected(Entity, frozen=True):
    """A client's connection to one clinic: what opens the client and its patients to that clinic."""

    clinic_id: int
    client_id: bytes
    state: int
    number: int
    updated_at: int
    last_visit: int | None = None


class Enrolled(Entity, frozen=True):
    """A patient's place in one clinic's list."""

    clinic_id: int
    patient_id: bytes
    state: int
    number: int
    updated_at: int


class Batch(msgspec.Struct, gc=False):
    """Many rows at once, for the bulk loader, which numbers records, events and invoices as they come.

    A client stands in `clients` once, with one row a clinic in `connections`; a patient once in `patients`, with one
    row a clinic in `enrolments`. A client's `phone` is its first number; `phones` are further ones. `number`, `state`,
    `updated_at` and `last_visit` of the client and patient structs
    are not read: the connection and the enrolment carry them.
    """

    clients: list[Client] = []
    connections: list[Connected] = []
    patients: list[Patient] = []
    enrolments: list[Enrolled] = []
    weights: list[Weight] = []
    records: list[MedicalRecord] = []
    events: list[CalendarEvent] = []
    invoices: list[Invoice] = []
    invoice_lines: list[InvoiceLine] = []
    phones: list[Phone] = []
