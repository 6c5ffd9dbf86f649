# SPDX-License-Identifier: Apache-2.0
"""Sessions: opaque, kept hashed, ended by time and by whoever may; those that are over are cleared away."""

from __future__ import annotations

from polyvet.identity import sessions
from polyvet.identity.passwords import set_password
from polyvet.model import values
from polyvet.model.values import hashed
from polyvet.storage import sessions as stored
from polyvet.storage.writing import Touching, Tx
from tests.core.stores import World, opened, run
from tests.identity.people import a_session, a_user, beside, rows

PASSWORD = "correct horse battery"


async def _found(world: World, secret: str | None) -> bool:
    return await sessions.find(world.store.reader, secret) is not None


def test_a_session_stands_for_its_user_until_it_ends(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here = world.clinics[0]
            ada = await a_user(world.store, here, "ada@example.org")
            secret = await a_session(world.store, ada)
            found = await sessions.find(world.store.reader, secret)
            assert found is not None
            assert (found.user, found.csrf) == (ada, sessions.csrf_of(secret))
            assert secret not in found.csrf
            assert await stored.get(world.store.reader, hashed(found.csrf)) is None
            for nothing in (None, "", secret[:-1], "\udcff", "x" * 10_000):
                assert not await _found(world, nothing)
            again = await a_session(world.store, ada, secret)

            async def ending(tx: Tx) -> None:
                sessions.end_within(tx, again)

            assert (await _found(world, secret), await _found(world, again)) == (False, True)
            for _ in range(2):
                await world.store.write(Touching(), ending)
            assert not await _found(world, again)

    run(test())


def test_sessions_end_with_time_with_a_password_and_with_their_user(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, there = world.clinics
            ada = await a_user(world.store, here, "ada@example.org")
            grace = await a_user(world.store, there, "grace@example.org")
            short = await a_session(world.store, ada, lifetime_s=0)
            mine, theirs = await a_session(world.store, ada), await a_session(world.store, grace)
            assert [await _found(world, one) for one in (short, mine, theirs)] == [False, True, True]
            await set_password(world.store, here, "ada@example.org", PASSWORD)
            assert [await _found(world, one) for one in (mine, theirs)] == [False, True]
            await beside(world.store, f"UPDATE users SET active = false WHERE clinic_id = {there}")  # noqa: S608
            assert not await _found(world, theirs)

    run(test())


def test_what_is_over_is_cleared_away_now_and_then(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url, 1) as world:
            ada = await a_user(world.store, world.clinics[0], "ada@example.org")
            await beside(world.store, "DELETE FROM sessions")
            for _ in range(stored.SWEEP_EVERY):
                await a_session(world.store, ada, lifetime_s=0)
            living = await a_session(world.store, ada)

            async def sweeping(tx: Tx) -> None:
                stored.sweep(tx, values.now())

            await world.store.write(Touching(), sweeping)
            assert await rows(world.store, "sessions") == 1
            assert await _found(world, living)

    run(test())
