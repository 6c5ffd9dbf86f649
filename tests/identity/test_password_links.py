# SPDX-License-Identifier: Apache-2.0
"""Links to choose a password: kept hashed, good once and for some days; and what ends when one is used."""

from __future__ import annotations

import asyncio

import pytest

from polyvet.core.staff_access import LINK_DAYS
from polyvet.identity import password_links, passwords, sessions
from polyvet.model import values
from polyvet.model.entities import User
from polyvet.model.errors import Invalid
from polyvet.storage.writing import Touching, Tx
from tests.core.stores import World, opened, run
from tests.identity.people import a_session, a_user, beside

PASSWORD, OTHER = "correct horse battery", "another long password"


async def _made(world: World, user: User) -> str:
    async def job(tx: Tx) -> str:
        return await password_links.make(tx, user.id)

    return await world.store.write(Touching(), job)


def test_a_link_is_good_once_and_ends_what_there_was(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url, 1) as world:
            ada = await a_user(world.store, world.clinics[0], "ada-links@example.org")
            old = await _made(world, ada)
            link = await _made(world, ada)
            session = await a_session(world.store, ada)
            assert await password_links.find(world.store.reader, old) is None
            assert await password_links.find(world.store.reader, link) == ada
            for nothing in ("", "x" * 43, link[:-1], "\udcff"):
                assert await password_links.find(world.store.reader, nothing) is None
            with pytest.raises(Invalid):
                await password_links.use(world.store, link, "short")
            used = await asyncio.gather(*(password_links.use(world.store, link, PASSWORD) for _ in range(4)))
            assert [one.user for one in used if one is not None] == [ada]
            assert await sessions.find(world.store.reader, session) is None
            assert await password_links.use(world.store, link, OTHER) is None
            found = await passwords.SignIn().users(world.store.reader, "ada-links@example.org", PASSWORD)
            assert [one.user for one in found] == [ada]

    run(test())


def test_a_link_ends_with_time_with_its_user_and_with_another_password(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url, 1) as world:
            here = world.clinics[0]
            ada = await a_user(world.store, here, "ada@example.org")
            link = await _made(world, ada)
            almost = LINK_DAYS * values.DAY - values.MICROSECONDS * 60
            aged = "UPDATE password_links SET expires_at = expires_at - {}"
            await beside(world.store, aged.format(almost))
            assert await password_links.find(world.store.reader, link) == ada
            await beside(world.store, aged.format(values.MICROSECONDS * 60))
            assert await password_links.find(world.store.reader, link) is None
            assert await password_links.use(world.store, link, PASSWORD) is None
            link = await _made(world, ada)
            await beside(world.store, f"UPDATE users SET active = false WHERE clinic_id = {here}")  # noqa: S608
            assert await password_links.find(world.store.reader, link) is None
            await beside(world.store, f"UPDATE users SET active = true WHERE clinic_id = {here}")  # noqa: S608
            await passwords.set_password(world.store, here, "ada@example.org", OTHER)
            assert await password_links.find(world.store.reader, link) is None

    run(test())
