# SPDX-License-Identifier: Apache-2.0
"""GET /api/v1/pets, POST /api/v1/pets [seed] and GET /api/v1/pets/{id} [inferred].

A pet is a patient of one of the clinic's owners. Newest first [inferred].
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

from polyvet.core import patients
from polyvet.core.codelists import Codelists
from polyvet.core.context import Writing
from polyvet.dialects.clinovavet.bodies import Rule, given, optional, optional_schema, posted, required, required_schema
from polyvet.dialects.clinovavet.wire import LONGEST_SHOWN_ID, Listing, ListOf, encode, from_id, to_id
from polyvet.model import values
from polyvet.model.entities import NewPatient, Patient
from polyvet.model.errors import Invalid, Missing
from polyvet.model.paging import Page, Place
from polyvet.web import params
from polyvet.web.idempotency import write
from polyvet.web.marks import Marks
from polyvet.web.message import Reply, Request

LONGEST_NAME = 200
LONGEST_SPECIES = 100
LONGEST_BREED = 100
LONGEST_ID = 100
HEAVIEST_KG = 20_000.0
LIGHTEST_KG = 0.000_001  # one milligram, the record's precision
_DATE_CHARACTERS = 10


class PetOut(msgspec.Struct, rename="camel", gc=False):
    """A pet [seed]; which fields may be null is [inferred]. There is no `updatedAt` [seed]."""

    id: str
    name: str
    species: str
    breed: str | None
    birthdate: str | None
    weight: float | None
    neutered: bool
    owner_id: str
    created_at: str


_WEIGHT = msgspec.Meta(extra_json_schema={"exclusiveMinimum": 0, "maximum": HEAVIEST_KG}, description="Kilograms.")
_BIRTHDATE = msgspec.Meta(extra_json_schema={"format": "date"}, description="An ISO 8601 date; not before 1900.")


class PetIn(msgspec.Struct, rename="camel"):
    """What creates a pet [seed]; null stands for absent [inferred]."""

    name: Annotated[str, required_schema(LONGEST_NAME)]
    species: Annotated[str, required_schema(LONGEST_SPECIES)]
    owner_id: Annotated[str, required_schema(LONGEST_ID)]
    breed: Annotated[str | None, optional_schema(LONGEST_BREED)] = None
    birthdate: Annotated[str | None, _BIRTHDATE] = None
    weight: Annotated[float | None, _WEIGHT] = None
    neutered: bool | None = None


class Pets:
    """The three operations."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks

    async def list_pets(self, request: Request) -> Reply:
        """The clinic's pets. An unknown owner has none; a species is any of its names in any case [inferred]."""
        query = request.query()
        owner = params.text(query, "ownerId")
        species = params.text(query, "species")
        listing = Listing(self._marks, request, query, name="pets", filters=(owner, species))
        client_id = None if owner is None else from_id(owner)
        ctx = request.context
        if owner is not None and client_id is None:
            page: Page[Patient] = Page([], 0, more=False)
        else:
            page = await patients.search_by_creation(
                ctx,
                client_id=client_id,
                species=species,
                limit=listing.limit,
                offset=listing.rows_to_skip,
                place=listing.place,
            )
        last = Place(page.items[-1].created_at, page.items[-1].id) if page.items else None
        lists = ctx.codelists
        return Reply(200, encode(listing.page(page, [pet_out(lists, patient) for patient in page.items], last)))

    async def get_pet(self, request: Request) -> Reply:
        """One pet [inferred]: the object of the list, without an envelope."""
        shown = request.parameters["id"]
        ctx = request.context
        patient = await patients.get(ctx, from_id(shown), shown[:LONGEST_SHOWN_ID])
        return Reply(200, encode(pet_out(ctx.codelists, patient)))

    async def create_pet(self, request: Request) -> Reply:
        """201 with the pet [inferred]; an unknown owner is a 404 that names it [inferred]."""
        body, new = await posted(request, PetIn, _RULES)
        shown = new.owner_id.strip()
        client_id = from_id(shown)
        if client_id is None:
            raise Missing("client", shown)
        pet = pet_in(new, client_id)

        async def work(w: Writing) -> Reply:
            patient = await patients.create(w, pet, shown)
            lists = await w.codelists.within(w.tx, patient)
            return Reply(201, encode(pet_out(lists, patient)))

        return await write(request, body, patients.creating(request.context.clinic_id, client_id), work)


def pet_in(new: PetIn, client_id: bytes) -> NewPatient:
    """A posted pet as the record keeps it."""
    return NewPatient(
        client_id=client_id,
        name=new.name.strip(),
        species=new.species.strip(),
        breed=given(new.breed),
        # Of a date-time the calendar day counts, as it was written there [inferred].
        birth_date=(given(new.birthdate) or "")[:_DATE_CHARACTERS] or None,
        weight_mg=None if new.weight is None else values.from_kilograms(new.weight),
        neutered=bool(new.neutered),  # default false [seed]
    )


def pet_out(lists: Codelists, patient: Patient) -> PetOut:
    """A pet on the wire. A date goes in, its midnight in UTC comes out [seed]; not known to be neutered is false."""
    birth_date = patient.birth_date
    weight = patient.weight_mg
    return PetOut(
        to_id(patient.id),
        patient.name,
        lists.species[patient.species_id].common,
        lists.breed_name(patient),
        None if birth_date is None else birth_date + "T00:00:00.000Z",
        None if weight is None else values.to_kilograms(weight),
        bool(patient.neutered),
        to_id(patient.client_id),
        values.to_milliseconds_text(patient.created_at),
    )


def _birthdate_problem(value: str | None) -> str | None:
    """A date or date-time from 1900 to tomorrow: somewhere it is tomorrow already [inferred]."""
    value = given(value)
    if value is None:
        return None
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    try:
        params.read_instant(value, "birthdate")
    except Invalid:
        return "must be an ISO 8601 date that exists, not before 1900, such as 2022-08-20"
    return "must not lie in the future" if value[:_DATE_CHARACTERS] > tomorrow else None


def _weight_problem(value: float | None) -> str | None:
    if value is None or LIGHTEST_KG <= value <= HEAVIEST_KG:
        return None
    return f"must be more than 0 and at most {HEAVIEST_KG:.0f} kilograms"


_RULES: dict[str, Rule] = {
    "name": required(LONGEST_NAME),
    "species": required(LONGEST_SPECIES),
    "ownerId": required(LONGEST_ID),
    "breed": optional(LONGEST_BREED),
    "birthdate": _birthdate_problem,
    "weight": _weight_problem,
}

PetsAnswer = ListOf[PetOut]
