# SPDX-License-Identifier: Apache-2.0
"""Code lists beside species and breeds, and a clinic's own entries of any list."""

from __future__ import annotations

import pytest

from polyvet.core import code_entries
from polyvet.model.diagnoses import shared_diagnoses
from polyvet.model.entities import CodeList
from polyvet.model.errors import Invalid
from polyvet.model.species import SHARED_LIST
from polyvet.storage.codelists import OWN_LIST
from tests.core.stores import opened, run

DOG = 15461002


def test_shared_diagnoses_have_codes_of_their_own_in_the_shared_list() -> None:
    codes = [entry.id for entry in shared_diagnoses()]
    assert codes == sorted(set(codes))
    assert {code % 1000 for code in codes} == {SHARED_LIST}
    assert len({entry.name for entry in shared_diagnoses()}) == len(codes)


def test_an_entry_is_its_clinics_own_and_there_once(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            for name in CodeList:
                code = await code_entries.add(w.store, here, name, " Öster Pet Cover ")
                assert code % 1000 == OWN_LIST
                assert await code_entries.add(w.store, here, name, "öster pet COVER") == code
                ours = [entry for entry in await code_entries.entries(w.ctx(here), name) if entry.clinic_id == here]
                assert [(entry.id, entry.name, entry.active) for entry in ours] == [(code, "Öster Pet Cover", True)]
                assert code not in [entry.id for entry in await code_entries.entries(w.ctx(there), name)]
                assert await code_entries.add(w.store, there, name, "Öster Pet Cover") != code
            abscess = shared_diagnoses()[0]
            assert await code_entries.add(w.store, here, CodeList.DIAGNOSES, "abscess") == abscess.id

    run(test())


def test_species_and_breeds_are_added_to_the_lists_of_animals(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            own = await code_entries.add(w.store, here, code_entries.SPECIES, "Axolotl")
            breed = await code_entries.add(w.store, here, code_entries.BREEDS, "Wild type", own)
            await w.codelists.load(w.store.reader)
            assert w.codelists.species[own].clinic_id == here
            assert w.codelists.breeds[breed].species_id == own
            assert await code_entries.add(w.store, there, code_entries.SPECIES, "Dog") == DOG
            for clinic_id, species in ((here, None), (here, 5), (there, own)):
                with pytest.raises(Invalid):
                    await code_entries.add(w.store, clinic_id, code_entries.BREEDS, "Wild type", species)

    run(test())


@pytest.mark.parametrize("text", ["", "  ", "x" * 201, "a\0b"])
def test_a_name_that_says_nothing_or_too_much_is_refused(store_url: str, text: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            with pytest.raises(Invalid):
                await code_entries.add(w.store, w.clinics[0], CodeList.INSURERS, text)

    run(test())
