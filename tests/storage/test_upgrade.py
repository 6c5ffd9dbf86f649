# SPDX-License-Identifier: Apache-2.0
"""A store of revision 0001 is brought to this program's: nothing is lost, and what is new is right."""

from __future__ import annotations

import pytest

from polyvet.model.entities import State
from polyvet.model.filters import Condition, Op
from polyvet.model.values import fold
from polyvet.storage import client_files, clients, invoice_rows, patient_files, phones
from polyvet.storage.check import check
from polyvet.storage.migrate import HEAD, migrate
from polyvet.storage.store import open_store
from tests.storage.practice import table
from tests.storage.revision_1 import AT, MANY, PATIENTS, PEOPLE, old_store
from tests.storage.test_migrate import execute
from tests.storage.world import World, run

KEPT = {
    "clients": "id, first_name, middle_name, last_name, email, address, created_at",
    "phones": "client_id, position, number",
    "connections": "id, clinic_id, client_id, state, number, search_text, last_visit, created_at, updated_at",
    "patients": "id, client_id, name, species_id, breed_id, sex, neutered, birth_date, deceased_on, weight_mg,"
    " created_at",
    "enrolments": "clinic_id, patient_id, client_id, state, number, slug, species_id, created_at, updated_at",
    "clinics": "id, uid, name, timezone, currency, created_at, clock, event_seq, client_seq, patient_seq, invoice_seq",
    "species": "id, clinic_id, name, slug, common, synonyms",
    "breeds": "id, clinic_id, species_id, name",
}


async def kept(url: str) -> dict[str, list[str]]:
    """All rows by the columns that revision 0001 had."""
    return {
        name: sorted(repr(row) for row in await execute(url, f"SELECT {columns} FROM {name}"))  # noqa: S608, our own
        for name, columns in KEPT.items()
    }


@pytest.fixture
def upgraded(database_url: str) -> tuple[str, list[bytes]]:
    """An old store after the upgrade, and its clients' ids."""

    async def make() -> list[bytes]:
        idents = await old_store(database_url)
        before = await kept(database_url)
        await migrate(database_url)
        assert await kept(database_url) == before
        assert await execute(database_url, "SELECT version_num FROM alembic_version") == [(HEAD,)]
        return idents

    return database_url, run(make())


def test_an_upgraded_store_has_lost_nothing_and_is_sound(upgraded: tuple[str, list[bytes]]) -> None:
    found = run(check(upgraded[0]))
    assert [one for one in found if one.severity == "error"] == []


def test_phone_numbers_keep_their_order_and_are_dated_as_their_clients(upgraded: tuple[str, list[bytes]]) -> None:
    url, idents = upgraded

    async def test() -> None:
        store = await open_store(url)
        try:
            found = await phones.of_clients(store.reader, 1, range(1, 6))
            for n, (ident, one) in enumerate(zip(idents, PEOPLE, strict=True)):
                assert tuple(await clients.phone_numbers(store.reader, ident)) == one[4]
                if one[5] != State.HIDDEN:
                    assert tuple(phone.number for phone in found.get(n + 1, [])) == one[4]
            assert {(phone.kind, phone.for_reminders, phone.created_at) for phone in found[2]} == {(0, False, AT + 1)}
            assert {phone.created_at for phone in found[1]} == {AT}
            assert len(await execute(url, "SELECT DISTINCT id FROM phones")) == sum(len(one[4]) for one in PEOPLE)
        finally:
            await store.close()

    run(test())


def test_folded_columns_are_those_that_the_program_writes(upgraded: tuple[str, list[bytes]]) -> None:
    async def test() -> None:
        store = await open_store(upgraded[0])
        try:
            people = await table(World(store), "clients")
            assert len(people) == MANY + len(PEOPLE)
            for row in people:
                assert row["first_name_folded"] == fold(row["first_name"])
                assert row["last_name_folded"] == fold(row["last_name"])
                assert row["email_folded"] == fold(row["email"] or "")
                assert (row["organization_name"], row["organization_name_folded"], row["details"]) == ("", "", "{}")
            pets = await table(World(store), "patients")
            assert {row["name"]: row["name_folded"] for row in pets} == {one[0]: fold(one[0]) for one in PATIENTS}
        finally:
            await store.close()

    run(test())


def test_species_have_their_common_names_in_both_cases(upgraded: tuple[str, list[bytes]]) -> None:
    found = run(execute(upgraded[0], "SELECT common, common_lower, common_upper FROM species"))
    assert ("Örümcek", "örümcek", "ÖRÜMCEK") in [tuple(row) for row in found]
    assert [tuple(row) for row in found] == [(common, common.lower(), common.upper()) for common, *_ in found]


def test_lists_and_totals_of_an_upgraded_store_are_right_and_it_is_written_on(
    upgraded: tuple[str, list[bytes]],
) -> None:
    url, idents = upgraded

    async def test() -> None:
        store = await open_store(url)
        try:
            archived = Condition("archived", Op.IS, (True,))
            since = Condition("updated_at", Op.GTE, (0,))
            for tree, people, pets in ((None, 4, 4), (archived, 2, 2), (since, 4, 4)):
                page = await client_files.LISTED.page(store, 1, tree, (), limit=9, offset=0)
                assert (page.total, len(page.items)) == (people, people)
                listed = await patient_files.LISTED.page(store, 1, tree, (), limit=9, offset=0)
                assert (listed.total, len(listed.items)) == (pets, pets)
            named = Condition("first_name", Op.ICONTAINS, ("émil",))
            page = await client_files.LISTED.page(store, 1, named, (), limit=9, offset=0)
            assert [file.client.id for file in page.items] == [idents[1]]
            w = World(store)
            await w.patient(idents[0])
            await w.client()
        finally:
            await store.close()
        assert [one for one in await check(url) if one.severity == "error"] == []

    run(test())


OLD_INVOICES = (
    "INSERT INTO invoices (id, clinic_id, client_id, number, status, currency, carried_over_cents, created_at,"
    " updated_at) SELECT client_id, clinic_id, client_id, 'A-' || number, 'PAID', 'EUR',"
    " CASE WHEN number = 1 THEN 500 ELSE 0 END, created_at, created_at FROM connections"
    " WHERE clinic_id = 1 AND number <= 2",
    "INSERT INTO invoice_lines SELECT id, 0, 'Fee', 1999, 1500 FROM invoices",
    "INSERT INTO counters VALUES (1, 'invoices', 0, 2)",
    "INSERT INTO counters VALUES (1, 'invoices/PAID', 0, 2)",
)


def test_rows_of_old_invoices_are_numbered_and_counted(database_url: str) -> None:
    async def test() -> None:
        await old_store(database_url)
        await execute(database_url, *OLD_INVOICES)
        await migrate(database_url)
        store = await open_store(database_url)
        try:
            page = await invoice_rows.page(store, 1, None, (), limit=9, offset=0)
        finally:
            await store.close()
        assert [(row.number, row.line.total_cents) for row in page.items] == [(1000, 2999), (1999, 500), (2000, 2999)]
        assert page.total == 3
        assert [one for one in await check(database_url) if one.severity == "error"] == []

    run(test())
