# SPDX-License-Identifier: Apache-2.0
"""`client/`: list, create, get, change, archive, and `get_max_client_id/` [seed, docs].

Every field of the vendor's that some source names is kept and given back. What a clinic keeps beside the client (notes,
department, opt-outs) is that clinic's own; name, address and phone numbers are the same for all.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from polyvet.core import client_files
from polyvet.core.context import Context, Writing
from polyvet.dialects.provet import bodies, times
from polyvet.dialects.provet.bodies import (
    Fields,
    Reading,
    applied,
    changes,
    fields_rel,
    read_document,
    read_object,
    renamed,
)
from polyvet.dialects.provet.custom_fields import FieldRow, field_rows
from polyvet.dialects.provet.filters import Declared
from polyvet.dialects.provet.requests import Asking, named
from polyvet.dialects.provet.wire import Listed, Options, Urls, encode
from polyvet.model.countries import COUNTRIES, country_code
from polyvet.model.entities import Phone, State
from polyvet.model.files import ClientFile
from polyvet.storage.store import Reader
from polyvet.web.idempotency import write
from polyvet.web.message import Reply, Request

CLIENT = "client"
LONGEST_NAME = 127
FILTERS = Declared(
    paths={
        "id": "number", "firstname": "first_name", "lastname": "last_name", "organization_name": "organization_name",
        "email": "email", "archived": "archived", "has_alive_patients": "has_living_patients",
        "modified": "updated_at", "created": "created_at", "home_department": "home_department",
        "old_client_id": "old_id", "phonenumbers": "phones.number", "phonenumbers.phone_number": "phones.number",
        "phonenumbers.type_code": "phones.kind", "patients": "patients.number", "patients.id": "patients.number",
        "patients.name": "patients.name", "patients.microchip": "patients.microchip",
    },
    kinds=client_files.KINDS,
    together=("first_name", "last_name", "organization_name"),
    archived="archived",
)  # fmt: skip


class Country(msgspec.Struct):
    """A country [client, 2026]."""

    code: str
    name: str


class PhoneRow(msgspec.Struct):
    """An embedded phone number: here its key is `number` [client]."""

    id: int
    number: str
    description: str | None
    type_code: int
    preferred_reminders: bool
    is_secondary_owners_phone_number: bool


class ClientOut(msgspec.Struct):
    """A client [seed, docs, client]."""

    id: int
    url: str
    title: str | None
    firstname: str
    lastname: str
    organization_name: str
    customer_type: int
    vat_number: str
    register_number: str | None
    home_department: str | None
    due_date_delay: int | None
    street_address: str | None
    street_address_2: str | None
    street_address_3: str | None
    zip_code: str | None
    city: str | None
    state: str | None
    country: Country | str | None
    email: str
    alt_emails: str | None
    id_number: str
    old_client_id: str | None
    critical_notes: str | None
    critical_accounting_notes: str | None
    remarks: str
    archived: bool
    no_sms: bool
    no_email: bool
    external: bool
    referring_organization: bool
    referring_vet: bool
    parent_referring_organization: str | None
    imported: bool
    date_imported: str | None
    patients: list[str]
    invoicing_client: str | None
    tags_rel: list[str]
    fields_rel: list[FieldRow]
    phone_numbers: list[PhoneRow]
    status_type: int
    farm_code: str | None
    holdingplacenumbers: list[str]
    communication_preferences: str | None
    production_animal_client: bool
    created: str
    modified: str
    created_user: str | None
    modified_user: str | None


def _country(raw: Any, reading: Reading) -> str | None:
    """ISO 3166-1 alpha-2 [seed]; also an English name, and the object that is given back."""
    if isinstance(raw, dict):
        raw = raw.get("code")
    found = bodies.text(100, null=None)(raw, reading)
    code = None if found is None else country_code(found)
    if found is not None and code is None:
        raise ValueError(f'"{found}" is not a valid choice.')
    return code


_text, _note = bodies.text(), bodies.text(bodies.NOTES)
_text_or_null, _note_or_null = bodies.text(null=None), bodies.text(bodies.NOTES, null=None)
FIELDS: Fields = {
    "title": ("details.title", _text_or_null),
    "firstname": ("client.first_name", bodies.text(LONGEST_NAME)),
    "lastname": ("client.last_name", bodies.text(LONGEST_NAME)),
    "organization_name": ("client.organization_name", bodies.text(LONGEST_NAME)),
    "customer_type": ("details.customer_type", bodies.integer(0, 4)),
    "vat_number": ("details.vat_number", _text),
    "register_number": ("details.register_number", _text_or_null),
    "home_department": ("home_department", bodies.relation("department")),
    "due_date_delay": ("notes.due_date_delay", bodies.integer(0, 10_000, null=True)),
    "street_address": ("details.street", _text_or_null),
    "street_address_2": ("details.street_2", _text_or_null),
    "street_address_3": ("details.street_3", _text_or_null),
    "zip_code": ("details.zip_code", bodies.text(30, null=None)),
    "city": ("details.city", _text_or_null),
    "state": ("details.state", _text_or_null),
    "country": ("details.country", _country),
    "email": ("client.email", bodies.email),
    "alt_emails": ("details.alt_emails", bodies.text(1_000, null=None)),
    "id_number": ("details.id_number", _text),
    "old_client_id": ("old_id", bodies.text(100, null=None)),
    "critical_notes": ("notes.critical", _note_or_null),
    "critical_accounting_notes": ("notes.critical_accounting", _note_or_null),
    "remarks": ("notes.remarks", _note),
    "archived": ("client.state", bodies.state),
    "no_sms": ("notes.no_sms", bodies.truth),
    "no_email": ("notes.no_email", bodies.truth),
    "external": ("notes.external", bodies.truth),
    "referring_organization": ("notes.referring_organization", bodies.truth),
    "referring_vet": ("notes.referring_vet", bodies.truth),
    "parent_referring_organization": ("parent", bodies.relation(CLIENT)),
    "imported": ("notes.imported", bodies.truth),
    "date_imported": ("notes.imported_at", bodies.moment),
    "invoicing_client": ("payer", bodies.relation(CLIENT)),
    "tags_rel": ("notes.tags", bodies.tags),
    "status_type": ("notes.status_type", bodies.integer(0, 1_000)),
    "farm_code": ("notes.farm_code", _text_or_null),
    "production_animal_client": ("notes.production_animals", bodies.truth),
}


class Clients:
    """The operations."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def list_clients(self, request: Request) -> Reply:
        """Clients, archived ones among them [client], by id."""
        ctx, asked = request.context, await self._asking.listed(request, FILTERS)
        page = await asked.page(client_files.list_files)
        beside = await client_files.beside(ctx.reader, ctx.clinic_id, page.items)
        return asked.reply(page, [client_out(file, beside, asked.urls, asked.zone) for file in page.items])

    async def get_client(self, request: Request) -> Reply:
        """One client."""
        file = await client_files.get(request.context, *named(request, CLIENT))
        return await self._shown(request, request.context.reader, file, 200)

    async def create_client(self, request: Request) -> Reply:
        """201 with the client."""
        body, document = await read_document(request)
        document = read_object(document)
        changed = changes(document, FIELDS, await self._asking.reading(request))
        fields = fields_rel(document.get("fields_rel"))

        async def work(w: Writing) -> Reply:
            file = await client_files.create(w, lambda nobody: applied(nobody, changed), fields)
            return await self._shown(request, w.tx, file, 201)

        with renamed(FIELDS):
            return await write(request, body, client_files.creating(request.context.clinic_id), work)

    async def change_client(self, request: Request) -> Reply:
        """PUT and PATCH: what the body does not name stays."""
        number, shown = named(request, CLIENT)
        body, document = await read_document(request)
        document = read_object(document)
        changed = changes(document, FIELDS, await self._asking.reading(request))
        fields = fields_rel(document.get("fields_rel"))

        async def work(w: Writing) -> Reply:
            file = await client_files.save(w, number, shown, lambda old: applied(old, changed), fields)
            return await self._shown(request, w.tx, file, 200)

        with renamed(FIELDS):
            return await write(request, body, await client_files.saving(request.context, number), work)

    async def archive_client(self, request: Request) -> Reply:
        """DELETE archives [seed: nothing is ever deleted] and answers 204."""
        number, shown = named(request, CLIENT)

        async def work(w: Writing) -> Reply:
            await client_files.archive(w, number, shown)
            return Reply(204, b"")

        return await write(request, b"", await client_files.saving(request.context, number), work)

    async def max_id(self, request: Request) -> Reply:
        """The highest id [oas; the body is inferred]."""
        return Reply(200, encode({"max_client_id": await client_files.highest(request.context)}))

    async def _shown(self, request: Request, reader: Reader, file: ClientFile, status: int) -> Reply:
        beside = await client_files.beside(reader, request.context.clinic_id, [file])
        zone = await self._asking.zone(request)
        return Reply(status, encode(client_out(file, beside, self._asking.urls(request), zone)))


def client_out(file: ClientFile, beside: client_files.Beside, urls: Urls, zone: str) -> ClientOut:
    """A client on the wire."""
    c, d, n = file.client, file.details, file.notes
    return ClientOut(
        id=c.number, url=urls.of(CLIENT, c.number), title=d.title, firstname=c.first_name, lastname=c.last_name,
        organization_name=c.organization_name, customer_type=d.customer_type, vat_number=d.vat_number,
        register_number=d.register_number, home_department=urls.maybe("department", file.home_department),
        due_date_delay=n.due_date_delay, street_address=d.street, street_address_2=d.street_2,
        street_address_3=d.street_3, zip_code=d.zip_code, city=d.city, state=d.state,
        country=_shown_country(urls.options, d.country),
        email=c.email or "", alt_emails=d.alt_emails, id_number=d.id_number, old_client_id=file.old_id,
        critical_notes=n.critical, critical_accounting_notes=n.critical_accounting, remarks=n.remarks,
        archived=c.state == State.ARCHIVED, no_sms=n.no_sms, no_email=n.no_email, external=n.external,
        referring_organization=n.referring_organization, referring_vet=n.referring_vet,
        parent_referring_organization=urls.maybe(CLIENT, file.parent), imported=n.imported,
        date_imported=times.maybe(n.imported_at, zone),
        patients=[urls.of("patient", number) for number in beside.patients.get(c.number, ())],
        invoicing_client=urls.maybe(CLIENT, file.payer), tags_rel=list(n.tags),
        fields_rel=field_rows(beside.values.get(c.number, ()), beside.fields),
        phone_numbers=[_phone_row(phone) for phone in beside.phones.get(c.number, ())],
        status_type=n.status_type, farm_code=n.farm_code, holdingplacenumbers=[], communication_preferences=None,
        production_animal_client=n.production_animals, created=times.to_text(c.created_at, zone),
        modified=times.to_text(c.updated_at, zone), created_user=None, modified_user=None,
    )  # fmt: skip


def _shown_country(options: Options, code: str | None) -> Country | str | None:
    """An object or null [client, 2026]; a setting gives the code or "" [client, 2021]."""
    if options.country == "code":
        return code or ""
    return None if code is None else Country(code, COUNTRIES[code])


async def exposed(ctx: Context, numbers: Iterable[int], urls: Urls, zone: str) -> dict[int, ClientOut]:
    """Clients that stand in other things in the place of their URLs [docs: expose]."""
    files = await client_files.get_many(ctx, set(numbers))
    beside = await client_files.beside(ctx.reader, ctx.clinic_id, files)
    return {file.client.number: client_out(file, beside, urls, zone) for file in files}


def _phone_row(phone: Phone) -> PhoneRow:
    return PhoneRow(phone.id, phone.number, phone.description, phone.kind, phone.for_reminders, phone.second_owner)


ClientsAnswer = Listed[ClientOut]
