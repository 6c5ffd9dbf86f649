# SPDX-License-Identifier: Apache-2.0
"""Filtered lists against naive ones: random practices, filters, orders and pages, on both engines."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from polyvet.model.entities import State
from polyvet.model.filters import All, AnyOf, Condition, Filter, Kind, Op, Order
from polyvet.model.values import fold
from polyvet.storage import appointments, client_files, clients, patient_files, phones, staff
from polyvet.storage.check import check
from polyvet.storage.filter_sql import Fields
from polyvet.storage.filtered import FilteredList
from polyvet.storage.writing import Tx
from tests.storage.practice import (
    Row,
    a_person,
    a_practice,
    an_animal,
    appointment_rows,
    client_rows,
    patient_rows,
    phone_rows,
    staff_rows,
)
from tests.storage.test_migrate import execute
from tests.storage.world import World, run, world

NEGATED = {
    Op.IS_NOT: Op.IS,
    Op.NOT_IN_RANGE: Op.RANGE,
    Op.CONTAINS_NOT: Op.CONTAINS,
    Op.ICONTAINS_NOT: Op.ICONTAINS,
    Op.NOT_IN: Op.IN,
}
NEEDLES = (Op.CONTAINS, Op.CONTAINS_NOT, Op.ICONTAINS, Op.ICONTAINS_NOT)
TRUTHS = (Op.IS, Op.IS_NOT, Op.IN, Op.NOT_IN, Op.IS_NULL)
STRANGE = {Kind.TEXT: ("%", "_", "é", "ZZ", "a\0b"), Kind.NUMBER: (-1, 2**60), Kind.INSTANT: (0, 2**61),
           Kind.DATE: ("1999-12-31", "2024-01-31"), Kind.TRUTH: (True, False)}  # fmt: skip
LISTS: list[tuple[FilteredList[Any], Fields, Any, Any]] = [
    (client_files.LISTED, client_files.FIELDS, client_rows, lambda item: item.client.number),
    (patient_files.LISTED, patient_files.FIELDS, patient_rows, lambda item: item.patient.number),
    (phones.LISTED, phones.FIELDS, phone_rows, lambda item: item[0].id),
    (appointments.LISTED, appointments.FIELDS, appointment_rows, lambda item: item.event.number),
    (staff.LISTED, staff.FIELDS, staff_rows, lambda item: item.user.number),
]


def lowered(text: str) -> str:
    """ASCII letters alone, as codes are compared."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def compares(op: Op, path: str, fields: Fields, value: Any, given: tuple[Any, ...]) -> bool:
    """One value against a condition that is no negation."""
    field = fields[path]
    if value is None:
        return False
    if field.folded is field.column:
        given = tuple(fold(one) for one in given)
    if op is Op.ICONTAINS:
        change = lowered if field.folded is None else fold
        return change(given[0]) in change(value)
    return bool({
        Op.IS: lambda: value == given[0],
        Op.IN: lambda: value in given,
        Op.LT: lambda: value < given[0],
        Op.LTE: lambda: value <= given[0],
        Op.GT: lambda: value > given[0],
        Op.GTE: lambda: value >= given[0],
        Op.RANGE: lambda: given[0] <= value <= given[1],
        Op.CONTAINS: lambda: given[0] in value,
    }[op]())  # fmt: skip


def holds(tree: Filter | None, fields: Fields, row: Row) -> bool:
    """Whether a row matches, in the plainest way."""
    if tree is None:
        return True
    if isinstance(tree, All):
        return all(holds(part, fields, row) for part in tree.parts)
    if isinstance(tree, AnyOf):
        return any(holds(part, fields, row) for part in tree.parts)
    assert isinstance(tree, Condition)  # the other parts are VetCheck's, whose own tests compare them
    found = row[tree.path] if isinstance(row[tree.path], list) else [row[tree.path]]
    if tree.op is Op.IS_NULL:
        unset = ("", None) if tree.path.endswith("email") else (None,)
        return all(value in unset for value in found) == tree.values[0]
    op = NEGATED.get(tree.op, tree.op)
    return any(compares(op, tree.path, fields, value, tree.values) for value in found) == (tree.op not in NEGATED)


def a_condition(drawn: random.Random, fields: Fields, rows: list[Row], path: str, op: Op) -> Condition:
    """With values that rows have, pieces of them, and strange ones."""
    kind = fields[path].kind
    if op is Op.IS_NULL:
        return Condition(path, op, (drawn.random() < 0.5,))
    present: list[Any] = []
    for row in rows:
        present += row[path] if isinstance(row[path], list) else [row[path]]
    pool = [value for value in present if value not in (None, "")] * 2 + list(STRANGE[kind])
    if op in NEEDLES:
        text = drawn.choice(pool)
        start = drawn.randrange(len(text))
        piece = text[start : start + drawn.randint(1, 9)]
        return Condition(path, op, (drawn.choice((piece, piece.upper(), text)),))
    if op in (Op.RANGE, Op.NOT_IN_RANGE):
        return Condition(path, op, tuple(sorted(drawn.choices(pool, k=2))))
    count = drawn.randint(0, 6) if op in (Op.IN, Op.NOT_IN) else 1
    return Condition(path, op, tuple(drawn.choices(pool, k=count)))


def operators(kind: Kind) -> list[Op]:
    """What a field of the kind may be compared by."""
    if kind is Kind.TRUTH:
        return list(TRUTHS)
    return [op for op in Op if kind is Kind.TEXT or op not in NEEDLES]


def a_tree(drawn: random.Random, fields: Fields, rows: list[Row], depth: int = 2) -> Filter:
    if depth and drawn.random() < 0.6:
        parts = tuple(a_tree(drawn, fields, rows, depth - 1) for _ in range(drawn.randint(1, 3)))
        return drawn.choice((All, AnyOf))(parts)
    path = drawn.choice(list(fields))
    return a_condition(drawn, fields, rows, path, drawn.choice(operators(fields[path].kind)))


def ordered(rows: list[Row], orders: tuple[Order, ...]) -> list[int]:
    """The rows' numbers in order; what has no value comes first where it rises."""
    rows = sorted(rows, key=lambda row: row["number"])
    for one in reversed(orders):
        rows.sort(key=lambda row: (row[one.path] is not None, row[one.path] or _least(row[one.path])),
                  reverse=one.descending)  # fmt: skip
    return [row["number"] for row in rows]


def _least(value: Any) -> Any:
    """What an empty or missing value is sorted as; missing ones are only compared with each other."""
    return "" if value == "" else 0


async def compare(
    w: World, clinic_id: int, listed: Any, tree: Filter | None, orders: tuple[Order, ...], pages: list[tuple[int, int]]
) -> None:
    """Some pages of a list against the naive one."""
    filtered, fields, read, number = listed
    wanted = ordered([row for row in await read(w, clinic_id) if holds(tree, fields, row)], orders)
    for offset, limit in pages:
        page = await filtered.page(w.store, clinic_id, tree, orders, limit=limit, offset=offset)
        assert [number(item) for item in page.items] == wanted[offset : offset + limit], (tree, orders)
        assert (page.total, page.more) == (len(wanted), offset + limit < len(wanted)), tree


@pytest.mark.parametrize("seed", range(2))
def test_every_operator_on_every_field_finds_what_a_naive_evaluation_finds(migrated_url: str, seed: int) -> None:
    async def test() -> None:
        drawn = random.Random(seed)
        async with world(migrated_url) as w:
            await a_practice(w, seed)
            assert [one for one in await check(migrated_url) if one.severity == "error"] == []
            for filtered, fields, read, number in LISTS:
                for clinic_id in (1, 2):
                    rows = await read(w, clinic_id)
                    for path, field in fields.items():
                        for op in operators(field.kind):
                            tree = a_condition(drawn, fields, rows, path, op)
                            page = await filtered.page(w.store, clinic_id, tree, (), limit=1_000, offset=0)
                            wanted = ordered([row for row in rows if holds(tree, fields, row)], ())
                            assert ([number(item) for item in page.items], page.total) == (wanted, len(wanted)), tree

    run(test())


@pytest.mark.parametrize("seed", range(2))
def test_pages_of_random_filters_and_orders_equal_naive_ones(migrated_url: str, seed: int) -> None:
    async def test() -> None:
        drawn = random.Random(seed)
        async with world(migrated_url) as w:
            await a_practice(w, seed + 100)
            for listed in LISTS:
                filtered, fields, read, number = listed
                simple = [path for path in fields if "." not in path]
                for clinic_id in (1, 2):
                    rows = await read(w, clinic_id)
                    for _ in range(60):
                        tree = drawn.choice((None, a_tree(drawn, fields, rows)))
                        orders = tuple(
                            Order(path, drawn.random() < 0.5) for path in drawn.sample(simple, drawn.randint(0, 3))
                        )
                        wanted = ordered([row for row in rows if holds(tree, fields, row)], orders)
                        offset, limit = drawn.randint(0, 12), drawn.choice((1, 3, 100))
                        page = await filtered.page(w.store, clinic_id, tree, orders, limit=limit, offset=offset)
                        assert [number(item) for item in page.items] == wanted[offset : offset + limit], (tree, orders)
                        assert (page.total, page.more) == (len(wanted), offset + limit < len(wanted)), tree

    run(test())


def test_totals_equal_counted_ones_after_every_kind_of_write(migrated_url: str) -> None:
    """Those that counters answer, and one that is counted and kept under the clinic's clock."""

    async def test() -> None:
        drawn = random.Random(7)
        async with world(migrated_url) as w:
            await a_practice(w, 7, people=6, animals=6)
            for _ in range(12):
                await a_write(w, drawn)
                for listed in LISTS:
                    for clinic_id in (1, 2):
                        await compare_totals(w, drawn, clinic_id, listed)
            assert [one for one in await check(migrated_url) if one.severity == "error"] == []

    run(test())


async def compare_totals(w: World, drawn: random.Random, clinic_id: int, listed: Any) -> None:
    fields, rows = listed[1], await listed[2](w, clinic_id)
    when = "updated_at" if "updated_at" in fields else "created_at"
    since = Condition(when, Op.GTE, (drawn.choice([0, 2**61, *(row[when] for row in rows)]),))
    trees: list[Filter | None] = [None, since, Condition("number", Op.GT, (0,))]
    if "archived" in fields:
        for value in (True, False):
            archived = Condition("archived", Op.IS, (value,))
            trees += [archived, All((archived, since))]
    for tree in trees:
        await compare(w, clinic_id, listed, tree, (), [(0, 2), (1, 100)])


async def a_write(w: World, drawn: random.Random) -> None:
    """One of the writes that move a row into or out of a list."""
    kind = drawn.choice(("client", "patient", "state", "state", "patient state", "delete phone"))
    owners = [(row[0], row[1]) for row in await w.rows("connections", "client_id", "clinic_id", "state") if row[2] < 2]
    ident, clinic_id = drawn.choice(owners)
    if kind == "client":
        await a_person(w, drawn, clinic_id)
    elif kind == "patient":
        await an_animal(w, drawn, await the_client(w, clinic_id, ident))
    elif kind == "state":
        await w.set_client(ident, clinic_id, drawn.choice((State.ACTIVE, State.ARCHIVED)))
    elif kind == "patient state":
        await some_patients_state(w, drawn)
    else:
        await without_first_phone(w)


async def the_client(w: World, clinic_id: int, ident: bytes) -> Any:
    found = await client_files.by_id(w.reader, clinic_id, ident)
    assert found is not None
    return found.client


async def some_patients_state(w: World, drawn: random.Random) -> None:
    places = await w.rows("enrolments", "clinic_id", "patient_id", "state")
    clinic_id, ident, _ = drawn.choice([row for row in places if row[2] < 2])
    file = await patient_files.by_id(w.reader, clinic_id, ident)
    assert file is not None
    await w.set_patient(file.patient, drawn.choice((State.ACTIVE, State.ARCHIVED)), only=clinic_id)


async def without_first_phone(w: World) -> None:
    numbers = await w.rows("phones", "id", "client_id")
    if numbers:
        ident, owner = numbers[0]
        places = [row[0] for row in await w.rows("connections", "clinic_id", "client_id") if row[1] == owner]
        client = await client_files.by_id(w.reader, places[0], owner)
        assert client is not None
        kept = client.client

        async def job(tx: Tx) -> None:
            phones.delete_phone(tx, ident)
            await clients.touch_everywhere(tx, kept)

        await w.write(job, of=[owner])


def test_a_kept_total_is_not_another_filters(migrated_url: str) -> None:
    """Two lists of values that are the same when put one behind the other."""

    async def test() -> None:
        async with world(migrated_url) as w:
            for _ in range(7):
                await w.client()
            for left, right in (((1, 2, 3), (3, 4, 5, 6)), ((1, 2, 3, 3), (4, 5, 6))):
                tree = All((Condition("number", Op.IN, left), Condition("number", Op.NOT_IN, right)))
                page = await client_files.LISTED.page(w.store, 1, tree, (), limit=9, offset=0)
                assert page.total == len(page.items) == len(set(left) - set(right))

    run(test())


def test_a_total_is_counted_once_until_something_is_written(migrated_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        async with world(migrated_url) as w:
            await w.client(first="Adele")
            tree = Condition("first_name", Op.ICONTAINS, ("ADE",))

            async def total(clinic_id: int = 1) -> int:
                return (await client_files.LISTED.page(w.store, clinic_id, tree, (), limit=5, offset=0)).total

            assert (await total(), await total(2)) == (1, 0)
            made = FilteredList._statement
            counted: list[bool] = []

            def counting(self: Any, kept: Any, *rest: Any, **more: Any) -> Any:
                counted.append(kept is self._counts)
                return made(self, kept, *rest, **more)

            monkeypatch.setattr(FilteredList, "_statement", counting)
            assert [await total() for _ in range(3)] == [1, 1, 1]
            assert not any(counted)
            await w.client(first="adelheid")
            assert (await total(), await total(2), sum(counted)) == (2, 0, 1)

    run(test())


def test_wildcards_are_plain_text_and_case_is_folded_beyond_ascii(migrated_url: str) -> None:
    async def test() -> None:
        async with world(migrated_url) as w:
            for first in ("100%", "100x", "a_b", "axb", "ÉMILE", "İnci", "back\\slash", 'qu"ote'):
                await w.client(first=first)

            async def found(op: Op, text: str) -> list[str]:
                tree = Condition("first_name", op, (text,))
                page = await client_files.LISTED.page(w.store, 1, tree, (), limit=9, offset=0)
                return [file.client.first_name for file in page.items]

            assert await found(Op.CONTAINS, "00%") == await found(Op.ICONTAINS, "100%") == ["100%"]
            assert await found(Op.CONTAINS, "a_b") == await found(Op.ICONTAINS, "A_B") == ["a_b"]
            assert await found(Op.ICONTAINS, "émil") == ["ÉMILE"]
            assert await found(Op.CONTAINS, "émil") == []
            assert await found(Op.ICONTAINS, "INCİ") == ["İnci"]
            assert await found(Op.ICONTAINS, "K\\SL") == ["back\\slash"]
            assert await found(Op.ICONTAINS, 'U"O') == ['qu"ote']

    run(test())


def test_texts_are_ordered_by_code_points_in_a_database_that_has_another_collation(
    fresh_database: Callable[[], str],
) -> None:
    async def test() -> None:
        url = fresh_database()
        await execute(url, "CREATE COLLATION german (provider = icu, locale = 'de')")
        async with world(url) as w:
            await execute(url, "ALTER TABLE clients ALTER COLUMN last_name TYPE text COLLATE german")
            for last in ("Z", "a", "Ä", "b"):
                await w.client(last=last)
            page = await client_files.LISTED.page(w.store, 1, None, (Order("last_name"),), limit=9, offset=0)
            assert [file.client.last_name for file in page.items] == ["Z", "a", "b", "Ä"]
            tree = Condition("last_name", Op.LT, ("a",))
            page = await client_files.LISTED.page(w.store, 1, tree, (), limit=9, offset=0)
            assert [file.client.last_name for file in page.items] == ["Z"]

    run(test())
