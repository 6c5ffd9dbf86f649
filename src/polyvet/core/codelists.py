# SPDX-License-Identifier: Apache-2.0
"""Species and breeds: found by any of their names, kept in memory, and extended by what a clinic writes.

Entries are added and switched off, and nothing else of them changes, so a process that meets a code it does not know
reads the lists again. Names find what is switched off, too: what is written is never made an entry twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeVar

from polyvet.model.entities import Breed, Patient, Species
from polyvet.model.values import fold
from polyvet.storage import codelists as stored
from polyvet.storage.store import Reader
from polyvet.storage.writing import Tx

Entry = TypeVar("Entry", Species, Breed)
LONGEST_SLUG = 100


class Codelists:
    """The lists in memory."""

    def __init__(self) -> None:
        self.species: dict[int, Species] = {}
        self.breeds: dict[int, Breed] = {}
        self._by_name: dict[str, list[Species]] = {}
        self._breeds_by_name: dict[tuple[int, str], list[Breed]] = {}

    async def load(self, reader: Reader) -> None:
        """Read both lists."""
        species = await stored.all_species(reader)
        breeds = await stored.all_breeds(reader)
        by_name: dict[str, list[Species]] = {}
        for entry in species:
            names = [entry.common, entry.name, *(entry.synonyms.split(",") if entry.synonyms else [])]
            for name in dict.fromkeys(_name(name) for name in names):
                by_name.setdefault(name, []).append(entry)
        breeds_by_name: dict[tuple[int, str], list[Breed]] = {}
        for breed in breeds:
            breeds_by_name.setdefault((breed.species_id, _name(breed.name)), []).append(breed)
        self.species = {entry.id: entry for entry in species}
        self.breeds = {breed.id: breed for breed in breeds}
        self._by_name, self._breeds_by_name = by_name, breeds_by_name

    async def know(self, reader: Reader, patients: Iterable[Patient]) -> None:
        """Make sure that the entries of these patients can be looked up."""
        species, breeds = self.species, self.breeds
        for patient in patients:
            if patient.species_id not in species or (patient.breed_id is not None and patient.breed_id not in breeds):
                await self.load(reader)
                return

    def breed_name(self, patient: Patient) -> str | None:
        """The breed's name; None if none is set."""
        return None if patient.breed_id is None else self.breeds[patient.breed_id].name

    def find_species(self, text: str, clinic_id: int) -> Species | None:
        """The entry that has this name in any case: a shared one, or the clinic's own."""
        return _ours(self._by_name.get(_name(text), ()), clinic_id)

    async def species_of(self, reader: Reader, code: int, clinic_id: int) -> Species | None:
        """The entry of this code, if it is a shared one or the clinic's own; another process may have added it."""
        if code not in self.species:
            await self.load(reader)
        found = self.species.get(code)
        return found if found is not None and found.clinic_id in (None, clinic_id) else None

    async def species_named(self, reader: Reader, text: str) -> list[int]:
        """The codes of all entries with this name, other clinics' own ones included: a patient may have come
        from there with its species. Clinics add entries, in other processes too, so
        all but the shared ones are read from the store again."""
        name = _name(text)
        if not any(entry.clinic_id is None for entry in self._by_name.get(name, ())):
            await self.load(reader)
        return [entry.id for entry in self._by_name.get(name, ())]

    def find_breed(self, species_id: int, text: str, clinic_id: int) -> Breed | None:
        """The species' breed of this name in any case: a shared one, or the clinic's own."""
        return _ours(self._breeds_by_name.get((species_id, _name(text)), ()), clinic_id)

    async def species_for(self, tx: Tx, clinic_id: int, text: str) -> Species:
        """The entry of this name; one that no list knows becomes an entry of the clinic."""
        found = self.find_species(text, clinic_id)
        if found is None:
            found = (await _fresh(tx)).find_species(text, clinic_id)
        return found or await new_species(tx, clinic_id, text)

    async def breed_for(self, tx: Tx, clinic_id: int, species: Species, text: str) -> Breed:
        """The breed of this name; one that no list knows becomes an entry of the clinic."""
        found = self.find_breed(species.id, text, clinic_id)
        if found is None:
            found = (await _fresh(tx)).find_breed(species.id, text, clinic_id)
        return found or await new_breed(tx, clinic_id, species.id, text)

    async def within(self, tx: Tx, patient: Patient) -> Codelists:
        """Lists that hold the entries of a patient just written: these, or, if the transaction added one, a copy."""
        if patient.species_id in self.species and (patient.breed_id is None or patient.breed_id in self.breeds):
            return self
        return await _fresh(tx)


async def new_species(tx: Tx, clinic_id: int, text: str) -> Species:
    """Add an entry of the clinic's own, whose name no list knows."""
    name = text.strip()
    made = Species(await stored.next_code(tx, stored.SPECIES), clinic_id, name, slug(name), name, "")
    stored.add_species(tx, made)
    return made


async def new_breed(tx: Tx, clinic_id: int, species_id: int, text: str) -> Breed:
    """The same of a breed."""
    made = Breed(await stored.next_code(tx, stored.BREEDS), clinic_id, species_id, text.strip())
    stored.add_breed(tx, made)
    return made


async def _fresh(tx: Tx) -> Codelists:
    """The lists as the transaction sees them: another process may have added the entry, and the clinic is locked
    now. They are not kept, since the transaction may yet be rolled back."""
    lists = Codelists()
    await lists.load(tx)
    return lists


def _name(text: str) -> str:
    """A name as it is compared."""
    return fold(text).strip()


def _ours(entries: Iterable[Entry], clinic_id: int) -> Entry | None:
    for entry in entries:
        if entry.clinic_id in (None, clinic_id):
            return entry
    return None


def slug(name: str) -> str:
    """A clinic's own species as a lower-case word: "Sugar Glider" is `sugar_glider`."""
    return re.sub(r"[^\w]+", "_", fold(name)).strip("_")[:LONGEST_SLUG] or "other"
