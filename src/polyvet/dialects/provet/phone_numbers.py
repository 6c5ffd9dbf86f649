# SPDX-License-Identifier: Apache-2.0
"""`phonenumber/`: numbers are rows of their own, linked to a client [seed]."""

from __future__ import annotations

from typing import Any

import msgspec

from polyvet.core import phones
from polyvet.core.context import Writing
from polyvet.dialects.provet import bodies, times
from polyvet.dialects.provet.bodies import Fields, applied, changes, read_document, read_object, renamed
from polyvet.dialects.provet.filters import Declared
from polyvet.dialects.provet.requests import Asking, named
from polyvet.dialects.provet.wire import Listed, Urls, encode
from polyvet.model.entities import Phone, PhoneKind
from polyvet.web.idempotency import write
from polyvet.web.message import Reply, Request

PHONE = "phonenumber"
LONGEST_NUMBER = 40
FILTERS = Declared(
    paths={
        "id": "number", "client": "client.number", "client.id": "client.number", "phone_number": "phone_number",
        "type_code": "kind", "modified": "updated_at",
    },
    kinds=phones.KINDS,
)  # fmt: skip
FIELDS: Fields = {
    "client": ("owner", bodies.relation("client", null=False)),
    "phone_number": ("number", bodies.name(LONGEST_NUMBER)),
    "type_code": ("kind", bodies.integer(PhoneKind.LANDLINE, PhoneKind.MOBILE)),
    "description": ("description", bodies.text(null=None)),
    "preferred_reminders": ("for_reminders", bodies.truth),
    "is_secondary_owners_phone_number": ("second_owner", bodies.truth),
}
_NEW = Phone(0, b"", 0, "", PhoneKind.LANDLINE, None, False, False, 0, 0)


class PhoneOut(msgspec.Struct):
    """A phone number [seed, client]."""

    id: int
    url: str
    client: str
    phone_number: str
    type_code: int
    description: str | None
    preferred_reminders: bool
    is_secondary_owners_phone_number: bool
    created: str
    modified: str


class PhoneNumbers:
    """The operations."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def list_phones(self, request: Request) -> Reply:
        """Numbers of the clinic's clients, by id."""
        asked = await self._asking.listed(request, FILTERS)
        page = await asked.page(phones.list_phones)
        return asked.reply(page, [phone_out(*one, asked.urls, asked.zone) for one in page.items])

    async def get_phone(self, request: Request) -> Reply:
        """One number."""
        found = await phones.get(request.context, *named(request, PHONE))
        return Reply(200, encode(await self._out(request, found)))

    async def create_phone(self, request: Request) -> Reply:
        """201 with the number; it is a landline's when the type is not said [inferred]."""
        body, document = await read_document(request)
        changed = changes(
            read_object(document), FIELDS, await self._asking.reading(request), ("client", "phone_number")
        )
        owner = changed.pop("owner")

        async def work(w: Writing) -> Reply:
            made = await phones.create(w, owner, applied(_NEW, changed))
            return Reply(201, encode(await self._out(request, made)))

        with renamed(FIELDS):
            return await write(request, body, await phones.touching(request.context, owner=owner), work)

    async def change(self, request: Request) -> Reply:
        """PUT and PATCH: what the body does not name stays."""
        number, shown = named(request, PHONE)
        body, document = await read_document(request)
        changed = changes(read_object(document), FIELDS, await self._asking.reading(request))
        owner = changed.pop("owner", None)
        found, _ = await phones.get(request.context, number, shown)

        async def work(w: Writing) -> Reply:
            saved = await phones.save(w, number, shown, lambda old: applied(old, changed), owner)
            return Reply(200, encode(await self._out(request, saved)))

        touching = await phones.touching(request.context, phone_id=found.id, owner=owner)
        with renamed(FIELDS):
            return await write(request, body, touching, work)

    async def delete(self, request: Request) -> Reply:
        """204; a number is deleted, which the archive rule does not forbid: it is a client's or a patient's [seed]."""
        number, shown = named(request, PHONE)

        async def work(w: Writing) -> Reply:
            await phones.delete(w, number, shown)
            return Reply(204, b"")

        return await write(request, b"", await phones.touching(request.context, phone_id=number), work)

    async def _out(self, request: Request, found: tuple[Phone, int]) -> Any:
        return phone_out(*found, self._asking.urls(request), await self._asking.zone(request))


def phone_out(phone: Phone, owner: int, urls: Urls, zone: str) -> PhoneOut:
    """A phone number on the wire."""
    return PhoneOut(
        phone.id, urls.of(PHONE, phone.id), urls.of("client", owner), phone.number, phone.kind, phone.description,
        phone.for_reminders, phone.second_owner, times.to_text(phone.created_at, zone),
        times.to_text(phone.updated_at, zone),
    )  # fmt: skip


PhonesAnswer = Listed[PhoneOut]
