# SPDX-License-Identifier: Apache-2.0
"""Merged patients: what goes over and comes back, who may be merged, and how the old id goes on to be understood."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from polyvet.core import merging, patient_files, patients, records, weights
from polyvet.model.entities import Patient, RecordStatus, State
from polyvet.model.errors import Busy, Invalid, Merged, Missing, NotConnected
from polyvet.storage import merging as stored
from polyvet.storage.backup import backup, restore
from polyvet.storage.migrate import migrate
from polyvet.storage.store import open_store
from polyvet.storage.tables import metadata
from polyvet.storage.writing import Touching
from tests.core.filing import problems, save_patient, sound
from tests.core.pairs import RULED, all_rows, merge, owner_of, owners_of, row_of, unmerge
from tests.core.stores import World, opened, run


async def pair(w: World, clinic_id: int, **more: Any) -> tuple[Patient, Patient]:
    """Two dogs of one client: the one that goes, and the one that stays."""
    client = await w.client(clinic_id)
    return await w.patient(clinic_id, client.id, "Rex", **more), await w.patient(clinic_id, client.id, "Max", **more)


async def states(w: World, patient: Patient) -> dict[int, int]:
    """A patient's states by clinic."""
    return await stored.places(w.store.reader, patient.id)


async def weigh(w: World, clinic_id: int, number: int, weight_mg: int, at: int) -> Any:
    """Add a weighing."""
    touching = await patient_files.saving(w.ctx(clinic_id), number)
    return await w.write(clinic_id, touching, lambda one: weights.weigh(one, number, "7", weight_mg, at))


async def weight(w: World, clinic_id: int, number: int) -> int | None:
    """A patient's weight."""
    return (await patient_files.get(w.ctx(clinic_id), number, "7")).patient.weight_mg


# --- rows -----------------------------------------------------------------------------------------------------


def test_every_column_that_points_to_patients_has_a_rule() -> None:
    pointing = {
        f"{table.name}.{key.parent.name}"
        for table in metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name == "patients"
    }
    assert pointing == set(stored.RULES)
    assert len({table for table, _, _ in RULED.values()}) == len(RULED)  # a row is noted by its table


@pytest.mark.parametrize("path", RULED)
def test_a_row_of_each_table_goes_over_and_comes_back_and_a_later_one_stays(migrated_url: str, path: str) -> None:
    async def test() -> None:
        await migrate(migrated_url)
        async with opened(migrated_url, 1) as w:
            [here], (table, _, column) = w.clinics, RULED[path]
            rex, max_ = await pair(w, here)
            ours = [await row_of(w, here, table, **{column: rex.id}) for _ in range(3)]
            theirs = await row_of(w, here, table, **{column: max_.id})
            before = await all_rows(w)
            await merge(w, here, rex.number, max_.number)
            assert [await owner_of(w, table, column, row) for row in ours] == [max_.id] * 3
            assert await sound(migrated_url)
            later = await row_of(w, here, table, **{column: max_.id})
            await unmerge(w, here, rex.number)
            assert [await owner_of(w, table, column, row) for row in ours] == [rex.id] * 3
            assert [await owner_of(w, table, column, row) for row in (theirs, later)] == [max_.id] * 2
            added = {name: len(rows) - len(before[name]) for name, rows in (await all_rows(w)).items()}
            assert all(n == 0 for name, n in added.items() if name in ("merges", "merged_rows", "patients"))
            assert await sound(migrated_url)

    run(test())


def test_what_would_clash_stays_with_the_one_that_goes(migrated_url: str) -> None:
    async def test() -> None:
        await migrate(migrated_url)
        async with opened(migrated_url, 1) as w:
            [here] = w.clinics
            rex, max_ = await pair(w, here)
            for patient in (rex, max_):
                await weigh(w, here, patient.number, 5_000_000, 1_000)
                await row_of(w, here, "custom_field_values", patient_id=patient.id, **await a_field(w, here))
            first = await row_of(w, here, "calendar_events", patient_id=rex.id)
            await row_of(w, here, "event_patients", event_id=first["id"], patient_id=max_.id, position=1)
            second = await row_of(w, here, "calendar_events", patient_id=max_.id)
            await row_of(w, here, "event_patients", event_id=second["id"], patient_id=rex.id, position=1)
            third = await row_of(w, here, "calendar_events")
            for position, patient in enumerate((rex, max_), 1):
                await row_of(w, here, "event_patients", event_id=third["id"], patient_id=patient.id, position=position)
            before = await all_rows(w)
            await merge(w, here, rex.number, max_.number)
            after = await all_rows(w)
            assert {name for name, rows in after.items() if rows != before[name]} == {"merges", "enrolments"}
            assert await sound(migrated_url)
            await unmerge(w, here, rex.number)
            assert await all_rows(w) == before

    run(test())


async def a_field(w: World, clinic_id: int) -> dict[str, int]:
    """A custom field that all rows share."""
    rows = await all_rows(w, of=("custom_fields",))
    if not rows["custom_fields"]:
        await row_of(w, clinic_id, "custom_fields", number=9)
    return {"field": 9}


def test_a_weighing_that_was_corrected_meanwhile_comes_back_and_one_that_was_deleted_does_not(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url, 1) as w:
            [here] = w.clinics
            rex, max_ = await pair(w, here)
            for at in (1_000, 2_000, 3_000):
                await weigh(w, here, rex.number, at * 1_000, at)
            await merge(w, here, rex.number, max_.number)
            number = max_.number
            touching = await patient_files.saving(w.ctx(here), number)
            await w.write(here, touching, lambda one: weights.correct(one, number, "7", 3_000, None, 500))
            await w.write(here, touching, lambda one: weights.remove(one, number, "7", 2_000))
            assert await weight(w, here, number) == 1_000_000
            await unmerge(w, here, rex.number)
            page = await weights.history(w.ctx(here), rex.number, "7", limit=9, offset=0)
            assert [(one.measured_at, one.weight_mg) for one in page.items] == [(1_000, 1_000_000), (500, 3_000_000)]
            assert (await weight(w, here, rex.number), await weight(w, here, number)) == (1_000_000, None)

    run(test())


def test_the_newest_weighing_of_both_is_the_weight(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url, 1) as w:
            [here] = w.clinics
            rex, max_ = await pair(w, here)
            await weigh(w, here, rex.number, 7_000_000, 3_000)
            await weigh(w, here, max_.number, 6_000_000, 2_000)
            assert (await merge(w, here, rex.number, max_.number)).patient.weight_mg == 7_000_000
            assert (await unmerge(w, here, rex.number)).patient.weight_mg == 7_000_000
            assert await weight(w, here, max_.number) == 6_000_000

    run(test())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_a_patient_has_it_is_there_again_after_all(migrated_url: str, tmp_path: Path, seed: int) -> None:
    async def test() -> None:
        await migrate(migrated_url)
        async with opened(migrated_url, 3) as w:
            dice = random.Random(seed)
            here, there, _ = w.clinics
            client = await w.client(here)
            await w.connect(here, client.id, there)
            dogs = [await w.patient(here, client.id, f"Dog {n}") for n in range(4)]
            events = [await row_of(w, clinic, "calendar_events") for clinic in (here, there)]
            for _ in range(60):
                table, _, column = RULED[dice.choice(list(RULED))]
                given: dict[str, Any] = {column: dice.choice(dogs).id}
                clinic_id = dice.choice((here, there))
                if table == "event_patients" and dice.random() < 0.7:
                    given |= {"event_id": events[clinic_id == there]["id"], "position": dice.randrange(30_000)}
                if table == "weights":
                    given["measured_at"] = dice.randrange(20)
                await row_of(w, clinic_id, table, **given)
            for dog in dogs:
                await save_patient(w, here, dog.number, weight_mg=dice.randrange(1, 9**9))
            history = [await all_rows(w)]
            steps: list[Patient] = []
            for source, target in ((dogs[0], dogs[1]), (dogs[2], dogs[1]), (dogs[1], dogs[3])):
                await merge(w, dice.choice((here, there)), source.number, target.number)
                assert await sound(migrated_url)
                steps.append(source)
                history.append(await all_rows(w))
            await backup(migrated_url, tmp_path / "b.zip")
            await restore(tmp_path / "b.zip", copy := f"sqlite:///{tmp_path}/copy/p.db")
            assert await sound(copy)
            for url in (migrated_url, copy):
                again = World(await open_store(url), w.clinics)
                await again.codelists.load(again.store.reader)
                for n, source in reversed(list(enumerate(steps))):
                    await unmerge(again, dice.choice((here, there)), source.number)
                    assert await sound(url)
                    if url == migrated_url:
                        assert await all_rows(again) == history[n], n
                await again.store.close()

    run(test())


# --- clinics --------------------------------------------------------------------------------------------------


def test_each_clinic_hears_of_it_and_sees_each_patient_as_before_in_the_end(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url, 3) as w:
            here, there, gone = w.clinics
            rex, max_ = await pair(w, here)
            for clinic_id in (there, gone):
                await w.connect(here, rex.client_id, clinic_id)
            await w.archive(there, rex.id)
            await w.disconnect(gone, rex.client_id)
            seen = {clinic_id: len(await w.events(clinic_id)) for clinic_id in w.clinics}
            stamp = (await w.get(there, max_.id)).updated_at
            await merge(w, here, rex.number, max_.number)
            archived, hidden = State.ARCHIVED, State.HIDDEN
            assert await states(w, rex) == {here: archived, there: archived, gone: hidden}
            assert await w.names(here) == await w.names(there) == ["Max"]
            assert (await w.get(there, max_.id)).updated_at > stamp
            told = [("updated", "patient", max_.id), ("updated", "patient", rex.id)]
            assert (await w.events(here))[seen[here] :] == [*told, ("archived", "patient", rex.id)]
            assert (await w.events(there))[seen[there] :] == told
            assert (await w.events(gone))[seen[gone] :] == []
            assert await w.counts(here, "patients", "archived patients") == [1, 1]
            await unmerge(w, there, rex.number)
            assert await states(w, rex) == {here: State.ACTIVE, there: archived, gone: hidden}
            assert (await w.events(here))[-1] == ("unarchived", "patient", rex.id)
            assert await w.counts(here, "patients", "archived patients") == [2, 0]
            assert await sound(store_url)

    run(test())


def test_rows_of_a_clinic_that_no_longer_sees_the_patient_or_never_did_go_over_too(migrated_url: str) -> None:
    async def test() -> None:
        await migrate(migrated_url)
        async with opened(migrated_url, 3) as w:
            here, gone, stranger = w.clinics
            rex, max_ = [await w.patient(here, (await w.client(here)).id, name) for name in ("Rex", "Max")]
            await w.connect(here, rex.client_id, gone)
            for table, _, column in RULED.values():
                await row_of(w, gone, table, **{column: rex.id})
            await weigh(w, here, rex.number, 5_000_000, 10**15)
            await w.disconnect(gone, rex.client_id)
            for table in ("medical_records", "invoices", "reminders"):
                await row_of(w, stranger, table, patient_id=rex.id)
            before = await all_rows(w)
            await merge(w, here, rex.number, max_.number)
            for table, _, column in RULED.values():
                assert await owners_of(w, table, column) - {None} == {max_.id}
            assert (await w.events(stranger))[-1][:2] == ("updated", "reminder")
            assert await sound(migrated_url)
            await unmerge(w, here, rex.number)
            assert await all_rows(w) == before
            assert await sound(migrated_url)

    run(test())


def test_patients_of_two_clients_are_merged_where_all_see_both(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            rex, max_ = [await w.patient(here, (await w.client(here)).id, name) for name in ("Rex", "Max")]
            await w.connect(here, rex.client_id, there)
            refused = await problems(merge(w, here, rex.number, max_.number))
            assert "does not see the other" in refused["target"]
            await w.connect(here, max_.client_id, there)
            await merge(w, here, rex.number, max_.number)
            assert await w.names(there) == ["Max"]
            await w.disconnect(there, max_.client_id)
            with pytest.raises(NotConnected):  # it sees the one, archived, and the one that stays no longer
                await w.get(there, rex.id)
            number = await patient_files.number_of(w.ctx(there), rex.id, "7")
            assert (await unmerge(w, there, number)).patient.state == State.ACTIVE
            assert await w.names(there) == ["Rex"]
            assert await sound(store_url)

    run(test())


def test_a_clinic_that_comes_to_know_a_merged_patient_does_not_list_it(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url, 3) as w:
            here, back, new = w.clinics
            rex, max_ = await pair(w, here)
            await w.connect(here, rex.client_id, back)
            await w.disconnect(back, rex.client_id)
            await merge(w, here, rex.number, max_.number)
            for clinic_id in (back, new):
                await w.connect(here, rex.client_id, clinic_id)
                assert await w.names(clinic_id) == ["Max"]
                assert (await w.get(clinic_id, rex.id)).id == max_.id
            assert await sound(store_url)
            await unmerge(w, here, rex.number)
            assert set((await states(w, rex)).values()) == {State.ACTIVE}
            assert await sound(store_url)

    run(test())


# --- refusals -------------------------------------------------------------------------------------------------


def test_who_cannot_be_merged_is_told_why(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            rex, max_ = await pair(w, here)
            cat = await w.patient(here, rex.client_id, "Tom", "Cat")
            archived = await w.patient(here, rex.client_id, "Old")
            await w.archive(here, archived.id)
            foreign, _ = await pair(w, there)
            before = await all_rows(w)
            for target, sentence in (
                (rex, "into itself"), (cat, "different species"), (archived, "has it archived"),
            ):  # fmt: skip
                refused = await problems(merge(w, here, rex.number, target.number))
                assert sentence in refused["target"]
            for number in (foreign.number + 90, 10**14):
                assert await problems(merge(w, here, rex.number, number)) == {"target": "There is no such patient."}
                with pytest.raises(Missing):
                    await merge(w, here, number, max_.number)
                with pytest.raises(Missing):
                    await unmerge(w, here, number)
            assert "not merged" in (await problems(unmerge(w, here, rex.number)))["source"]
            assert await all_rows(w) == before
            assert (await merge(w, here, archived.number, max_.number)).patient.number == max_.number

    run(test())


@pytest.mark.parametrize("status", [RecordStatus.DRAFT, RecordStatus.IN_PROGRESS])
def test_who_has_a_consultation_that_is_not_finished_is_not_merged(migrated_url: str, status: RecordStatus) -> None:
    async def test() -> None:
        await migrate(migrated_url)
        async with opened(migrated_url) as w:
            here, there = w.clinics
            rex, max_ = await pair(w, here)
            await row_of(w, there, "medical_records", patient_id=rex.id, status=status)
            assert "not finished" in (await problems(merge(w, here, rex.number, max_.number)))["source"]
            await merge(w, here, max_.number, rex.number)

    run(test())


def test_a_merged_patient_is_written_by_nobody(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url, 1) as w:
            [here] = w.clinics
            rex, max_ = await pair(w, here)
            await merge(w, here, rex.number, max_.number)
            before = await all_rows(w)
            for work in (
                lambda: save_patient(w, here, rex.number, name="Other"),
                lambda: save_patient(w, here, rex.number, state=int(State.ACTIVE)),
                lambda: weigh(w, here, rex.number, 5, 5),
                lambda: merge(w, here, rex.number, max_.number),
            ):
                with pytest.raises(Merged):
                    await work()
            refused = await problems(merge(w, here, max_.number, rex.number))
            assert "was merged into another one" in refused["target"]
            assert await all_rows(w) == before

    run(test())


# --- the old id -----------------------------------------------------------------------------------------------


def test_the_old_id_names_the_patient_that_stays(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            rex, max_ = await pair(w, here)
            await merge(w, here, rex.number, max_.number)
            assert (await w.get(here, rex.id)).id == max_.id
            assert await patients.stamp(w.ctx(here), rex.id) is None
            page = await records.search_patient(w.ctx(here), rex.id, "shown", limit=5)
            assert page.total == 0
            assert (await w.update(here, rex.id, name="Maximilian")).id == max_.id
            assert await w.names(here) == ["Maximilian"]
            with pytest.raises(Missing):  # a clinic that never saw the one learns nothing by its id
                await w.update(there, rex.id, name="Theirs")
            await w.archive(here, rex.id)
            with pytest.raises(Missing):
                await w.get(here, rex.id)
            await unmerge(w, here, rex.number)
            assert (await w.get(here, rex.id)).id == rex.id
            assert (await states(w, max_))[here] == State.ARCHIVED

    run(test())


def test_merges_are_followed_one_after_the_other_and_taken_back_the_last_first(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url, 1) as w:
            [here] = w.clinics
            first, second = await pair(w, here)
            third = await w.patient(here, first.client_id, "Third")
            await merge(w, here, first.number, second.number)
            await merge(w, here, second.number, third.number)
            assert (await w.get(here, first.id)).id == third.id
            beside = [await stored.beside(w.store.reader, here, one.id) for one in (first, second, third)]
            assert [(one.into, one.sources) for one in beside] == [
                (second.number, ()), (third.number, (first.number,)), (None, (second.number,)),
            ]  # fmt: skip
            assert "unmerge that one first" in (await problems(unmerge(w, here, first.number)))["source"]
            await unmerge(w, here, second.number)
            assert (await w.get(here, first.id)).id == second.id
            await unmerge(w, here, first.number)
            assert sorted(await w.names(here)) == ["Max", "Rex", "Third"]

    run(test())


def test_a_patient_comes_back_from_one_that_was_deleted(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url, 1) as w:
            [here] = w.clinics
            rex, max_ = await pair(w, here)
            await merge(w, here, rex.number, max_.number)
            await w.delete(here, rex.id)
            assert (await states(w, max_))[here] == State.DELETED
            with pytest.raises(Missing):
                await w.get(here, rex.id)
            await unmerge(w, here, rex.number)
            assert await w.names(here) == ["Rex"]
            assert await sound(store_url)

    run(test())


# --- at the same time -----------------------------------------------------------------------------------------


def test_of_two_that_are_merged_into_each_other_at_once_one_wins(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w, opened(store_url, 0) as beside:
            here, there = w.clinics
            for n in range(6):
                rex, max_ = await pair(w, here)
                await w.connect(here, rex.client_id, there)
                numbers = {one.id: await patient_files.number_of(w.ctx(there), one.id, "7") for one in (rex, max_)}
                other = beside if n % 2 else w
                found = await asyncio.gather(
                    merge(w, here, rex.number, max_.number), merge(other, there, numbers[max_.id], numbers[rex.id]),
                    return_exceptions=True,
                )  # fmt: skip
                assert sorted(isinstance(one, Invalid | Merged) for one in found) == [False, True]
                assert (await states(w, rex)).keys() == {here, there}
            assert await sound(store_url)

    run(test())


def test_a_weighing_beside_a_merge_is_never_lost(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w, opened(store_url, 0) as beside:
            here, there = w.clinics
            for n in range(8):
                rex, max_ = await pair(w, here)
                await w.connect(here, rex.client_id, there)
                number = await patient_files.number_of(w.ctx(there), rex.id, "7")
                other = beside if n % 2 else w
                found = await asyncio.gather(
                    *(weigh(other, there, number, 5_000_000 + at, at) for at in range(1, 6)),
                    merge(w, here, rex.number, max_.number),
                    *(weigh(other, there, number, 5_000_000 + at, at) for at in range(6, 11)),
                    return_exceptions=True,
                )
                taken = [one for one in found if not isinstance(one, Exception)]
                assert all(isinstance(one, Merged) for one in found if isinstance(one, Exception))
                page = await weights.history(w.ctx(here), max_.number, "7", limit=99, offset=0)
                assert page.total == len(taken) - 1
                assert (await weights.history(w.ctx(here), rex.number, "7", limit=99, offset=0)).total == 0

    run(test())


def test_a_clinic_that_came_to_know_a_patient_meanwhile_is_waited_for(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            rex, max_ = await pair(w, here)
            await w.connect(here, rex.client_id, there)
            for work in (
                lambda one: merging.merge(one, rex.number, "7", max_.number),
                lambda one: patients.update(one, rex.id, "7", patients.Changes(name="Other")),
            ):
                with pytest.raises(Busy):
                    await w.write(here, Touching(clinics=(here,)), work)
                if "Rex" in await w.names(here):
                    await merge(w, here, rex.number, max_.number)

    run(test())
