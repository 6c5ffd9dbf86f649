# SPDX-License-Identifier: Apache-2.0
"""Records, calendar, invoices and stock: each clinic reads its own, and of shared patients what it may."""

from __future__ import annotations

from typing import Any

import pytest

from polyvet.core import calendar, invoices, records, stock
from polyvet.model import values
from polyvet.model.batch import Batch
from polyvet.model.entities import CalendarEvent, Invoice, InvoiceLine, MedicalRecord, StockItem
from polyvet.model.errors import Missing, NotConnected, RangeTooLong
from polyvet.model.values import DAY
from polyvet.storage import stock as stored_stock
from polyvet.storage.bulk import BulkLoader
from polyvet.storage.writing import Touching, Tx
from tests.core.stores import World, opened, run

NOON = values.instant("2026-03-18T12:00:00Z")


def _record(clinic_id: int, patient_id: bytes, at: int = NOON) -> MedicalRecord:
    nothing: dict[str, Any] = dict.fromkeys(
        ("subjective", "objective", "assessment", "differential", "plan", "blood_test", "urine_test")
    )
    return MedicalRecord(
        id=values.new_id(at), clinic_id=clinic_id, patient_id=patient_id, kind="examination", status="signed",
        title="Check-up", occurred_at=at, author_id=None, signed_at=at, amends_id=None, created_at=at, updated_at=at,
        **nothing,
    )  # fmt: skip


def _event(clinic_id: int, at: int) -> CalendarEvent:
    return CalendarEvent(
        values.new_id(at), clinic_id, "Visit", "appointment", "confirmed", at, at + 1, None, None, at, at
    )


def _item(clinic_id: int, name: str, quantity: int) -> StockItem:
    at = values.now()
    return StockItem(
        values.new_id(at), clinic_id, name, "MEDICATION", name, "ml", quantity, 10, 5, "EUR", False, at, at
    )


async def _load(url: str, **rows: Any) -> None:
    loader = BulkLoader(url)
    try:
        await loader.open()
        await loader.add(Batch(**rows))
        await loader.finish()
    finally:
        await loader.close()


async def _shared(world: World) -> bytes:
    """A patient of the first clinic that is open to the second, too."""
    here, there = world.clinics[:2]
    client = await world.client(here)
    await world.connect(here, client.id, there)
    return (await world.patient(here, client.id)).id


def test_a_record_is_read_by_its_clinic_and_by_those_who_see_the_patient(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url, 3) as world:
            here, there, elsewhere = world.clinics
            patient_id = await _shared(world)
            ours, theirs = _record(here, patient_id), _record(there, patient_id, NOON + DAY)
            await _load(store_url, records=[ours, theirs])
            for clinic_id in (here, there):
                assert (await records.get(world.ctx(clinic_id), ours.id, "x")).id == ours.id
                page = await records.search_patient(world.ctx(clinic_id), patient_id, "x", limit=10)
                assert [one.id for one in page.items] == [theirs.id, ours.id]
            with pytest.raises((Missing, NotConnected)):
                await records.get(world.ctx(elsewhere), ours.id, "x")
            with pytest.raises((Missing, NotConnected)):
                await records.search_patient(world.ctx(elsewhere), patient_id, "x", limit=10)
            own = await records.search(world.ctx(here), since=NOON, until=NOON + 1, limit=10)
            assert ([one.id for one in own.items], own.total) == ([ours.id], 1)
            with pytest.raises(Missing):
                await records.get(world.ctx(here), b"\1" * 16, "x")

    run(test())


def test_who_is_disconnected_keeps_the_records_it_made_and_loses_the_others(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, there = world.clinics
            patient_id = await _shared(world)
            ours, theirs = _record(here, patient_id), _record(there, patient_id)
            await _load(store_url, records=[ours, theirs])
            client_id = (await world.get(here, patient_id)).client_id
            await world.disconnect(there, client_id)
            assert (await records.get(world.ctx(there), theirs.id, "x")).id == theirs.id
            with pytest.raises(NotConnected):
                await records.get(world.ctx(there), ours.id, "x")
            with pytest.raises(NotConnected):
                await records.search_patient(world.ctx(there), patient_id, "x", limit=10)

    run(test())


def test_the_calendar_is_the_clinics_own_in_windows_of_bounded_length(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, there = world.clinics
            events = [_event(here, NOON + n * DAY) for n in range(3)] + [_event(there, NOON)]
            await _load(store_url, events=events)
            page = await calendar.search(world.ctx(here), low=NOON, high=NOON + 2 * DAY, limit=10)
            assert ([one.id for one in page.items], page.total) == ([events[0].id, events[1].id], 2)
            longest = await calendar.search(world.ctx(here), low=NOON, high=NOON + 90 * DAY, limit=10)
            assert longest.total == 3
            for low, high in ((NOON, NOON + 90 * DAY + 1), (NOON, NOON - 1)):
                with pytest.raises(RangeTooLong):
                    await calendar.search(world.ctx(here), low=low, high=high, limit=10)
            assert (await calendar.search(world.ctx(here), low=NOON, high=NOON, limit=10)).items == []

    run(test())


def test_invoices_and_stock_are_never_shared(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, there = world.clinics
            patient_id = await _shared(world)
            client_id = (await world.get(here, patient_id)).client_id
            invoice = Invoice(values.new_id(NOON), here, client_id, patient_id, "INV-1", "PAID", "EUR", 0, NOON, NOON)
            line = InvoiceLine(invoice.id, 0, "Check-up", 2_500, 1_000)
            await _load(store_url, invoices=[invoice], invoice_lines=[line])
            low, plenty = _item(here, "Low", 1), _item(here, "Plenty", 99_000)

            async def add(tx: Tx) -> None:
                stored_stock.insert(tx, low)
                stored_stock.insert(tx, plenty)

            await world.store.write(Touching(clinics=(here,)), add)
            ours = await invoices.search(world.ctx(here), client_id=client_id, limit=10)
            assert (ours.total, len(ours.items)) == (1, 1)
            assert (await invoices.search(world.ctx(there), client_id=client_id, limit=10)).total == 0
            assert (await stock.get(world.ctx(here), low.id, "x")).name == "Low"
            with pytest.raises(Missing):
                await stock.get(world.ctx(there), low.id, "x")
            assert (await stock.search(world.ctx(here), only_low=True, limit=10)).total == 1
            assert (await stock.search(world.ctx(here), limit=10)).total == 2
            assert (await stock.search(world.ctx(there), limit=10)).total == 0

    run(test())
