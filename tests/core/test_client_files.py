# SPDX-License-Identifier: Apache-2.0
"""Clients' files: what a client must have, what is everybody's and what a clinic's own, archiving, addresses."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from polyvet.core import client_files
from polyvet.core.context import Context
from polyvet.model.entities import State
from polyvet.model.errors import Forbidden, Missing
from polyvet.model.files import ClientFile
from polyvet.model.filters import Condition, Op
from polyvet.storage import client_files as stored
from polyvet.storage import clients as rows
from tests.core.filing import new_client, problems, save_client, set_up, sound
from tests.core.stores import World, opened, run

ADDRESS = {"street": "Am Ring 1", "street_2": None, "zip_code": "10115", "city": "Berlin"}


async def totals(w: World, clinic_id: int) -> list[int]:
    """Active and archived clients, by counters."""
    return await w.counts(clinic_id, "clients", "archived clients")


def test_what_is_written_is_what_is_read(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            await set_up(w, here)
            payer = await new_client(w, here, last_name="Payer")
            made = await new_client(
                w, here, first_name="Émile", title="Dr.", email="É@example.org", home_department=2, tags=("a", "b"),
                critical="bites", payer=payer.client.number, parent=payer.client.number, old_id="A-1", **ADDRESS,
            )  # fmt: skip
            assert await client_files.get(w.ctx(here), made.client.number, "x") == made
            assert (made.client.number, made.payer, made.parent, made.old_id) == (2, 1, 1, "A-1")
            assert (made.details.title, made.notes.tags, made.notes.critical) == ("Dr.", ("a", "b"), "bites")
            assert made.client.address == "Am Ring 1, 10115 Berlin"
            assert await client_files.number_of(w.ctx(here), made.client.id, "x") == 2
            assert (await client_files.highest(w.ctx(here)), await client_files.highest(w.ctx(there))) == (2, 0)
            with pytest.raises(Missing):
                await client_files.get(w.ctx(there), made.client.number, "x")
            with pytest.raises(Missing):
                await client_files.number_of(w.ctx(there), made.client.id, "x")
            with pytest.raises(Missing):
                await save_client(w, there, made.client.number, first_name="Eve")

    run(test())


def test_a_client_has_a_last_name_or_an_organization_name(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here = w.clinics[0]
            refused = await problems(new_client(w, here, first_name="Ada", last_name=" "))
            assert list(refused) == ["last_name"]
            firm = await new_client(w, here, last_name="", organization_name="Höfe GmbH")
            assert list(await problems(save_client(w, here, firm.client.number, organization_name=""))) == ["last_name"]
            assert (await client_files.get(w.ctx(here), 1, "1")) == firm
            assert await totals(w, here) == [1, 0]
            assert (await rows.search(w.store, here, "höfe", limit=5)).total == 1

    run(test())


def test_department_payer_and_parent_must_be_the_clinics_own(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            await set_up(w, there)
            for _ in range(3):
                await new_client(w, there)
            refused = await problems(new_client(w, here, home_department=1, payer=3, parent=2))
            assert list(refused) == ["home_department", "payer", "parent"]
            assert await totals(w, here) == [0, 0]
            made = await new_client(w, here)
            assert list(await problems(save_client(w, here, made.client.number, payer=99))) == ["payer"]
            assert await client_files.get(w.ctx(here), 1, "1") == made

    run(test())


def test_a_shared_clients_name_is_everybodys_and_notes_are_the_clinics_own(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            made = await new_client(w, here, first_name="Ada", remarks="ours", old_id="H")
            await w.connect(here, made.client.id, there)
            number = await client_files.number_of(w.ctx(there), made.client.id, "x")
            theirs = await client_files.get(w.ctx(there), number, "x")
            assert (theirs.notes.remarks, theirs.old_id) == ("", None)
            changed = await save_client(
                w, there, number, first_name="Zoë", remarks="theirs", vat_number="DE1", home_department=None
            )
            ours = await client_files.get(w.ctx(here), made.client.number, "x")
            assert (ours.client.first_name, ours.details.vat_number) == ("Zoë", "DE1")
            assert (ours.notes.remarks, ours.old_id, changed.notes.remarks) == ("ours", "H", "theirs")
            assert ours.client.updated_at > made.client.updated_at
            assert changed.client.updated_at > theirs.client.updated_at
            for clinic_id in (here, there):
                assert (await w.events(clinic_id))[-1] == ("updated", "client", made.client.id)
                assert (await rows.search(w.store, clinic_id, "zoë", limit=5)).total == 1
                named = Condition("first_name", Op.ICONTAINS, ("ZOË",))
                assert (await stored.LISTED.page(w.store, clinic_id, named, (), limit=5, offset=0)).total == 1
        assert await sound(store_url)

    run(test())


def test_archiving_and_bringing_back_is_the_clinics_own_and_moves_its_totals(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            made = await new_client(w, here)
            await w.connect(here, made.client.id, there)
            touching = await client_files.saving(w.ctx(here), 1)
            gone = await w.write(here, touching, lambda writing: client_files.archive(writing, 1, "1"))
            assert gone.client.state == State.ARCHIVED
            assert (await totals(w, here), await totals(w, there)) == ([0, 1], [1, 0])
            assert ("archived", "client", made.client.id) in await w.events(here)
            assert ("archived", "client", made.client.id) not in await w.events(there)
            again = await w.write(here, touching, lambda writing: client_files.archive(writing, 1, "1"))
            assert (again.client.state, await totals(w, here)) == (State.ARCHIVED, [0, 1])
            back = await save_client(w, here, 1, state=State.ACTIVE)
            assert (back.client.state, await totals(w, here)) == (State.ACTIVE, [1, 0])
            assert ("unarchived", "client", made.client.id) in await w.events(here)
            born = await new_client(w, here, state=State.ARCHIVED)
            assert (born.client.state, await totals(w, here)) == (State.ARCHIVED, [1, 1])
        assert await sound(store_url)

    run(test())


def test_an_address_on_one_line_stays_as_it_is_however_often_it_is_saved(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here = w.clinics[0]
            await w.client(here, address="Am Ring 1, 10115 Berlin")
            for _ in range(2):
                file = await save_client(w, here, 1, first_name="Eve")
                assert file.client.address == file.details.street == "Am Ring 1, 10115 Berlin"
            for _ in range(2):
                file = await save_client(w, here, 1, street="Am Tor 2", zip_code="1", city="Ulm")
                assert file.client.address == "Am Tor 2, 1 Ulm"
            cleared = await save_client(w, here, 1, street=None, zip_code=None, city=None)
            assert (cleared.client.address, cleared.details.street) == (None, None)

    run(test())


def test_an_address_of_a_state_alone_is_no_street(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here = w.clinics[0]
            await new_client(w, here)

            def moved(file: ClientFile) -> ClientFile:
                return replace(file, details=replace(file.details, state="Bavaria"))

            touching = await client_files.saving(w.ctx(here), 1)
            for _ in range(2):
                file = await w.write(here, touching, lambda writing: client_files.save(writing, 1, "1", moved))
                assert (file.client.address, file.details.street) == ("Bavaria", None)

    run(test())


def test_each_call_asks_for_its_permission(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here = w.clinics[0]
            blind: Context = w.ctx(here, ("patients:read", "patients:write"))
            for work in (
                client_files.list_files(blind, None, (), limit=1, offset=0), client_files.get(blind, 1, "1"),
                client_files.number_of(blind, b"", "1"), client_files.highest(blind), client_files.saving(blind, 1),
            ):  # fmt: skip
                with pytest.raises(Forbidden):
                    await work

    run(test())
