# SPDX-License-Identifier: Apache-2.0
"""A small practice record to test on: real stores, written through storage's own functions."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import select

from polyvet.model import values
from polyvet.model.entities import Client, Clinic, Patient, State
from polyvet.storage import access, clients, offers, patients
from polyvet.storage.migrate import migrate
from polyvet.storage.statement import Statement
from polyvet.storage.store import Store, open_store
from polyvet.storage.tables import metadata
from polyvet.storage.writing import Touching, Tx

DOG, CAT, TORTOISE = 15461002, 15462002, 15466002
SLUGS = {DOG: "dog", CAT: "cat", TORTOISE: "reptile"}
T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a test's coroutine; a test that hangs fails instead."""
    return asyncio.run(asyncio.wait_for(work, 60))


def a_client(first: str = "Ada", last: str = "Lovelace", **more: Any) -> Client:
    """A client as it is registered."""
    at = values.now()
    given = {"middle_name": None, "email": None, "phone": None, "address": None, **more}
    return Client(values.new_id(at), 0, 0, first, given["middle_name"], last, given["email"], given["phone"],
                  given["address"], None, given.get("created_at", at), at)  # fmt: skip


def a_patient(client_id: bytes, species_id: int = DOG, name: str = "Rex", **more: Any) -> Patient:
    """A patient as it is registered."""
    at = more.pop("created_at", None) or values.now()
    return Patient(values.new_id(at), client_id, 0, 0, name, species_id, None, "female", more.get("neutered"),
                   more.get("birth_date"), more.get("deceased_on"), more.get("weight_mg"), at, at)  # fmt: skip


class World:
    """A store with the clinics 1, 2, …; each method is one transaction."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.reader = store.reader

    async def write(self, job: Callable[[Tx], Awaitable[T]], *, at: Sequence[int] = (), of: Sequence[bytes] = ()) -> T:
        return await self.store.write(Touching(tuple(at), tuple(of)), job)

    async def register(self, client: Client, clinic_id: int = 1) -> Client:
        async def job(tx: Tx) -> None:
            clients.insert(tx, client)
            clients.connect(tx, clinic_id, client)

        await self.write(job, at=[clinic_id])
        return client

    async def client(self, clinic_id: int = 1, first: str = "Ada", last: str = "Lovelace", **more: Any) -> Client:
        return await self.register(a_client(first, last, **more), clinic_id)

    async def patient(self, client_id: bytes, species_id: int = DOG, name: str = "Rex", **more: Any) -> Patient:
        patient = a_patient(client_id, species_id, name, **more)

        async def job(tx: Tx) -> None:
            patients.insert(tx, patient, SLUGS[species_id])

        await self.write(job, of=[client_id])
        return patient

    async def open_to(self, client: Client, clinic_id: int) -> None:
        """Connect the client to another clinic for the first time, patients included."""

        async def job(tx: Tx) -> None:
            home = tx.links(client.id)[0].clinic_id
            known = await clients.get(tx, home, client.id)
            assert known is not None
            clients.connect(tx, clinic_id, known, phones=(await clients.phone_numbers(tx, client.id))[1:])
            offers.share(tx, client.id)
            for patient_id in await clients.patients_of(tx, home, client.id):
                patient = await patients.get(tx, home, patient_id)
                assert patient is not None
                if patient.state != State.DELETED:
                    patients.enrol(tx, clinic_id, patient, SLUGS[patient.species_id])

        await self.write(job, at=[clinic_id], of=[client.id])

    async def update(self, patient: Patient, **new: Any) -> None:
        import msgspec

        changed = msgspec.structs.replace(patient, **new)

        async def job(tx: Tx) -> None:
            await patients.update_everywhere(tx, changed, SLUGS[changed.species_id])

        await self.write(job, of=[patient.client_id])

    async def set_patient(self, patient: Patient, state: State, only: int | None = None) -> None:
        async def job(tx: Tx) -> None:
            await patients.set_state(tx, patient.id, state, kind="archived", only=only)

        await self.write(job, of=[patient.client_id])

    async def set_client(self, client_id: bytes, clinic_id: int, state: State) -> None:
        """Move a connection, and its patients with it, as core does."""

        async def job(tx: Tx) -> None:
            links = {link.clinic_id: link.state for link in tx.links(client_id)}
            old = links[clinic_id]
            await clients.set_state(tx, clinic_id, client_id, old=old, new=state, kind="moved")
            here = await clients.patients_of(tx, clinic_id, client_id)
            if state == State.HIDDEN:
                for patient_id in here:
                    await patients.set_state(tx, patient_id, State.HIDDEN, kind="moved", only=clinic_id)
            elif old == State.HIDDEN:
                other = next(number for number in links if number != clinic_id)
                for patient_id in await clients.patients_of(tx, other, client_id):
                    patient = await patients.get(tx, other, patient_id)
                    assert patient is not None
                    if patient.state == State.DELETED:
                        continue
                    if patient_id in here:
                        await patients.set_state(tx, patient_id, State.ACTIVE, kind="moved", only=clinic_id)
                    else:
                        patients.enrol(tx, clinic_id, patient, SLUGS[patient.species_id])

        await self.write(job, of=[client_id])

    async def rows(self, table: str, *names: str) -> list[tuple[Any, ...]]:
        """A table's rows, as the store keeps them."""
        columns = metadata.tables[table].columns
        query = select(*(columns[name] for name in names)) if names else select(*columns)
        return sorted((tuple(row) for row in await self.reader.fetch(Statement(query))), key=repr)


@asynccontextmanager
async def world(url: str, clinics: int = 2) -> AsyncIterator[World]:
    """A new store at a database that is empty, or of the newest schema."""
    await migrate(url)
    store = await open_store(url)
    try:

        async def job(tx: Tx) -> None:
            for number in range(1, clinics + 1):
                access.add_clinic(tx, Clinic(number, os.urandom(16), f"Clinic {number}", "Europe/Berlin", "EUR", 1))

        await store.write(Touching(), job)
        yield World(store)
    finally:
        await store.close()
