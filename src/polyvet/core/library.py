# SPDX-License-Identifier: Apache-2.0
"""Content that clinics give to people: who may read it, and what becomes of it when somebody changes it.

What is everybody's is never changed: a clinic that does gets a copy of its own. Nothing is written without an event
and a stamp of the clinic's clock, save what comes with the program.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from polyvet.core.context import Caller, Context, Writing
from polyvet.model import values
from polyvet.model.errors import Invalid, Missing, RoleNeeded
from polyvet.model.library import EVERYBODY, Content, ContentDetails, ContentKind, LibraryRole
from polyvet.storage import library as stored
from polyvet.storage.store import Reader
from polyvet.storage.writing import Touching, Tx

ENTITY = "content"
NAMES = {
    ContentKind.HANDOUT: "handout",
    ContentKind.FORM: "form",
    ContentKind.VET_FORM: "vet form",
    ContentKind.PROGRAM: "program",
}
Change = Callable[[Content], Content]


async def get(ctx: Context, kind: ContentKind, number: int | None, shown: str) -> Content:
    """Everybody's content, or the clinic's own. Missing, also when the number is another clinic's; RoleNeeded when the
    caller's role does not open it."""
    ctx.require("library:read")
    return await opened(ctx.reader, ctx.caller, kind, number, shown)


async def opened(reader: Reader, caller: Caller, kind: ContentKind, number: int | None, shown: str) -> Content:
    """Content that is there for a caller, who has been asked for a permission. Missing, RoleNeeded."""
    found = None if number is None else await stored.get(reader, caller.clinic_id, kind, number)
    if found is None:
        raise Missing(NAMES[kind], shown)
    if found.role != LibraryRole.FREE and caller.role != LibraryRole.PREMIUM:
        raise RoleNeeded
    return found


async def touching(ctx: Context) -> Touching:
    """What each change touches: the clinic alone."""
    ctx.require("library:write")
    return Touching(clinics=(ctx.clinic_id,))


async def change(w: Writing, kind: ContentKind, number: int | None, shown: str, changing: Change) -> Content:
    """Write what `changing` makes of content: into its place where it is the clinic's own, else as a copy that is,
    under a number of its own; a new one each time. Missing and RoleNeeded as for reading, Invalid for a species that
    is not there."""
    w.require("library:write")
    old = await opened(w.tx, w.caller, kind, number, shown)
    new = changing(old)
    if new.species_id != old.species_id and new.species_id is not None:
        await _require_species(w, new.species_id)
    return await add_own(w, _copy(new)) if old.clinic_id == EVERYBODY else save_own(w.tx, new)


async def add_own(w: Writing, item: Content) -> Content:
    """Add content of the clinic's own; gives it with its id and number."""
    w.require("library:write")
    stamp = w.tx.stamp(w.clinic_id)
    at = min(values.now(), stamp)
    item = replace(item, id=values.new_id(at), clinic_id=w.clinic_id, created_at=at, updated_at=stamp)
    item = await stored.add(w.tx, item)
    w.tx.event(w.clinic_id, "created", ENTITY, item.id, stamp)
    return item


def save_own(tx: Tx, item: Content) -> Content:
    """Write a clinic's own content anew, with a new stamp."""
    item = replace(item, updated_at=tx.stamp(item.clinic_id))
    stored.save(tx, item)
    tx.event(item.clinic_id, "updated", ENTITY, item.id, item.updated_at)
    return item


def _copy(item: Content) -> Content:
    """A copy of everybody's content, which no file stands behind and nobody fills in; open to whom the original is."""
    details = ContentDetails(record=item.details.record, owner_copy=item.details.owner_copy)
    return replace(item, slug="", status=None, patient_id=None, details=details)


async def _require_species(w: Writing, code: int) -> None:
    if await w.codelists.species_of(w.tx, code, w.clinic_id) is None:
        raise Invalid({"species_id": "is the id of no species"})
