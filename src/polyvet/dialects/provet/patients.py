# SPDX-License-Identifier: Apache-2.0
"""`patient/`: list, create, get, change, archive, and `get_max_patient_id/` [seed, docs]."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from polyvet.core import merging, patient_files, registering
from polyvet.core.codelists import Codelists
from polyvet.core.context import Context, Writing
from polyvet.dialects.provet import bodies, gender, times
from polyvet.dialects.provet.bodies import (
    Fields,
    applied,
    changes,
    fields_rel,
    read_document,
    read_object,
    renamed,
)
from polyvet.dialects.provet.clients import ClientOut
from polyvet.dialects.provet.clients import exposed as exposed_clients
from polyvet.dialects.provet.custom_fields import FieldRow, field_rows
from polyvet.dialects.provet.filters import Declared, exposed_in
from polyvet.dialects.provet.requests import Asking, named
from polyvet.dialects.provet.wire import FieldErrors, Listed, Urls, encode
from polyvet.model import values
from polyvet.model.entities import State
from polyvet.model.files import PatientFile
from polyvet.storage.store import Reader
from polyvet.web.idempotency import write
from polyvet.web.message import Reply, Request

PATIENT = "patient"
LONGEST_NAME = 127  # [client]
NO_BREED = "None"  # [seed]
REQUIRED = ("client", "name", "species")
FILTERS = Declared(
    paths={
        "id": "number", "name": "name", "microchip": "microchip", "species": "species", "breed": "breed",
        "archived": "archived", "deceased": "deceased_on", "date_of_birth": "birth_date", "modified": "updated_at",
        "created": "created_at", "home_department": "home_department", "old_patient_id": "old_id",
        "animal_code": "animal_code", "client": "client.number", "client.id": "client.number",
        "client.firstname": "client.first_name", "client.lastname": "client.last_name",
        "client.organization_name": "client.organization_name", "client.email": "client.email",
        "client.archived": "client.archived",
    },
    kinds=patient_files.KINDS,
    archived="archived",
    exposed=("client",),  # [docs]
)  # fmt: skip


class PatientOut(msgspec.Struct):
    """A patient [seed, client]."""

    id: int
    url: str
    client: str | ClientOut
    name: str
    official_name: str
    species: str
    species_code: int
    breed: str
    breed_code: int | None
    gender: str
    weight: float | None
    date_of_birth: str | None
    date_of_registration: str | None
    deceased: str | None
    reason_of_death: str
    microchip: str | None
    microchip_date: str | None
    additional_identification: str | None
    passport_number: str
    register_number: str
    insurance: str | None
    insurance_company: int | None
    color: str
    critical_notes: str
    remarks: str
    stable_name: str
    street_address: str | None
    street_address_2: str | None
    zip_code: str | None
    city: str | None
    current_location: str
    not_for_food: bool
    blood_group: int | None
    archived: bool
    home_department: str | None
    old_patient_id: str | None
    imported: bool
    date_imported: str | None
    holding_place_number: str | None
    animal_code: str | None
    herd_size: int | None
    private: bool
    visible_departments: list[str]
    visible_department_groups: list[str]
    last_consultation: str | None
    picture: str | None
    patient_extras: str | None
    created: str
    modified: str
    created_user: str | None
    modified_user: str | None
    tags_rel: list[str]
    fields_rel: list[FieldRow]
    # Only where one patient is the answer: recorded lists lack them [client].
    merged_patient: list[str] | msgspec.UnsetType = msgspec.UNSET
    merge_patient: str | msgspec.UnsetType | None = msgspec.UNSET


_text, _note = bodies.text(), bodies.text(bodies.NOTES)
_text_or_null = bodies.text(null=None)
_CODE = bodies.integer(0, bodies.HIGHEST)


def _species(raw: Any, reading: bodies.Reading) -> int | str:
    """A code [seed], or the name that is given back: clients send whole patients as they read them [client]."""
    if isinstance(raw, str) and raw and not raw.strip().isdecimal():
        return raw
    return int(_CODE(raw, reading))


def _breed(raw: Any, reading: bodies.Reading) -> int | str | None:
    """The same; nothing and the "None" that is given back unset it [seed]."""
    return None if raw in (None, "", NO_BREED) else _species(raw, reading)


def _raw(raw: Any, _: bodies.Reading) -> Any:
    """Read later, when the species is known."""
    return raw


FIELDS: Fields = {
    "client": ("owner", bodies.relation("client", null=False)),
    "name": ("patient.name", bodies.name(LONGEST_NAME)),
    "official_name": ("details.official_name", _text),
    "species": ("patient.species_id", _species),
    "breed": ("patient.breed_id", _breed),
    "gender": ("gender", _raw),
    "weight": ("patient.weight_mg", bodies.weight),
    "date_of_birth": ("patient.birth_date", bodies.day),
    "date_of_registration": ("details.registered_on", bodies.day),
    "deceased": ("patient.deceased_on", bodies.day),
    "reason_of_death": ("details.reason_of_death", _text),
    "microchip": ("patient.microchip", bodies.text(50, null=None)),
    "microchip_date": ("details.microchipped_on", bodies.day),
    "additional_identification": ("details.identification", _text_or_null),
    "passport_number": ("details.passport_number", _text),
    "register_number": ("details.register_number", _text),
    "insurance": ("details.insurance", _text_or_null),
    "insurance_company": ("details.insurance_company", bodies.integer(0, bodies.HIGHEST, null=True)),
    "color": ("details.color", _text),
    "critical_notes": ("notes.critical", _note),
    "remarks": ("notes.remarks", _note),
    "stable_name": ("details.stable_name", _text),
    "street_address": ("notes.street", _text_or_null),
    "street_address_2": ("notes.street_2", _text_or_null),
    "zip_code": ("notes.zip_code", bodies.text(30, null=None)),
    "city": ("notes.city", _text_or_null),
    "current_location": ("notes.current_location", _text),
    "not_for_food": ("details.not_for_food", bodies.truth),
    "blood_group": ("details.blood_group", bodies.integer(0, 1_000, null=True)),
    "archived": ("patient.state", bodies.state),
    "home_department": ("home_department", bodies.relation("department")),
    "old_patient_id": ("old_id", bodies.text(100, null=None)),
    "imported": ("notes.imported", bodies.truth),
    "date_imported": ("notes.imported_at", bodies.moment),
    "animal_code": ("animal_code", bodies.text(100, null=None)),
    "herd_size": ("details.herd_size", bodies.integer(0, 10_000_000, null=True)),
    "private": ("notes.private", bodies.truth),
    "visible_departments": ("notes.visible_departments", bodies.relations("department")),
    "tags_rel": ("notes.tags", bodies.tags),
}


class Patients:
    """The operations."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def list_patients(self, request: Request) -> Reply:
        """Patients, archived ones among them [client], by id."""
        ctx, asked = request.context, await self._asking.listed(request, FILTERS)
        page = await asked.page(patient_files.list_files)
        beside = await patient_files.beside(ctx.reader, ctx.clinic_id, page.items)
        out = [patient_out(file, beside, ctx.codelists, asked.urls, asked.zone) for file in page.items]
        if "client" in asked.exposed:
            clients = await exposed_clients(ctx, [file.owner for file in page.items], asked.urls, asked.zone)
            for one, file in zip(out, page.items, strict=True):
                one.client = clients.get(file.owner, one.client)
        return asked.reply(page, out)

    async def get_patient(self, request: Request) -> Reply:
        """One patient."""
        ctx = request.context
        file = await patient_files.get(ctx, *named(request, PATIENT))
        out = await shown_patient(self._asking, request, ctx.reader, ctx.codelists, file)
        if exposed_in(request.query(), FILTERS):
            clients = await exposed_clients(
                ctx, [file.owner], self._asking.urls(request), await self._asking.zone(request)
            )
            out.client = clients.get(file.owner, out.client)
        return Reply(200, encode(out))

    async def create_patient(self, request: Request) -> Reply:
        """201 with the patient."""
        body, document = await read_document(request)
        document = read_object(document)
        reading = await self._asking.reading(request)
        new = Posted(document, changes(document, FIELDS, reading, REQUIRED))

        async def work(w: Writing) -> Reply:
            file = await registering.create(w, new.applied_to(w.codelists), new.fields)
            lists = await w.codelists.within(w.tx, file.patient)
            return Reply(201, encode(await shown_patient(self._asking, request, w.tx, lists, file)))

        with renamed(FIELDS):
            return await write(request, body, await registering.creating(request.context, {new.owner}), work)

    async def change_patient(self, request: Request) -> Reply:
        """PUT and PATCH: what the body does not name stays."""
        number, shown = named(request, PATIENT)
        body, document = await read_document(request)
        document = read_object(document)
        changed = Posted(document, changes(document, FIELDS, await self._asking.reading(request)))

        async def work(w: Writing) -> Reply:
            file = await patient_files.save(w, number, shown, changed.applied_to(w.codelists), changed.fields)
            lists = await w.codelists.within(w.tx, file.patient)
            return Reply(200, encode(await shown_patient(self._asking, request, w.tx, lists, file)))

        with renamed(FIELDS):
            return await write(request, body, await patient_files.saving(request.context, number), work)

    async def archive_patient(self, request: Request) -> Reply:
        """DELETE archives [seed: nothing is ever deleted] and answers 204."""
        number, shown = named(request, PATIENT)

        async def work(w: Writing) -> Reply:
            await patient_files.archive(w, number, shown)
            return Reply(204, b"")

        return await write(request, b"", await patient_files.saving(request.context, number), work)

    async def max_id(self, request: Request) -> Reply:
        """The highest id [oas; the body is inferred]."""
        return Reply(200, encode({"max_patient_id": await patient_files.highest(request.context)}))


async def shown_patient(
    asking: Asking, request: Request, reader: Reader, lists: Codelists, file: PatientFile
) -> PatientOut:
    """One patient as it is told by itself, with its merges."""
    clinic_id, urls = request.context.clinic_id, asking.urls(request)
    beside = await patient_files.beside(reader, clinic_id, [file])
    out = patient_out(file, beside, lists, urls, await asking.zone(request))
    merged = await merging.beside(reader, clinic_id, file)
    out.merged_patient = [urls.of(PATIENT, number) for number in merged.sources]
    out.merge_patient = urls.maybe(PATIENT, merged.into)
    return out


class Posted:
    """What a body sets of a patient. The gender is read when the species is known: three are for horses only."""

    def __init__(self, document: dict[str, Any], changed: dict[str, Any]) -> None:
        self._gender = changed.pop("gender", msgspec.UNSET)
        self._changed = changed
        self.fields = fields_rel(document.get("fields_rel"))
        self.owner: int = changed.get("owner", 0)

    def applied_to(self, lists: Codelists) -> patient_files.Change:
        """The change, for core."""

        def change(file: PatientFile) -> PatientFile:
            new = applied(file, self._coded(file, lists))
            if self._gender is msgspec.UNSET:
                return new
            try:
                sex, neutered = gender.read(self._gender, horse=is_horse(lists, new.patient.species_id))
            except ValueError as error:
                raise FieldErrors({"gender": [str(error)]}) from error
            return applied(new, {"patient.sex": sex, "patient.neutered": neutered})

        return change

    def _coded(self, file: PatientFile, lists: Codelists) -> dict[str, Any]:
        """What is set, without names of species and breed, which stand for what is on file and for nothing else."""
        changed, patient = dict(self._changed), file.patient
        species = lists.species.get(patient.species_id)
        on_file = {
            "species": None if species is None else species.name,
            "breed": lists.breed_name(patient) if patient.breed_id in lists.breeds else None,
        }
        for name, known in on_file.items():
            path = FIELDS[name][0]
            if isinstance(changed.get(path), str) and changed.pop(path) != known:
                raise FieldErrors({name: ["A valid integer is required."]})
        return changed


def is_horse(lists: Codelists, species_id: int) -> bool:
    """Whether the species is a horse."""
    species = lists.species.get(species_id)
    return species is not None and species.slug == gender.HORSE


def patient_out(file: PatientFile, beside: patient_files.Beside, lists: Codelists, urls: Urls, zone: str) -> PatientOut:
    """A patient on the wire."""
    a, d, n = file.patient, file.details, file.notes
    weight = a.weight_mg
    return PatientOut(
        id=a.number, url=urls.of(PATIENT, a.number), client=urls.of("client", file.owner), name=a.name,
        official_name=d.official_name, species=lists.species[a.species_id].name, species_code=a.species_id,
        breed=lists.breed_name(a) or NO_BREED, breed_code=a.breed_id,
        gender=gender.to_text(a.sex, a.neutered, horse=is_horse(lists, a.species_id)),
        weight=None if weight is None else values.to_kilograms(weight), date_of_birth=a.birth_date,
        date_of_registration=d.registered_on, deceased=a.deceased_on, reason_of_death=d.reason_of_death,
        microchip=a.microchip, microchip_date=d.microchipped_on, additional_identification=d.identification,
        passport_number=d.passport_number, register_number=d.register_number, insurance=d.insurance,
        insurance_company=d.insurance_company, color=d.color, critical_notes=n.critical, remarks=n.remarks,
        stable_name=d.stable_name, street_address=n.street, street_address_2=n.street_2, zip_code=n.zip_code,
        city=n.city, current_location=n.current_location, not_for_food=d.not_for_food, blood_group=d.blood_group,
        archived=a.state == State.ARCHIVED, home_department=urls.maybe("department", file.home_department),
        old_patient_id=file.old_id, imported=n.imported, date_imported=times.maybe(n.imported_at, zone),
        holding_place_number=None, animal_code=file.animal_code, herd_size=d.herd_size, private=n.private,
        visible_departments=[urls.of("department", number) for number in n.visible_departments],
        visible_department_groups=[], last_consultation=None, picture=None, patient_extras=None,
        created=times.to_text(a.created_at, zone), modified=times.to_text(a.updated_at, zone), created_user=None,
        modified_user=None, tags_rel=list(n.tags),
        fields_rel=field_rows(beside.values.get(a.number, ()), beside.fields),
    )  # fmt: skip


async def exposed(ctx: Context, numbers: Iterable[int], urls: Urls, zone: str) -> dict[int, PatientOut]:
    """Patients that stand in other things in the place of their URLs [docs: expose]."""
    files = await patient_files.get_many(ctx, set(numbers))
    beside = await patient_files.beside(ctx.reader, ctx.clinic_id, files)
    return {file.patient.number: patient_out(file, beside, ctx.codelists, urls, zone) for file in files}


PatientsAnswer = Listed[PatientOut]
