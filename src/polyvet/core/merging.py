# SPDX-License-Identifier: Apache-2.0
"""Merging patients: one turns out to be another, which stays. What the one has goes over to the other, and comes back
when they are unmerged; what the other one is given meanwhile stays with it.

A merged patient is archived at every clinic that sees it, and nobody changes it.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from polyvet.core import patient_files
from polyvet.core.context import Context, Writing
from polyvet.model.entities import Patient, State
from polyvet.model.errors import Invalid, Missing
from polyvet.model.files import PatientFile
from polyvet.storage import merging as stored
from polyvet.storage import patient_files as files
from polyvet.storage import patients as rows
from polyvet.storage import weights
from polyvet.storage.merging import Merges, Movable
from polyvet.storage.store import Reader
from polyvet.storage.writing import Touching

_WEIGHTS = "weights"
_SEEN = (State.ACTIVE, State.ARCHIVED)


async def beside(reader: Reader, clinic_id: int, file: PatientFile) -> Merges:
    """Whom a patient was merged into, and who was merged into it; the caller has asked for the permission."""
    return await stored.beside(reader, clinic_id, file.patient.id)


async def touching(ctx: Context, source: int, target: int | None = None) -> Touching:
    """What `merge` and, without a target, `unmerge` touch: every clinic of both patients and of their clients."""
    ctx.require("patients:write")
    concerned: list[bytes] = []
    for number in (source, target):
        file = None if number is None else await files.by_number(ctx.reader, ctx.clinic_id, number)
        concerned += [] if file is None else [file.patient.id]
    if target is None and concerned:
        merge_ = await stored.get(ctx.reader, concerned[0])
        concerned += [] if merge_ is None else [merge_.target_id]
    clinics, clients = {ctx.clinic_id}, set()
    for patient_id in concerned:
        clinics |= await stored.clinics_of(ctx.reader, patient_id)
        clients.add(await rows.client_of(ctx.reader, patient_id))
    return Touching(tuple(sorted(clinics)), tuple(sorted(one for one in clients if one is not None)))


async def merge(w: Writing, source: int, shown: str, target: int) -> PatientFile:
    """Merge the patient `source` into `target`; gives the latter. Missing, Merged; Invalid says why the two cannot be
    merged."""
    w.require("patients:write")
    old = (await patient_files.writable(w, source, shown)).patient
    found = await files.by_number(w.tx, w.clinic_id, target)
    if found is None:
        raise Invalid({"target": "There is no such patient."})
    new = found.patient
    before, theirs = await stored.places(w.tx, old.id), await stored.places(w.tx, new.id)
    await _check(w, old, new, before, theirs)
    await stored.check_held(w.tx, old.id, new.id)
    moved = await stored.movable(w.tx, old.id, new.id)
    states = {clinic_id: state for clinic_id, state in before.items() if state in _SEEN}
    stored.insert(w.tx, w.clinic_id, old.id, new.id, states, moved, w.tx.stamp(w.clinic_id))
    stored.move(w.tx, moved, old.id, new.id)
    await _settle(w, (new, old), moved)
    for clinic_id, state in states.items():
        if state == State.ACTIVE:
            await rows.set_state(w.tx, old.id, State.ARCHIVED, kind="archived", only=clinic_id)
    return await patient_files.again(w, new.id)


async def unmerge(w: Writing, source: int, shown: str) -> PatientFile:
    """Take a merge back: the rows that went over and are still there come back, and each clinic sees the patient in the
    state that it had. Gives the patient. Missing; Invalid if it is not merged."""
    w.require("patients:write")
    file = await files.by_number(w.tx, w.clinic_id, source)
    if file is None:
        raise Missing(patient_files.KIND, shown)
    old = file.patient
    merged = await stored.get(w.tx, old.id)
    if merged is None:
        raise Invalid({"source": "This patient is not merged."})
    if await stored.get(w.tx, merged.target_id) is not None:
        raise Invalid({"source": "The patient that it was merged into is itself merged; unmerge that one first."})
    await stored.check_held(w.tx, old.id, merged.target_id)
    new = await _anywhere(w, merged.target_id)
    noted = await stored.noted(w.tx, old.id)
    moved = [row for row in await stored.movable(w.tx, new.id, old.id) if (row.table, row.key) in noted]
    stored.move(w.tx, moved, new.id, old.id)
    stored.remove(w.tx, old.id)
    await _settle(w, (new, old), moved)
    for clinic_id, state in (await stored.places(w.tx, old.id)).items():
        # A clinic that came to know the patient meanwhile would have seen it active.
        if state == State.ARCHIVED and merged.states.get(clinic_id, State.ACTIVE) == State.ACTIVE:
            await rows.set_state(w.tx, old.id, State.ACTIVE, kind="unarchived", only=clinic_id)
    return await patient_files.again(w, old.id)


async def _check(w: Writing, old: Patient, new: Patient, before: dict[int, int], theirs: dict[int, int]) -> None:
    """Invalid where the two cannot be merged."""
    if old.id == new.id:
        raise Invalid({"target": "A patient cannot be merged into itself."})
    if await stored.get(w.tx, new.id) is not None:
        raise Invalid({"target": "This patient was merged into another one; name that one."})
    if old.species_id != new.species_id:
        raise Invalid({"target": "The patients are of different species."})
    if await stored.has_open_record(w.tx, old.id):
        raise Invalid({"source": "The patient has a consultation that is not finished."})
    for clinic_id, state in before.items():
        # Lists show no archived patient: who sees the one as active must see the other one so.
        if state in _SEEN and (theirs.get(clinic_id) not in _SEEN or theirs[clinic_id] > state):
            raise Invalid({"target": "A clinic that sees the one patient does not see the other, or has it archived."})


async def _settle(w: Writing, patients: Iterable[Patient], moved: Iterable[Movable]) -> None:
    """Stamp the patients; where weighings went over, the newest of each one's is its weight."""
    weighed = any(row.table == _WEIGHTS for row in moved)
    for patient in patients:
        weight = await weights.newest(w.tx, patient.id) if weighed else patient.weight_mg
        lists = await w.codelists.within(w.tx, patient)
        slug = lists.species[patient.species_id].slug
        await rows.update_everywhere(w.tx, msgspec.structs.replace(patient, weight_mg=weight), slug)


async def _anywhere(w: Writing, patient_id: bytes) -> Patient:
    """A patient as any clinic that ever saw it has it: what it is, is the same everywhere."""
    for clinic_id in await stored.places(w.tx, patient_id):
        patient = await rows.get(w.tx, clinic_id, patient_id)
        if patient is not None:
            return patient
    raise RuntimeError("a patient that others were merged into was never enrolled")
