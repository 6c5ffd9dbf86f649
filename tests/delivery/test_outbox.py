# SPDX-License-Identifier: Apache-2.0
"""What becomes of events: which hooks hear of which changes, from when on, and how far the log was read."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace

from polyvet.core import webhooks
from polyvet.delivery.outbox import read_on
from polyvet.dialects.provet.triggers import TELLING
from polyvet.model import values
from polyvet.storage import departments
from polyvet.storage.outbox import in_place_of_an_id
from polyvet.storage.statement import Statement, inserting
from polyvet.storage.tables import calendar_events, outbox_cursors
from polyvet.storage.writing import Touching, Tx
from tests.core.stores import World, run
from tests.delivery.receiving import CLIENT, PATIENT, Telling, telling

NOWHERE = "https://receiver.example/"
APPOINTMENT, APPOINTMENT_DELETE, REMINDER_DELETE, CLIENT_DELETE, PHONE = 21, 22, 24, 39, 65
_APPOINTMENT = inserting(
    calendar_events,
    "id clinic_id title kind status start_at end_at created_at updated_at number department",
    rank=100,
)


async def read(world: World) -> bool:
    """Read all that there is; gives whether there is an active webhook."""
    while True:
        listening, more = await read_on(world.store, TELLING)
        if not more:
            return listening


async def told(world: Telling, clinic_id: int | None = None) -> list[tuple[int, str, str]]:
    """What is queued: the event's place in the log, the parameter and its value."""
    return [(one.event_seq, one.parameter, one.value) for one in await world.queue(clinic_id)]


async def happen(world: Telling, kind: str, entity: str, ident: bytes) -> None:
    """An event as a resource of its own would append it."""

    async def work(tx: Tx) -> None:
        tx.event(world.clinic, kind, entity, ident, tx.stamp(world.clinic))

    await world.store.write(Touching(clinics=(world.clinic,)), work)


async def appointment(world: Telling, number: int, department: int | None) -> bytes:
    """An appointment's row."""
    ident, now = values.new_id(), values.now()

    async def work(tx: Tx) -> None:
        tx.write(
            _APPOINTMENT, ident, world.clinic, "", "APPOINTMENT", "SCHEDULED", now, now, now, now, number, department
        )

    await world.store.write(Touching(clinics=(world.clinic,)), work)
    return ident


def test_a_hook_hears_of_what_its_trigger_names_and_of_nothing_before_it(migrated_url: str) -> None:
    async def test() -> None:
        async with telling(migrated_url) as world:
            early = await world.client(world.clinic)
            await world.hook(NOWHERE, PATIENT)
            await world.hook(NOWHERE, CLIENT)
            one = await world.patient(world.clinic, early.id)
            two = await world.patient(world.clinic, early.id)
            assert await read(world)
            assert [row[1:] for row in await told(world)] == [("patient_id", "1"), ("patient_id", "2")]
            await world.update(world.clinic, two.id, name="Bello")
            await world.archive(world.clinic, one.id)
            await world.client(world.clinic)
            await read(world)
            await read(world)  # there is nothing more
            assert [row[1:] for row in await told(world)][2:] == [
                ("patient_id", "2"), ("patient_id", "1"), ("client_id", "2"),
            ]  # fmt: skip

    run(test())


def test_changes_of_one_thing_that_wait_together_are_one_message_of_the_last(migrated_url: str) -> None:
    async def test() -> None:
        async with telling(migrated_url) as world:
            await world.hook(NOWHERE, PATIENT)
            client = await world.client(world.clinic)
            patient = await world.patient(world.clinic, client.id)
            for n in range(5):
                await world.update(world.clinic, patient.id, name=f"Rex {n}")
            await read(world)
            (last,) = [one[0] for one in await told(world)]
            assert last == len(await world.events(world.clinic))
            await world.update(world.clinic, patient.id, name="Rex")
            await read(world)
            assert len(await told(world)) == 2  # what was queued may be under way already

    run(test())


def test_an_inactive_hook_hears_nothing_and_later_not_of_what_it_missed(migrated_url: str) -> None:
    async def test() -> None:
        async with telling(migrated_url) as world:
            hook = await world.hook(NOWHERE, CLIENT, active=False)
            await world.client(world.clinic)
            assert not await read(world)
            assert await told(world) == []
            await world.change(hook, active=True)
            assert await read(world)
            assert await told(world) == []
            await world.client(world.clinic)
            await read(world)
            assert [row[2] for row in await told(world)] == ["2"]
            await world.change(hook, active=False)
            await world.client(world.clinic)
            await world.hook(NOWHERE, CLIENT)
            await read(world)
            assert len(await told(world)) == 1

    run(test())


def test_who_has_no_hook_is_not_read_at_all(migrated_url: str) -> None:
    async def test() -> None:
        async with telling(migrated_url, 2) as world:
            listening, other = world.clinics
            await world.hook(NOWHERE, CLIENT, listening)
            await world.client(listening)
            await world.client(other)
            await read(world)
            found = await world.store.reader.fetch(_CURSORS)
            assert [tuple(row) for row in found] == [(listening, len(await world.events(listening)))]
            assert await told(world, other) == []

    run(test())


_CURSORS = Statement(outbox_cursors.select())


def test_a_clients_change_is_told_at_each_clinic_with_its_own_number(migrated_url: str) -> None:
    async def test() -> None:
        async with telling(migrated_url, 2) as world:
            first, second = world.clinics
            await world.client(second)
            client = await world.client(first)
            for clinic in (first, second):
                await world.hook(NOWHERE, CLIENT, clinic)
                await world.hook(NOWHERE, CLIENT_DELETE, clinic)
            await world.connect(first, client.id, second)
            await read(world)
            assert [row[2] for row in await told(world, second)] == ["2"]
            await world.disconnect(second, client.id)
            await read(world)
            assert [row[1:] for row in await told(world, second)][1:] == [("client_id", "2")] * 2  # changed, and gone
            assert await told(world, first) == []

    run(test())


def test_a_department_hears_of_its_own_things_and_never_of_clients_or_patients(migrated_url: str) -> None:
    async def test() -> None:
        async with telling(migrated_url) as world:

            async def set_up(tx: Tx) -> None:
                for number in (1, 2):
                    departments.add(tx, world.clinic, number, f"Department {number}")

            await world.store.write(Touching(clinics=(world.clinic,)), set_up)
            for trigger in (CLIENT, PATIENT, APPOINTMENT, PHONE):
                for department in (1, 2, None):
                    await world.hook(NOWHERE, trigger, department=department)
            client = await world.client(world.clinic)
            await world.patient(world.clinic, client.id)
            await happen(world, "created", "phone number", (77).to_bytes(16, "big"))
            for number, department in ((5, 1), (6, None)):
                await happen(world, "created", "appointment", await appointment(world, number, department))
            await read(world)
            ctx = world.ctx(world.clinic)
            page = await webhooks.list_deliveries(ctx, None, (), limit=100, offset=0)
            assert [(hook.trigger, hook.department, one.value) for one, hook in page.items] == [
                (CLIENT, None, "1"),
                (PATIENT, None, "1"),
                (PHONE, None, "77"),
                (APPOINTMENT, 1, "5"),
                (APPOINTMENT, None, "5"),
                (APPOINTMENT, None, "6"),
            ]

    run(test())


def test_what_was_deleted_is_told_by_the_number_that_its_event_holds(migrated_url: str) -> None:
    async def test() -> None:
        async with telling(migrated_url) as world:
            for trigger in (REMINDER_DELETE, APPOINTMENT, APPOINTMENT_DELETE):
                await world.hook(NOWHERE, trigger)
            await happen(world, "deleted", "reminder", (31).to_bytes(16, "big"))
            await happen(world, "deleted", "appointment", await appointment(world, 8, None))
            await happen(world, "updated", "appointment", values.new_id())  # of which there is no row
            await read(world)
            assert [row[1:] for row in await told(world)] == [("reminder_id", "31"), ("appointment_id", "8")]

    run(test())


def test_a_department_hears_that_something_of_its_own_was_deleted(migrated_url: str) -> None:
    async def test() -> None:
        async with telling(migrated_url) as world:

            async def set_up(tx: Tx) -> None:
                for number in (1, 2):
                    departments.add(tx, world.clinic, number, f"Department {number}")

            await world.store.write(Touching(clinics=(world.clinic,)), set_up)
            for department in (1, 2, None):
                await world.hook(NOWHERE, REMINDER_DELETE, department=department)
            for number, department in ((31, 2), (32, None)):
                await happen(world, "deleted", "reminder", in_place_of_an_id(number, department))
            await read(world)
            page = await webhooks.list_deliveries(world.ctx(world.clinic), None, (), limit=100, offset=0)
            found = sorted((hook.department or 0, one.value) for one, hook in page.items)
            assert found == [(0, "31"), (0, "32"), (2, "31")]

    run(test())


def test_a_long_log_is_read_in_pieces_and_nothing_is_left_out(migrated_url: str) -> None:
    async def test() -> None:
        async with telling(migrated_url) as world:
            await world.hook(NOWHERE, PHONE)

            async def work(tx: Tx) -> None:
                stamp = tx.stamp(world.clinic)
                for n in range(1, 1_235):
                    tx.event(world.clinic, "created", "phone number", n.to_bytes(16, "big"), stamp)

            await world.store.write(Touching(clinics=(world.clinic,)), work)
            pieces = 1
            while await read_on(world.store, TELLING) == (True, True):
                pieces += 1
            assert pieces == 3
            ctx = world.ctx(world.clinic)
            page = await webhooks.list_deliveries(ctx, None, (), limit=2_000, offset=0)
            assert page.total == 1_234
            assert [one.value for one, _ in page.items] == [str(n) for n in range(1, 1_235)]
            assert [one.number for one, _ in page.items] == list(range(1, 1_235))

    run(test())


def test_two_who_read_at_once_make_each_delivery_once(migrated_url: str) -> None:
    async def test() -> None:
        async with telling(migrated_url) as world, telling(migrated_url, 0) as beside:
            hook = await world.hook(NOWHERE, CLIENT)
            for _ in range(20):
                await world.client(world.clinic)
                await asyncio.gather(read(world), read(beside), read(world))
            found = await told(world)
            assert [row[2] for row in found] == [str(n) for n in range(1, 21)]
            assert len({row[0] for row in found}) == 20
            assert replace(hook).since_seq == 0

    run(test())
