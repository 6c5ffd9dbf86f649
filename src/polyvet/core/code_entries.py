# SPDX-License-Identifier: Apache-2.0
"""Code lists: species and breeds, diagnoses, of which some are shared, and insurers; and how a clinic adds an entry of
its own to any list, and switches it off.

What is switched off can be chosen no more, and stays what it is wherever it was chosen.
"""

from __future__ import annotations

import msgspec

from polyvet.core import audit
from polyvet.core.codelists import Codelists
from polyvet.core.context import Context, Writing
from polyvet.model import values
from polyvet.model.audit import Action
from polyvet.model.diagnoses import shared_diagnoses
from polyvet.model.entities import Breed, CodeEntry, CodeList, Species
from polyvet.model.errors import Invalid, Missing
from polyvet.storage import codelists as stored
from polyvet.storage.store import Reader, Store
from polyvet.storage.writing import Touching, Tx

LONGEST_NAME = 200
SPECIES, BREEDS = "species", "breeds"
LISTS = (SPECIES, BREEDS, *CodeList)
KIND = "code list entry"
PERMISSION = "lists:write"


class Entry(msgspec.Struct, frozen=True):
    """An entry of any list as a clinic sees it."""

    code: int
    name: str
    beside: str  # of a species its everyday name, of a breed its species
    own: bool
    active: bool


async def entries(ctx: Context, name: CodeList) -> list[CodeEntry]:
    """The shared entries, then the clinic's own; whoever has a key of the clinic may know them."""
    return await _entries(ctx.reader, ctx.clinic_id, name)


async def _entries(reader: Reader, clinic_id: int, name: str) -> list[CodeEntry]:
    shared = shared_diagnoses() if name == CodeList.DIAGNOSES else []
    return shared + await stored.own_entries(reader, clinic_id, name)


async def page(ctx: Context, name: str, fragment: str, before: int, limit: int) -> list[Entry]:
    """A list's entries with lower codes than `before`: the clinic's own, the latest first, then the shared ones.
    `fragment` is looked for in their names, in any case. Missing if there is no such list."""
    ctx.require(PERMISSION)
    wanted = values.fold(fragment).strip()
    found = await _all(ctx.reader, ctx.clinic_id, name)
    matching = [one for one in found if one.code < before and wanted in values.fold(f"{one.name}\n{one.beside}")]
    return sorted(matching, key=lambda one: -one.code)[:limit]


async def _all(reader: Reader, clinic_id: int, name: str) -> list[Entry]:
    """A list as the clinic sees it."""
    if name not in LISTS:
        raise Missing("code list", name)
    if name not in (SPECIES, BREEDS):
        found = await _entries(reader, clinic_id, name)
        return [Entry(one.id, one.name, "", one.clinic_id is not None, one.active) for one in found]
    lists = Codelists()
    await lists.load(reader)
    animals: list[Species | Breed] = [*(lists.species if name == SPECIES else lists.breeds).values()]
    return [
        Entry(one.id, one.name, _beside(lists, one), one.clinic_id is not None, one.active)
        for one in animals
        if one.clinic_id in (None, clinic_id)
    ]


def _beside(lists: Codelists, one: Species | Breed) -> str:
    if isinstance(one, Breed):
        return lists.species[one.species_id].name
    return "" if one.common == one.name else one.common


async def add(store: Store, clinic_id: int, name: str, text: str, species: int | None = None) -> int:
    """Add a clinic's own entry; gives its code, or that of the entry that has the name already. A breed needs the code
    of its `species`. Invalid."""
    text = _checked(text)

    async def job(tx: Tx) -> int:
        return (await _added(tx, clinic_id, name, text, species))[0]

    return await store.write(Touching(clinics=(clinic_id,)), job)


async def create(w: Writing, name: str, text: str, species: str) -> int:
    """The same for who sees the list; a breed's species is given by name. Missing if there is no such list; Invalid,
    also when the list has the name already."""
    w.require(PERMISSION)
    if name not in LISTS:
        raise Missing("code list", name)
    text = _checked(text)
    breeds_species = await _species_code(w, species) if name == BREEDS else None
    code, known = await _added(w.tx, w.clinic_id, name, text, breeds_species)
    if known is not None:
        raise Invalid({"name": "The list has this name already." if known else "The list has this name, switched off."})
    audit.note(w, Action.MADE, KIND, None, f"{text} ({name})")
    return code


async def switch(w: Writing, name: str, code: int, *, active: bool) -> Entry:
    """Offer an entry of the clinic's own for choice again, or no more. Missing if it is none of its own."""
    w.require(PERMISSION)
    found = next((one for one in await _all(w.tx, w.clinic_id, name) if one.code == code and one.own), None)
    if found is None:
        raise Missing(KIND, str(code))
    if found.active == active:
        return found
    switching = {SPECIES: stored.switch_species, BREEDS: stored.switch_breed}.get(name, stored.switch_entry)
    switching(w.tx, w.clinic_id, code, active=active)
    audit.note(w, Action.CHANGED, KIND, None, f"{found.name} ({name}), switched {'on' if active else 'off'}")
    return msgspec.structs.replace(found, active=active)


def _checked(text: str) -> str:
    text = text.strip()
    if not 1 <= len(text) <= LONGEST_NAME or "\0" in text:
        raise Invalid({"name": f"An entry's name has 1 to {LONGEST_NAME} characters."})
    return text


async def _species_code(w: Writing, text: str) -> int:
    lists = Codelists()
    await lists.load(w.tx)
    found = lists.find_species(text, w.clinic_id)
    if found is None:
        raise Invalid({"species": "The list of species has no such entry."})
    return found.id


async def _added(tx: Tx, clinic_id: int, name: str, text: str, species: int | None) -> tuple[int, bool | None]:
    """The code of the entry with this name, and, if it was there before, whether it can be chosen."""
    if name in (SPECIES, BREEDS):
        return await _animal(tx, clinic_id, name, text, species)
    for entry in await _entries(tx, clinic_id, name):
        if entry.name.casefold() == text.casefold():
            return entry.id, entry.active
    code = await stored.next_entry_code(tx)
    stored.add_entry(tx, CodeEntry(code, clinic_id, name, text, True))
    return code, None


async def _animal(tx: Tx, clinic_id: int, name: str, text: str, species: int | None) -> tuple[int, bool | None]:
    lists = Codelists()
    await lists.load(tx)
    if name == SPECIES:
        kind = await lists.species_for(tx, clinic_id, text)
        return kind.id, kind.active if kind.id in lists.species else None
    found = lists.species.get(species or 0)
    if found is None or found.clinic_id not in (None, clinic_id):
        raise Invalid({"species": "A breed needs the code of its species."})
    breed = await lists.breed_for(tx, clinic_id, found, text)
    return breed.id, breed.active if breed.id in lists.breeds else None
