# SPDX-License-Identifier: Apache-2.0
"""Code lists beside species and breeds, and a clinic's own entries of any list."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest

from polyvet.core import code_entries, departments
from polyvet.core.codelists import Codelists
from polyvet.core.context import Writing
from polyvet.model.diagnoses import shared_diagnoses
from polyvet.model.entities import CodeList
from polyvet.model.errors import Invalid
from polyvet.model.species import SHARED_LIST, breed_rows, species_rows
from polyvet.storage.codelists import OWN_LIST
from polyvet.storage.writing import Touching, Tx
from tests.core.stores import World, a_caller, opened, run

DOG = 15461002
OWNER = (code_entries.PERMISSION,)
SHARED = {
    code_entries.SPECIES: len(species_rows()), code_entries.BREEDS: len(breed_rows()),
    CodeList.DIAGNOSES: len(shared_diagnoses()), CodeList.INSURERS: 0,
}  # fmt: skip


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


def test_a_page_goes_by_codes_from_a_clinics_own_to_the_shared_ones(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            for name in code_entries.LISTS:
                species = DOG if name == code_entries.BREEDS else None
                own = [await code_entries.add(w.store, here, name, f"Entry {n}", species) for n in range(3)]
                await code_entries.add(w.store, there, name, "Elsewhere", species)
                walked = await _walked(w, here, name)
                assert walked[:3] == own[::-1]
                assert walked == sorted(set(walked), reverse=True)
                assert {code % 1000 for code in walked[3:]} == ({SHARED_LIST} if name != CodeList.INSURERS else set())
                assert len(walked) == 3 + SHARED[name]

    run(test())


def test_a_search_looks_at_so_many_entries_and_no_more(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_entries, "LOOKED_AT", 4)
    monkeypatch.setattr(code_entries, "_PIECE", 2)

    async def test() -> None:
        async with opened(store_url) as w:
            here, _ = w.clinics
            names = ("Öster one", "b", "c", "d", "ÖSTER two", "f", "öster three")
            codes = [await code_entries.add(w.store, here, CodeList.INSURERS, name) for name in names]
            found, before = await _page(w, here, CodeList.INSURERS, "öSTER", 1 << 59, 1)
            assert ([one.name for one in found], before) == (["öster three"], codes[6])
            found, before = await _page(w, here, CodeList.INSURERS, "öSTER", before or 0, 1)
            assert ([one.name for one in found], before) == (["ÖSTER two"], codes[2])  # four were looked at
            found, before = await _page(w, here, CodeList.INSURERS, "öSTER", before or 0, 1)
            assert ([one.name for one in found], before) == (["Öster one"], None)
            assert await _page(w, here, CodeList.INSURERS, "nobody", codes[1], 1) == ([], None)

    run(test())


async def _page(w: World, clinic_id: int, name: str, fragment: str, before: int, limit: int) -> Any:
    return await code_entries.page(w.ctx(clinic_id, OWNER), name, fragment, before, limit)


async def _walked(w: World, clinic_id: int, name: str) -> list[int]:
    found: list[int] = []
    before: int | None = 1 << 59
    while before is not None:
        page, before = await _page(w, clinic_id, name, "", before, 2)
        found += [one.code for one in page]
    return found


@pytest.mark.parametrize("name", code_entries.LISTS)
def test_what_another_process_has_added_is_not_added_again(store_url: str, name: str) -> None:
    """A process knows all species and breeds, but for what another one added since it last read them."""

    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            species = DOG if name == code_entries.BREEDS else None
            await code_entries.add(w.store, here, name, "Öster", species)

            async def create(clinic_id: int, text: str, lists: Codelists) -> int:
                caller = a_caller(clinic_id, OWNER)
                return await w.store.write(
                    Touching(clinics=(clinic_id,)),
                    lambda tx: code_entries.create(Writing(caller, tx, lists), name, text, "dog"),
                )

            with pytest.raises(Invalid, match="already"):
                await create(here, "ÖSTER", w.codelists)
            made = await create(there, "Öster", w.codelists)
            assert [one.code for one in (await _page(w, there, name, "öster", 1 << 59, 9))[0]] == [made]

    run(test())


def test_a_breed_may_be_of_a_species_that_another_process_has_added(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            await code_entries.add(w.store, here, code_entries.SPECIES, "Axolotl")

            async def create(clinic_id: int) -> int:
                def work(tx: Tx) -> Awaitable[int]:
                    writing = Writing(a_caller(clinic_id, OWNER), tx, w.codelists)
                    return code_entries.create(writing, code_entries.BREEDS, "Wild type", "AXOLOTL")

                return await w.store.write(Touching(clinics=(clinic_id,)), work)

            made = await create(here)
            [breed], _ = await _page(w, here, code_entries.BREEDS, "axolotl", 1 << 59, 9)
            assert (breed.code, breed.name, breed.beside, breed.own) == (made, "Wild type", "Axolotl", True)
            with pytest.raises(Invalid, match="no such entry"):
                await create(there)

    run(test())


def test_a_clinic_has_so_many_departments_and_no_more(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(departments, "MOST", 2)

    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            assert [await departments.add(w.store, here, name) for name in ("A", "B", "a")] == [1, 2, 1]
            with pytest.raises(Invalid, match="at most 2"):
                await departments.add(w.store, here, "C")
            assert await departments.add(w.store, there, "C") == 1

    run(test())
