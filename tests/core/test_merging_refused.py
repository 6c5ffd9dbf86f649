# SPDX-License-Identifier: Apache-2.0
"""Who cannot be merged, what a merged patient refuses, and merges that race with each other and with other writes."""

from __future__ import annotations

import asyncio

import pytest

from polyvet.core import merging, patient_files, patients, records, weights
from polyvet.model.entities import RecordStatus, State
from polyvet.model.errors import Busy, Invalid, Merged, Missing
from polyvet.storage import merging as stored
from polyvet.storage.migrate import migrate
from polyvet.storage.writing import Touching
from tests.core.filing import problems, save_patient, sound
from tests.core.pairs import all_rows, merge, pair, row_of, states, unmerge, weigh
from tests.core.stores import opened, run


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
