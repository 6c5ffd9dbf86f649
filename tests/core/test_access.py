# SPDX-License-Identifier: Apache-2.0
"""The rules of a clinic's keys and applications: who may give what, to whom they belong, and what is noted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from polyvet.core import access
from polyvet.core.access import MOST_APPLICATIONS
from polyvet.core.context import PERMISSIONS, Context, Writing
from polyvet.identity import applications, keys
from polyvet.identity.applications import NewApplication
from polyvet.identity.keys import NewKey
from polyvet.model import values
from polyvet.model.access import ApiKey, Application
from polyvet.model.errors import Forbidden, Invalid, Missing
from polyvet.model.paging import HIGHEST_ID
from polyvet.storage.statement import Statement, p
from polyvet.storage.tables import audit
from tests.core.stores import World, a_caller, opened, run

T = TypeVar("T")
ALL = (*PERMISSIONS, access.READ, access.WRITE)
_NOTED = Statement(
    select(audit.c.action, audit.c.entity, audit.c.entity_id, audit.c.shown)
    .where(audit.c.clinic_id == p("clinic"))
    .order_by(audit.c.at, audit.c.id),
    "clinic",
)


def _key(clinic_id: int, **more: object) -> ApiKey:
    new = NewKey(clinic_id=clinic_id, dialect="vetigen", name="Lab")
    return keys.made(replace(new, **more))[0]


def _application(clinic_id: int, **more: object) -> Application:
    new = NewApplication(clinic_id=clinic_id, dialect="provet", name="Lab", scopes=("restapi",))
    return applications.made(replace(new, **more))[0]


def _ctx(world: World, clinic_id: int, permissions: tuple[str, ...] = ALL) -> Context:
    return Context(a_caller(clinic_id, permissions), world.store, world.codelists)


async def _write(ctx: Context, work: Callable[[Writing], Awaitable[T]]) -> T:
    return await ctx.store.write(access.touching(ctx.clinic_id), lambda tx: work(ctx.within(tx)))


async def _problems(ctx: Context, work: Callable[[Writing], Awaitable[object]]) -> set[str]:
    """The fields that do not hold."""
    with pytest.raises(Invalid) as refused:
        await _write(ctx, work)
    return set(refused.value.problems)


async def _noted(world: World, clinic_id: int) -> list[tuple[str, str, bytes, str]]:
    rows = await world.store.reader.fetch(_NOTED, clinic_id)
    return [(row[0], row[1], bytes(row[2]), row[3]) for row in rows]


def test_nobody_gives_away_what_they_may_not_do_themselves(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here = world.clinics[0]
            ctx = _ctx(world, here, ("patients:read", access.READ, access.WRITE))
            for permissions in (PERMISSIONS, ("patients:read", "patients:write"), (access.WRITE,), ("everything",), ()):
                adding_key = partial(access.add_key, key=_key(here, permissions=permissions))
                application = _application(here, permissions=permissions)
                adding = partial(access.add_application, application=application)
                assert await _problems(ctx, adding_key) == {"permissions"}
                assert await _problems(ctx, adding) == {"permissions"}
            assert await access.list_keys(ctx, HIGHEST_ID, 9) == []
            assert await access.list_applications(ctx, HIGHEST_ID, 9) == []
            mine = _key(here, permissions=("patients:read",))
            await _write(ctx, lambda w: access.add_key(w, mine))
            assert await access.list_keys(ctx, HIGHEST_ID, 9) == [mine]

    run(test())


def test_who_may_only_look_changes_nothing(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here = world.clinics[0]
            looking = _ctx(world, here, (*PERMISSIONS, access.READ))
            for work in (
                lambda w: access.add_key(w, _key(here)),
                lambda w: access.revoke_key(w, HIGHEST_ID, "x"),
                lambda w: access.add_application(w, _application(here)),
                lambda w: access.change_secret(w, HIGHEST_ID, "x", b"x" * 32),
                lambda w: access.revoke_application(w, HIGHEST_ID, "x"),
            ):
                with pytest.raises(Forbidden):
                    await _write(looking, work)
            assert await _noted(world, here) == []

    run(test())


def test_what_is_made_is_the_callers_clinics_whatever_it_says(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, there = world.clinics
            key, application = _key(there), _application(there)
            ctx, other = _ctx(world, here), _ctx(world, there)
            await _write(ctx, lambda w: access.add_key(w, key))
            await _write(ctx, lambda w: access.add_application(w, application))
            assert (await access.get_key(ctx, key.id, "x")).clinic_id == here
            assert (await access.get_application(ctx, application.id, "x")).clinic_id == here
            for asking in (
                access.get_key(other, key.id, "x"),
                access.get_application(other, application.id, "x"),
                _write(other, lambda w: access.revoke_key(w, key.id, "x")),
                _write(other, lambda w: access.revoke_application(w, application.id, "x")),
                _write(other, lambda w: access.change_secret(w, application.id, "x", b"x" * 32)),
            ):
                with pytest.raises(Missing):
                    await asking
            assert await access.applications_for(other, "provet") == []

    run(test())


def test_each_change_is_noted_once_and_without_a_secret(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here = world.clinics[0]
            ctx = _ctx(world, here)
            key, secret = keys.made(NewKey(clinic_id=here, dialect="vetigen", name="Lab"))
            application, _ = applications.made(
                NewApplication(clinic_id=here, dialect="provet", name="App", scopes=("restapi",))
            )
            await _write(ctx, lambda w: access.add_key(w, key))
            for _ in range(2):
                assert (await _write(ctx, lambda w: access.revoke_key(w, key.id, "x"))).id == key.id
            await _write(ctx, lambda w: access.add_application(w, application))
            before = await access.get_application(ctx, application.id, "x")
            new_hash = values.hashed("another secret")
            await _write(ctx, lambda w: access.change_secret(w, application.id, "x", new_hash))
            after = await access.get_application(ctx, application.id, "x")
            assert after == replace(before, secret_hash=new_hash)
            await _write(ctx, lambda w: access.revoke_application(w, application.id, "x"))
            with pytest.raises(Missing):
                await _write(ctx, lambda w: access.change_secret(w, application.id, "x", new_hash))
            noted = await _noted(world, here)
            assert [(action, entity, one) for action, entity, one, _ in noted] == [
                ("made", "key", key.id), ("ended", "key", key.id), ("made", "application", application.id),
                ("changed", "application", application.id), ("ended", "application", application.id),
            ]  # fmt: skip
            assert not [shown for *_, shown in noted if secret in shown]
            assert await access.list_keys(ctx, HIGHEST_ID, 9) == []
            assert [one.id for one in await access.list_keys(ctx, HIGHEST_ID, 9, living=False)] == [key.id]
            assert [one.id for one in await access.list_applications(ctx, HIGHEST_ID, 9, living=False)] == [
                application.id
            ]

    run(test())


def test_those_who_register_at_the_same_time_keep_to_the_limit_together(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here = world.clinics[0]
            ctx = _ctx(world, here)
            many = [_application(here) for _ in range(MOST_APPLICATIONS + 5)]
            ended = await asyncio.gather(
                *(_write(ctx, partial(access.add_application, application=one)) for one in many),
                return_exceptions=True,
            )
            assert sum(isinstance(one, Invalid) for one in ended) == 5
            assert len(await access.applications_for(ctx, "provet")) == MOST_APPLICATIONS

    run(test())


def test_a_budget_is_a_number_of_requests(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here = world.clinics[0]
            ctx = _ctx(world, here)
            for number in (0, -1, access.MOST_REQUESTS + 1):
                key = _key(here, per_minute=number, per_hour=number)
                assert await _problems(ctx, partial(access.add_key, key=key)) == {"per_minute", "per_hour"}
            most = _key(here, per_minute=access.MOST_REQUESTS, per_hour=1)
            await _write(ctx, lambda w: access.add_key(w, most))

    run(test())
