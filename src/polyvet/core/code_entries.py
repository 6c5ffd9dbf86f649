# SPDX-License-Identifier: Apache-2.0
"""Code lists beside species and breeds: diagnoses, of which some are shared, and insurers; and how a clinic adds an
entry of its own to any list."""

from __future__ import annotations

from polyvet.core.codelists import Codelists
from polyvet.core.context import Context
from polyvet.model.diagnoses import shared_diagnoses
from polyvet.model.entities import CodeEntry, CodeList
from polyvet.model.errors import Invalid
from polyvet.storage import codelists as stored
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching, Tx

LONGEST_NAME = 200
SPECIES, BREEDS = "species", "breeds"
LISTS = (SPECIES, BREEDS, *CodeList)


async def entries(ctx: Context, name: CodeList) -> list[CodeEntry]:
    """The shared entries, then the clinic's own; whoever has a key of the clinic may know them."""
    shared = shared_diagnoses() if name is CodeList.DIAGNOSES else []
    return shared + await stored.own_entries(ctx.reader, ctx.clinic_id, name)


async def add(store: Store, clinic_id: int, name: str, text: str, species: int | None = None) -> int:
    """Add a clinic's own entry; gives its code, or that of the entry that has the name already. A breed needs the code
    of its `species`. Invalid."""
    text = text.strip()
    if not 1 <= len(text) <= LONGEST_NAME or "\0" in text:
        raise Invalid({"name": f"An entry's name has 1 to {LONGEST_NAME} characters."})

    async def job(tx: Tx) -> int:
        if name in (SPECIES, BREEDS):
            return await _animal(tx, clinic_id, name, text, species)
        known = await stored.own_entries(tx, clinic_id, name)
        if name == CodeList.DIAGNOSES:
            known = shared_diagnoses() + known
        for entry in known:
            if entry.name.casefold() == text.casefold():
                return entry.id
        code = await stored.next_entry_code(tx)
        stored.add_entry(tx, CodeEntry(code, clinic_id, name, text, True))
        return code

    return await store.write(Touching(clinics=(clinic_id,)), job)


async def _animal(tx: Tx, clinic_id: int, name: str, text: str, species: int | None) -> int:
    lists = Codelists()
    await lists.load(tx)
    if name == SPECIES:
        return (await lists.species_for(tx, clinic_id, text)).id
    found = lists.species.get(species or 0)
    if found is None or found.clinic_id not in (None, clinic_id):
        raise Invalid({"species": "A breed needs the code of its species."})
    return (await lists.breed_for(tx, clinic_id, found, text)).id
