# SPDX-License-Identifier: Apache-2.0
"""What a clinic's people ask of privacy: finding a client, what is held of them, and a copy of it to hand out."""

from __future__ import annotations

import asyncio
import io
import zipfile
from typing import Any

import msgspec

from polyvet.core import audit, clients
from polyvet.core.context import Context, Writing
from polyvet.core.erasing import PERMISSION, file_of, is_erased
from polyvet.model import values
from polyvet.model.audit import Action
from polyvet.model.entities import Client, Clinic, Phone, State
from polyvet.model.files import ClientFile
from polyvet.storage import client_files, phones
from polyvet.storage import personal as stored
from polyvet.storage.personal import HELD, Person
from polyvet.storage.store import Reader
from polyvet.storage.writing import Touching

KIND = clients.KIND
_README = """What {clinic} holds of client {number}, as of {at} (UTC).

Each file holds one kind of rows as JSON. Fields that say nothing are left out. Instants are ISO 8601 in UTC, weights
(weight_mg) milligrams, money (…_cents) cents, quantities (…_milli) thousandths. Ids are 26 characters; the same id in
two files is the same thing.

{files}

Handouts and blank forms are not part of it: they tell of nobody.
"""


class Opened(msgspec.Struct, frozen=True):
    """A client as the page shows them: what is held by kind, and how many other clinics see them."""

    file: ClientFile
    phones: list[Phone]
    counts: list[tuple[str, int]]
    elsewhere: int

    @property
    def erased(self) -> bool:
        """Whether the person is out of the record already."""
        return is_erased(self.file.client)


async def search(ctx: Context, fragment: str, before: int, limit: int) -> list[Person]:
    """Clients with numbers below `before`, archived ones among them, whose name, e-mail or phone holds the fragment,
    the latest first. Whose number it is comes before all others, and on no later page."""
    ctx.require(PERMISSION)
    folded = values.fold(fragment).strip()
    if not folded or "\0" in folded:
        return []

    async def look(reader: Reader) -> list[Person]:
        return await stored.search(reader, ctx.clinic_id, folded, before, limit + 1)

    found = await ctx.store.aside(look)
    number = values.whole_number(folded)
    file = None if number is None else await client_files.by_number(ctx.reader, ctx.clinic_id, number)
    if file is not None:
        found = [one for one in found if one.number != number]
        if before > await client_files.highest(ctx.reader, ctx.clinic_id):  # the first page
            found.insert(0, _person(file.client))
    return found[:limit]


def _person(c: Client) -> Person:
    return Person(c.number, c.first_name, c.last_name, c.organization_name, c.email, c.state)


async def opened(ctx: Context, number: int, shown: str) -> Opened:
    """One client. Missing, also when the number is another clinic's."""
    ctx.require(PERMISSION)
    file = await file_of(ctx.reader, ctx.clinic_id, number, shown)
    states = await stored.places(ctx.reader, file.client.id)
    elsewhere = sum(clinic != ctx.clinic_id and state != State.HIDDEN for clinic, state in states.items())
    found = await phones.of_clients(ctx.reader, ctx.clinic_id, [number])
    counts = await stored.counts(ctx.reader, ctx.clinic_id, file.client.id)
    return Opened(file, found.get(number, []), counts, elsewhere)


async def export(ctx: Context, clinic: Clinic, number: int, shown: str) -> bytes:
    """All that the clinic's record holds of a client, as a zip file; who took it is noted. Missing."""
    ctx.require(PERMISSION)
    file = await file_of(ctx.reader, ctx.clinic_id, number, shown)

    async def look(reader: Reader) -> dict[str, list[dict[str, Any]]]:
        return await stored.held(reader, ctx.clinic_id, file.client.id)

    async def noting(w: Writing) -> None:
        audit.note(w, Action.EXPORTED, KIND, file.client.id, f"number {number}")

    held = await ctx.store.aside(look)
    packed = await asyncio.to_thread(_zip, clinic.name, number, held)
    await ctx.store.write(Touching(), lambda tx: noting(ctx.within(tx)))
    return packed


def _zip(clinic: str, number: int, held: dict[str, list[dict[str, Any]]]) -> bytes:
    packed = io.BytesIO()
    kinds = [kind for kind in HELD if held[kind.name]]
    files = "\n".join(f"{kind.name}.json: {kind.title} ({len(held[kind.name])})" for kind in kinds)
    at = values.to_milliseconds_text(values.now())
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as into:
        into.writestr("README.txt", _README.format(clinic=clinic, number=number, at=at, files=files))
        for kind in kinds:
            into.writestr(f"{kind.name}.json", msgspec.json.format(msgspec.json.encode(held[kind.name]), indent=2))
    return packed.getvalue()
