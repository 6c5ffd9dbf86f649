# SPDX-License-Identifier: Apache-2.0
"""Rules of who lets whom in, where they are decided: two owners who let go of each other at once, and who may what."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from polyvet.core import staff, staff_access
from polyvet.core.context import Caller, Context, Writing
from polyvet.core.roles import OFFICE, SERVER
from polyvet.identity import password_links
from polyvet.model.access import Role
from polyvet.model.entities import User
from polyvet.model.errors import Forbidden, Invalid
from polyvet.storage import staff as stored
from polyvet.storage.writing import Touching, Tx
from tests.core.stores import World, opened, run


async def _owner(world: World, clinic_id: int, name: str, *, operator: bool = False) -> User:
    number = await staff.add(world.store, clinic_id, name, f"{name}@example.org")

    async def job(tx: Tx) -> User:
        [file] = await stored.by_numbers(tx, clinic_id, [number])
        user = replace(file.user, console_role=Role.OWNER, operator=operator)
        stored.set_password(tx, user.id, "a hash")
        return stored.change_user(tx, replace(file, user=user)).user

    return await world.store.write(staff.touching(clinic_id), job)


def _ctx(world: World, user: User, *permissions: str) -> Context:
    caller = Caller(
        user.id, user.clinic_id, "owner", frozenset(permissions or OFFICE), user.name, user_id=user.id
    )  # fmt: skip
    return Context(caller, world.store, world.codelists)


async def _let_go(ctx: Context, number: int) -> bool:
    try:
        await _letting_go(ctx, number)
    except Invalid:
        return False
    return True


async def _letting_go(ctx: Context, number: int) -> User:
    """One lets go of another."""
    touching = staff.touching(ctx.clinic_id)
    return await ctx.store.write(touching, lambda tx: staff_access.let_go(ctx.within(tx), number))


def test_of_two_owners_who_let_go_of_each_other_at_once_one_stays(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url, 1) as world:
            here = world.clinics[0]
            ada, ben = await _owner(world, here, "ada"), await _owner(world, here, "ben")
            done = await asyncio.gather(_let_go(_ctx(world, ada), ben.number), _let_go(_ctx(world, ben), ada.number))
            assert sorted(done) == [False, True]
            left = await staff_access.members(_ctx(world, ada), 100, 10)
            assert [one.user.active for one in left].count(True) == 1

    run(test())


def test_who_looks_after_the_server_is_let_go_by_such_a_one_only(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url, 1) as world:
            here = world.clinics[0]
            ada, ben = await _owner(world, here, "ada", operator=True), await _owner(world, here, "ben")
            with pytest.raises(Forbidden) as refused:
                await _letting_go(_ctx(world, ben), ada.number)
            assert refused.value.permission == staff.OF_OPERATORS
            assert await _let_go(_ctx(world, ben, *OFFICE, *SERVER), ada.number)

    run(test())


def test_whoever_leaves_through_an_api_leaves_nothing_open(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url, 1) as world:
            here = world.clinics[0]
            ada, ben = await _owner(world, here, "ada"), await _owner(world, here, "ben")
            link = await world.store.write(Touching(), lambda tx: password_links.make(tx, ben.id))
            ctx = _ctx(world, ada, "users:write")
            await world.store.write(staff.touching(here), lambda tx: _put(ctx.within(tx), ben, active=False))
            await world.store.write(staff.touching(here), lambda tx: _put(ctx.within(tx), ben, active=True))
            assert await password_links.find(world.store.reader, link) is None

    run(test())


async def _put(w: Writing, user: User, *, active: bool) -> None:
    await staff.save(w, user.number, "", lambda old: replace(old, user=replace(old.user, active=active)))
