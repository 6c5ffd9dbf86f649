# SPDX-License-Identifier: Apache-2.0
"""Patients' files: code lists, weights, departments, what is everybody's and what a clinic's own, archiving."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from polyvet.core import patient_files, registering
from polyvet.model.entities import State
from polyvet.model.errors import Forbidden, Invalid, Missing
from polyvet.storage.statement import Statement, p
from polyvet.storage.tables import weights
from tests.core.filing import (
    CAT,
    DOG,
    new_client,
    new_patient,
    own_species,
    problems,
    save_client,
    save_patient,
    set_up,
    sound,
)
from tests.core.stores import World, opened, run

_HISTORY = Statement(
    select(weights.c.weight_mg).where(weights.c.patient_id == p("patient")).order_by(weights.c.measured_at), "patient"
)


async def history(w: World, patient_id: bytes) -> list[int]:
    """A patient's weights, the first first."""
    return [row[0] for row in await w.store.reader.fetch(_HISTORY, patient_id)]


async def totals(w: World, clinic_id: int) -> list[int]:
    """Active and archived patients, and dogs, by counters."""
    return await w.counts(clinic_id, "patients", "archived patients", "patients/dog")


def test_what_is_written_is_what_is_read(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            await set_up(w, here)
            await new_client(w, here)
            made = await new_patient(
                w, here, 1, name="Ülkü", official_name="U. of Ulm", microchip="941", animal_code="F1", critical="bites",
                home_department=1, visible_departments=(1, 2), old_id="A", weight_mg=5, birth_date="2020-02-29",
            )  # fmt: skip
            assert await patient_files.get(w.ctx(here), 1, "1") == made
            assert (made.owner, made.patient.microchip, made.animal_code, made.old_id) == (1, "941", "F1", "A")
            assert (made.details.official_name, made.notes.critical) == ("U. of Ulm", "bites")
            assert await patient_files.number_of(w.ctx(here), made.patient.id, "x") == 1
            assert (await patient_files.highest(w.ctx(here)), await patient_files.highest(w.ctx(there))) == (1, 0)
            for work in (
                patient_files.get(w.ctx(there), 1, "1"), patient_files.number_of(w.ctx(there), made.patient.id, "x"),
                save_patient(w, there, 1, name="Eve"),
            ):  # fmt: skip
                with pytest.raises(Missing):
                    await work

    run(test())


def test_the_owner_must_be_the_clinics_and_stays(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            for _ in range(2):
                await new_client(w, there)
            await new_client(w, here)
            assert list(await problems(new_patient(w, here, 2))) == ["client"]
            await new_patient(w, there, 1)
            assert list(await problems(save_patient(w, there, 1, owner=2))) == ["client"]
            assert await totals(w, here) == [0, 0, 0]

    run(test())


def test_species_and_breed_are_of_the_code_lists_that_the_clinic_sees(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            for clinic_id in w.clinics:
                await new_client(w, clinic_id)
            theirs, ours = await own_species(w, there, "Quokka"), await own_species(w, here, "Numbat")
            breeds = {one.species_id: one.id for one in w.codelists.breeds.values() if one.clinic_id is None}
            for given, wrong in (
                ({"species_id": 0}, "species"), ({"species_id": 7}, "species"), ({"species_id": theirs}, "species"),
                ({"breed_id": 7}, "breed"), ({"breed_id": breeds[CAT]}, "breed"),
            ):  # fmt: skip
                asked: dict[str, Any] = given
                assert list(await problems(new_patient(w, here, 1, **asked))) == [wrong]
            made = await new_patient(w, here, 1, species_id=ours)
            assert made.patient.species_id == ours
            changed = await save_patient(w, here, 1, species_id=DOG, breed_id=breeds[DOG])
            assert (changed.patient.species_id, changed.patient.breed_id) == (DOG, breeds[DOG])
            assert list(await problems(save_patient(w, here, 1, species_id=theirs))) == ["species"]
            assert list(await problems(save_patient(w, here, 1, species_id=CAT))) == ["breed"]
            assert await totals(w, here) == [1, 0, 1]

    run(test())


def test_another_clinics_own_species_stays_on_a_shared_patient(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            owner = await new_client(w, there)
            theirs = await own_species(w, there, "Potoroo")
            await new_patient(w, there, 1, species_id=theirs)
            await w.connect(there, owner.client.id, here)
            changed = await save_patient(w, here, 1, name="Roo")
            assert (changed.patient.name, changed.patient.species_id) == ("Roo", theirs)

    run(test())


def test_departments_must_be_the_clinics(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            await set_up(w, there)
            await new_client(w, here)
            assert list(await problems(new_patient(w, here, 1, home_department=1))) == ["home_department"]
            refused = await problems(new_patient(w, here, 1, visible_departments=(2,)))
            assert set(refused) <= {"home_department", "visible_departments"}
            assert await totals(w, here) == [0, 0, 0]

    run(test())


def test_a_weight_joins_the_history_when_it_changes(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here = w.clinics[0]
            await new_client(w, here)
            made = await new_patient(w, here, 1, weight_mg=5)
            for weight in (5, 6, 6, 5):
                saved = await save_patient(w, here, 1, weight_mg=weight, name=f"Rex {weight}")
                assert saved.patient.weight_mg == weight
            with pytest.raises(Invalid):  # the newest weighing is the weight, as long as it stands
                await save_patient(w, here, 1, weight_mg=None)
            assert await history(w, made.patient.id) == [5, 6, 5]
            light = await new_patient(w, here, 1)
            assert await history(w, light.patient.id) == []

    run(test())


def test_a_shared_patients_name_is_everybodys_and_notes_are_the_clinics_own(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            owner = await new_client(w, here)
            made = await new_patient(w, here, 1, remarks="ours")
            await w.connect(here, owner.client.id, there)
            changed = await save_patient(w, there, 1, name="ÜLKÜ", color="red", remarks="theirs", microchip="1")
            ours = await patient_files.get(w.ctx(here), 1, "1")
            assert (ours.patient.name, ours.details.color, ours.patient.microchip) == ("ÜLKÜ", "red", "1")
            assert (ours.notes.remarks, changed.notes.remarks) == ("ours", "theirs")
            assert ours.patient.updated_at > made.patient.updated_at
            for clinic_id in (here, there):
                assert (await w.events(clinic_id))[-1] == ("updated", "patient", made.patient.id)
        assert await sound(store_url)

    run(test())


def test_archiving_and_bringing_back_is_the_clinics_own_and_moves_its_totals(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            owner = await new_client(w, here)
            await w.connect(here, owner.client.id, there)
            await new_patient(w, here, 1)
            touching = await patient_files.saving(w.ctx(here), 1)
            for _ in range(2):
                gone = await w.write(here, touching, lambda writing: patient_files.archive(writing, 1, "1"))
                assert gone.patient.state == State.ARCHIVED
                assert (await totals(w, here), await totals(w, there)) == ([0, 1, 0], [1, 0, 1])
            renamed = await save_patient(w, here, 1, name="Max")
            assert (renamed.patient.state, await totals(w, here)) == (State.ARCHIVED, [0, 1, 0])
            back = await save_patient(w, here, 1, state=State.ACTIVE, species_id=CAT)
            assert (back.patient.state, await totals(w, here)) == (State.ACTIVE, [1, 0, 0])
            born = await new_patient(w, here, 1, state=State.ARCHIVED)
            assert (born.patient.state, await totals(w, here)) == (State.ARCHIVED, [1, 1, 0])
            assert await totals(w, there) == [2, 0, 1]
        assert await sound(store_url)

    run(test())


def test_a_patient_of_an_archived_client_is_registered_where_the_client_is(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here = w.clinics[0]
            await new_client(w, here)
            await save_client(w, here, 1, state=State.ARCHIVED)
            made = await new_patient(w, here, 1)
            assert (made.owner, made.patient.state) == (1, State.ACTIVE)
        assert await sound(store_url)

    run(test())


def test_each_call_asks_for_its_permission(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            blind = w.ctx(w.clinics[0], ("clients:read", "clients:write"))
            for work in (
                patient_files.list_files(blind, None, (), limit=1, offset=0), patient_files.get(blind, 1, "1"),
                patient_files.number_of(blind, b"", "1"), patient_files.highest(blind), patient_files.saving(blind, 1),
                registering.creating(blind, {1}),
            ):  # fmt: skip
                with pytest.raises(Forbidden):
                    await work

    run(test())
