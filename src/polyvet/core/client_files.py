# SPDX-License-Identifier: Apache-2.0
"""Clients' files: reading them by number, filtered lists, registering and changing them.

Name, address, e-mail, phone numbers and `details` are the same at every clinic that sees the client; notes, department,
payer and whether it is archived are the clinic's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from polyvet.core import custom_values
from polyvet.core.context import Context, Writing
from polyvet.model import values
from polyvet.model.custom_fields import CustomField, CustomValue, FieldModel
from polyvet.model.details import ClientDetails, ClientNotes
from polyvet.model.entities import Client, Phone, State
from polyvet.model.errors import Invalid, Missing
from polyvet.model.files import ClientFile
from polyvet.model.filters import Filter, Order
from polyvet.model.paging import Page
from polyvet.storage import client_files as stored
from polyvet.storage import clients as rows
from polyvet.storage import custom_fields, departments, patient_files, phones
from polyvet.storage.store import Reader
from polyvet.storage.writing import Touching

KIND = "client"
KINDS = {path: field.kind for path, field in stored.FIELDS.items()}
Change = Callable[[ClientFile], ClientFile]
NOBODY = ClientFile(
    Client(b"", 0, State.ACTIVE, "", None, "", None, None, None, None, 0, 0), ClientDetails(), ClientNotes(),
    None, None, None, None,
)  # fmt: skip


class Beside(msgspec.Struct, frozen=True):
    """What is shown with clients, by their numbers; and the clinic's custom fields."""

    phones: dict[int, list[Phone]]
    patients: dict[int, list[int]]
    values: dict[int, list[CustomValue]]
    fields: dict[int, CustomField]


async def list_files(
    ctx: Context, tree: Filter | None, orders: tuple[Order, ...], *, limit: int, offset: int
) -> Page[ClientFile]:
    """Files of clients, archived ones among them, by number where nothing else is asked for."""
    ctx.require("clients:read")
    return await stored.LISTED.page(ctx.store, ctx.clinic_id, tree, orders, limit=limit, offset=offset)


async def get(ctx: Context, number: int, shown: str) -> ClientFile:
    """One file. Missing, also when the number is another clinic's."""
    ctx.require("clients:read")
    file = await stored.by_number(ctx.reader, ctx.clinic_id, number)
    if file is None:
        raise Missing(KIND, shown)
    return file


async def beside(reader: Reader, clinic_id: int, files: Sequence[ClientFile]) -> Beside:
    """What stands in other tables of these clients; the caller has asked for the permission."""
    numbers = [file.client.number for file in files]
    return Beside(
        await phones.of_clients(reader, clinic_id, numbers),
        await patient_files.of_owners(reader, clinic_id, numbers),
        await custom_fields.of_many(reader, clinic_id, FieldModel.CLIENT, numbers),
        await custom_fields.definitions(reader, clinic_id),
    )


async def get_many(ctx: Context, numbers: Iterable[int]) -> list[ClientFile]:
    """The files of many clients; a number that is nobody's here is left out."""
    ctx.require("clients:read")
    return await stored.by_numbers(ctx.reader, ctx.clinic_id, numbers)


async def number_of(ctx: Context, ident: bytes, shown: str) -> int:
    """The number of a client that the clinic sees. Missing."""
    ctx.require("clients:read")
    file = await stored.by_id(ctx.reader, ctx.clinic_id, ident)
    if file is None:
        raise Missing(KIND, shown)
    return file.client.number


async def highest(ctx: Context) -> int:
    """The highest number of a client; 0 if there is none."""
    ctx.require("clients:read")
    return await stored.highest(ctx.reader, ctx.clinic_id)


def creating(clinic_id: int) -> Touching:
    """What `create` touches."""
    return Touching(clinics=(clinic_id,))


async def create(w: Writing, change: Change, fields: custom_values.Given = ()) -> ClientFile:
    """Register a client as `change` makes it out of NOBODY, with values of custom fields."""
    w.require("clients:write")
    stamp = w.tx.stamp(w.clinic_id)
    at = min(values.now(), stamp)  # a clinic's clock may be ahead of the wall's
    file = _composed(change(NOBODY))
    _check(file)
    checked = await custom_values.check(w, FieldModel.CLIENT, fields)
    client = msgspec.structs.replace(
        file.client, id=values.new_id(at), number=w.tx.clinic(w.clinic_id).client_seq + 1, created_at=at,
        updated_at=stamp,
    )  # fmt: skip
    archived = client.state == State.ARCHIVED
    client = msgspec.structs.replace(client, state=int(State.ACTIVE))
    rows.insert(w.tx, client)
    rows.connect(w.tx, w.clinic_id, client, stamp=stamp)
    file = msgspec.structs.replace(file, client=client)
    stored.write_global(w.tx, client, file.details)
    await _write_local(w, file)
    await custom_values.put(w, FieldModel.CLIENT, client.id, checked)
    if archived:
        await rows.set_state(
            w.tx, w.clinic_id, client.id, old=State.ACTIVE, new=State.ARCHIVED, kind="archived"
        )  # fmt: skip
    return await _again(w, client.id)


async def saving(ctx: Context, number: int) -> Touching:
    """What `save` touches: the client at all of its clinics."""
    ctx.require("clients:write")
    client_id = await stored.id_of(ctx.reader, ctx.clinic_id, number)
    return Touching(clinics=(ctx.clinic_id,), clients=() if client_id is None else (client_id,))


async def save(w: Writing, number: int, shown: str, change: Change, fields: custom_values.Given = ()) -> ClientFile:
    """Write what `change` makes of the file; every clinic that sees the client gets a new `updated_at`."""
    w.require("clients:write")
    old = await stored.by_number(w.tx, w.clinic_id, number)
    if old is None:
        raise Missing(KIND, shown)
    new = _composed(change(old))
    _check(new)
    checked = await custom_values.check(w, FieldModel.CLIENT, fields)
    client = new.client
    stored.write_global(w.tx, client, new.details)
    await _write_local(w, new)
    await custom_values.put(w, FieldModel.CLIENT, client.id, checked)
    if client.state != old.client.state:
        kind = "archived" if client.state == State.ARCHIVED else "unarchived"
        await rows.set_state(
            w.tx, w.clinic_id, client.id, old=State(old.client.state), new=State(client.state), kind=kind
        )  # fmt: skip
    await rows.touch_everywhere(w.tx, client)
    return await _again(w, client.id)


async def archive(w: Writing, number: int, shown: str) -> ClientFile:
    """Take a client off the clinic's active list; nothing is ever deleted."""
    return await save(w, number, shown, archived)


def archived(file: ClientFile) -> ClientFile:
    """The file, archived."""
    return msgspec.structs.replace(file, client=msgspec.structs.replace(file.client, state=int(State.ARCHIVED)))


async def _again(w: Writing, client_id: bytes) -> ClientFile:
    file = await stored.by_id(w.tx, w.clinic_id, client_id)
    if file is None:
        raise RuntimeError("a client that was just written is not there")
    return file


def _composed(file: ClientFile) -> ClientFile:
    """With the address on one line, as dialects without its parts have it."""
    d = file.details
    place = " ".join(part for part in (d.zip_code, d.city) if part)
    line = ", ".join(part for part in (d.street, d.street_2, d.street_3, place, d.state) if part)
    return msgspec.structs.replace(file, client=msgspec.structs.replace(file.client, address=line or None))


def _check(file: ClientFile) -> None:
    if not file.client.last_name.strip() and not file.client.organization_name.strip():
        raise Invalid({"last_name": "A last name or an organization name is required."})


async def _write_local(w: Writing, file: ClientFile) -> None:
    problems: dict[str, str] = {}
    if file.home_department is not None:
        known = await departments.of_clinic(w.tx, w.clinic_id)
        if file.home_department not in known:
            problems["home_department"] = "There is no such department."
    others: dict[str, bytes | None] = {}
    for name, number in (("payer", file.payer), ("parent", file.parent)):
        others[name] = None if number is None else await stored.id_of(w.tx, w.clinic_id, number)
        if number is not None and others[name] is None:
            problems[name] = "There is no such client."
    if problems:
        raise Invalid(problems)
    stored.write_local(
        w.tx, w.clinic_id, file.client.id, file.notes, home_department=file.home_department,
        payer_id=others["payer"], parent_id=others["parent"], old_id=file.old_id,
    )  # fmt: skip
