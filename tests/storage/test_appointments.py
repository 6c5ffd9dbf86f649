# SPDX-License-Identifier: Apache-2.0
"""Appointments of a clinic with some thousands: what their lists read, and whether somebody is free."""

from __future__ import annotations

import random
import re
import uuid
from typing import Any

import pytest

from polyvet.model import values
from polyvet.model.batch import Batch
from polyvet.model.details import AppointmentDetails
from polyvet.model.entities import CalendarEvent, EventStatus, User
from polyvet.model.filters import All, Condition, Filter, Op, Order
from polyvet.storage import appointments, patient_files, staff
from polyvet.storage.appointments import LISTED
from polyvet.storage.filtered import FilteredList
from polyvet.storage.statement import SQLITE, Statement, as_numbers
from polyvet.storage.writing import Tx
from tests.storage.test_bulk import load
from tests.storage.test_migrate import execute
from tests.storage.world import World, run, world

MANY = 4_000
MINUTE = 60 * values.MICROSECONDS
START = values.instant("2033-01-03T08:00:00Z")
SHIFT = Condition("start_at", Op.RANGE, (START + values.DAY, START + values.DAY + 240 * MINUTE))
# Filters, orders, and what SQLite and PostgreSQL look for in which index.
LISTS: list[tuple[Filter | None, tuple[Order, ...], str, str]] = [
    (None, (), "calendar_number (clinic_id=?)", "calendar_number"),
    (None, (Order("start_at", descending=True),), "calendar_start (clinic_id=?)", "calendar_start"),
    (None, (Order("updated_at", descending=True),), "calendar_updated (clinic_id=?)", "calendar_updated"),
    (SHIFT, (), "calendar_start (clinic_id=? AND start_at>? AND start_at<?)", "calendar_start"),
    (
        All((SHIFT, Condition("active", Op.IS, (True,)), Condition("patients.number", Op.IS_NULL, (False,)))),
        (), "calendar_start (clinic_id=? AND start_at>? AND start_at<?)", "calendar_start",
    ),
    (
        Condition("client.number", Op.IS, (7,)), (),
        "calendar_client (clinic_id=? AND client_id=?)", "calendar_client",
    ),
    (Condition("patients.number", Op.IS, (7,)), (), "calendar_patient (patient_id=?)", "calendar_patient"),
    (Condition("user.number", Op.IS, (2,)), (), "calendar_user (clinic_id=? AND user_id=?)", "calendar_user"),
    (
        Condition("updated_at", Op.GTE, (START + (MANY - 9) * MINUTE,)), (),
        "calendar_updated (clinic_id=? AND updated_at>?)", "calendar_updated",
    ),
]  # fmt: skip


async def a_busy_clinic(w: World, url: str) -> None:
    """Some thousand half hours of eight people at clinic 1, and one at clinic 2."""
    drawn = random.Random(3)
    people = await w.write(lambda tx: hired(tx, 1, 8), at=[1])
    owners = [await w.client(last=f"L{place}") for place in range(60)]
    pets = [await w.patient(one.id) for one in owners]
    batch = Batch()
    for place in range(MANY):
        pet = drawn.choice(pets)
        start = START + place // 16 * 30 * MINUTE
        batch.events.append(
            CalendarEvent(
                values.new_id(), 1, "E", "CHECKUP", EventStatus.SCHEDULED, start, start + 30 * MINUTE, pet.id,
                people[place % 8].id, START, START + place * MINUTE, 0, pet.client_id, 1,
            )
        )  # fmt: skip
    batch.events.append(
        CalendarEvent(values.new_id(), 2, "E", "SALE", EventStatus.CLOSED, START, START + 1, None, None, 5, START)
    )
    await load(url, batch)
    if w.reader.engine != SQLITE:
        await execute(url, "VACUUM ANALYZE calendar_events")


async def hired(tx: Tx, clinic_id: int, count: int) -> list[User]:
    users = [User(values.new_id(), clinic_id, "Vet", f"vet {place}", "vet", 5) for place in range(count)]
    return [await staff.add_user(tx, user) for user in users]


async def plan(w: World, url: str, statement: Statement, *args: Any) -> str:
    """How the engine goes about it."""
    sql, arrange = statement.compiled(w.reader.engine)
    if w.reader.engine == SQLITE:
        import sqlite3

        from polyvet.storage.store import sqlite_path

        with sqlite3.connect(sqlite_path(url)) as file:
            return "\n".join(row[3] for row in file.execute("EXPLAIN QUERY PLAN " + sql, arrange(args)))
    import asyncpg

    connection = await asyncpg.connect(url)
    given = [str(uuid.UUID(bytes=one)) if isinstance(one, bytes) else one for one in arrange(args)]
    rows = await connection.fetch("EXPLAIN " + sql, *given)
    await connection.close()
    return "\n".join(row[0] for row in rows)


def test_each_list_reads_a_range_of_an_index_and_its_total_none_or_the_same(migrated_url: str) -> None:
    async def test() -> None:
        async with world(migrated_url) as w:
            await a_busy_clinic(w, migrated_url)
            for tree, orders, on_sqlite, on_postgresql in LISTS:
                walk = tree is None and not orders
                page = LISTED._statement(LISTED._pages, w.reader.engine, tree, orders, walk=walk)
                count = LISTED._statement(LISTED._counts, w.reader.engine, tree)
                plans = [await plan(w, migrated_url, page[0], 1, 50, 0, *page[1])]
                if tree is not None:
                    plans.append(await plan(w, migrated_url, count[0], 1, *count[1]))
                for one in plans:
                    assert (on_sqlite if w.reader.engine == SQLITE else on_postgresql) in one, one
                    assert not re.search(r"SCAN (?:calendar_events|other)", one), one

    run(test())


def test_what_is_looked_for_by_number_reads_no_more_than_that(migrated_url: str) -> None:
    """On SQLite, which has no statistics and would rather go along all rows of the clinic; PostgreSQL has some."""

    async def test() -> None:
        async with world(migrated_url) as w:
            if w.reader.engine != SQLITE:
                return
            numbers = as_numbers(SQLITE, [1, 2])
            for statement, args in (
                (appointments._PATIENTS, (1, numbers)),
                (appointments._USERS, (1, numbers)),
                (appointments._BUSY, (1, numbers, b"\0" * 16, 1, 2, 3)),
                (patient_files._BY_NUMBERS, (1, numbers)),
                (staff._BY_NUMBERS, (1, numbers)),
            ):
                found = await plan(w, migrated_url, statement, *args)
                assert "(clinic_id=?)" not in found, found
                assert not re.search(r"SCAN (?!anon)", found), found

    run(test())


def test_the_total_of_all_is_not_counted(migrated_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        async with world(migrated_url) as w:
            await a_busy_clinic(w, migrated_url)

            async def counted(*_: Any) -> int:
                raise AssertionError("a total was counted")

            monkeypatch.setattr(FilteredList, "_count", counted)
            for clinic_id, total in ((1, MANY), (2, 1), (3, 0)):
                page = await LISTED.page(w.store, clinic_id, None, (), limit=7, offset=max(0, total - 3))
                assert (page.total, len(page.items), page.more) == (total, min(total, 3), False)

    run(test())


@pytest.mark.parametrize("seed", range(3))
def test_who_is_busy_equals_a_naive_answer(migrated_url: str, seed: int) -> None:
    async def test() -> None:
        drawn = random.Random(seed)
        async with world(migrated_url) as w:
            booked = await some_bookings(w, drawn)
            for _ in range(150):
                start = drawn.randint(0, 60)
                end, people = start + drawn.randint(1, 20), drawn.sample(range(1, 5), drawn.randint(1, 3))
                itself = drawn.choice([b"\0" * 16, *(one[0].id for one in booked)])
                wanted = any(
                    event.start_at < end and start < event.end_at and event.id != itself
                    for event, taking_part in booked
                    if event.status != EventStatus.CANCELLED and taking_part & set(people)
                )
                found = await appointments.is_busy(w.reader, 1, people, start=start, end=end, longest=20, itself=itself)
                assert found == wanted

    run(test())


async def some_bookings(w: World, drawn: random.Random) -> list[tuple[CalendarEvent, set[int]]]:
    """Events of at most 20 of four people, by their numbers, and some of another clinic's."""
    booked: list[tuple[CalendarEvent, set[int]]] = []

    async def job(tx: Tx) -> None:
        ours, theirs = await hired(tx, 1, 4), await hired(tx, 2, 4)
        for _ in range(12):
            clinic_id = drawn.choice((1, 1, 1, 2))
            here = drawn.sample(ours if clinic_id == 1 else theirs, drawn.randint(0, 3))
            clinic = tx.clinic(clinic_id)
            clinic.appointment_seq += 1
            start = drawn.randint(0, 60)
            alone = bool(here) and drawn.random() < 0.3
            event = CalendarEvent(
                values.new_id(), clinic_id, "E", "CHECKUP", drawn.choice(list(EventStatus)), start,
                start + drawn.randint(1, 20), None, None if alone or not here else here[0].id, 5,
                tx.stamp(clinic_id), clinic.appointment_seq,
            )  # fmt: skip
            appointments.insert(tx, event, AppointmentDetails())
            appointments.put_users(tx, event, [one.id for one in (here if alone else here[1:])])
            if clinic_id == 1:
                booked.append((event, {one.number for one in here}))

    await w.write(job, at=[1, 2])
    return booked
