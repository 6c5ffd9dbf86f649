# SPDX-License-Identifier: Apache-2.0
"""A client's and a patient's whole file, as one clinic sees it."""

from __future__ import annotations

from polyvet.model.details import ClientDetails, ClientNotes, PatientDetails, PatientNotes
from polyvet.model.entities import Client, Entity, Patient


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
