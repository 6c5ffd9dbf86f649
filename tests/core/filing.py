# SPDX-License-Identifier: Apache-2.0
"""What tests do to files of clients and patients; each function is one call of core in one transaction."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest
from msgspec.structs import replace

from polyvet.core import client_files, patient_files, phones, registering
from polyvet.model.custom_fields import CustomField, FieldKind, FieldModel, Option
from polyvet.model.details import ClientDetails, PatientDetails
from polyvet.model.entities import Phone, Species
from polyvet.model.errors import Invalid
from polyvet.model.files import ClientFile, PatientFile
from polyvet.storage import codelists, custom_fields, departments
from polyvet.storage.check import check
from polyvet.storage.writing import Touching, Tx
from tests.core.stores import World

DOG, CAT = 15461002, 15462002
# `state` is whether a client is archived; that of an address is changed by itself.
_IN_DETAILS: dict[Any, set[str]] = {
    ClientFile: {*ClientDetails.__struct_fields__} - {"state"},
    PatientFile: {*PatientDetails.__struct_fields__},
}
FIELDS = (
    CustomField(1, FieldModel.CLIENT, "Likes", FieldKind.TEXT, False),
    CustomField(2, FieldModel.CLIENT, "Points", FieldKind.NUMBER, False),
    CustomField(3, FieldModel.CLIENT, "Since", FieldKind.DATE, False),
    CustomField(4, FieldModel.CLIENT, "Vip", FieldKind.BOOLEAN, False),
    CustomField(5, FieldModel.CLIENT, "Area", FieldKind.SELECT, False, (Option(51, "North"), Option(52, "South"))),
    CustomField(6, FieldModel.CLIENT, "Days", FieldKind.MULTI_SELECT, False, (Option(61, "Mo"), Option(62, "Tu"))),
    CustomField(7, FieldModel.PATIENT, "Food", FieldKind.TEXT, False),
)


def changing(**given: Any) -> Any:
    """A change of a file: each value goes where the file has a field of that name."""

    def change(file: Any) -> Any:
        head = "client" if isinstance(file, ClientFile) else "patient"
        whole = {name: value for name, value in given.items() if name in type(file).__struct_fields__}
        rest = {name: value for name, value in given.items() if name not in whole}
        details = {name: rest.pop(name) for name in list(rest) if name in _IN_DETAILS[type(file)]}
        notes = {name: rest.pop(name) for name in list(rest) if name in type(file.notes).__struct_fields__}
        parts = {head: replace(getattr(file, head), **rest), "details": replace(file.details, **details)}
        return replace(file, **parts, notes=replace(file.notes, **notes), **whole)

    return change


async def new_client(w: World, clinic_id: int, fields: Any = (), **given: Any) -> ClientFile:
    """Register a client."""
    change = changing(**{"last_name": "Lovelace", **given})
    touching = client_files.creating(clinic_id)
    return await w.write(clinic_id, touching, lambda writing: client_files.create(writing, change, fields))


async def save_client(w: World, clinic_id: int, number: int, fields: Any = (), **given: Any) -> ClientFile:
    """Change a client."""
    touching = await client_files.saving(w.ctx(clinic_id), number)
    change = changing(**given)
    return await w.write(clinic_id, touching, lambda writing: client_files.save(writing, number, "7", change, fields))


async def new_patient(w: World, clinic_id: int, owner: int, fields: Any = (), **given: Any) -> PatientFile:
    """Register a patient."""
    touching = await registering.creating(w.ctx(clinic_id), {owner})
    change = changing(**{"name": "Rex", "species_id": DOG, "owner": owner, **given})
    return await w.write(clinic_id, touching, lambda writing: registering.create(writing, change, fields))


async def save_patient(w: World, clinic_id: int, number: int, fields: Any = (), **given: Any) -> PatientFile:
    """Change a patient."""
    touching = await patient_files.saving(w.ctx(clinic_id), number)
    change = changing(**given)
    return await w.write(clinic_id, touching, lambda writing: patient_files.save(writing, number, "7", change, fields))


async def new_phone(w: World, clinic_id: int, owner: int, number: str, **given: Any) -> tuple[Phone, int]:
    """Add a phone number."""
    touching = await phones.touching(w.ctx(clinic_id), owner=owner)
    phone = replace(Phone(0, b"", 0, number, 0, None, False, False, 0, 0), **given)
    return await w.write(clinic_id, touching, lambda writing: phones.create(writing, owner, phone))


async def save_phone(w: World, clinic_id: int, ident: int, owner: int | None = None, **given: Any) -> tuple[Phone, int]:
    """Change a phone number."""
    touching = await phones.touching(w.ctx(clinic_id), phone_id=ident, owner=owner)
    return await w.write(
        clinic_id, touching, lambda writing: phones.save(writing, ident, "7", lambda one: replace(one, **given), owner)
    )


async def delete_phone(w: World, clinic_id: int, ident: int) -> None:
    """Take a phone number away."""
    touching = await phones.touching(w.ctx(clinic_id), phone_id=ident)
    await w.write(clinic_id, touching, lambda writing: phones.delete(writing, ident, "7"))


async def set_up(w: World, clinic_id: int) -> None:
    """Departments 1 and 2 and the custom fields FIELDS."""

    async def job(tx: Tx) -> None:
        for number in (1, 2):
            departments.add(tx, clinic_id, number, f"Department {number}")
        for field in FIELDS:
            custom_fields.define(tx, clinic_id, field)

    await w.store.write(Touching(clinics=(clinic_id,)), job)


async def own_species(w: World, clinic_id: int, name: str) -> int:
    """An entry of a clinic's own in the code list of species."""

    async def job(tx: Tx) -> int:
        code = await codelists.next_code(tx, codelists.SPECIES)
        codelists.add_species(tx, Species(code, clinic_id, name, name.lower(), name, ""))
        return code

    return await w.store.write(Touching(clinics=(clinic_id,)), job)


async def problems(work: Awaitable[Any]) -> dict[str, str]:
    """What a refused write is told."""
    with pytest.raises(Invalid) as refused:
        await work
    return refused.value.problems


async def sound(url: str) -> bool:
    """Whether the store has no errors."""
    return [one for one in await check(url) if one.severity == "error"] == []
