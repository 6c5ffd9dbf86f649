# SPDX-License-Identifier: Apache-2.0
"""The patient that somebody names by any of its ids: the record's own, or its number at the clinic."""

from __future__ import annotations

from polyvet.core import patients
from polyvet.core.context import Writing
from polyvet.model.entities import Patient, State
from polyvet.model.errors import Missing
from polyvet.storage import patient_files
from polyvet.storage import patients as stored_patients


async def named_patient(w: Writing, named: bytes | int, shown: str) -> Patient:
    """The patient, if it is active and open to the clinic; one that was merged is the one that stays. Who calls it has
    asked for the permission to write."""
    w.require("patients:read")
    if isinstance(named, bytes):
        found = await stored_patients.get(w.tx, w.clinic_id, named)
    else:
        file = await patient_files.by_number(w.tx, w.clinic_id, named)
        found = None if file is None else file.patient
    patient = await patients.kept(w.tx, w.clinic_id, found)
    if patient is None or patient.state != State.ACTIVE:
        raise Missing(patients.KIND, shown)
    return patient
