# SPDX-License-Identifier: Apache-2.0
"""Clinics offer each other clients: what opens and closes, for whom, and who may say so."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial

import pytest

from polyvet.core import clients, clinics, offers
from polyvet.core.offers import Wanted
from polyvet.model import values
from polyvet.model.entities import Client, Patient
from polyvet.model.errors import Invalid, Missing
from polyvet.model.offers import Offer, OfferState
from polyvet.model.paging import HIGHEST_ID
from polyvet.storage.check import check
from polyvet.storage.store import open_store
from polyvet.storage.writing import Touching, Tx
from tests.core.offering import accept, answered, decline, linking, reading, written
from tests.core.stores import World, opened, run


async def _offer(w: World, here: int, client: Client, there: int, note: str = "") -> Offer:
    code = offers.code_of((await clinics.get(w.store.reader, there)).uid)
    return await _offered(w, here, Wanted(client=str(client.number), code=code, note=note))


async def _offered(w: World, here: int, wanted: Wanted) -> Offer:
    made: Offer = await written(w, here, Touching(clinics=(here,)), lambda one: offers.offer(one, wanted, linking))
    return made


async def _leave(w: World, clinic_id: int, number: int) -> None:
    touching = await offers.touching(reading(w, clinic_id), number, "x")
    await written(w, clinic_id, touching, lambda one: offers.leave(one, number, "x"))


async def _family(w: World, here: int) -> tuple[Client, Patient]:
    client = await w.client(here)
    return client, await w.patient(here, client.id)


async def _one_offered(w: World) -> tuple[Client, Offer]:
    """A client whom the first clinic has offered to the second."""
    here, there, *_ = w.clinics
    client, _ = await _family(w, here)
    return client, await _offer(w, here, client, there)


async def _sees(w: World, clinic_id: int, client: Client) -> bool:
    try:
        await clients.get(w.ctx(clinic_id), client.id, "x")
    except Missing:
        return False
    return True


async def _states(w: World, clinic_id: int) -> list[tuple[str, bool, str | None]]:
    found = []
    for received in (True, False):
        told = await offers.listed(reading(w, clinic_id), HIGHEST_ID, 100, received=received)
        found += [(one.offer.state, one.received, one.client) for one in told]
    return found


def test_an_offer_that_is_accepted_opens_the_client_and_their_patients(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            client, rex = await _family(w, here)
            offer = await _offer(w, here, client, there, "They move to you")
            assert not await _sees(w, there, client)
            told, patients = await offers.told(reading(w, there), offer.id, "x", 9)
            assert (told.client, told.number, told.other, patients) == ("Ada Lovelace", None, "Clinic 0", ["Rex"])
            assert told.offer.note == "They move to you"
            assert (await answered(w, there, offer, accept)).state == OfferState.ACCEPTED
            assert await _sees(w, there, client)
            assert await w.names(there, since=0) == ["Rex"]
            assert await w.events(there) == [("created", "client", client.id), ("created", "patient", rex.id)]
            assert await _states(w, there) == [("accepted", True, "Ada Lovelace")]
            assert await _states(w, here) == [("accepted", False, "Ada Lovelace")]

    run(test())


def test_a_clinic_that_was_offered_a_client_can_do_without(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            client, offer = await _one_offered(w)
            await answered(w, there, offer, decline)
            assert not await _sees(w, there, client)
            assert await _states(w, there) == [("declined", True, None)]  # who it was is no longer told
            assert (await offers.told(reading(w, there), offer.id, "x", 9))[1] == []
            for work in (accept, decline):
                with pytest.raises(Invalid) as refused:
                    await answered(w, there, offer, work)
                assert "declined" in refused.value.problems["offer"]
            again = await _offer(w, here, client, there)
            await answered(w, here, again, offers.withdraw)
            with pytest.raises(Invalid):
                await answered(w, there, again, accept)
            assert not await _sees(w, there, client)

    run(test())


@pytest.mark.parametrize("by_offering", [True, False])
def test_either_clinic_ends_what_was_accepted(store_url: str, by_offering: bool) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            client, offer = await _one_offered(w)
            await answered(w, there, offer, accept)
            theirs = (await clients.get(w.ctx(there), client.id, "x")).number
            await answered(w, here if by_offering else there, offer, offers.end)
            assert await _sees(w, here, client)
            assert not await _sees(w, there, client)
            assert await w.names(there, since=0) == []
            assert await _states(w, there) == [("ended", True, None)]
            again = await _offer(w, here, client, there)
            await answered(w, there, again, accept)
            assert (await clients.get(w.ctx(there), client.id, "x")).number == theirs

    run(test())


def test_what_another_clinic_has_opened_stays_open(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url, 3) as w:
            here, there, third = w.clinics
            client, _ = await _family(w, here)
            await answered(w, there, await _offer(w, here, client, there), accept)
            theirs = await clients.get(w.ctx(there), client.id, "x")
            mine, also = await _offer(w, here, client, third), await _offer(w, there, theirs, third)
            for one in (mine, also):
                await answered(w, third, one, accept)
            await answered(w, here, mine, offers.end)
            assert await _sees(w, third, client)
            await answered(w, there, also, offers.end)
            assert not await _sees(w, third, client)
            again = [await _offer(w, here, client, third), await _offer(w, there, theirs, third)]
            for one in again:
                await answered(w, third, one, accept)
            await answered(w, third, again[0], offers.end)  # who leaves ends both
            assert not await _sees(w, third, client)
            assert [state for state, _, _ in await _states(w, third)] == ["ended"] * 4

    run(test())


def test_a_clinic_leaves_a_client_whom_another_one_sees(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url, 3) as w:
            here, there, third = w.clinics
            client, _ = await _family(w, here)
            with pytest.raises(Missing):  # nobody else would see them
                await _leave(w, here, client.number)
            accepted = await _offer(w, here, client, there)
            await answered(w, there, accepted, accept)
            await _offer(w, here, client, third)
            [shared] = await offers.common(reading(w, here), 1 << 40, 50)
            assert (shared.name, shared.others, shared.archived) == ("Ada Lovelace", ["Clinic 1"], False)
            await _leave(w, here, client.number)
            assert not await _sees(w, here, client)
            assert await _sees(w, there, client)
            assert await _states(w, here) == [("withdrawn", False, None), ("accepted", False, None)]
            assert await offers.common(reading(w, here), 1 << 40, 50) == []
            with pytest.raises(Invalid, match="not yours to end"):
                await answered(w, here, accepted, offers.end)

    run(test())


def test_what_does_not_hold_is_said_by_field(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            client, _ = await _family(w, here)
            codes = [offers.code_of((await clinics.get(w.store.reader, one)).uid) for one in (here, there)]
            number = str(client.number)
            for wanted, field, text in (
                (Wanted(), "client", "Choose"),
                (Wanted(client="999", code=codes[1]), "client", "Choose"),
                (Wanted(client=number, code="no code"), "code", "No clinic"),
                (Wanted(client=number, code="7ZZZZZZZZZZZZZZZZZZZZZZZZZ"), "code", "No clinic"),
                (Wanted(client=number, code=codes[0]), "code", "your own"),
                (Wanted(client=number, code=codes[1], note="x" * 1001), "note", "at most"),
            ):
                with pytest.raises(Invalid) as refused:
                    await _offered(w, here, wanted)
                assert text in refused.value.problems[field]
            await _offer(w, here, client, there)
            with pytest.raises(Invalid, match="already"):
                await _offer(w, here, client, there)
            await w.connect(here, client.id, there)
            with pytest.raises(Invalid, match="sees the client already"):
                await _offer(w, here, client, there)

    run(test())


def test_offers_are_of_the_two_clinics_alone(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url, 3) as w:
            here, there, third = w.clinics
            client, offer = await _one_offered(w)
            with pytest.raises(Missing):
                await offers.told(reading(w, third), offer.id, "x", 9)
            touching = await offers.saving(reading(w, there), offer.id, "x")
            for clinic, work in (
                (third, accept),
                (third, decline),
                (third, offers.withdraw),
                (third, offers.end),
                (here, accept),
                (here, decline),
                (there, offers.withdraw),
            ):
                with pytest.raises(Missing):
                    await offers.saving(reading(w, third), offer.id, "x")
                with pytest.raises(Missing):
                    await written(w, clinic, touching, partial(work, offer_id=offer.id, shown="x"))
            assert not await _sees(w, there, client)

    run(test())


def test_an_offer_of_a_client_who_is_gone_opens_nothing(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            client, offer = await _one_offered(w)
            await w.disconnect(here, client.id)
            with pytest.raises(Invalid, match="does not see them any more"):
                await answered(w, there, offer, accept)
            assert await _states(w, there) == [("offered", True, "Ada Lovelace")]

    run(test())


def test_only_one_of_many_answers_counts(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            _, there = w.clinics
            client, offer = await _one_offered(w)
            work = (*[accept] * 4, *[decline] * 4)
            answers = await asyncio.gather(*(answered(w, there, offer, one) for one in work), return_exceptions=True)
            assert sum(isinstance(one, Offer) for one in answers) == 1
            assert all(isinstance(one, Offer | Invalid) for one in answers)
            [(state, _, _)] = await _states(w, there)
            assert await _sees(w, there, client) == (state == OfferState.ACCEPTED)
        assert [finding for finding in await check(store_url) if finding.severity == "error"] == []

    run(test())


def test_clients_are_found_by_number_by_id_and_by_name(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as w:
            here, there = w.clinics
            ada = await w.client(here, "Ada", "Lovelace", email="ada@example.org")
            bob = await w.client(here, "Bob", "Zuse")
            await w.client(there, "Ada", "Elsewhere")
            spelled = values.to_crockford(ada.id)
            for text in (str(ada.number), f"client_{spelled}", f"c{values.to_base36(ada.id)}", "lovel", "ADA@"):
                assert [one.id for one in await offers.find(reading(w, here), text)] == [ada.id], text
            assert {one.id for one in await offers.find(reading(w, here), "e")} == {ada.id, bob.id}
            assert await offers.find(reading(w, there), spelled) == []
            assert await offers.find(reading(w, here), "  ") == []

    run(test())


def test_common_clients_are_those_whom_others_see_now(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url, 3) as w:
            here, there, third = w.clinics
            made = [await w.client(here, f"C{n}") for n in range(10)]

            async def common(clinic_id: int, before: int = 1 << 40) -> list[int]:
                return [one.number for one in await offers.common(reading(w, clinic_id), before, 2)]

            for n in (0, 4, 8, 9):
                await w.connect(here, made[n].id, there)
            assert (await common(here), await common(here, 9), await common(here, 5)) == ([10, 9], [5, 1], [1])
            assert await common(there) == [4, 3]
            await w.connect(there, made[9].id, third)
            await w.disconnect(there, made[9].id)
            assert (await common(here), await common(there), await common(third)) == ([10, 9], [3, 2], [1])
            await w.disconnect(here, made[9].id)
            assert (await common(here), await common(there), await common(third)) == ([9, 5], [3, 2], [])
            await w.connect(third, made[9].id, there)
            assert (await common(here), await common(there), await common(third)) == ([9, 5], [4, 3], [1])
            assert [one for one in await check(store_url) if one.name == "connections"] == []

    run(test())


def test_who_is_seen_by_several_clinics_is_known_whoever_connects_and_leaves_at_once(store_url: str) -> None:
    """Two stores stand for two processes."""

    async def test() -> None:
        async with opened(store_url, 4) as w, contextlib.AsyncExitStack() as stack:
            here, *others = w.clinics
            stores = [w.store, await open_store(store_url)]
            stack.push_async_callback(stores[1].close)
            people = [await w.client(here) for _ in range(3)]

            async def move(n: int, client: Client) -> None:
                there = others[n % len(others)]

                async def opening(tx: Tx) -> None:
                    await clients.connect(w.ctx(here).within(tx), client.id, "x", there)

                async def leaving(tx: Tx) -> None:
                    await clients.disconnect(w.ctx(there).within(tx), client.id, "x")

                for turn in range(4):
                    with contextlib.suppress(Missing):  # somebody else was faster
                        touching = clients.connecting(here, there, client.id)
                        await stores[(n + turn) % 2].write(touching, leaving if turn % 2 else opening)

            await asyncio.gather(*(move(n, one) for n in range(6) for one in people))
            assert [one for one in await check(store_url) if one.severity == "error"] == []

    run(test())
