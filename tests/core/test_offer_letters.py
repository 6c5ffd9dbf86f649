# SPDX-License-Identifier: Apache-2.0
"""Offers are told by mail: to whom, how often, and what is not in it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from polyvet.core import clinics, offers, staff_access
from polyvet.core.offer_letters import MOST_A_DAY
from polyvet.core.offers import MOST_MAILED, PERMISSION, Wanted
from polyvet.core.roles import OF_ROLE
from polyvet.core.staff_access import Invitation
from polyvet.model import values
from polyvet.model.access import Role
from polyvet.model.entities import Client
from polyvet.model.library import Mail
from polyvet.model.offers import Offer, OfferState
from polyvet.storage import offers as stored
from polyvet.storage import staff
from polyvet.storage.writing import Touching, Tx
from tests.core.offering import Work, accept, answered, decline, linking, reading, written
from tests.core.stores import World, opened, run
from tests.delivery.mailing import queued

NOTE = "She has diabetes; ask for Niamh"


async def _let_in(w: World, clinic_id: int, name: str, **more: Any) -> str:
    """Somebody who works at a clinic, an owner with a password if nothing else is said; gives their address."""
    email = f"{name}@clinic-{clinic_id}.example"
    given = {"role": str(Role.OWNER), "password": "a hash", "active": True, "email": email, **more}

    async def job(tx: Tx) -> None:
        invited = Invitation(name=name, email=email, role=given["role"])
        user = await staff_access.placed(tx, clinic_id, invited)
        [file] = await staff.by_numbers(tx, clinic_id, [user.number])
        staff.change_user(tx, replace(file, user=replace(user, active=given["active"], email=given["email"])))
        if given["password"]:
            staff.set_password(tx, user.id, given["password"])

    await w.store.write(Touching(clinics=(clinic_id,)), job)
    return email


async def _offered(w: World, here: int, there: int, client: Client) -> Offer:
    code = offers.code_of((await clinics.get(w.store.reader, there)).uid)
    wanted = Wanted(client=str(client.number), code=code, note=NOTE)
    made: Offer = await written(w, here, Touching(clinics=(here,)), lambda one: offers.offer(one, wanted, linking))
    return made


async def _mails(w: World, *of: int) -> list[Mail]:
    """What is queued by some clinics."""
    return [one for one in await queued(w.store) if one.clinic_id in of]


def test_owners_who_can_sign_in_are_mailed_and_nobody_else(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            first, second = await _let_in(w, there, "first"), await _let_in(w, there, "second")
            await _let_in(w, there, "invited", password=None)
            await _let_in(w, there, "left", active=False)
            await _let_in(w, there, "nowhere", email=None)
            await _let_in(w, there, "broken", email="no address")
            await _let_in(w, there, "vet", role=str(Role.VET))
            await _let_in(w, here, "mine")
            client = await w.client(here, "Niamh", "Ó Súilleabháin")
            await w.patient(here, client.id, "Fionn")
            offer = await _offered(w, here, there, client)
            found = await _mails(w, here, there)
            assert {one.recipient for one in found} == {first, second}
            for one in found:
                assert (one.clinic_id, one.subject) == (here, "Clinic 0 offers you a client")
                for text in (one.plain, one.html):
                    assert linking(offer.id) in text
                    assert "Clinic 0 offers to let you see one of its clients" in text
                    assert not any(told in text for told in ("Niamh", "Súilleabháin", "Fionn", "diabetes"))

    run(test())


def test_only_owners_may_answer_offers() -> None:
    assert [role for role in Role if PERMISSION in OF_ROLE[role]] == [Role.OWNER]


def test_a_clinic_without_an_address_is_offered_a_client_all_the_same(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            offer = await _offered(w, here, there, await w.client(here))
            assert await _mails(w, here, there) == []
            assert [one.offer.id for one in await offers.unanswered(reading(w, there))] == [offer.id]

    run(test())


def test_a_clinic_with_many_owners_is_not_mailed_without_end(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            owners = [await _let_in(w, there, f"owner{n:02}") for n in range(MOST_MAILED + 2)]
            await _offered(w, here, there, await w.client(here))
            assert {one.recipient for one in await _mails(w, here)} == set(owners[:MOST_MAILED])

    run(test())


@pytest.mark.parametrize("taken_back", [False, True])
def test_a_clinic_does_not_flood_another_ones_owners(store_url: str, taken_back: bool) -> None:
    async def test() -> None:
        async with opened(store_url, 3) as w:
            here, there, third = w.clinics
            await _let_in(w, there, "owner")
            await _of_another_day(w, here, there)
            for n in range(MOST_A_DAY + 2):
                offer = await _offered(w, here, there, await w.client(here, f"Client {n}"))
                assert len(await _mails(w, here)) == min(n + 1, MOST_A_DAY)
                if taken_back:
                    await answered(w, here, offer, offers.withdraw)
            await _offered(w, third, there, await w.client(third))
            assert len(await _mails(w, third)) == 1

    run(test())


def test_a_clinic_that_is_offered_clients_all_the_time_is_mailed_each_day(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            await _let_in(w, there, "owner")
            now = values.now()
            midnight = now - now % values.DAY
            await _of_another_day(w, here, there, midnight - values.MICROSECONDS)
            monkeypatch.setattr(values, "now", lambda: midnight + values.MICROSECONDS)
            await _offered(w, here, there, await w.client(here))
            assert len(await _mails(w, here)) == 1

    run(test())


async def _of_another_day(w: World, here: int, there: int, at: int | None = None) -> None:
    """More offers than are mailed a day, which are older than that, if nothing else is said."""
    client, at = await w.client(here), at or values.now() - values.DAY - values.MICROSECONDS

    async def job(tx: Tx) -> None:
        for _ in range(MOST_A_DAY + 1):
            stored.add(tx, Offer(values.new_id(at), here, there, client.id, "", OfferState.DECLINED, at, at))

    await w.store.write(Touching(clinics=(here,)), job)


@pytest.mark.parametrize(("answer", "word"), [(accept, "accepted"), (decline, "declined")])
def test_who_offered_is_told_what_came_of_it(store_url: str, answer: Work, word: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            owner = await _let_in(w, here, "owner")
            await _let_in(w, there, "owner")
            offer = await _offered(w, here, there, await w.client(here, "Niamh"))
            await answered(w, there, offer, answer)
            [one] = await _mails(w, there)
            assert (one.recipient, one.subject) == (owner, f"Clinic 1 has {word} a client")
            assert linking(offer.id) in one.plain
            assert "Niamh" not in one.plain + one.html

    run(test())
