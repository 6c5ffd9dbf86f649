# SPDX-License-Identifier: Apache-2.0
"""Loads the same rows into polyvet through its bulk loader, and gives it the same keys.

The keys' own limits are set so high that they are counted on every request and never reached.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import islice

from bench import dataset
from bench.apps.shared import KEYS
from bench.load_library import add_library
from bench.prepare import CLINIC_OF_KEY, Stores, say
from polyvet.identity import keys
from polyvet.model import entities, values
from polyvet.model.batch import Batch, Connected, Enrolled
from polyvet.model.species import SPECIES
from polyvet.settings import Settings
from polyvet.storage import access
from polyvet.storage.bulk import BulkLoader
from polyvet.storage.migrate import migrate
from polyvet.storage.store import is_postgresql, open_store
from polyvet.storage.writing import Touching, Tx

DIALECTS = {"clinova": "clinovavet", "writer": "clinovavet", "provet": "provet", "provet_writer": "provet"}
NEVER_REACHED = 1_000_000_000
BATCH = 50_000
SPECIES_CODES = {entry.slug: entry.code for entry in reversed(SPECIES)}  # the first entry of a slug stays
BREED_CODES = {(entry.slug, breed.name): breed.code for entry in SPECIES for breed in entry.breeds}


def load(place: str, stores: Stores) -> None:
    """Make polyvet's store in an empty directory, or in an empty PostgreSQL database."""
    settings = Settings(database_url=place) if is_postgresql(place) else Settings(data=place)
    asyncio.run(_load(settings.store_url, stores))


async def _load(url: str, stores: Stores) -> None:
    await migrate(url)
    await _add_clinics_and_keys(url)
    loader = BulkLoader(url)
    try:
        await loader.open()
        for batch in _batches(stores):
            await loader.add(batch)
            say(f"  loaded {len(batch.clients):,} clients, {len(batch.patients):,} patients")
        await loader.finish()
    finally:
        await loader.close()


async def _add_clinics_and_keys(url: str) -> None:
    now = values.from_datetime(dataset.START)
    store = await open_store(url)

    async def add_clinics(tx: Tx) -> None:
        for number in range(1, dataset.CLINICS + 1):
            access.add_clinic(tx, entities.Clinic(number, values.new_id(now), f"Clinic {number}", "UTC", "EUR", now))

    try:
        await store.write(Touching(), add_clinics)
        await add_library(store, now)
        for name, clinic in CLINIC_OF_KEY.items():
            if name == "vetcheck":  # a user's token
                continue
            new = keys.NewKey(
                clinic_id=clinic,
                dialect=DIALECTS.get(name, "vetigen"),
                name=name,
                per_minute=NEVER_REACHED,
                per_hour=NEVER_REACHED,
            )
            await keys.create(store, new, KEYS[name])
    finally:
        await store.close()


def _batches(stores: Stores) -> Iterator[Batch]:
    """All clients first, then the patients."""
    clients, connections = [], []
    for row in stores.clients:
        clients.append(_client(row))
        connected = values.from_datetime(row.updated)
        connections.append(Connected(row.clinic, clients[-1].id, entities.State.ACTIVE, row.number, connected))
    yield Batch(clients=clients, connections=connections)
    rows = iter(stores.patients())
    while part := list(islice(rows, BATCH)):
        yield _patient_batch(part)


def _patient_batch(rows: list[dataset.Patient]) -> Batch:
    batch = Batch()
    for row in rows:
        patient = _patient(row)
        batch.patients.append(patient)
        place = Enrolled(row.clinic, patient.id, entities.State.ACTIVE, patient.number, patient.updated_at)
        batch.enrolments.append(place)
        weight_mg = values.from_kilograms(row.weight)
        batch.weights.append(
            entities.Weight(values.new_id(patient.created_at), patient.id, row.clinic, weight_mg, patient.created_at)
        )
    return batch


def _client(row: dataset.Client) -> entities.Client:
    return entities.Client(
        id=row.id.to_bytes(16, "big"),
        number=row.number,
        state=entities.State.ACTIVE,
        first_name=row.first,
        middle_name=row.middle,
        last_name=row.last,
        email=row.email,
        phone=row.phone,
        address=row.address,
        last_visit=None,
        created_at=values.from_datetime(row.created),
        updated_at=values.from_datetime(row.updated),
    )


def _patient(row: dataset.Patient) -> entities.Patient:
    return entities.Patient(
        id=row.id.to_bytes(16, "big"),
        client_id=row.owner.to_bytes(16, "big"),
        number=row.number,
        state=entities.State.ACTIVE,
        name=row.name,
        species_id=SPECIES_CODES[row.species],
        breed_id=BREED_CODES[row.species, row.breed] if row.breed else None,
        sex=row.sex,
        neutered=row.neutered,
        birth_date=row.birth.isoformat(),
        deceased_on=None,
        weight_mg=values.from_kilograms(row.weight),
        created_at=values.from_datetime(row.created),
        updated_at=values.from_datetime(row.updated),
    )
