# SPDX-License-Identifier: Apache-2.0
"""A bulk load leaves what the ordinary way of writing would have left, and the schema as it was."""

from __future__ import annotations

import pytest
from msgspec import structs

from polyvet.model.batch import Batch, Connected, Enrolled
from polyvet.model.entities import CARRIED_OVER, CalendarEvent, Invoice, InvoiceLine, MedicalRecord, State, Weight
from polyvet.storage import calendar as calendars
from polyvet.storage import clients, counters, invoices, records
from polyvet.storage.bulk import BulkLoader
from polyvet.storage.check import check
from polyvet.storage.store import is_postgresql
from tests.storage.test_migrate import execute
from tests.storage.world import CAT, DOG, a_client, a_patient, run, world

SCHEMA = {
    True: "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' UNION SELECT conname || conrelid::regclass ||"
    " pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace",
    False: "SELECT type || name || sql FROM sqlite_master WHERE sql IS NOT NULL",
}


LATER = 4_000_000_000_000_000  # beyond the clock of a clinic that is in use


def batch(start: int, count: int) -> Batch:
    """`count` clients of clinic 1, every other one at clinic 2 as well, with one of everything."""
    b = Batch([], [], [], [], [], [], [], [], [])
    for i in range(start, start + count):
        at = i * 100_000_000_000
        client = a_client(f"Bulk{i}", "Müller", email=f"{i}@example.org", phone=None if i % 3 else "030", created_at=at)
        patient = a_patient(client.id, DOG if i % 2 else CAT, birth_date="2020-02-29", neutered=True, created_at=at)
        b.clients.append(client)
        b.patients.append(patient)
        for clinic_id in (1, 2) if i % 2 else (1,):
            state = State.ARCHIVED if i % 7 == 0 else State.ACTIVE
            b.connections.append(Connected(clinic_id, client.id, State.ACTIVE, i, LATER + at + 1, None))
            b.enrolments.append(Enrolled(clinic_id, patient.id, state, i, LATER + at + 2))
        b.weights.append(Weight(patient.id, patient.id, 1, 4_000_000, at))
        b.records.append(MedicalRecord(patient.id, 1, patient.id, "DENTAL", "DRAFT", "T", None, None, None, None, "p",
                                       None, None, at, None, None, None, at, at + 3))  # fmt: skip
        b.events.append(
            CalendarEvent(patient.id, 1, "E", "SURGERY", "CLOSED", at, at + 9, patient.id, None, at, at + 4)
        )
        status = "PAID" if i % 2 else "UNPAID"
        b.invoices.append(Invoice(client.id, 1, client.id, patient.id, f"2026-{i:04}", status, "EUR", 0, at, at + 5))
        b.invoice_lines.append(InvoiceLine(client.id, 0, "Fee", 1999, 1500))
    return b


async def load(url: str, *batches: Batch) -> None:
    loader = BulkLoader(url)
    try:
        await loader.open()
        for one in batches:
            await loader.add(one)
        await loader.finish()
    finally:
        await loader.close()


@pytest.mark.parametrize("held_open", [False, True])
@pytest.mark.parametrize("not_empty", [False, True])
def test_a_load_is_whole(migrated_url: str, held_open: bool, not_empty: bool) -> None:
    async def test() -> None:
        async with world(migrated_url) as w:
            if not_empty:
                await w.patient((await w.client(2)).id)
            before = sorted(await execute(migrated_url, SCHEMA[is_postgresql(migrated_url)]))
            if held_open:
                await load(migrated_url, batch(10, 30), batch(40, 30))
        if not held_open:
            await load(migrated_url, batch(10, 30), batch(40, 30))
        assert sorted(await execute(migrated_url, SCHEMA[is_postgresql(migrated_url)])) == before
        assert [one for one in await check(migrated_url) if one.severity == "error"] == []
        async with reopened(migrated_url) as w:
            for name, n in (
                ("clients", 60),
                ("patients", 52),
                ("records", 60),
                ("invoices/PAID", 30),
                ("invoice rows", 60),
            ):
                assert await counters.count(w.reader, 1, name) == n
            found = await clients.search(w.store, 1, "bulk4", limit=50)
            assert found.total == 10
            page = await invoices.list_by_creation(w.reader, 1, client_id=None, status="PAID", limit=3)
            assert (page.total, page.items[0].head.number, page.items[0].total_cents) == (30, "2026-0069", 2999)
            mine = await invoices.list_by_creation(
                w.reader, 1, client_id=page.items[0].head.client_id, status=None, limit=3
            )
            assert (mine.total, len(mine.items)) == (1, 1)
            listed = await records.list_of_clinic(w.reader, 1, patient_id=None, since=0, until=2 * 10**12, limit=5)
            assert listed.total == 10
            assert await records.get(w.reader, listed.items[0].id) == listed.items[0]
            of_patient = await records.list_of_patient(
                w.reader, listed.items[0].patient_id, kind="DENTAL", status=None, limit=5
            )
            assert of_patient.items == listed.items[:1]
            day = await calendars.list_window(
                w.reader, 1, low=0, high=2 * 10**12, kind="SURGERY", status=None, limit=3, offset=1
            )
            assert (day.total, len(day.items), day.more) == (10, 3, True)
            before_number = (await w.rows("clinics", "id", "client_seq"))[0][1]
            assert before_number == 69
            written = await w.client(1)
            kept = await clients.get(w.reader, 1, written.id)
            assert kept is not None
            assert kept.number == 70

    run(test())


def reopened(url: str):
    from contextlib import asynccontextmanager

    from polyvet.storage.store import open_store
    from tests.storage.world import World

    @asynccontextmanager
    async def opened():
        store = await open_store(url)
        try:
            yield World(store)
        finally:
            await store.close()

    return opened()


def test_a_load_that_is_given_up_leaves_nothing(migrated_url: str) -> None:
    async def test() -> None:
        async with world(migrated_url) as w:
            before = sorted(await execute(migrated_url, SCHEMA[is_postgresql(migrated_url)]))
            loader = BulkLoader(migrated_url)
            await loader.open()
            await loader.add(batch(1, 5))
            await loader.close()
            assert await w.rows("clients") == []
            assert sorted(await execute(migrated_url, SCHEMA[is_postgresql(migrated_url)])) == before
            await w.client()  # no lock is left behind

    run(test())


def test_stamps_that_the_clinics_clock_has_passed_are_refused(migrated_url: str) -> None:
    async def test() -> None:
        async with world(migrated_url) as w:
            known = await clients.get(w.reader, 1, (await w.client(1)).id)
            assert known is not None
            late = batch(10, 1)
            late.connections[0] = structs.replace(late.connections[0], updated_at=known.updated_at)
            with pytest.raises(ValueError, match="its clock has passed"):
                await load(migrated_url, late)
            assert await counters.count(w.reader, 1, "clients") == 1

    run(test())


def test_a_batch_that_points_nowhere_is_refused(migrated_url: str) -> None:
    async def test() -> None:
        async with world(migrated_url) as w:
            broken = batch(1, 2)
            broken.connections.append(Connected(1, b"\7" * 16, 0, 99, 5))
            with pytest.raises(ValueError, match="not there"):
                await load(migrated_url, broken)
            assert await w.rows("clients") == []

    run(test())


@pytest.mark.parametrize("position", [-1, CARRIED_OVER])
def test_a_line_that_would_take_another_rows_number_is_refused(migrated_url: str, position: int) -> None:
    async def test() -> None:
        async with world(migrated_url) as w:
            crowded = batch(1, 2)
            crowded.invoice_lines[1] = structs.replace(crowded.invoice_lines[1], position=position)
            with pytest.raises(ValueError, match="at most 999 lines"):
                await load(migrated_url, crowded)
            assert await w.rows("invoice_lines") == []

    run(test())
