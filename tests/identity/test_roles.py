# SPDX-License-Identifier: Apache-2.0
"""Promo codes and roles: counted once for each user, and never more often than a code allows."""

from __future__ import annotations

import asyncio
import re
from collections import Counter

from polyvet.identity import roles
from polyvet.identity.roles import NewPromoCode, Redeemed
from polyvet.model.entities import User
from polyvet.model.library import LibraryRole
from polyvet.model.values import hashed
from polyvet.storage import promo_codes, staff
from polyvet.storage.store import open_store
from tests.core.stores import World, opened, run
from tests.identity.people import a_user, beside


async def _free(world: World, clinic_id: int, number: int = 0) -> User:
    return await a_user(world.store, clinic_id, f"{number}@example.org", library_role=LibraryRole.FREE)


async def _uses(world: World, code: str) -> int:
    found = await promo_codes.get(world.store.reader, hashed(code))
    assert found is not None
    return found.uses


def test_a_code_raises_a_role_and_counts_once_for_a_user(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here = world.clinics[0]
            user = await _free(world, here)
            code = await roles.create(world.store, NewPromoCode(name="spring", most_uses=2, days=1))
            assert re.fullmatch(r"(?:[A-Z2-9]{5}-){2}[A-Z2-9]{5}", code)
            assert await roles.outlook(world.store.reader, user, code) == Redeemed.RAISED
            assert await _uses(world, code) == 0
            outcomes = [await roles.redeem(world.store, user, f" {code.lower()}\n") for _ in range(3)]
            assert outcomes == [Redeemed.RAISED, Redeemed.NOT_NEEDED, Redeemed.NOT_NEEDED]
            assert await _uses(world, code) == 1
            raised = await staff.get_user(world.store.reader, user.id)
            assert raised is not None
            assert raised.library_role == "premium"
            assert await world.events(here) == [("updated", "user", user.id)]
            assert await roles.redeem(world.store, user, "") == Redeemed.UNKNOWN

    run(test())


def test_a_code_is_not_used_more_often_than_it_may_be_by_users_of_several_clinics(store_url: str) -> None:
    """Two stores stand for two processes."""

    async def test() -> None:
        async with opened(store_url) as world:
            users = [await _free(world, world.clinics[n % 2], n) for n in range(8)]
            code = await roles.create(world.store, NewPromoCode(most_uses=3))
            other = await open_store(store_url)
            try:
                both = [world.store, other] * 4
                twice = [*zip(both, users, strict=True), *zip(reversed(both), users, strict=True)]
                found = await asyncio.gather(*(roles.redeem(store, user, code) for store, user in twice))
            finally:
                await other.close()
            assert Counter(found)[Redeemed.RAISED] == 3
            assert await _uses(world, code) == 3

    run(test())


def test_a_code_ends(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            user = await _free(world, world.clinics[0])
            for change in ("expires_at = 1", "revoked_at = 1", "most_uses = 0"):
                code = await roles.create(world.store, NewPromoCode(name=change))
                await beside(world.store, f"UPDATE promo_codes SET {change} WHERE name = '{change}'")  # noqa: S608
                assert await roles.outlook(world.store.reader, user, code) == Redeemed.UNKNOWN
                assert await roles.redeem(world.store, user, code) == Redeemed.UNKNOWN
            code = await roles.create(world.store, NewPromoCode())
            assert await roles.revoke(world.store, code.lower())
            assert not await roles.revoke(world.store, code)
            assert not await roles.revoke(world.store, "nonsense")
            assert await roles.redeem(world.store, user, code) == Redeemed.UNKNOWN

    run(test())


def test_a_role_is_set(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, there = world.clinics
            user = await _free(world, here)
            for role in (LibraryRole.PREMIUM, LibraryRole.PREMIUM, LibraryRole.FREE):
                found = await roles.set_role(world.store, here, " 0@Example.org", role)
                assert found is not None
                assert found.library_role == role
            assert len(await world.events(here)) == 2
            assert await roles.set_role(world.store, there, "0@example.org", LibraryRole.PREMIUM) is None
            assert user.library_role == LibraryRole.FREE

    run(test())
