# SPDX-License-Identifier: Apache-2.0
"""Code lists: species and breeds, diagnoses, of which some are shared, and insurers; and how a clinic adds an entry of
its own to any list, and switches it off.

What is switched off can be chosen no more, and stays what it is wherever it was chosen.
"""

from __future__ import annotations

from bisect import bisect_left

import msgspec

from polyvet.core import audit, codelists
from polyvet.core.codelists import Codelists
from polyvet.core.context import Context, Writing
from polyvet.model import values
from polyvet.model.audit import Action
from polyvet.model.diagnoses import shared_diagnoses
from polyvet.model.entities import CodeEntry, CodeList
from polyvet.model.errors import Invalid, Missing
from polyvet.storage import codelists as stored
from polyvet.storage.codelists import Entry
from polyvet.storage.store import Reader, Store
from polyvet.storage.writing import Touching, Tx

LONGEST_NAME = 200
SPECIES, BREEDS = stored.SPECIES, stored.BREEDS
LISTS = (SPECIES, BREEDS, *CodeList)
KIND = "code list entry"
PERMISSION = "lists:write"
LOOKED_AT = 5_000  # entries, for a page of those that hold a text
_PIECE = 500  # of these, at a time


async def entries(ctx: Context, name: CodeList) -> list[CodeEntry]:
    """The shared entries, then the clinic's own; whoever has a key of the clinic may know them."""
    shared = shared_diagnoses() if name == CodeList.DIAGNOSES else []
    return shared + await stored.own_entries(ctx.reader, ctx.clinic_id, name)


async def page(ctx: Context, name: str, fragment: str, before: int, limit: int) -> tuple[list[Entry], int | None]:
    """A list's entries with lower codes than `before`: the clinic's own, the latest first, then the shared ones; and
    before which code the next page starts, None if there is none. `fragment` is looked for in their names, in any
    case, in at most LOOKED_AT entries, so that a page can be short, or empty, where few have it. Missing if there is
    no such list."""
    ctx.require(PERMISSION)
    _require_list(name)
    wanted = values.fold(fragment).strip()
    if wanted:
        return await ctx.store.aside(lambda reader: _found(reader, ctx.clinic_id, name, wanted, before, limit))
    found = await _below(ctx.reader, ctx.clinic_id, name, before, limit + 1)
    return found[:limit], found[limit - 1].code if len(found) > limit else None


async def _found(
    reader: Reader, clinic_id: int, name: str, wanted: str, before: int, limit: int
) -> tuple[list[Entry], int | None]:
    found: list[Entry] = []
    for _ in range(LOOKED_AT // _PIECE):
        piece = await _below(reader, clinic_id, name, before, _PIECE)
        for one in piece:
            if wanted in values.fold(f"{one.name}\n{one.beside}"):
                if len(found) == limit:
                    return found, found[-1].code
                found.append(one)
        if len(piece) < _PIECE:
            return found, None
        before = piece[-1].code
    return found, before


async def _below(reader: Reader, clinic_id: int, name: str, before: int, limit: int) -> list[Entry]:
    """Own codes are higher than all shared ones."""
    found = await stored.own_below(reader, clinic_id, name, before, limit)
    left = limit - len(found)
    if left and name in (SPECIES, BREEDS):
        found += await stored.shared_below(reader, name, before, left)
    elif left and name == CodeList.DIAGNOSES:
        shared = shared_diagnoses()
        end = bisect_left(shared, before, key=lambda one: one.id)
        found += [Entry(one.id, one.name, "", False, True) for one in reversed(shared[max(end - left, 0) : end])]
    return found


def _require_list(name: str) -> None:
    if name not in LISTS:
        raise Missing("code list", name)


async def add(store: Store, clinic_id: int, name: str, text: str, species: int | None = None) -> int:
    """Add a clinic's own entry; gives its code, or that of the entry that has the name already. A breed needs the code
    of its `species`. Invalid."""
    text = _checked(text)
    lists = Codelists()
    if name in (SPECIES, BREEDS):
        await lists.load(store.reader)

    async def job(tx: Tx) -> int:
        return (await _added(tx, lists, clinic_id, name, text, species))[0]

    return await store.write(Touching(clinics=(clinic_id,)), job)


async def create(w: Writing, name: str, text: str, species: str) -> int:
    """The same for who sees the list; a breed's species is given by name. Missing if there is no such list; Invalid,
    also when the list has the name already."""
    w.require(PERMISSION)
    _require_list(name)
    text = _checked(text)
    breeds_species = await _species_code(w, species) if name == BREEDS else None
    code, known = await _added(w.tx, w.codelists, w.clinic_id, name, text, breeds_species)
    if known is not None:
        raise Invalid({"name": "The list has this name already." if known else "The list has this name, switched off."})
    audit.note(w, Action.MADE, KIND, None, f"{text} ({name})")
    return code


async def switch(w: Writing, name: str, code: int, *, active: bool) -> Entry:
    """Offer an entry of the clinic's own for choice again, or no more. Missing if it is none of its own."""
    w.require(PERMISSION)
    _require_list(name)
    found = await stored.own_one(w.tx, w.clinic_id, name, code)
    if found is None:
        raise Missing(KIND, str(code))
    if found.active == active:
        return found
    stored.switch(w.tx, w.clinic_id, name, code, active=active)
    audit.note(w, Action.CHANGED, KIND, None, f"{found.name} ({name}), switched {'on' if active else 'off'}")
    return msgspec.structs.replace(found, active=active)


def _checked(text: str) -> str:
    text = text.strip()
    if not 1 <= len(text) <= LONGEST_NAME or "\0" in text:
        raise Invalid({"name": f"An entry's name has 1 to {LONGEST_NAME} characters."})
    return text


async def _species_code(w: Writing, text: str) -> int:
    shared = w.codelists.find_species(text, w.clinic_id)
    if shared is not None:
        return shared.id
    own = await stored.own_named(w.tx, w.clinic_id, SPECIES, text.strip())  # by another process, it may be
    if own is None:
        raise Invalid({"species": "The list of species has no such entry."})
    return own.code


async def _added(
    tx: Tx, lists: Codelists, clinic_id: int, name: str, text: str, species: int | None
) -> tuple[int, bool | None]:
    """The code of the entry with this name, and, if it was there before, whether it can be chosen. `lists` holds the
    shared species and breeds; the clinic's own entries are asked for in the transaction, since another process may have
    added one."""
    if name == BREEDS and not await _is_species(tx, lists, clinic_id, species or 0):
        raise Invalid({"species": "A breed needs the code of its species."})
    own = await stored.own_named(tx, clinic_id, name, text, species)
    if own is not None:
        return own.code, own.active
    shared = _shared(lists, clinic_id, name, text, species)
    if shared is not None:
        return shared, True
    if name == SPECIES:
        return (await codelists.new_species(tx, clinic_id, text)).id, None
    if name == BREEDS:
        return (await codelists.new_breed(tx, clinic_id, species or 0, text)).id, None
    made = CodeEntry(await stored.next_code(tx, name), clinic_id, name, text, True)
    stored.add_entry(tx, made)
    return made.id, None


async def _is_species(tx: Tx, lists: Codelists, clinic_id: int, code: int) -> bool:
    known = lists.species.get(code)
    if known is not None:
        return known.clinic_id in (None, clinic_id)
    return await stored.own_one(tx, clinic_id, SPECIES, code) is not None


def _shared(lists: Codelists, clinic_id: int, name: str, text: str, species: int | None) -> int | None:
    """The code of the shared entry with this name."""
    if name == SPECIES:
        kind = lists.find_species(text, clinic_id)
        return None if kind is None else kind.id
    if name == BREEDS:
        breed = lists.find_breed(species or 0, text, clinic_id)
        return None if breed is None else breed.id
    if name == CodeList.DIAGNOSES:
        wanted = values.fold(text)
        return next((one.id for one in shared_diagnoses() if values.fold(one.name) == wanted), None)
    return None
