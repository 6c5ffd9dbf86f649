# SPDX-License-Identifier: Apache-2.0
"""Registering patients, one or a thousand: what they point to is read once for all of them, and their rows are sent
together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from polyvet.core import custom_values, patient_files
from polyvet.core.codelists import Codelists
from polyvet.core.context import Context, Writing
from polyvet.core.custom_values import Checked, Given
from polyvet.core.patient_files import NOBODY, Change
from polyvet.model import values
from polyvet.model.custom_fields import CustomField, FieldModel
from polyvet.model.entities import State
from polyvet.model.errors import Invalid, PolyvetError
from polyvet.model.files import ClientFile, PatientFile
from polyvet.storage import client_files, custom_fields, departments
from polyvet.storage import patient_files as stored
from polyvet.storage import patients as rows
from polyvet.storage.writing import Touching

Wanted = tuple[Change, Given]  # what makes a patient out of NOBODY, and values of custom fields


class _Known(msgspec.Struct, frozen=True):
    """What new patients may point to."""

    owners: Mapping[int, ClientFile]
    lists: Codelists
    departments: frozenset[int]
    fields: Mapping[int, CustomField]


class _New(msgspec.Struct):
    """A patient that holds, on its way into the store."""

    place: int  # in what was wanted
    file: PatientFile
    values: Checked
    archived: bool


async def creating(ctx: Context, owners: Iterable[int]) -> Touching:
    """What registering patients of these owners touches: every clinic of each. Owners are named by their numbers."""
    ctx.require("patients:write")
    found = await client_files.by_numbers(ctx.reader, ctx.clinic_id, set(owners))
    return Touching(clinics=(ctx.clinic_id,), clients=tuple(file.client.id for file in found))


async def create(w: Writing, change: Change, fields: Given = ()) -> PatientFile:
    """Register a patient as `change` makes it out of NOBODY, at all clinics of its owner. Invalid."""
    w.require("patients:write")
    [outcome] = await create_all(w, [(change, fields)])
    if isinstance(outcome, PolyvetError):
        raise outcome
    return outcome


async def create_all(w: Writing, wanted: Sequence[Wanted]) -> list[PatientFile | PolyvetError]:
    """Register those patients that hold; gives each one's file, or why there is none."""
    w.require("patients:write")
    outcomes: list[Any] = [None] * len(wanted)
    files: dict[int, PatientFile] = {}
    for place, (change, _) in enumerate(wanted):
        try:
            files[place] = change(NOBODY)
        except PolyvetError as error:
            outcomes[place] = error
    known = await _known(w, files.values())
    new: list[_New] = []
    for place, file in files.items():
        try:
            new.append(_admitted(w, known, place, file, wanted[place][1]))
        except Invalid as error:
            outcomes[place] = error
    for one in new:
        _insert(w, known, one)
    await custom_values.put_new(w, FieldModel.PATIENT, [(one.file.patient.id, one.values) for one in new])
    for one in new:
        if one.archived:
            await rows.set_state(w.tx, one.file.patient.id, State.ARCHIVED, kind="archived", only=w.clinic_id)
    made = await stored.by_numbers(w.tx, w.clinic_id, [one.file.patient.number for one in new]) if new else []
    by_number = {file.patient.number: file for file in made}
    for one in new:
        outcomes[one.place] = by_number[one.file.patient.number]
    return outcomes


async def _known(w: Writing, files: Iterable[PatientFile]) -> _Known:
    lists, wanted = w.codelists, [file.patient for file in files]
    for patient in wanted:
        lists = await w.codelists.within(w.tx, patient)
        if lists is not w.codelists:
            break  # read anew, for all of them
    owners = await client_files.by_numbers(w.tx, w.clinic_id, {file.owner for file in files})
    return _Known(
        {owner.client.number: owner for owner in owners},
        lists,
        frozenset(await departments.of_clinic(w.tx, w.clinic_id)),
        await custom_fields.definitions(w.tx, w.clinic_id),
    )


def _admitted(w: Writing, known: _Known, place: int, file: PatientFile, given: Given) -> _New:
    """The patient with its id, number and stamp. Invalid."""
    owner = known.owners.get(file.owner)
    problems = {} if owner is not None else {"client": "There is no such client."}
    problems |= patient_files.problems(w.clinic_id, known.lists, known.departments, file, NOBODY)
    if problems or owner is None:
        raise Invalid(problems)
    checked = custom_values.read_all(known.fields, FieldModel.PATIENT, given)
    stamp = w.tx.stamp(w.clinic_id)
    at = min(values.now(), stamp)
    patient = replace(
        file.patient, id=values.new_id(at), client_id=owner.client.id, state=int(State.ACTIVE), created_at=at,
        updated_at=stamp,
    )  # fmt: skip
    return _New(place, replace(file, patient=patient), checked, file.patient.state == State.ARCHIVED)


def _insert(w: Writing, known: _Known, one: _New) -> None:
    patient = replace(one.file.patient, number=w.tx.clinic(w.clinic_id).patient_seq + 1)
    one.file = file = replace(one.file, patient=patient)
    rows.insert(w.tx, patient, known.lists.species[patient.species_id].slug, stamped={w.clinic_id: patient.updated_at})
    if patient.weight_mg is not None:
        at = patient.created_at
        rows.weigh(w.tx, w.clinic_id, patient.id, values.new_id(at), patient.weight_mg, at)
    if (file.details, file.animal_code) != (NOBODY.details, NOBODY.animal_code):
        stored.write_global(w.tx, patient.id, file.details, file.animal_code)
    if (file.notes, file.home_department, file.old_id) != (NOBODY.notes, NOBODY.home_department, NOBODY.old_id):
        stored.write_local(
            w.tx, w.clinic_id, patient.id, file.notes, home_department=file.home_department, old_id=file.old_id
        )
