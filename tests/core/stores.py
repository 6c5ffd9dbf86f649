# SPDX-License-Identifier: Apache-2.0
"""One migrated store an engine, shared by tests that each make clinics of their own, and what they do to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest
from sqlalchemy import select

from polyvet.core import clients, clinics, patients
from polyvet.core.codelists import Codelists
from polyvet.core.context import PERMISSIONS, Caller, Context, Writing
from polyvet.model import values
from polyvet.model.entities import Client, Clinic, NewClient, NewPatient, Patient
from polyvet.model.paging import ByUpdate
from polyvet.storage.counters import count
from polyvet.storage.migrate import migrate
from polyvet.storage.statement import Statement, p
from polyvet.storage.store import Store, open_store
from polyvet.storage.tables import events
from polyvet.storage.writing import Touching
from tests import postgres

T = TypeVar("T")
TIMEOUT_S = 60
_EVENTS = Statement(
    select(events.c.seq, events.c.kind, events.c.entity, events.c.entity_id, events.c.at)
    .where(events.c.clinic_id == p("clinic"))
    .order_by(events.c.seq),
    "clinic",
)


@pytest.fixture(scope="session")
def sqlite_store_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A migrated embedded store."""
    url = f"sqlite:///{tmp_path_factory.mktemp('store')}/polyvet.db"
    asyncio.run(migrate(url))
    return url


@pytest.fixture(scope="session")
def postgres_store_url(postgres_url: str) -> Iterator[str]:
    """A migrated PostgreSQL database."""
    with postgres.databases(postgres_url) as fresh:
        url = fresh()
        asyncio.run(migrate(url))
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest) -> str:
    """A migrated store; the test runs once on each engine. Other tests' clinics are in it."""
    url: str = request.getfixturevalue(f"{request.param}_store_url")
    return url


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a test's coroutine; a test that hangs fails instead."""
    return asyncio.run(asyncio.wait_for(work, TIMEOUT_S))


def a_caller(clinic_id: int, permissions: tuple[str, ...] = PERMISSIONS, key_id: bytes = b"k" * 16) -> Caller:
    """Somebody who calls for the clinic."""
    return Caller(key_id, clinic_id, "integration", frozenset(permissions), "sk_live_test")


class World:
    """A store with new clinics; each method is one call of core or one transaction."""

    def __init__(self, store: Store, numbers: list[int]) -> None:
        self.store = store
        self.clinics = numbers
        self.codelists = Codelists()

    def ctx(self, clinic_id: int, permissions: tuple[str, ...] = PERMISSIONS) -> Context:
        """A reader's context."""
        return Context(a_caller(clinic_id, permissions), self.store, self.codelists)

    async def write(self, clinic_id: int, touching: Touching, work: Callable[[Writing], Awaitable[T]]) -> T:
        """One transaction."""
        caller = a_caller(clinic_id)
        return await self.store.write(touching, lambda tx: work(Writing(caller, tx, self.codelists)))

    async def client(self, clinic_id: int, first: str = "Ada", last: str = "Lovelace", **more: Any) -> Client:
        """Register a client."""
        new = NewClient(first_name=first, last_name=last, **more)
        return await self.write(clinic_id, clients.creating(clinic_id), lambda w: clients.create(w, new))

    async def patient(
        self, clinic_id: int, client_id: bytes, name: str = "Rex", species: str = "Dog", **more: Any
    ) -> Patient:
        """Register a patient."""
        new = NewPatient(client_id=client_id, name=name, species=species, **more)
        touching = patients.creating(clinic_id, client_id)
        return await self.write(clinic_id, touching, lambda w: patients.create(w, new, "shown"))

    async def update(self, clinic_id: int, patient_id: bytes, **changes: Any) -> Patient:
        """Change a patient."""
        touching = await patients.touching(self.ctx(clinic_id), patient_id)
        given = patients.Changes(**changes)
        return await self.write(clinic_id, touching, lambda w: patients.update(w, patient_id, "shown", given))

    async def archive(self, clinic_id: int, patient_id: bytes) -> None:
        """Archive a patient at the clinic."""
        touching = await patients.touching(self.ctx(clinic_id), patient_id)
        await self.write(clinic_id, touching, lambda w: patients.archive(w, patient_id, "shown"))

    async def delete(self, clinic_id: int, patient_id: bytes) -> None:
        """Delete a patient."""
        touching = await patients.touching(self.ctx(clinic_id), patient_id)
        await self.write(clinic_id, touching, lambda w: patients.delete(w, patient_id, "shown"))

    async def connect(self, clinic_id: int, client_id: bytes, other_id: int) -> None:
        """Open the clinic's client to another clinic."""
        touching = clients.connecting(clinic_id, other_id, client_id)
        await self.write(clinic_id, touching, lambda w: clients.connect(w, client_id, "shown", other_id))

    async def disconnect(self, clinic_id: int, client_id: bytes) -> None:
        """End the clinic's connection."""
        touching = clients.connecting(clinic_id, clinic_id, client_id)
        await self.write(clinic_id, touching, lambda w: clients.disconnect(w, client_id, "shown"))

    async def get(self, clinic_id: int, patient_id: bytes) -> Patient:
        """A patient as the clinic reads it."""
        return await patients.get(self.ctx(clinic_id), patient_id, "shown")

    async def names(self, clinic_id: int, **asked: Any) -> list[str]:
        """The names on the clinic's list, the newest change first; its total is held against it."""
        page = await patients.search_by_update(self.ctx(clinic_id), ByUpdate(limit=1_000, **asked))
        assert page.total == len(page.items)
        return [patient.name for patient in page.items]

    async def counts(self, clinic_id: int, *names: str) -> list[int]:
        """Counters."""
        return [await count(self.store.reader, clinic_id, name) for name in names]

    async def events(self, clinic_id: int) -> list[tuple[str, str, bytes]]:
        """The clinic's log: what happened to which entity. Its sequence has no gap and its stamps only rise."""
        rows = await self.store.reader.fetch(_EVENTS, clinic_id)
        assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
        stamps = [row[4] for row in rows]
        assert stamps == sorted(stamps)
        return [(row[1], row[2], bytes(row[3])) for row in rows]


@asynccontextmanager
async def opened(url: str, clinic_count: int = 2) -> AsyncIterator[World]:
    """The store with clinics that nobody else uses."""
    store = await open_store(url)
    try:
        now = values.now()
        numbers = [
            await clinics.create(store, Clinic(0, values.new_id(now), f"Clinic {n}", "Europe/Berlin", "EUR", now))
            for n in range(clinic_count)
        ]
        world = World(store, numbers)
        await world.codelists.load(store.reader)
        yield world
    finally:
        await store.close()
