# SPDX-License-Identifier: Apache-2.0
"""What is verified outside a transaction, since it takes its time, is held against the user inside it: whatever ends
what somebody could open ends what they are just about to open, too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pyotp
import pytest

from polyvet.core import staff as core_staff
from polyvet.core import staff_access
from polyvet.identity import grants, password_links, passwords, second_factor, sessions
from polyvet.identity.entering import CHANGED, TOO_LATE, Entering
from polyvet.identity.passwords import Verified
from polyvet.model import values
from polyvet.model.access import NO_ROLE, Role
from polyvet.model.entities import User
from polyvet.storage import grants as stored_grants
from polyvet.storage import staff
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching, Tx
from polyvet.web.message import Request
from polyvet.web.rolling import Rolling
from tests.core.at_once import after, another_process
from tests.core.stores import World, opened, run
from tests.identity.people import REDIRECT, a_code, a_session, a_user, an_application

PASSWORD, OTHER = "correct horse battery", "another long password"


class Ada(msgspec.Struct):
    """Somebody who signs in, and the doors."""

    world: World
    user: User
    entering: Entering

    async def verified(self) -> Verified:
        found = await passwords.SignIn().user(
            self.world.store.reader, self.user.clinic_id, self.user.email or "", PASSWORD
        )
        assert found is not None
        return found

    async def stands(self, secret: str) -> bool:
        return await sessions.find(self.world.store.reader, secret, half=True) is not None

    async def prepared(self) -> str:
        await second_factor.prepare(self.world.store, self.user)
        secret = await second_factor.prepared(self.world.store.reader, self.user)
        assert secret is not None
        return secret


@asynccontextmanager
async def _ada(url: str, clinics: int = 1) -> AsyncIterator[Ada]:
    async with opened(url, clinics) as world:
        email = f"ada-{world.clinics[0]}@races.example"  # of one e-mail only so many sign in
        user = await a_user(world.store, world.clinics[0], email, console_role=Role.VET)
        await passwords.set_password(world.store, user.clinic_id, email, PASSWORD)
        yield Ada(world, user, Entering(world.store, Rolling(shared=False)))


async def _another_password(store: Store, user: User) -> None:
    await passwords.set_password(store, user.clinic_id, user.email or "", OTHER)


async def _no_role(store: Store, user: User) -> None:
    await staff_access.set_by_hand(store, user.clinic_id, user.email or "", NO_ROLE, None)


async def _gone(store: Store, user: User) -> None:
    async def job(tx: Tx) -> None:
        [file] = await staff.by_numbers(tx, user.clinic_id, [user.number])
        await core_staff.end_access(tx, user)
        core_staff.changed(tx, file, active=False)

    await store.write(core_staff.touching(user.clinic_id), job)


async def _second_factor(store: Store, user: User) -> None:
    await second_factor.prepare(store, user)
    secret = await second_factor.prepared(store.reader, user)

    async def job(tx: Tx) -> None:
        assert await second_factor.confirm(tx, user, pyotp.TOTP(secret or "").now())
        sessions.end_others(tx, user, "")

    await store.write(core_staff.touching(user.clinic_id), job)


Change = Callable[[Store, User], Coroutine[Any, Any, None]]
CHANGES = pytest.mark.parametrize("change", [_another_password, _no_role, _gone, _second_factor])


@CHANGES
def test_a_session_does_not_begin_by_what_stands_no_more(store_url: str, change: Change) -> None:
    async def test() -> None:
        async with _ada(store_url) as ada:
            verified = await ada.verified()
            await change(ada.world.store, ada.user)
            assert await ada.entering.begin(verified, None) is None
            assert await ada.entering.choices([verified, verified]) == []
            allowed = await ada.entering.allow(_request(), verified, "", "to allow it", _not_done)
            assert allowed == CHANGED

    run(test())


@CHANGES
def test_half_a_session_is_not_completed_when_it_is_over(
    store_url: str, change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with _ada(store_url) as ada:
            [(choice, _)] = await ada.entering.choices([await ada.verified()])
            half = await a_session(ada.world.store, ada.user, lifetime_s=60)
            found = await ada.entering.half(half)
            assert found is not None

            async def late(secret: str | None) -> User | None:
                await change(ada.world.store, ada.user)
                return found

            monkeypatch.setattr(ada.entering, "half", late)  # whom the session was of a moment ago
            assert await ada.entering.chosen(choice, None) is None
            assert await ada.entering.complete(_request(), found, half, "000000") == TOO_LATE

    run(test())


def test_a_choice_is_good_once_however_many_bring_it(store_url: str) -> None:
    async def test() -> None:
        async with _ada(store_url) as ada:
            [(choice, _)] = await ada.entering.choices([await ada.verified()])
            found = await asyncio.gather(*(ada.entering.chosen(choice, None) for _ in range(4)))
            assert len([one for one in found if one is not None]) == 1

    run(test())


def test_a_password_that_is_set_by_a_link_is_verified(store_url: str) -> None:
    async def test() -> None:
        async with _ada(store_url) as ada:

            async def linked(tx: Tx) -> str:
                return await password_links.make(tx, ada.user.id)

            store = ada.world.store
            joined = await password_links.use(store, await store.write(Touching(), linked), OTHER)
            assert joined is not None
            await passwords.set_password(store, ada.user.clinic_id, ada.user.email or "", PASSWORD)
            assert await ada.entering.begin(joined, None) is None
            assert await ada.entering.begin(await ada.verified(), None) is not None

    run(test())


@CHANGES
def test_a_change_waits_for_a_session_that_is_just_beginning_and_ends_it(
    store_url: str, change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As two processes would: the change comes when the session has been decided on, and has not begun."""

    async def test() -> None:
        async with _ada(store_url) as ada, another_process(store_url) as other:
            verified = await ada.verified()
            changing = after(monkeypatch, passwords, "stands", lambda: change(other, ada.user))
            entry = await ada.entering.begin(verified, None)
            await changing()
            assert entry is not None
            assert not await ada.stands(entry.secret)

    run(test())


def test_a_password_waits_for_the_one_that_is_just_set_by_a_link(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with _ada(store_url) as ada, another_process(store_url) as other:

            async def linked(tx: Tx) -> str:
                return await password_links.make(tx, ada.user.id)

            link = await ada.world.store.write(Touching(), linked)
            changing = after(monkeypatch, passwords, "put", lambda: _another_password(other, ada.user))
            joined = await password_links.use(ada.world.store, link, PASSWORD + "!")
            await changing()
            assert joined is not None
            assert await ada.entering.begin(joined, None) is None

    run(test())


def test_what_a_user_grants_at_another_clinics_application_ends_with_their_password(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with _ada(store_url, 2) as ada, another_process(store_url) as other:
            store = ada.world.store
            application, _ = await an_application(store, ada.world.clinics[1])
            consent = grants.Consent(user_id=ada.user.id, redirect_uri=REDIRECT, scope="restapi")
            code = await a_code(store, application, consent)
            changing = after(monkeypatch, stored_grants, "get_code", lambda: _another_password(other, ada.user), 2)
            issued = await grants.exchange(store, application, code, REDIRECT, None, grants.Lifetimes(60, 60))
            await changing()
            held = await stored_grants.held(store.reader, values.hashed(issued.access_token))
            assert held is not None
            assert held.grant.revoked_at is not None

    run(test())


def _request() -> Request:
    return Request({"client": ("192.0.2.1", 1)}, _nothing, {}, 0)


async def _nothing() -> Any:
    raise AssertionError("nothing is read")


def _not_done(tx: Tx) -> None:
    raise AssertionError("nothing is allowed")
