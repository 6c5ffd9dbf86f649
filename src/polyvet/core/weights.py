# SPDX-License-Identifier: Apache-2.0
"""Weighings of a patient. The newest one is the patient's weight, whatever order they were entered in.

No two weighings of a patient share an instant, so that the instant names one.
"""

from __future__ import annotations

import msgspec

from polyvet.core import patient_files
from polyvet.core.context import Context, Writing
from polyvet.model import values
from polyvet.model.entities import Weight
from polyvet.model.errors import Missing
from polyvet.model.files import PatientFile
from polyvet.model.paging import Page
from polyvet.storage import patients as rows
from polyvet.storage import weights as stored

KIND = "weight"


async def history(ctx: Context, patient: int, shown: str, *, limit: int, offset: int) -> Page[Weight]:
    """A patient's weighings, the newest first. Missing."""
    ctx.require("patients:read")
    file = await patient_files.get(ctx, patient, shown)
    return await stored.history(ctx.reader, file.patient.id, limit=limit, offset=offset)


async def get(ctx: Context, patient: int, shown: str, measured_at: int) -> Weight:
    """One weighing. Missing."""
    ctx.require("patients:read")
    file = await patient_files.get(ctx, patient, shown)
    found = await stored.at(ctx.reader, file.patient.id, measured_at)
    if found is None:
        raise Missing(KIND, str(measured_at))
    return found


async def weigh(w: Writing, patient: int, shown: str, weight_mg: int, measured_at: int | None) -> Weight:
    """Add a weighing; of now if it has no instant of its own."""
    w.require("patients:write")
    file = await patient_files.writable(w, patient, shown)
    instant = await _free(w, file, values.now() if measured_at is None else measured_at)
    new = Weight(values.new_id(), file.patient.id, w.clinic_id, weight_mg, instant)
    rows.weigh(w.tx, w.clinic_id, new.patient_id, new.id, new.weight_mg, new.measured_at)
    await _settle(w, file)
    return new


async def correct(
    w: Writing, patient: int, shown: str, old_instant: int, weight_mg: int | None, measured_at: int | None
) -> Weight:
    """Change a weighing; None stays."""
    w.require("patients:write")
    file = await patient_files.writable(w, patient, shown)
    old = await _of(w, file, old_instant)
    instant = old.measured_at
    if measured_at is not None and measured_at != instant:
        instant = await _free(w, file, measured_at)
    new = msgspec.structs.replace(old, weight_mg=old.weight_mg if weight_mg is None else weight_mg, measured_at=instant)
    stored.change(w.tx, new)
    await _settle(w, file)
    return new


async def remove(w: Writing, patient: int, shown: str, measured_at: int) -> None:
    """Take a weighing away; the newest of the rest is the patient's weight then."""
    w.require("patients:write")
    file = await patient_files.writable(w, patient, shown)
    stored.remove(w.tx, await _of(w, file, measured_at))
    await _settle(w, file)


async def _of(w: Writing, file: PatientFile, measured_at: int) -> Weight:
    found = await stored.at(w.tx, file.patient.id, measured_at)
    if found is None:
        raise Missing(KIND, str(measured_at))
    return found


async def _free(w: Writing, file: PatientFile, instant: int) -> int:
    """The instant, or the next one that no weighing of the patient has."""
    while await stored.at(w.tx, file.patient.id, instant) is not None:
        instant += 1
    return instant


async def _settle(w: Writing, file: PatientFile) -> None:
    """Make the newest weighing the patient's weight, and stamp the patient."""
    newest = await stored.newest(w.tx, file.patient.id)
    patient = msgspec.structs.replace(file.patient, weight_mg=newest)
    lists = await w.codelists.within(w.tx, patient)
    await rows.update_everywhere(w.tx, patient, lists.species[patient.species_id].slug)
