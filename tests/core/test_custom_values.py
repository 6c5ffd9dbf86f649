# SPDX-License-Identifier: Apache-2.0
"""Values of a clinic's own fields: each kind in and out, what is refused and by which name, whose they are."""

from __future__ import annotations

from typing import Any

import pytest

from polyvet.core import client_files, custom_values
from polyvet.core.custom_values import LONGEST_TEXT, read_value, shown_value
from polyvet.model.custom_fields import FieldModel
from polyvet.model.errors import Missing
from polyvet.storage.writing import Touching
from tests.core.filing import FIELDS, new_client, new_patient, problems, save_client, set_up, sound
from tests.core.stores import World, opened, run

TEXT, NUMBER, DATE, TRUTH, SELECT, MULTI, FOOD = FIELDS


async def values_of(w: World, clinic_id: int, model: FieldModel, owner: int) -> dict[int, Any]:
    """A client's or patient's values by field."""
    found = await custom_values.of_many(w.ctx(clinic_id), model, [owner])
    return {value.field: value.value for value in found.get(owner, [])}


@pytest.mark.parametrize(
    ("field", "raw", "kept"),
    [
        (TEXT, "", ""), (TEXT, "Fiş 🐟", "Fiş 🐟"), (TEXT, "x" * LONGEST_TEXT, "x" * LONGEST_TEXT),
        (NUMBER, 1, 1), (NUMBER, "2.5", 2.5), (NUMBER, 1.0, 1), (NUMBER, -3, -3),
        (DATE, "2024-02-29", "2024-02-29"),
        (TRUTH, True, True), (TRUTH, "False", False), (TRUTH, 1, True), (TRUTH, "0", False),
        (SELECT, 51, [51]), (SELECT, "52", [52]), (SELECT, [{"id": 51}], [51]), (SELECT, [], []),
        (MULTI, [62, 61], [62, 61]), (MULTI, ["61", {"id": 61}], [61]), (MULTI, 62, [62]),
    ],
)  # fmt: skip
def test_what_a_field_keeps(field: Any, raw: Any, kept: Any) -> None:
    assert read_value(field, raw) == kept
    assert type(read_value(field, raw)) is type(kept)


@pytest.mark.parametrize(
    ("field", "raw"),
    [
        (TEXT, 1), (TEXT, None), (TEXT, "x" * (LONGEST_TEXT + 1)),
        (NUMBER, "many"), (NUMBER, True), (NUMBER, None), (NUMBER, "nan"), (NUMBER, float("inf")), (NUMBER, 10**400),
        (NUMBER, [1]),
        (DATE, "2023-02-29"), (DATE, "29.02.2024"), (DATE, 20240229), (DATE, "2024-02-29T00:00"), (DATE, "2024-W01-1"),
        (TRUTH, "yes"), (TRUTH, None), (TRUTH, 2), (TRUTH, []),
        (SELECT, 61), (SELECT, [51, 52]), (SELECT, True), (SELECT, None), (SELECT, "North"),
        (SELECT, {"name": "North"}), (SELECT, [[51]]), (SELECT, {"id": [51]}), (SELECT, "9" * 50),
        (MULTI, [61, 51]), (MULTI, [{}]), (MULTI, [None]),
    ],
)  # fmt: skip
def test_what_a_field_refuses(field: Any, raw: Any) -> None:
    with pytest.raises(ValueError, match=r"^takes "):
        read_value(field, raw)


def test_options_are_shown_with_their_names() -> None:
    assert shown_value(MULTI, [62, 9]) == [{"id": 62, "name": "Tu"}, {"id": 9, "name": ""}]
    assert shown_value(TEXT, "fish") == "fish"


def test_values_come_back_as_they_were_written_and_unnamed_ones_stay(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here = w.clinics[0]
            await set_up(w, here)
            given = [(1, "fish"), (2, 2.5), (3, "2024-02-29"), (4, False), (5, 52), (6, [61, 62])]
            kept = {1: "fish", 2: 2.5, 3: "2024-02-29", 4: False, 5: [52], 6: [61, 62]}
            made = await new_client(w, here, given)
            await new_client(w, here, [(1, "other")])
            await new_patient(w, here, 1, [(7, "grass")])
            assert await values_of(w, here, FieldModel.CLIENT, 1) == kept
            assert await values_of(w, here, FieldModel.PATIENT, 1) == {7: "grass"}
            saved = await save_client(w, here, 1, [(1, "a"), (1, "meat")])
            assert await values_of(w, here, FieldModel.CLIENT, 1) == {**kept, 1: "meat"}
            assert await values_of(w, here, FieldModel.CLIENT, 2) == {1: "other"}
            assert saved.client.updated_at > made.client.updated_at
            found = await custom_values.of_many(w.ctx(here), FieldModel.CLIENT, [1])
            assert sorted(value.number for value in found[1]) == [1, 2, 3, 4, 5, 6]
        assert await sound(store_url)

    run(test())


def test_refused_values_are_told_by_their_fields_and_nothing_is_written(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            await set_up(w, here)
            wrong = await problems(new_client(w, here, [(1, "fish"), (2, "many"), (5, 9), (7, "x"), (99, "x")]))
            assert list(wrong) == ["fields"]
            for told in ("Points: takes a number", "Area: takes options by id: 51 North, 52 South"):
                assert told in wrong["fields"]
            assert wrong["fields"].count("There is no such field on a client.") == 2
            assert await w.counts(here, "clients") == [0]
            assert list(await problems(new_client(w, there, [(1, "fish")]))) == ["fields"]
            await new_client(w, here)
            assert list(await problems(save_client(w, here, 1, [(1, "fish"), (4, "perhaps")], first_name="Eve"))) == [
                "fields"
            ]
            assert await values_of(w, here, FieldModel.CLIENT, 1) == {}
            assert (await client_files.get(w.ctx(here), 1, "1")).client.first_name == ""

    run(test())


def test_a_value_is_found_by_its_number_at_its_clinic_and_taken_away(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            for clinic_id in w.clinics:
                await set_up(w, clinic_id)
            made = await new_client(w, here, [(1, "fish"), (2, 5)])
            pet = await new_patient(w, here, 1, [(7, "grass")])
            value, model, owner = await custom_values.find(w.ctx(here), 1, "1")
            assert (value.field, value.value, model, owner) == (1, "fish", FieldModel.CLIENT, made.client.id)
            food, model, owner = await custom_values.find(w.ctx(here), 3, "3")
            assert (food.value, model, owner) == ("grass", FieldModel.PATIENT, pet.patient.id)
            with pytest.raises(Missing):
                await custom_values.find(w.ctx(there), 1, "1")
            touching = Touching(clinics=(here,))
            await w.write(here, touching, lambda writing: custom_values.remove(writing, FieldModel.CLIENT, 1))
            assert await values_of(w, here, FieldModel.CLIENT, 1) == {2: 5}
            await save_client(w, here, 1, [(1, "again")])
            assert {one.number for one in (await custom_values.of_many(w.ctx(here), FieldModel.CLIENT, [1]))[1]} == {
                2, 4,
            }  # fmt: skip
        assert await sound(store_url)

    run(test())


def test_a_shared_clients_values_are_the_clinics_own(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            for clinic_id in w.clinics:
                await set_up(w, clinic_id)
            made = await new_client(w, here, [(1, "fish")])
            await w.connect(here, made.client.id, there)
            assert await values_of(w, there, FieldModel.CLIENT, 1) == {}
            await save_client(w, there, 1, [(1, "meat")])
            assert await values_of(w, here, FieldModel.CLIENT, 1) == {1: "fish"}
            assert await values_of(w, there, FieldModel.CLIENT, 1) == {1: "meat"}

    run(test())
