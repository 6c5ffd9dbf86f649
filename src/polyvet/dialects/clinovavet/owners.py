# SPDX-License-Identifier: Apache-2.0
"""GET /api/v1/owners, GET /api/v1/owners/{id}, POST /api/v1/owners [seed].

An owner is a client with an active connection to the key's clinic. Newest first [inferred].
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from polyvet.core import clients
from polyvet.core.context import Writing
from polyvet.dialects.clinovavet.bodies import given, optional, optional_schema, posted, required, required_schema
from polyvet.dialects.clinovavet.wire import LONGEST_SHOWN_ID, Listing, ListOf, encode, from_id, to_id
from polyvet.model import values
from polyvet.model.entities import Client, NewClient
from polyvet.model.paging import Place
from polyvet.web import params
from polyvet.web.idempotency import write
from polyvet.web.marks import Marks
from polyvet.web.message import Reply, Request

LONGEST_NAME = 100
LONGEST_PHONE = 50
LONGEST_ADDRESS = 500
LONGEST_SEARCH = 200


class OwnerOut(msgspec.Struct, rename="camel", gc=False):
    """An owner [seed]; an absent value is null, never left out [seed]."""

    id: str
    first_name: str
    middle_name: str | None
    last_name: str
    email: str | None
    phone: str | None
    address: str | None
    last_visit: str | None
    created_at: str
    updated_at: str


class PetSummary(msgspec.Struct, gc=False):
    """A pet inside an owner: these four and no more [seed]."""

    id: str
    name: str
    species: str
    breed: str | None


class OwnerWithPets(OwnerOut, rename="camel", gc=False):
    """The answer to a get [seed]."""

    pets: list[PetSummary]


class OwnerIn(msgspec.Struct, rename="camel"):
    """What creates an owner [seed]. E-mail and phone are free text: the vendor gives no format."""

    first_name: Annotated[str, required_schema(LONGEST_NAME)]
    last_name: Annotated[str, required_schema(LONGEST_NAME)]
    middle_name: Annotated[str | None, optional_schema(LONGEST_NAME)] = None
    email: Annotated[str | None, optional_schema(values.LONGEST_EMAIL)] = None
    phone: Annotated[str | None, optional_schema(LONGEST_PHONE)] = None
    address: Annotated[str | None, optional_schema(LONGEST_ADDRESS)] = None


_RULES = {
    "firstName": required(LONGEST_NAME),
    "lastName": required(LONGEST_NAME),
    "middleName": optional(LONGEST_NAME),
    "email": optional(values.LONGEST_EMAIL),
    "phone": optional(LONGEST_PHONE),
    "address": optional(LONGEST_ADDRESS),
}


class Owners:
    """The three operations."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks

    async def list_owners(self, request: Request) -> Reply:
        """The clinic's owners; `search` is a part of name, e-mail or phone [seed], in any case [inferred]."""
        query = request.query()
        search = params.text(query, "search", longest=LONGEST_SEARCH)
        listing = Listing(self._marks, request, query, name="owners", filters=search)
        page = await clients.search(
            request.context, fragment=search, limit=listing.limit, offset=listing.rows_to_skip, place=listing.place
        )
        last = Place(page.items[-1].created_at, page.items[-1].id) if page.items else None
        return Reply(200, encode(listing.page(page, [owner_out(client) for client in page.items], last)))

    async def get_owner(self, request: Request) -> Reply:
        """One owner with its pets, the first registered first [inferred]; none is an empty list [inferred]."""
        shown = request.parameters["id"]
        ctx = request.context
        client = await clients.get(ctx, from_id(shown), shown[:LONGEST_SHOWN_ID])
        lists = ctx.codelists
        pets = [
            PetSummary(
                to_id(patient.id), patient.name, lists.species[patient.species_id].common, lists.breed_name(patient)
            )
            for patient in await clients.patients_of(ctx, client.id)
        ]
        return Reply(200, encode(OwnerWithPets(*_fields(client), pets)))

    async def create_owner(self, request: Request) -> Reply:
        """201 with the owner, without `pets` [seed]. The same e-mail may come twice: no 409 exists [inferred]."""
        body, new = await posted(request, OwnerIn, _RULES)

        async def work(w: Writing) -> Reply:
            return Reply(201, encode(owner_out(await clients.create(w, owner_in(new)))))

        return await write(request, body, clients.creating(request.context.clinic_id), work)


def owner_in(new: OwnerIn) -> NewClient:
    """A posted owner as the record keeps it."""
    return NewClient(
        first_name=new.first_name.strip(),
        middle_name=given(new.middle_name),
        last_name=new.last_name.strip(),
        email=given(new.email),
        phone=given(new.phone),
        address=given(new.address),
    )


def owner_out(client: Client) -> OwnerOut:
    """An owner on the wire."""
    return OwnerOut(*_fields(client))


def _fields(
    client: Client,
) -> tuple[str, str, str | None, str, str | None, str | None, str | None, str | None, str, str]:
    """OwnerOut's values, in its order."""
    last_visit = client.last_visit
    return (
        to_id(client.id),
        client.first_name,
        client.middle_name,
        client.last_name or client.organization_name,  # a company has no names of its own [inferred]
        client.email,
        client.phone,
        client.address,
        None if last_visit is None else values.to_milliseconds_text(last_visit),
        values.to_milliseconds_text(client.created_at),
        values.to_milliseconds_text(client.updated_at),
    )


OwnersAnswer = ListOf[OwnerOut]
