# SPDX-License-Identifier: Apache-2.0
"""Species and breeds: every name is found, and what no list knows becomes the clinic's own entry."""

from __future__ import annotations

import asyncio
import time

import pytest

from polyvet.core import patients
from polyvet.core.codelists import Codelists, slug
from polyvet.model.errors import Missing
from polyvet.storage import patients as stored_patients
from polyvet.storage.store import open_store
from polyvet.storage.writing import Touching, Tx
from tests.core.stores import World, opened, run


async def _second(world: World, url: str) -> World:
    """The same clinics through a store and lists of its own, as another process has them."""
    other = World(await open_store(url), world.clinics)
    await other.codelists.load(other.store.reader)
    return other


def test_a_shared_species_is_found_by_any_of_its_names_in_any_case(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here = world.clinics[0]
            client = await world.client(here)
            names = ("Dog", "dog", "DOG", " dog ", "Dog (Canine - Domestic)", "dog (canine - domestic)", "canine")
            made = [await world.patient(here, client.id, species=name) for name in names]
            assert len({patient.species_id for patient in made}) == 1
            assert world.codelists.species[made[0].species_id].clinic_id is None

    run(test())


def test_a_species_that_no_list_knows_becomes_the_clinics_own(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, there = world.clinics
            client, theirs = await world.client(here), await world.client(there)
            made = await world.patient(here, client.id, "Pip", " Sugar Glider ", breed="Mosaic")
            again = await world.patient(here, client.id, "Pop", "SUGAR glider", breed="mosaic")
            assert (again.species_id, again.breed_id) == (made.species_id, made.breed_id)
            found = await world.get(here, made.id)
            entry = world.codelists.species[found.species_id]
            assert (entry.name, entry.common, entry.slug, entry.clinic_id) == (
                "Sugar Glider",
                "Sugar Glider",
                "sugar_glider",
                here,
            )
            assert world.codelists.breed_name(found) == "Mosaic"
            assert await world.names(here, slug="sugar_glider") == ["Pop", "Pip"]
            other = await world.patient(there, theirs.id, "Bib", "Sugar Glider")
            assert other.species_id != made.species_id  # each clinic has its own

    run(test())


def test_a_clinics_own_species_goes_where_its_patient_goes(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, there = world.clinics
            client, theirs = await world.client(here), await world.client(there)
            made = await world.patient(here, client.id, "Pip", "Quokka", breed="Rottnest")
            await world.patient(there, theirs.id, "Bib", "quokka")
            await world.connect(here, client.id, there)
            found = await world.get(there, made.id)
            assert world.codelists.species[found.species_id].name == "Quokka"
            assert world.codelists.breed_name(found) == "Rottnest"
            page = await patients.search_by_creation(world.ctx(there), species="QUOKKA", limit=10)
            assert sorted(patient.name for patient in page.items) == ["Bib", "Pip"]
            assert page.total == 2

    run(test())


def test_a_shared_breed_is_found_and_another_becomes_the_clinics_own(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, there = world.clinics
            client, theirs = await world.client(here), await world.client(there)
            shared = await world.patient(here, client.id, breed="golden RETRIEVER")
            own = await world.patient(here, client.id, breed="Sivas Kangal mix")
            other = await world.patient(there, theirs.id, breed="Sivas Kangal mix")
            cat = await world.patient(here, client.id, species="Cat", breed="Golden Retriever")
            none = await world.patient(here, client.id, breed="")
            await world.codelists.load(world.store.reader)
            lists = world.codelists
            assert shared.breed_id is not None
            assert lists.breeds[shared.breed_id].clinic_id is None
            assert own.breed_id is not None
            assert lists.breeds[own.breed_id].clinic_id == here
            assert len({shared.breed_id, own.breed_id, other.breed_id, cat.breed_id}) == 4
            assert none.breed_id is None

    run(test())


def test_a_list_that_was_read_before_another_process_wrote_learns_of_it(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here = world.clinics[0]
            client = await world.client(here)
            other = await _second(world, store_url)
            try:
                made = await other.patient(here, client.id, "Pip", "Numbat", breed="Banded")
                found = await world.get(here, made.id)
                assert world.codelists.species[found.species_id].name == "Numbat"
                assert (await world.patient(here, client.id, "Pop", "numbat")).species_id == made.species_id
                late = await other.patient(here, client.id, "Late", "Bilby")
                page = await patients.search_by_creation(world.ctx(here), species="bilby", limit=1)
                assert [patient.id for patient in page.items] == [late.id]
            finally:
                await other.store.close()

    run(test())


def test_two_creators_of_one_new_species_at_one_clinic_make_one_entry(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here = world.clinics[0]
            client = await world.client(here)
            other = await _second(world, store_url)
            try:
                made = await asyncio.gather(
                    *(
                        worker.patient(here, client.id, species=species, breed="Wild")
                        for species in ("Potoroo", "potoroo", "POTOROO")
                        for worker in (world, other)
                    )
                )
            finally:
                await other.store.close()
            assert len({(patient.species_id, patient.breed_id) for patient in made}) == 1

    run(test())


def test_creators_of_new_species_at_many_clinics_do_not_get_in_each_others_way(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url, 6) as world:
            owners = {clinic_id: (await world.client(clinic_id)).id for clinic_id in world.clinics}
            other = await _second(world, store_url)
            try:
                made = await asyncio.gather(
                    *(
                        worker.patient(clinic_id, owner, species=f"Wallaby {n}", breed=f"Breed {n}")
                        for n in range(3)
                        for clinic_id, owner in owners.items()
                        for worker in (world, other)
                    )
                )
            finally:
                await other.store.close()
            assert len({patient.species_id for patient in made}) == len({patient.breed_id for patient in made}) == 18

    run(test())


def test_two_processes_that_each_write_one_new_species_at_once_both_succeed(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            owners = [(clinic_id, (await world.client(clinic_id)).id) for clinic_id in world.clinics]
            other = await _second(world, store_url)
            try:
                for n in range(5):
                    made = await asyncio.gather(
                        world.patient(*owners[0], species=f"Bettong {n}", breed="Brush-tailed"),
                        other.patient(*owners[1], species=f"Bettong {n}", breed="Brush-tailed"),
                    )
                    assert made[0].species_id != made[1].species_id
                    assert made[0].breed_id != made[1].breed_id
            finally:
                await other.store.close()

    run(test())


def test_an_entry_that_was_rolled_back_is_not_remembered(store_url: str) -> None:
    """One transaction for three jobs: the first adds a species, the second reads the lists, the third fails."""

    async def test() -> None:
        async with opened(store_url) as world:
            here = world.clinics[0]
            client = await world.client(here)
            other = await _second(world, store_url)
            known = await other.patient(here, client.id, "Pip", "Dibbler")  # unknown to the first one's lists
            await other.store.close()
            touching = patients.creating(here, client.id)

            async def slow(_: Tx) -> None:
                time.sleep(0.1)  # noqa: ASYNC251, so that the others wait and become one group

            async def failing(tx: Tx) -> None:
                await stored_patients.get(tx, here, known.id)
                raise Missing("patient", "x")

            made, _, _, failed = await asyncio.gather(
                world.store.write(Touching(), slow),
                world.patient(here, client.id, "New", "Mulgara"),
                world.update(here, known.id, name="Renamed"),
                world.store.write(touching, failing),
                return_exceptions=True,
            )
            assert made is None
            assert isinstance(failed, Missing)
            fresh = Codelists()
            await fresh.load(world.store.reader)
            assert set(world.codelists.species) <= set(fresh.species)
            assert sorted(await world.names(here)) == ["New", "Renamed"]

    run(test())


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Sugar Glider", "sugar_glider"), ("Ağaç-Kakan!", "ağaç_kakan"), ("...", "other"), ("ŠTĚNĚ 2", "štěně_2")],
)
def test_slugs(name: str, expected: str) -> None:
    assert slug(name) == expected
