# SPDX-License-Identifier: Apache-2.0
"""Phone numbers: their order, moving them to another client, and the search that finds each of them."""

from __future__ import annotations

import pytest

from polyvet.core import client_files, phones
from polyvet.model.entities import State
from polyvet.model.errors import Busy, Forbidden, Missing
from polyvet.storage import clients as rows
from tests.core.filing import delete_phone, new_client, new_phone, problems, save_client, save_phone, sound
from tests.core.stores import World, opened, run


async def found(w: World, clinic_id: int, fragment: str) -> list[int]:
    """The numbers of the clients that the search finds."""
    page = await rows.search(w.store, clinic_id, fragment, limit=9)
    assert page.total == len(page.items)
    return sorted(client.number for client in page.items)


async def of(w: World, clinic_id: int, owner: int) -> list[str]:
    """A client's numbers as the clinic sees them."""
    listed = await phones.of_clients(w.ctx(clinic_id), [owner])
    return [phone.number for phone in listed.get(owner, [])]


def test_numbers_stand_in_the_order_in_which_they_came_and_each_is_found(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            made = await new_client(w, here)
            added = [await new_phone(w, here, 1, number) for number in ("0301111", "0302222", "0303333")]
            assert await of(w, here, 1) == ["0301111", "0302222", "0303333"]
            assert [owner for _, owner in added] == [1, 1, 1]
            assert await phones.get(w.ctx(here), added[1][0].id, "x") == added[1]
            for fragment in ("0301111", "0302222", "02222", "0303333"):
                assert await found(w, here, fragment) == [1]
                assert await found(w, there, fragment) == []
            file = await client_files.get(w.ctx(here), 1, "1")
            assert file.client.phone == "0301111"
            assert file.client.updated_at > made.client.updated_at
            await delete_phone(w, here, added[0][0].id)
            assert (await found(w, here, "0301111"), await of(w, here, 1)) == ([], ["0302222", "0303333"])
            assert (await client_files.get(w.ctx(here), 1, "1")).client.phone == "0302222"
            await new_phone(w, here, 1, "0304444")
            assert await of(w, here, 1) == ["0302222", "0303333", "0304444"]
        assert await sound(store_url)

    run(test())


def test_a_number_that_goes_to_another_client_meanwhile_is_changed_by_the_next_try(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            await new_client(w, here)
            known_to_both = await new_client(w, here)
            await w.connect(here, known_to_both.client.id, there)
            ident = (await new_phone(w, here, 1, "0301111"))[0].id
            before = await phones.touching(w.ctx(here), phone_id=ident)
            await save_phone(w, here, ident, owner=2)
            with pytest.raises(Busy):
                await w.write(here, before, lambda writing: phones.delete(writing, ident, "7"))
            assert await of(w, here, 2) == ["0301111"]
            await delete_phone(w, here, ident)
            assert await of(w, here, 2) == []
        assert await sound(store_url)

    run(test())


def test_a_clinic_to_which_a_client_is_opened_finds_each_of_its_numbers(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            made = await new_client(w, here, last_name="", organization_name="Höfe GmbH")
            for number in ("0301111", "0302222"):
                await new_phone(w, here, 1, number)
            await w.connect(here, made.client.id, there)
            for fragment in ("0301111", "0302222", "höfe"):
                assert await found(w, there, fragment) == [1]
            other = await new_phone(w, there, 1, "0303333", description="work", for_reminders=True, kind=1)
            assert await found(w, here, "0303333") == [1]
            phone, owner = await phones.get(w.ctx(here), other[0].id, "x")
            assert (phone.description, phone.for_reminders, phone.second_owner, phone.kind, owner) == (
                "work", True, False, 1, 1,
            )  # fmt: skip
            assert await of(w, here, 1) == await of(w, there, 1) == ["0301111", "0302222", "0303333"]
        assert await sound(store_url)

    run(test())


def test_a_number_keeps_its_place_when_it_changes_and_goes_last_when_it_moves(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            old, new = [await new_client(w, here, last_name=name) for name in ("Old", "New")]
            await w.connect(here, new.client.id, there)
            first, _ = [(await new_phone(w, here, 1, number))[0] for number in ("0301111", "0302222")]
            await new_phone(w, here, 2, "0309999")
            changed, owner = await save_phone(w, here, first.id, number="0301234", description="x")
            assert (changed.number, changed.created_at, owner) == ("0301234", first.created_at, 1)
            assert changed.updated_at >= first.updated_at
            assert await of(w, here, 1) == ["0301234", "0302222"]
            assert (await found(w, here, "0301111"), await found(w, here, "0301234")) == ([], [1])
            before = [(await client_files.get(w.ctx(here), n, "x")).client.updated_at for n in (1, 2)]
            _, owner = await save_phone(w, here, first.id, owner=2)
            after = [(await client_files.get(w.ctx(here), n, "x")).client.updated_at for n in (1, 2)]
            assert owner == 2
            assert all(later > earlier for earlier, later in zip(before, after, strict=True))
            assert (await of(w, here, 1), await of(w, here, 2)) == (["0302222"], ["0309999", "0301234"])
            assert (await found(w, here, "0301234"), await found(w, there, "0301234")) == ([2], [1])
            assert old.client.id != new.client.id
        assert await sound(store_url)

    run(test())


def test_numbers_and_clients_of_other_clinics_are_not_there(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            await new_client(w, there)
            phone, _ = await new_phone(w, there, 1, "0301111")
            for work in (
                phones.get(w.ctx(here), phone.id, "7"), save_phone(w, here, phone.id, number="1"),
                delete_phone(w, here, phone.id),
            ):  # fmt: skip
                with pytest.raises(Missing):
                    await work
            assert list(await problems(new_phone(w, here, 1, "1"))) == ["client"]
            assert list(await problems(save_phone(w, there, phone.id, owner=2))) == ["client"]
            assert await of(w, here, 1) == []
            assert await of(w, there, 1) == ["0301111"]

    run(test())


def test_a_client_has_no_more_numbers_than_it_may_however_they_come(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here = w.clinics[0]
            for _ in range(2):
                await new_client(w, here)
            for n in range(phones.MOST_PER_CLIENT):
                await new_phone(w, here, 1, str(n))
            assert list(await problems(new_phone(w, here, 1, "1"))) == ["client"]
            one, _ = await new_phone(w, here, 2, "99")
            assert list(await problems(save_phone(w, here, one.id, owner=1))) == ["client"]
            full = (await phones.of_clients(w.ctx(here), [1]))[1]
            assert (await save_phone(w, here, full[3].id, owner=1, number="changed"))[0].number == "changed"

    run(test())


def test_an_archived_clients_numbers_are_listed(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here = w.clinics[0]
            await new_client(w, here)
            made = await new_phone(w, here, 1, "0301111")
            await save_client(w, here, 1, state=State.ARCHIVED)
            page = await phones.list_phones(w.ctx(here), None, (), limit=5, offset=0)
            assert (page.items, page.total) == ([made], 1)

    run(test())


def test_each_call_asks_for_its_permission(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            blind = w.ctx(w.clinics[0], ("patients:read", "patients:write"))
            for work in (
                phones.list_phones(blind, None, (), limit=1, offset=0), phones.of_clients(blind, [1]),
                phones.get(blind, 1, "1"), phones.touching(blind, phone_id=1),
            ):  # fmt: skip
                with pytest.raises(Forbidden):
                    await work

    run(test())


def test_each_clinic_that_sees_the_client_is_told_of_its_number(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            made = await new_client(w, here)
            await w.connect(here, made.client.id, there)
            before = {clinic: len(await w.events(clinic)) for clinic in w.clinics}
            phone, _ = await new_phone(w, here, 1, "0301111")
            await save_phone(w, here, phone.id, number="0302222")
            await delete_phone(w, here, phone.id)
            ident = phone.id.to_bytes(16, "big")
            for clinic in w.clinics:
                told = (await w.events(clinic))[before[clinic] :]
                assert [kind for kind, entity, _ in told if entity == "phone number"] == [
                    "created", "updated", "deleted",
                ]  # fmt: skip
                assert {found for _, entity, found in told if entity == "phone number"} == {ident}
                assert [entity for _, entity, _ in told].count("client") == 3

    run(test())
