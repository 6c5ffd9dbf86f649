# SPDX-License-Identifier: Apache-2.0
"""Each list against a naive one, and walks beside random writers."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from polyvet.model.entities import Client, Patient, State
from polyvet.model.paging import ByUpdate, Place, Walk
from polyvet.storage import access, clients, counters, patients
from polyvet.storage.check import check
from tests.storage.world import CAT, DOG, SLUGS, TORTOISE, World, run, world

SPECIES = (DOG, CAT, TORTOISE)


async def populated(w: World, seed: int, steps: int) -> tuple[list[Client], list[Patient]]:
    """Random writes at two clinics."""
    drawn = random.Random(seed)
    people = [
        await w.client(drawn.choice((1, 2)), f"P{i}", created_at=drawn.choice((1000, 2000, 3000 + i))) for i in range(4)
    ]
    animals: list[Patient] = []
    shared: set[bytes] = set()
    for step in range(steps):
        await random_write(w, drawn, people, animals, shared, step)
    return people, animals


async def random_write(w: World, drawn: random.Random, people, animals, shared: set[bytes], step: int) -> None:
    client = drawn.choice(people)
    kind = drawn.choice(("patient", "patient", "patient", "update", "update", "archive", "open", "hide", "show"))
    if kind == "patient" or not animals:
        created_at = drawn.choice((None, 5000, 6000))
        weight = drawn.choice((None, 4_000_000))
        animals.append(await w.patient(client.id, drawn.choice(SPECIES), f"A{step}", created_at=created_at,
                                       birth_date=drawn.choice((None, "2020-02-29")),
                                       neutered=drawn.choice((None, True, False)),
                                       weight_mg=weight))  # fmt: skip
    elif kind == "update":
        patient = drawn.choice(animals)
        await w.update(patient, name=f"B{step}", species_id=drawn.choice(SPECIES), deceased_on="2024-01-31")
    elif kind == "archive":
        patient, goal = drawn.choice(animals), drawn.choice((State.ARCHIVED, State.DELETED))
        if not await patient_is_deleted(w, patient) and (goal == State.DELETED or patient.client_id not in shared):
            await w.set_patient(patient, goal)
    elif kind == "open" and client.id not in shared:
        home = next(row[0] for row in await w.rows("connections", "clinic_id", "client_id") if row[1] == client.id)
        await w.open_to(client, 3 - home)
        shared.add(client.id)
    elif kind in ("hide", "show") and client.id in shared:
        # One of the two clinics keeps the client, so that there is one to bring it back.
        await w.set_client(client.id, 2, State.HIDDEN if kind == "hide" else State.ACTIVE)


async def patient_is_deleted(w: World, patient: Patient) -> bool:
    states = await w.rows("enrolments", "patient_id", "state")
    return (patient.id, State.DELETED) in [(row[0], row[1]) for row in states]


async def naive(w: World, clinic_id: int) -> list[Patient]:
    """The clinic's active patients, put together in Python."""
    places = {row[1]: row for row in await w.rows(
        "enrolments", "clinic_id", "patient_id", "state", "number", "updated_at") if row[0] == clinic_id}  # fmt: skip
    found = []
    for row in await w.rows("patients"):
        place = places.get(row[0])
        if place is not None and place[2] == State.ACTIVE:
            neutered = None if row[6] is None else bool(row[6])
            found.append(Patient(row[0], row[1], place[3], place[2], row[2], row[3], row[4], row[5], neutered, row[7],
                                 row[8], row[9], row[10], place[4]))  # fmt: skip
    return found


def newest_created(one: Patient | Client) -> tuple[int, bytes]:
    return one.created_at, one.id


@pytest.mark.parametrize("seed", range(3))
def test_patient_lists_equal_naive_ones(migrated_url: str, seed: int) -> None:
    async def test() -> None:
        async with world(migrated_url) as w:
            people, _ = await populated(w, seed, 70)
            assert [one for one in await check(migrated_url) if one.severity == "error"] == []
            for clinic_id in (1, 2):
                everyone = await naive(w, clinic_id)
                await by_update(w, clinic_id, everyone)
                for client_id in (None, people[0].id):
                    for species_id in (None, DOG):
                        await by_creation(w, clinic_id, everyone, client_id, species_id)
                for one in everyone:
                    assert await patients.get(w.reader, clinic_id, one.id) == one
                    assert await patients.client_of(w.reader, one.id) == one.client_id
            assert not await patients.exists(w.reader, b"\1" * 16)

    run(test())


async def by_update(w: World, clinic_id: int, everyone: list[Patient]) -> None:
    middle = sorted(one.updated_at for one in everyone)[len(everyone) // 2] if everyone else 0
    for slug in (None, "dog", "reptile", "fish"):
        for since in (None, 0, middle, 2**61):
            wanted = [
                one for one in everyone if slug in (None, SLUGS[one.species_id]) and one.updated_at >= (since or 0)
            ]
            wanted.sort(key=lambda one: -one.updated_at)
            asked: dict[str, Any] = {"slug": slug, "since": since}
            for offset, limit in ((0, 100), (0, 3), (2, 2), (500, 5)):
                page = await patients.list_by_update(w.reader, clinic_id, ByUpdate(**asked, limit=limit, offset=offset))
                assert page.items == wanted[offset : offset + limit]
                assert page.total == len(wanted)
                assert page.more == (offset + limit < len(wanted))
                stamps = await patients.list_stamps(w.reader, clinic_id, ByUpdate(**asked, limit=limit, offset=offset))
                assert [(one.id, one.updated_at) for one in stamps.items] == [
                    (one.id, one.updated_at) for one in page.items
                ]
                assert (stamps.total, stamps.more, stamps.walk) == (page.total, page.more, page.walk)
            assert await walked(w, clinic_id, asked, 3) == [one.id for one in wanted]


async def walked(w: World, clinic_id: int, asked, limit: int) -> list[bytes]:
    seen: list[bytes] = []
    walk: Walk | None = None
    while True:
        page = await patients.list_by_update(w.reader, clinic_id, ByUpdate(**asked, limit=limit, walk=walk))
        seen += [one.id for one in page.items]
        walk = page.walk
        if not page.more:
            return seen


async def by_creation(w: World, clinic_id: int, everyone, client_id: bytes | None, species_id: int | None) -> None:
    wanted = [one for one in everyone if client_id in (None, one.client_id) and species_id in (None, one.species_id)]
    wanted.sort(key=newest_created, reverse=True)
    asked: dict[str, Any] = {"client_id": client_id, "species_id": species_id}
    for offset, limit in ((0, 100), (1, 2), (500, 5)):
        page = await patients.list_by_creation(w.reader, clinic_id, **asked, limit=limit, offset=offset)
        assert (page.items, page.total) == (wanted[offset : offset + limit], len(wanted))
        assert page.more == (offset + limit < len(wanted))
    seen: list[Patient] = []
    place: Place | None = None
    more = True
    while more:
        page = await patients.list_by_creation(w.reader, clinic_id, **asked, limit=2, place=place)
        seen += page.items
        more = page.more
        place = Place(seen[-1].created_at, seen[-1].id) if seen else None
    assert seen == wanted


def test_client_lists_equal_naive_ones(migrated_url: str) -> None:
    async def test() -> None:
        async with world(migrated_url) as w:
            await populated(w, 5, 40)
            names = ("clinic_id", "client_id", "state")
            for clinic_id in (1, 2):
                here = [row[1] for row in await w.rows("connections", *names) if (row[0], row[2]) == (clinic_id, 0)]
                found = [await clients.get(w.reader, clinic_id, ident) for ident in here]
                wanted = [one for one in found if one is not None]
                wanted.sort(key=newest_created, reverse=True)
                page = await clients.list_by_creation(w.reader, clinic_id, limit=50)
                assert (page.items, page.total, page.more) == (wanted, len(wanted), False)
                assert await counters.count(w.reader, clinic_id, "clients") == len(wanted)
                seen: list[Client] = []
                for _ in wanted:
                    place = Place(seen[-1].created_at, seen[-1].id) if seen else None
                    seen += (await clients.list_by_creation(w.reader, clinic_id, limit=1, place=place)).items
                assert seen == wanted
            assert [one.id for one in await access.list_clinics(w.reader)] == [1, 2]
            assert await access.next_clinic_id(w.reader) == 3

    run(test())


@pytest.mark.parametrize("start", [0, 4])
def test_a_walk_beside_writers_sees_every_row_that_stays(migrated_url: str, start: int) -> None:
    async def test() -> None:
        async with world(migrated_url) as w:
            client = await w.client()
            animals = [await w.patient(client.id, drawn, f"A{i}") for i, drawn in enumerate([DOG, CAT] * 15)]
            stop = asyncio.Event()

            async def write(seed: int) -> None:
                drawn = random.Random(seed)
                while not stop.is_set():
                    await w.update(drawn.choice(animals), name=f"B{drawn.random()}")

            for slug in (None, "dog"):
                stop.clear()
                asked: dict[str, Any] = {"slug": slug, "since": None}
                # A page that is jumped to starts its walk there: what it has skipped is not its to see.
                first = await patients.list_by_update(w.reader, 1, ByUpdate(**asked, limit=100))
                writers = [asyncio.ensure_future(write(seed)) for seed in (1, 2)]
                skipped = {one.id for one in first.items[:start]} if start else set()
                seen, walk, offset = set(), None, start
                for page_number in range(200):
                    page = await patients.list_by_update(
                        w.reader, 1, ByUpdate(**asked, limit=2, offset=offset, walk=walk)
                    )
                    seen |= {one.id for one in page.items}
                    walk, offset = page.walk, 0
                    await asyncio.sleep(0.002)
                    if not page.more or page_number == 30:
                        stop.set()
                        await asyncio.gather(*writers)
                        if not page.more and page_number > 30:
                            break
                wanted = {one.id for one in animals if slug in (None, SLUGS[one.species_id])}
                if start == 0:
                    assert seen == wanted
                else:
                    assert len(wanted - seen) <= start
                    assert len(skipped) == start

    run(test())


class Interrupted:
    """A reader beside whom somebody writes after its first statement."""

    def __init__(self, w: World, writes) -> None:
        self._w, self._writes, self._done = w, writes, False
        self.engine = w.reader.engine

    async def fetch(self, statement, *args):
        rows = await self._w.reader.fetch(statement, *args)
        await self._interrupt()
        return rows

    async def fetch_one(self, statement, *args):
        row = await self._w.reader.fetch_one(statement, *args)
        await self._interrupt()
        return row

    async def _interrupt(self) -> None:
        if not self._done:
            self._done = True
            await self._writes()


def test_a_walk_that_starts_with_a_jump_misses_nothing_that_changes_meanwhile(migrated_url: str) -> None:
    async def test() -> None:
        async with world(migrated_url) as w:
            client = await w.client()
            animals = [await w.patient(client.id) for _ in range(8)]
            oldest = animals[0]
            reader = Interrupted(w, lambda: w.update(oldest, name="Changed"))
            page = await patients.list_by_update(reader, 1, ByUpdate(slug=None, since=None, limit=2, offset=2))
            seen = {one.id for one in page.items}
            while page.more:
                page = await patients.list_by_update(
                    w.reader, 1, ByUpdate(slug=None, since=None, limit=2, walk=page.walk)
                )
                seen |= {one.id for one in page.items}
            assert oldest.id in seen

    run(test())
