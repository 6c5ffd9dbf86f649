# SPDX-License-Identifier: Apache-2.0
"""Patients' files: reading them by number, filtered lists, registering and changing them, weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set

import msgspec

from polyvet.core import custom_values
from polyvet.core.codelists import Codelists
from polyvet.core.context import Context, Writing
from polyvet.model import values
from polyvet.model.custom_fields import CustomField, CustomValue, FieldModel
from polyvet.model.details import PatientDetails, PatientNotes
from polyvet.model.entities import Patient, Sex, State
from polyvet.model.errors import Invalid, Merged, Missing
from polyvet.model.files import PatientFile
from polyvet.model.filters import Filter, Order
from polyvet.model.paging import Page
from polyvet.storage import custom_fields, departments, merging
from polyvet.storage import patient_files as stored
from polyvet.storage import patients as rows
from polyvet.storage.store import Reader
from polyvet.storage.writing import Touching

KIND = "patient"
KINDS = {path: field.kind for path, field in stored.FIELDS.items()}
Change = Callable[[PatientFile], PatientFile]
NO_SPECIES = 0
NOBODY = PatientFile(
    Patient(b"", b"", 0, State.ACTIVE, "", NO_SPECIES, None, Sex.UNKNOWN, None, None, None, None, 0, 0), 0,
    PatientDetails(), PatientNotes(), None, None, None,
)  # fmt: skip


async def list_files(
    ctx: Context, tree: Filter | None, orders: tuple[Order, ...], *, limit: int, offset: int
) -> Page[PatientFile]:
    """Files of patients, archived ones among them, by number where nothing else is asked for."""
    ctx.require("patients:read")
    page = await stored.LISTED.page(ctx.store, ctx.clinic_id, tree, orders, limit=limit, offset=offset)
    await ctx.codelists.know(ctx.reader, [file.patient for file in page.items])
    return page


async def get(ctx: Context, number: int, shown: str) -> PatientFile:
    """One file. Missing, also when the number is another clinic's."""
    ctx.require("patients:read")
    file = await stored.by_number(ctx.reader, ctx.clinic_id, number)
    if file is None:
        raise Missing(KIND, shown)
    await ctx.codelists.know(ctx.reader, (file.patient,))
    return file


async def get_many(ctx: Context, numbers: Iterable[int]) -> list[PatientFile]:
    """The files of many patients; a number that is nobody's here is left out."""
    ctx.require("patients:read")
    files = await stored.by_numbers(ctx.reader, ctx.clinic_id, numbers)
    await ctx.codelists.know(ctx.reader, [file.patient for file in files])
    return files


class Beside(msgspec.Struct, frozen=True):
    """What is shown with patients, by their numbers; and the clinic's custom fields."""

    values: dict[int, list[CustomValue]]
    fields: dict[int, CustomField]


async def beside(reader: Reader, clinic_id: int, files: Sequence[PatientFile]) -> Beside:
    """What stands in other tables of these patients; the caller has asked for the permission."""
    numbers = [file.patient.number for file in files]
    return Beside(
        await custom_fields.of_many(reader, clinic_id, FieldModel.PATIENT, numbers),
        await custom_fields.definitions(reader, clinic_id),
    )


async def number_of(ctx: Context, ident: bytes, shown: str) -> int:
    """The number of a patient that the clinic sees. Missing."""
    ctx.require("patients:read")
    file = await stored.by_id(ctx.reader, ctx.clinic_id, ident)
    if file is None:
        raise Missing(KIND, shown)
    return file.patient.number


async def highest(ctx: Context) -> int:
    """The highest number of a patient; 0 if there is none."""
    ctx.require("patients:read")
    return await stored.highest(ctx.reader, ctx.clinic_id)


async def saving(ctx: Context, number: int) -> Touching:
    """What `save` touches: the patient at all clinics of its owner."""
    ctx.require("patients:write")
    file = await stored.by_number(ctx.reader, ctx.clinic_id, number)
    return Touching(clinics=(ctx.clinic_id,), clients=() if file is None else (file.patient.client_id,))


async def save(w: Writing, number: int, shown: str, change: Change, fields: custom_values.Given = ()) -> PatientFile:
    """Write what `change` makes of the file; every clinic that sees the patient gets a new `updated_at`. A new weight
    joins the history. The owner stays: Invalid for another one. Missing; Merged."""
    w.require("patients:write")
    old = await writable(w, number, shown)
    new = change(old)
    wrong = {} if new.owner == old.owner else {"client": "A patient's client cannot be changed."}
    if new.patient.weight_mg is None and old.patient.weight_mg is not None:
        wrong["weight_mg"] = "A weight is taken back by deleting its weighing."
    await _check(w, new, old, wrong)
    checked = await custom_values.check(w, FieldModel.PATIENT, fields)
    patient = new.patient
    lists = await w.codelists.within(w.tx, patient)
    stamps = await rows.update_everywhere(w.tx, patient, lists.species[patient.species_id].slug)
    at = stamps[w.clinic_id]
    if patient.weight_mg is not None and patient.weight_mg != old.patient.weight_mg:
        rows.weigh(w.tx, w.clinic_id, patient.id, values.new_id(at), patient.weight_mg, at)
    _write(w, new)
    await custom_values.put(w, FieldModel.PATIENT, patient.id, checked)
    if patient.state != old.patient.state:
        state = State(patient.state)
        kind = "archived" if state is State.ARCHIVED else "unarchived"
        await rows.set_state(w.tx, patient.id, state, kind=kind, only=w.clinic_id)
    return await again(w, patient.id)


async def archive(w: Writing, number: int, shown: str) -> PatientFile:
    """Take a patient off the clinic's active list; nothing is ever deleted."""
    return await save(w, number, shown, archived)


def archived(file: PatientFile) -> PatientFile:
    """The file, archived."""
    return msgspec.structs.replace(file, patient=msgspec.structs.replace(file.patient, state=int(State.ARCHIVED)))


async def writable(w: Writing, number: int, shown: str) -> PatientFile:
    """The file of a patient that may be changed; the caller has asked for the permission. Missing; Merged for one that
    turned out to be another."""
    file = await stored.by_number(w.tx, w.clinic_id, number)
    if file is None:
        raise Missing(KIND, shown)
    if file.patient.state == State.ARCHIVED and await merging.get(w.tx, file.patient.id) is not None:
        raise Merged(KIND, shown)
    return file


async def again(w: Writing, patient_id: bytes) -> PatientFile:
    """The file of a patient that was just written; the caller has asked for the permission."""
    file = await stored.by_id(w.tx, w.clinic_id, patient_id)
    if file is None:
        raise RuntimeError("a patient that was just written is not there")
    return file


def _write(w: Writing, file: PatientFile) -> None:
    stored.write_global(w.tx, file.patient.id, file.details, file.animal_code)
    stored.write_local(
        w.tx, w.clinic_id, file.patient.id, file.notes, home_department=file.home_department, old_id=file.old_id
    )


async def _check(w: Writing, file: PatientFile, old: PatientFile, wrong: dict[str, str]) -> None:
    """Whether what the file points to is there. Invalid, with what is known to be `wrong` already."""
    lists = await w.codelists.within(w.tx, file.patient)
    there = await departments.of_clinic(w.tx, w.clinic_id) if _departments(file) else {}
    found = wrong | problems(w.clinic_id, lists, there.keys(), file, old)
    if found:
        raise Invalid(found)


def _departments(file: PatientFile) -> set[int]:
    home = set() if file.home_department is None else {file.home_department}
    return home | set(file.notes.visible_departments)


def problems(clinic_id: int, lists: Codelists, known: Set[int], file: PatientFile, old: PatientFile) -> dict[str, str]:
    """What is wrong with a file that is to take the place of `old`: species and breed of the codelists, departments of
    the clinic, of which `known` are there."""
    found: dict[str, str] = {}
    patient = file.patient
    species = lists.species.get(patient.species_id)
    changed = patient.species_id != old.patient.species_id
    if species is None or (changed and species.clinic_id not in (None, clinic_id)):
        found["species"] = "There is no such species in the code list."
    elif patient.breed_id is not None and (patient.breed_id, patient.species_id) != (
        old.patient.breed_id, old.patient.species_id
    ):  # fmt: skip
        breed = lists.breeds.get(patient.breed_id)
        if breed is None or breed.clinic_id not in (None, clinic_id) or breed.species_id != patient.species_id:
            found["breed"] = "There is no such breed of this species in the code list."
    if file.home_department is not None and file.home_department not in known:
        found["home_department"] = "There is no such department."
    if not set(file.notes.visible_departments) <= known:
        found["visible_departments"] = "There is no such department."
    return found
