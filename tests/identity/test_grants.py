# SPDX-License-Identifier: Apache-2.0
"""Grants: codes and refresh tokens that serve once, whoever brings them in how many processes, and what is cleared."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest
from authlib.oauth2.rfc6749 import InvalidGrantError
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from polyvet.identity import grants
from polyvet.identity.keys import Keys
from polyvet.identity.passwords import set_password
from polyvet.model import values
from polyvet.model.access import Application
from polyvet.model.errors import Forbidden, Unauthenticated
from polyvet.model.values import hashed
from polyvet.storage import grants as stored
from polyvet.storage.store import Store, open_store
from polyvet.storage.writing import Touching, Tx
from tests.core.stores import World, opened, run
from tests.identity.people import DIALECT, REDIRECT, a_code, a_user, an_application, beside, rows

LIFETIMES = grants.Lifetimes(access=36_000, refresh=30 * 86_400)
VERIFIER = "v" * 43
AT_ONCE = 20
HOUR = values.DAY // 24


async def _consent(world: World, **bound: Any) -> tuple[Application, grants.Consent]:
    here = world.clinics[0]
    application, _ = await an_application(world.store, here)
    user = await a_user(world.store, here, f"{application.client_id}@example.org")
    more: dict[str, Any] = {"challenge": create_s256_code_challenge(VERIFIER), "scope": "restapi", **bound}
    return application, grants.Consent(user_id=user.id, redirect_uri=REDIRECT, **more)


async def _unless_refused(work: Awaitable[grants.Issued]) -> grants.Issued | None:
    try:
        return await work
    except InvalidGrantError:
        return None


async def _exchange(store: Store, application: Application, code: str) -> grants.Issued | None:
    return await _unless_refused(grants.exchange(store, application, code, REDIRECT, VERIFIER, LIFETIMES))


async def _refresh(store: Store, application: Application, token: str) -> grants.Issued | None:
    return await _unless_refused(grants.refresh(store, application, token, LIFETIMES))


async def _known(store: Store, token: str) -> bool:
    try:
        await Keys(store, DIALECT, "restapi").caller(token)
    except Unauthenticated:
        return False
    return True


def test_a_code_and_a_refresh_token_serve_once_in_all_processes_together(store_url: str) -> None:
    """Two stores stand for two processes."""

    async def test() -> None:
        async with opened(store_url) as world:
            application, consent = await _consent(world)
            other = await open_store(store_url)
            both = [world.store, other] * (AT_ONCE // 2)
            try:
                code = await a_code(world.store, application, consent)
                found = await asyncio.gather(*(_exchange(store, application, code) for store in both))
                [won] = [one for one in found if one is not None]
                assert not await _known(world.store, won.access_token)
                code = await a_code(world.store, application, consent)
                issued = await _exchange(world.store, application, code)
                assert issued is not None
                assert issued.refresh_token is not None
                assert await _known(other, issued.access_token)
                found = await asyncio.gather(*(_refresh(store, application, issued.refresh_token) for store in both))
                [won] = [one for one in found if one is not None]
                assert not await _known(world.store, won.access_token)
                assert not await _known(world.store, issued.access_token)
            finally:
                await other.close()

    run(test())


def test_a_new_password_ends_codes_that_nobody_has_exchanged_yet(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            application, consent = await _consent(world)
            used, waiting = [await a_code(world.store, application, consent) for _ in range(2)]
            another_application, others = await _consent(world)
            anothers = await a_code(world.store, another_application, others)
            issued = await _exchange(world.store, application, used)
            assert issued is not None
            email = f"{application.client_id}@example.org"
            await set_password(world.store, world.clinics[0], email, "correct horse battery")
            assert not await _known(world.store, issued.access_token)
            assert await _exchange(world.store, application, waiting) is None
            assert await _exchange(world.store, another_application, anothers) is not None, "another user's"

    run(test())


def test_callers_are_applications_and_their_users(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            application, consent = await _consent(world)
            keys = Keys(world.store, DIALECT, "restapi")
            own = await grants.for_itself(world.store, application, "restapi", LIFETIMES)
            assert own.refresh_token is None
            caller = await keys.caller(own.access_token)
            assert (caller.key_id, caller.user_id) == (application.id, None)
            assert caller.permissions == set(application.permissions.split())
            assert application.client_id.startswith(caller.shown)
            seen = {caller.key_id}
            for person in (consent.user_id, (await a_user(world.store, world.clinics[0], None)).id):
                of_person = grants.Consent(user_id=person, redirect_uri=REDIRECT, scope="restapi")
                for _ in range(2):
                    code = await a_code(world.store, application, of_person)
                    issued = await grants.exchange(world.store, application, code, REDIRECT, None, LIFETIMES)
                    caller = await keys.caller(issued.access_token)
                    assert (caller.user_id, caller.clinic_id) == (person, world.clinics[0])
                    assert len(caller.key_id) == 16
                    seen.add(caller.key_id)
            assert len(seen) == 3

    run(test())


def test_a_token_is_no_key_elsewhere_and_needs_its_scope(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            application, consent = await _consent(world, scope="openid")
            own = await grants.for_itself(world.store, application, "restapi", LIFETIMES)
            for keys in (Keys(world.store, DIALECT), Keys(world.store, "vetcheck", "restapi")):
                with pytest.raises(Unauthenticated):
                    await keys.caller(own.access_token)
            code = await a_code(world.store, application, consent)
            issued = await _exchange(world.store, application, code)
            assert issued is not None
            with pytest.raises(Forbidden):
                await Keys(world.store, DIALECT, "restapi").caller(issued.access_token)

    run(test())


def test_what_is_over_is_cleared_away_and_what_lives_is_not(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            application, consent = await _consent(world)
            tables = ("oauth_tokens", "oauth_codes", "oauth_grants")
            await _clear(world.store, values.now() + 1_000 * values.DAY)  # what other tests left
            assert [await rows(world.store, table) for table in tables] == [0, 0, 0]
            code = await a_code(world.store, application, consent)
            issued = await _exchange(world.store, application, code)
            assert issued is not None
            assert issued.refresh_token is not None
            await grants.for_itself(world.store, application, "restapi", LIFETIMES)
            await a_code(world.store, application, consent)
            now = values.now()
            for hours, left in ((9, [3, 2, 2]), (11, [1, 2, 2]), (25, [1, 0, 1]), (29 * 24, [1, 0, 1])):
                await _clear(world.store, now + hours * HOUR)
                assert [await rows(world.store, table) for table in tables] == left, hours
            assert await _refresh(world.store, application, issued.refresh_token) is not None
            await _clear(world.store, now + 31 * values.DAY)
            assert [await rows(world.store, table) for table in tables] == [0, 0, 0]

    run(test())


async def _clear(store: Store, now: int) -> None:
    async def job(tx: Tx) -> None:
        stored.sweep(tx, now)

    for _ in range(20):  # each clears a bounded number
        await store.write(Touching(), job)


def test_a_server_that_grants_clears_by_itself(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            application, _ = await _consent(world)
            first = await grants.for_itself(world.store, application, "restapi", LIFETIMES)
            await beside(world.store, "UPDATE oauth_tokens SET expires_at = 1")
            for _ in range(stored.SWEEP_EVERY):
                await grants.for_itself(world.store, application, "restapi", LIFETIMES)
            assert await stored.held(world.store.reader, hashed(first.access_token)) is None

    run(test())


def test_a_code_that_comes_again_after_its_time_still_ends_what_it_gave(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            application, consent = await _consent(world)
            code = await a_code(world.store, application, consent)
            issued = await _exchange(world.store, application, code)
            assert issued is not None
            await beside(world.store, "UPDATE oauth_codes SET expires_at = 1")
            assert await _exchange(world.store, application, code) is None
            assert not await _known(world.store, issued.access_token)

    run(test())
