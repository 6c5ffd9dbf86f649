# SPDX-License-Identifier: Apache-2.0
"""Merged patients: which rows go over and come back, and what each clinic sees of it."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from polyvet.core import patient_files, weights
from polyvet.model.entities import Patient, State
from polyvet.model.errors import NotConnected
from polyvet.storage import merging as stored
from polyvet.storage.backup import backup, restore
from polyvet.storage.migrate import migrate
from polyvet.storage.store import open_store
from polyvet.storage.tables import metadata
from tests.core.filing import problems, save_patient, sound
from tests.core.pairs import RULED, all_rows, merge, owner_of, owners_of, pair, row_of, states, unmerge, weigh, weight
from tests.core.stores import World, opened, run

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
