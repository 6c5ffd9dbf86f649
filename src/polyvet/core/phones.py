# SPDX-License-Identifier: Apache-2.0
"""Phone numbers: rows of a client, the same at every clinic that sees the client."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from polyvet.core.context import Context, Writing
from polyvet.model import values
from polyvet.model.entities import Phone
from polyvet.model.errors import Busy, Invalid, Missing
from polyvet.model.filters import Filter, Order
from polyvet.model.paging import Page
from polyvet.storage import client_files, clients
from polyvet.storage import phones as stored
from polyvet.storage.writing import Touching

KIND = "phone number"
KINDS = {path: field.kind for path, field in stored.FIELDS.items()}
MOST_PER_CLIENT = 20


async def list_phones(
    ctx: Context, tree: Filter | None, orders: tuple[Order, ...], *, limit: int, offset: int
) -> Page[tuple[Phone, int]]:
    """Phone numbers, each with its client's number."""
    ctx.require("clients:read")
    return await stored.LISTED.page(ctx.store, ctx.clinic_id, tree, orders, limit=limit, offset=offset)


async def of_clients(ctx: Context, numbers: Iterable[int]) -> dict[int, list[Phone]]:
    """The phone numbers of many clients, by the clients' numbers."""
    ctx.require("clients:read")
    return await stored.of_clients(ctx.reader, ctx.clinic_id, numbers)


async def get(ctx: Context, phone_id: int, shown: str) -> tuple[Phone, int]:
    """One phone number and its client's number. Missing."""
    ctx.require("clients:read")
    found = await stored.get(ctx.reader, ctx.clinic_id, phone_id)
    if found is None:
        raise Missing(KIND, shown)
    return found


async def touching(ctx: Context, *, phone_id: int | None = None, owner: int | None = None) -> Touching:
    """What a change touches: all clinics of the clients concerned."""
    ctx.require("clients:write")
    concerned: set[bytes] = set()
    if phone_id is not None and (found := await stored.get(ctx.reader, ctx.clinic_id, phone_id)) is not None:
        concerned.add(found[0].client_id)
    if owner is not None and (ident := await client_files.id_of(ctx.reader, ctx.clinic_id, owner)) is not None:
        concerned.add(ident)
    return Touching(clinics=(ctx.clinic_id,), clients=tuple(sorted(concerned)))


async def create(w: Writing, owner: int, phone: Phone) -> tuple[Phone, int]:
    """Add a number to a client; the id, owner and instants in `phone` are not read."""
    w.require("clients:write")
    file = await client_files.by_number(w.tx, w.clinic_id, owner)
    if file is None:
        raise Invalid({"client": "There is no such client."})
    await _check_room(w, file.client.id)
    at = values.now()
    made = await stored.insert(
        w.tx, msgspec.structs.replace(phone, client_id=file.client.id, created_at=at, updated_at=at)
    )
    _tell(w, "created", made.id, await clients.touch_everywhere(w.tx, file.client))
    return made, owner


async def save(
    w: Writing, phone_id: int, shown: str, change: Callable[[Phone], Phone], owner: int | None
) -> tuple[Phone, int]:
    """Write what `change` makes of a number; `owner` may move it to another client."""
    w.require("clients:write")
    old, old_owner = await _writable(w, phone_id, shown)
    file = await client_files.by_number(w.tx, w.clinic_id, old_owner if owner is None else owner)
    if file is None:
        raise Invalid({"client": "There is no such client."})
    moved = file.client.id != old.client_id
    if moved:
        await _check_room(w, file.client.id)
    position = await stored.next_position(w.tx, file.client.id) if moved else old.position
    changed = msgspec.structs.replace(
        change(old),
        id=old.id,
        client_id=file.client.id,
        position=position,
        created_at=old.created_at,
        updated_at=values.now(),
    )
    stored.update_phone(w.tx, changed)
    _tell(w, "updated", changed.id, await clients.touch_everywhere(w.tx, file.client))
    if moved and (before := await client_files.by_number(w.tx, w.clinic_id, old_owner)) is not None:
        await clients.touch_everywhere(w.tx, before.client)
    return changed, file.client.number


async def delete(w: Writing, phone_id: int, shown: str) -> None:
    """Take a number away."""
    w.require("clients:write")
    old, owner = await _writable(w, phone_id, shown)
    stored.delete_phone(w.tx, old.id)
    file = await client_files.by_number(w.tx, w.clinic_id, owner)
    if file is not None:
        _tell(w, "deleted", old.id, await clients.touch_everywhere(w.tx, file.client))


def _tell(w: Writing, kind: str, phone_id: int, stamps: dict[int, int]) -> None:
    """Note in the event logs of all clinics that see the client what happened to its number."""
    for clinic_id, stamp in stamps.items():
        w.tx.event(clinic_id, kind, KIND, phone_id.to_bytes(16, "big"), stamp)


async def _check_room(w: Writing, client_id: bytes) -> None:
    if await stored.count(w.tx, client_id) >= MOST_PER_CLIENT:
        raise Invalid({"client": f"A client has at most {MOST_PER_CLIENT} phone numbers."})


async def _writable(w: Writing, phone_id: int, shown: str) -> tuple[Phone, int]:
    found = await stored.get(w.tx, w.clinic_id, phone_id)
    if found is None:
        raise Missing(KIND, shown)
    if not w.tx.links(found[0].client_id):  # its clinics are not held; the next try will hold them
        raise Busy("the phone number became another client's meanwhile")
    return found
