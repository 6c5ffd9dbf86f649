# SPDX-License-Identifier: Apache-2.0
"""Patients: what a write makes visible, to whom, with which stamps, events and counters."""

from __future__ import annotations

from itertools import pairwise

import pytest

from polyvet.core import patients
from polyvet.model.entities import NewPatient
from polyvet.model.errors import Missing, NotConnected, PolyvetError
from polyvet.model.paging import ByUpdate
from polyvet.storage.check import check
from tests.core.stores import World, opened, run


async def _gone(world: World, clinic_id: int, patient_id: bytes) -> type[PolyvetError]:
    with pytest.raises(PolyvetError) as refused:
        await world.get(clinic_id, patient_id)
    return type(refused.value)


def test_a_new_patient_is_on_its_clinics_lists_and_nowhere_else(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, there = world.clinics
            client = await world.client(here)
            made = await world.patient(here, client.id, "Boncuk", breed="Golden Retriever", weight_mg=28_400_000)
            found = await world.get(here, made.id)
            assert found == made
            assert (found.name, found.number, found.client_id) == ("Boncuk", 1, client.id)
            assert world.codelists.breed_name(found) == "Golden Retriever"
            assert await world.names(here) == await world.names(here, slug="dog") == ["Boncuk"]
            assert await world.names(here, slug="cat") == await world.names(there) == []
            page = await patients.search_by_creation(world.ctx(here), species="köpek", limit=5)
            assert [one.id for one in page.items] == ([made.id] if page.total else [])
            assert await _gone(world, there, made.id) is NotConnected

    run(test())


def test_what_a_write_gives_back_is_what_is_read_afterwards(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here = world.clinics[0]
            client = await world.client(here)
            made = await world.patient(here, client.id)
            assert await world.get(here, made.id) == made
            changed = await world.update(here, made.id, name="Max", weight_mg=5_000_000)
            assert await world.get(here, made.id) == changed
            assert (changed.name, changed.weight_mg) == ("Max", 5_000_000)
            assert changed.updated_at > made.updated_at
            assert changed.created_at == made.created_at

    run(test())


def test_stamps_rise_strictly_at_each_clinic_whatever_is_written(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, there = world.clinics
            client = await world.client(here)
            await world.connect(here, client.id, there)
            made = [await world.patient(here, client.id, f"P{n}") for n in range(5)]
            seen: dict[int, list[int]] = {here: [], there: []}
            for n in range(12):
                await world.update((here, there)[n % 2], made[n % 5].id, name=f"N{n}")
                for clinic_id, stamps in seen.items():
                    stamps.append((await world.get(clinic_id, made[n % 5].id)).updated_at)
            for stamps in seen.values():
                assert all(earlier < later for earlier, later in pairwise(stamps))
            for clinic_id in seen:
                page = await patients.search_by_update(world.ctx(clinic_id), ByUpdate(limit=100))
                stamps = [one.updated_at for one in page.items]
                assert len(set(stamps)) == 5
                assert stamps == sorted(stamps, reverse=True)

    run(test())


def test_numbers_count_up_at_each_clinic(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, there = world.clinics
            ours, shared = await world.client(here), await world.client(there)
            await world.connect(there, shared.id, here)
            numbers = [(await world.patient(here, ours.id)).number for _ in range(2)]
            made = await world.patient(there, shared.id)
            assert numbers == [1, 2]
            assert made.number == 1
            assert (await world.get(here, made.id)).number == 3

    run(test())


def test_a_change_is_seen_at_every_clinic_in_the_same_commit(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url, 3) as world:
            here, there, elsewhere = world.clinics
            client = await world.client(here)
            made = await world.patient(here, client.id)
            await world.connect(here, client.id, there)
            before = {clinic_id: (await world.get(clinic_id, made.id)).updated_at for clinic_id in (here, there)}
            await world.update(there, made.id, name="Karabaş", sex="male", neutered=True, birth_date="2020-02-29")
            for clinic_id, stamp in before.items():
                found = await world.get(clinic_id, made.id)
                assert (found.name, found.sex, found.neutered, found.birth_date) == (
                    "Karabaş",
                    "male",
                    True,
                    "2020-02-29",
                )
                assert found.updated_at > stamp
                assert await world.names(clinic_id, since=found.updated_at) == ["Karabaş"]
                assert await world.names(clinic_id, since=found.updated_at + 1) == []
            assert await _gone(world, elsewhere, made.id) is NotConnected

    run(test())


def test_archiving_is_one_clinics_own_and_can_be_followed_by_a_change(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, there = world.clinics
            client = await world.client(here)
            made = await world.patient(here, client.id)
            await world.connect(here, client.id, there)
            await world.archive(here, made.id)
            assert await _gone(world, here, made.id) is Missing
            assert await world.names(here) == []
            assert await world.names(there) == ["Rex"]
            await world.update(there, made.id, name="Max")
            assert await world.names(here) == []
            assert await world.counts(here, "patients", "patients/dog") == [0, 0]
            await world.archive(here, made.id)  # again: nothing happens
            kinds = [kind for kind, entity, _ in await world.events(here) if entity == "patient"]
            assert kinds == ["created", "archived", "updated"]

    run(test())


def test_deleting_is_everywhere_and_for_good(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, there = world.clinics
            client = await world.client(here)
            made = await world.patient(here, client.id)
            await world.connect(here, client.id, there)
            await world.delete(there, made.id)
            for clinic_id in (here, there):
                assert await _gone(world, clinic_id, made.id) is Missing
                assert await world.names(clinic_id) == []
                assert await world.counts(clinic_id, "patients", "patients/dog", "updated") == [0, 0, 0]
            for change in (world.update(here, made.id, name="x"), world.archive(here, made.id)):
                with pytest.raises(Missing):
                    await change
            with pytest.raises(Missing):
                await world.delete(here, made.id)

    run(test())


def test_another_clinics_patient_is_as_missing_for_every_write(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, there = world.clinics
            client = await world.client(here)
            made = await world.patient(here, client.id)
            log = await world.events(here)
            for ident in (made.id, b"\1" * 16):
                for write in (
                    world.update(there, ident, name="x"),
                    world.archive(there, ident),
                    world.delete(there, ident),
                    world.patient(there, client.id if ident == made.id else ident),
                ):
                    with pytest.raises(Missing):
                        await write
            assert await world.get(here, made.id) == made
            assert await world.events(here) == log
            assert await world.events(there) == []

    run(test())


def test_every_write_is_in_the_log_of_every_clinic_that_sees_it(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, there = world.clinics
            client = await world.client(here)
            made = await world.patient(here, client.id)
            await world.connect(here, client.id, there)
            await world.update(here, made.id, name="Max")
            await world.archive(there, made.id)
            await world.delete(here, made.id)
            everywhere = [("created", "client", client.id), ("created", "patient", made.id)]
            ours = [("updated", "patient", made.id), ("deleted", "patient", made.id)]
            theirs = [ours[0], ("archived", "patient", made.id), ours[1]]
            assert await world.events(here) == everywhere + ours
            assert await world.events(there) == everywhere + theirs

    run(test())


def test_counters_and_enrolments_hold_after_everything(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, there = world.clinics
            client, other = await world.client(here), await world.client(there)
            await world.connect(there, other.id, here)
            made = [
                await world.patient(here, owner, f"P{n}", species)
                for n, (owner, species) in enumerate(
                    [(client.id, "Dog"), (other.id, "cat"), (other.id, "Axolotl"), (client.id, "Dog")]
                )
            ]
            await world.update(here, made[1].id, weight_mg=1)
            await world.archive(here, made[0].id)
            await world.delete(there, made[2].id)
            await world.disconnect(here, other.id)
            assert await world.counts(here, "clients", "patients", "patients/dog", "patients/cat") == [1, 1, 1, 0]
            assert await world.counts(there, "clients", "patients", "patients/axolotl") == [1, 1, 0]
        assert [finding for finding in await check(store_url) if finding.severity == "error"] == []

    run(test())


def test_a_refused_write_leaves_nothing_behind(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here = world.clinics[0]
            client = await world.client(here)

            async def fail(w: object) -> None:
                await patients.create(w, NewPatient(client_id=client.id, name="x", species="Moonfish"), "s")  # type: ignore[arg-type]
                raise Missing("patient", "x")

            with pytest.raises(Missing):
                await world.write(here, patients.creating(here, client.id), fail)
            assert await world.names(here) == []
            await world.codelists.load(world.store.reader)
            assert world.codelists.find_species("Moonfish", here) is None
            assert (await world.patient(here, client.id)).number == 1

    run(test())
