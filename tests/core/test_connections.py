# SPDX-License-Identifier: Apache-2.0
"""Clients and their connections: what becomes visible where, and what a clinic that was disconnected hears."""

from __future__ import annotations

import asyncio
import random
from itertools import pairwise

import pytest

from polyvet.core import clients, patients
from polyvet.model.entities import Client
from polyvet.model.errors import Missing, NotConnected
from polyvet.model.paging import ByUpdate
from polyvet.storage.check import check
from polyvet.storage.store import open_store
from tests.core.stores import World, opened, run


async def _found(world: World, clinic_id: int, fragment: str | None = None) -> list[str]:
    """First names on the clinic's list, the newest first; the total is held against it."""
    page = await clients.search(world.ctx(clinic_id), fragment=fragment, limit=100)
    assert page.total == len(page.items)
    return [client.first_name for client in page.items]


async def _client(world: World, clinic_id: int, client_id: bytes) -> Client:
    return await clients.get(world.ctx(clinic_id), client_id, "shown")


def test_a_new_client_is_its_clinics_alone(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, there = world.clinics
            made = await world.client(here, "Åsa", "Öberg", email="asa@example.org", phone="+358 40 1", middle_name="M")
            assert await _client(world, here, made.id) == made
            assert await _found(world, here) == await _found(world, here, "åsa ÖBERG") == ["Åsa"]
            assert await _found(world, here, "358 40") == await _found(world, here, "@EXAMPLE") == ["Åsa"]
            assert await _found(world, there) == await _found(world, there, "sa") == []
            with pytest.raises(Missing):
                await _client(world, there, made.id)
            assert await world.events(here) == [("created", "client", made.id)]
            assert await world.counts(here, "clients") == [1]

    run(test())


def test_clients_are_listed_newest_first_with_numbers_and_rising_stamps(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here = world.clinics[0]
            made = [await world.client(here, f"C{n}") for n in range(5)]
            assert [client.number for client in made] == [1, 2, 3, 4, 5]
            assert all(a.updated_at < b.updated_at for a, b in pairwise(made))
            assert await _found(world, here) == ["C4", "C3", "C2", "C1", "C0"]

    run(test())


def test_connecting_opens_the_client_and_its_patients_to_the_other_clinic(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, there = world.clinics
            client = await world.client(here)
            rex = await world.patient(here, client.id)
            gone = await world.patient(here, client.id, "Gone")
            await world.delete(here, gone.id)
            theirs = await world.client(there, "Bob")
            cursor = (await world.patient(there, theirs.id, "Max")).updated_at
            log = await world.events(there)
            await world.connect(here, client.id, there)
            assert await _found(world, there) == ["Bob", "Ada"]
            found = await world.get(there, rex.id)
            assert (found.number, found.created_at, found.client_id) == (2, rex.created_at, client.id)
            assert await world.names(there, since=cursor + 1) == ["Rex"]  # whoever follows the clock hears of it
            assert (await world.events(there))[len(log) :] == [
                ("created", "client", client.id),
                ("created", "patient", rex.id),
            ]
            assert await world.counts(there, "clients", "patients", "patients/dog") == [2, 2, 2]
            assert (await world.get(here, rex.id)).updated_at == rex.updated_at  # here nothing changed
            assert await world.names(there, since=0) == ["Rex", "Max"]

    run(test())


def test_what_either_clinic_adds_afterwards_is_open_to_both(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, there = world.clinics
            client = await world.client(here)
            await world.connect(here, client.id, there)
            await world.patient(there, client.id, "Max")
            await asyncio.sleep(0.01)  # clocks of two clinics may differ by milliseconds
            await world.patient(here, client.id, "Rex")
            assert await world.names(here) == await world.names(there) == ["Rex", "Max"]
            pets = await clients.patients_of(world.ctx(there), client.id)
            assert [pet.name for pet in pets] == ["Max", "Rex"]

    run(test())


def test_a_disconnected_clinic_sees_and_hears_nothing_more(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, there = world.clinics
            client = await world.client(here)
            rex = await world.patient(here, client.id)
            await world.connect(here, client.id, there)
            await world.disconnect(there, client.id)
            log = await world.events(there)
            assert log[-2:] == [("disconnected", "client", client.id), ("disconnected", "patient", rex.id)]
            await world.update(here, rex.id, name="Max", weight_mg=1)
            await world.patient(here, client.id, "New")
            await world.archive(here, rex.id)
            await world.delete(here, rex.id)
            assert await world.events(there) == log
            assert await _found(world, there) == await world.names(there) == []
            assert await world.names(here) == ["New"]
            assert await world.counts(there, "clients", "patients", "patients/dog") == [0, 0, 0]
            with pytest.raises(Missing):
                await _client(world, there, client.id)
            with pytest.raises((Missing, NotConnected)):
                await world.get(there, rex.id)
            for write in (
                world.update(there, rex.id, name="x"),
                world.patient(there, client.id),
                world.disconnect(there, client.id),
                world.connect(there, client.id, here),
            ):
                with pytest.raises(Missing):
                    await write

    run(test())


def test_connecting_again_brings_back_what_is_there_now(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, there = world.clinics
            client = await world.client(here)
            kept, lost = await world.patient(here, client.id, "Kept"), await world.patient(here, client.id, "Lost")
            await world.connect(here, client.id, there)
            number = (await world.get(there, kept.id)).number
            cursor = (await world.get(there, lost.id)).updated_at
            await world.disconnect(there, client.id)
            await world.update(here, kept.id, name="Renamed")
            await world.delete(here, lost.id)
            await world.patient(here, client.id, "New")
            await world.connect(here, client.id, there)
            assert sorted(await world.names(there)) == ["New", "Renamed"]
            assert sorted(await world.names(there, since=cursor + 1)) == ["New", "Renamed"]
            assert (await world.get(there, kept.id)).number == number
            with pytest.raises(Missing):
                await world.get(there, lost.id)
            assert await world.counts(there, "clients", "patients") == [1, 2]

    run(test())


def test_a_deleted_patient_stays_deleted_whoever_disconnects_and_connects(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, there = world.clinics
            client = await world.client(here)
            rex = await world.patient(here, client.id)
            await world.connect(here, client.id, there)
            await world.delete(here, rex.id)
            for one, other in ((there, here), (here, there)):
                await world.disconnect(one, client.id)
                await world.connect(other, client.id, one)
            assert await world.names(here) == await world.names(there) == []

    run(test())


def test_connecting_twice_changes_nothing(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, there = world.clinics
            client = await world.client(here)
            rex, max_ = await world.patient(here, client.id), await world.patient(here, client.id, "Max")
            await world.connect(here, client.id, there)
            await world.archive(there, max_.id)
            before = await world.events(there), await world.get(there, rex.id), await _client(world, there, client.id)
            await world.connect(here, client.id, there)
            after = await world.events(there), await world.get(there, rex.id), await _client(world, there, client.id)
            assert after == before
            assert await world.names(there) == ["Rex"]  # what that clinic archived stays archived there

    run(test())


def test_who_may_not_connect(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, there = world.clinics
            client = await world.client(here)
            for clinic_id, client_id, other_id in (
                (there, client.id, there),  # not theirs to open
                (here, b"\1" * 16, there),
                (here, client.id, 1_000_000),
            ):
                with pytest.raises(Missing):
                    await world.connect(clinic_id, client_id, other_id)
            assert await world.events(there) == []

    run(test())


def test_processes_that_write_at_once_keep_stamps_counters_and_logs_right(store_url: str) -> None:
    """Two stores stand for two processes; both write at two clinics that share a client."""

    async def test() -> None:
        async with opened(store_url) as world:
            here, there = world.clinics
            client = await world.client(here)
            await world.connect(here, client.id, there)
            other = World(await open_store(store_url), world.clinics)
            await other.codelists.load(other.store.reader)
            rex = await world.patient(here, client.id)
            seen: dict[int, int] = {}

            async def work(worker: World, seed: int) -> None:
                rng = random.Random(seed)
                for n in range(8):
                    clinic_id = rng.choice((here, there))
                    if n % 3 == 0:
                        await worker.patient(clinic_id, client.id, f"P{seed}-{n}")
                    else:
                        await worker.update(clinic_id, rex.id, name=f"R{seed}-{n}")

            async def follow() -> None:
                """A cursor over one clinic: each page takes what is newer than the newest seen."""
                cursor = 0
                for _ in range(60):
                    page = await patients.search_by_update(world.ctx(here), ByUpdate(since=cursor + 1, limit=1_000))
                    for patient in page.items:
                        seen[patient.number] = patient.updated_at
                        cursor = max(cursor, patient.updated_at)
                    await asyncio.sleep(0.002)

            try:
                await asyncio.gather(follow(), *(work((world, other)[seed % 2], seed) for seed in range(6)))
                page = await patients.search_by_update(
                    world.ctx(here), ByUpdate(since=max(seen.values()) + 1, limit=1_000)
                )
                seen |= {patient.number: patient.updated_at for patient in page.items}
            finally:
                await other.store.close()
            everything = await patients.search_by_update(world.ctx(here), ByUpdate(limit=1_000))
            assert seen == {patient.number: patient.updated_at for patient in everything.items}
            assert len(seen) == everything.total == 1 + 6 * 3
            assert await world.counts(here, "patients") == await world.counts(there, "patients") == [19]
            assert len(await world.events(here)) == len(await world.events(there)) == 2 + 6 * 8
        assert [finding for finding in await check(store_url) if finding.severity == "error"] == []

    run(test())
