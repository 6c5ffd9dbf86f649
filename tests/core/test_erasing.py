# SPDX-License-Identifier: Apache-2.0
"""Taking a person out of the record: at whose clinics, how often, and what the logs and lists tell."""

from __future__ import annotations

import asyncio

import pytest

from polyvet.core import custom_values, erasing, privacy
from polyvet.core.context import PERMISSIONS, Context, Writing
from polyvet.core.erasing import Erased
from polyvet.model.custom_fields import CustomField, FieldKind, FieldModel
from polyvet.model.entities import State
from polyvet.model.errors import Forbidden, Missing
from polyvet.storage import client_files, custom_fields, personal
from polyvet.storage import patients as stored_patients
from polyvet.storage.check import check
from polyvet.storage.personal import HELD
from polyvet.storage.tables import metadata
from polyvet.storage.writing import Touching, Tx
from tests.core.filing import new_client, new_patient, new_phone, save_client, set_up
from tests.core.stores import World, a_caller, opened, run

ALLOWED = (*PERMISSIONS, "people:erase")
# Tables that point to clients or patients and tell nothing of a person.
OF_NOBODY = {
    "event_patients": "which animals beside the first come to an appointment",
    "merges": "which animals were one",
    "merged_rows": "which of their rows were the other's",
    "oauth_applications": "a client there is a program",
}


def _ctx(world: World, clinic_id: int) -> Context:
    return Context(a_caller(clinic_id, ALLOWED), world.store, world.codelists)


async def _erase(world: World, clinic_id: int, number: int) -> Erased:
    ctx = _ctx(world, clinic_id)
    touching = await erasing.touching(ctx, number, "7")
    return await world.store.write(
        touching, lambda tx: erasing.erase(Writing(ctx.caller, tx, world.codelists), number, "7")
    )


async def _kinds(world: World, clinic_id: int, thing: bytes) -> list[str]:
    return [kind for kind, _, ident in await world.events(clinic_id) if ident == thing]


def test_all_clinics_that_ever_saw_the_client_are_told(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, there = world.clinics
            client = await world.client(here, "Ada", "Lovelace", phone="+44 20 1234567", email="ada@mail.example")
            await world.patient(here, client.id)
            await world.connect(here, client.id, there)
            await save_client(world, there, 1, remarks="Ada is late", critical="Owes us")
            await world.disconnect(there, client.id)
            assert await _erase(world, here, 1) == Erased(everywhere=True, changed=True)
            assert (await _kinds(world, here, client.id))[-2:] == ["updated", "erased"]
            assert (await _kinds(world, there, client.id))[-2:] == ["disconnected", "erased"]
            await world.connect(here, client.id, there)  # what the other clinic had noted is gone, too
            file = await client_files.by_number(world.store.reader, there, 1)
            assert file is not None
            assert (file.client.first_name, file.notes.remarks, file.notes.critical) == ("Erased", "", None)
            assert await check(store_url) == []

    run(test())


def test_what_another_clinic_goes_by_stays_its_own(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, there = world.clinics
            for clinic_id in world.clinics:
                await set_up(world, clinic_id)
            owner = await new_client(world, here, status_type=1, due_date_delay=7, home_department=1)
            await world.connect(here, owner.client.id, there)
            await save_client(world, there, 1, status_type=2, due_date_delay=30, home_department=2, remarks="Late")
            await world.disconnect(there, owner.client.id)
            await _erase(world, here, 1)
            await world.connect(here, owner.client.id, there)
            for clinic_id, kept in ((here, (1, 7, 1)), (there, (2, 30, 2))):
                file = await client_files.by_number(world.store.reader, clinic_id, 1)
                assert file is not None
                assert (file.notes.status_type, file.notes.due_date_delay, file.home_department) == kept
                assert file.notes.remarks == ""

    run(test())


def test_values_of_an_animals_fields_stay_without_the_person_and_can_be_read(store_url: str) -> None:
    """They are kept as JSON, which may spell letters in another way, and holds numbers."""

    async def test() -> None:
        async with opened(store_url) as world:
            here, _ = world.clinics
            await set_up(world, here)

            async def define(tx: Tx) -> None:
                custom_fields.define(tx, here, CustomField(8, FieldModel.PATIENT, "Chip", FieldKind.NUMBER, False))

            await world.store.write(Touching(clinics=(here,)), define)
            await new_client(world, here, first_name="Åsa", last_name='Sjö"berg')
            await new_phone(world, here, 1, "+358 40 5550199")
            await new_patient(world, here, 1, [(7, 'As Åsa says\nto Sjö"berg'), (8, 405550199)])
            await _erase(world, here, 1)
            found = await custom_values.of_many(world.ctx(here), FieldModel.PATIENT, [1])
            assert {one.field: one.value for one in found[1]} == {7: "As [erased] says\nto [erased]", 8: 405550199}

    run(test())


def test_it_can_be_done_again_and_tells_of_it_only_when_something_went(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, _ = world.clinics
            client = await world.client(here, "Ada", "Lovelace", middle_name="King", address="Dorset 1")
            first = await _erase(world, here, 1)
            before = await world.events(here)
            assert (first.changed, (await _erase(world, here, 1)).changed) == (True, False)
            assert await world.events(here) == before
            await save_client(world, here, 1, remarks="She came again", first_name="Ada")
            assert (await _erase(world, here, 1)).changed
            assert (await _kinds(world, here, client.id)).count("erased") == 2
            file = await client_files.by_number(world.store.reader, here, 1)
            assert file is not None
            assert (file.client.first_name, file.notes.remarks) == ("Erased", "")
            assert await check(store_url) == []

    run(test())


def test_lists_of_changes_tell_of_it_and_the_search_forgets(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, _ = world.clinics
            client = await world.client(here, "Zelda", "Zimmermann", email="zz@mail.example")
            ctx = _ctx(world, here)
            [found] = await privacy.search(ctx, "zimmer", 1 << 59, 9)
            assert (found.number, found.name) == (1, "Zelda Zimmermann")
            await _erase(world, here, 1)
            assert await privacy.search(ctx, "zimmer", 1 << 59, 9) == []
            assert await privacy.search(ctx, "zz@mail", 1 << 59, 9) == []
            [found] = await privacy.search(ctx, "1", 1 << 59, 9)
            assert found.name == "Erased client"
            file = await client_files.by_id(world.store.reader, here, client.id)
            assert file is not None
            assert file.client.updated_at > client.updated_at
            assert file.details.erased_at is not None
            assert await check(store_url) == []

    run(test())


def test_animals_stay_whatever_their_state(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, _ = world.clinics
            owner = await new_client(world, here, first_name="Ada", last_name="Lovelace")
            pets = [
                await new_patient(
                    world, here, owner.client.number, name=name, passport_number="paper-1", animal_code="farm-7",
                    microchip="981020000012345", remarks="Ada's", street="Dorset 1",
                )
                for name in ("Rex", "Kit", "Gone")
            ]  # fmt: skip
            await world.archive(here, pets[1].patient.id)
            await world.delete(here, pets[2].patient.id)
            before = await world.events(here)
            assert (await _erase(world, here, 1)).changed
            told = (await world.events(here))[len(before) :]
            assert [one.patient.id in [ident for _, _, ident in told] for one in pets] == [True, True, False]
            states = [await stored_patients.get(world.store.reader, here, one.patient.id) for one in pets]
            assert [None if one is None else (one.name, one.state) for one in states] == [
                ("Rex", State.ACTIVE), ("Kit", State.ARCHIVED), ("Gone", State.DELETED)
            ]  # fmt: skip
            assert {one.microchip for one in states if one} == {"981020000012345"}
            held = str(await personal.held(world.store.reader, here, owner.client.id))
            assert [text in held for text in ("paper-1", "Dorset", "Ada", "farm-7")] == [False, False, False, True]
            assert await world.names(here) == ["Rex"]
            assert await check(store_url) == []

    run(test())


def test_it_takes_the_permission_and_a_client_of_the_clinic(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, there = world.clinics
            await world.client(here)
            with pytest.raises(Forbidden):
                await erasing.touching(world.ctx(here), 1, "1")
            with pytest.raises(Missing):
                await erasing.touching(_ctx(world, there), 1, "1")
            for asking in (privacy.search(world.ctx(here), "x", 9, 9), privacy.opened(world.ctx(here), 1, "1")):
                with pytest.raises(Forbidden):
                    await asking

    run(test())


def test_writers_at_the_same_time_do_not_bring_the_person_back(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, _ = world.clinics
            await world.client(here, "Ada", "Lovelace")
            await asyncio.gather(
                *(save_client(world, here, 1, remarks=f"No {n}") for n in range(5)), _erase(world, here, 1)
            )
            await _erase(world, here, 1)
            file = await client_files.by_number(world.store.reader, here, 1)
            assert file is not None
            assert (file.client.first_name, file.notes.remarks) == ("Erased", "")
            assert await check(store_url) == []

    run(test())


def test_every_table_that_points_to_clients_or_their_animals_is_handed_out() -> None:
    pointing = {
        table.name
        for table in metadata.sorted_tables
        if {"client_id", "patient_id", "entity_id", "source_id"} & {column.name for column in table.columns}
    }
    known = {kind.table.name for kind in HELD}
    assert pointing - known == OF_NOBODY.keys()
