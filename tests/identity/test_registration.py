# SPDX-License-Identifier: Apache-2.0
"""Registering, and signing in by an e-mail wherever it is known."""

from __future__ import annotations

import asyncio

import pytest

from polyvet.core.clinics import list_clinics
from polyvet.identity import passwords, registration
from polyvet.identity.passwords import CANDIDATES, SignIn, set_password
from polyvet.identity.registration import NewAccount
from polyvet.model.errors import Invalid
from tests.core.stores import World, opened, run
from tests.identity.people import a_user

PASSWORD = "correct horse battery"


def _new(email: str, password: str = PASSWORD) -> NewAccount:
    return NewAccount(f" {email} ", " Robin Hale ", "Hale & Cat", password)


async def _signs_in(world: World, email: str, password: str = PASSWORD) -> set[bytes]:
    return {one.user.id for one in await SignIn().users(world.store.reader, email, password)}


def test_who_registers_has_a_clinic_and_signs_in(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url, 1) as world:
            user = (await registration.register(world.store, _new("Robin@first.example"))).user
            assert (user.email, user.name, user.number) == ("robin@first.example", "Robin Hale", 1)
            assert user.library_role == "free"
            clinic = {one.id: one for one in await list_clinics(world.store)}[user.clinic_id]
            assert (clinic.name, clinic.email) == ("Hale & Cat", "Robin@first.example")
            assert await _signs_in(world, "ROBIN@first.example ") == {user.id}
            assert await _signs_in(world, "robin@first.example", PASSWORD + "x") == set()

    run(test())


def test_many_register_at_the_same_time(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url, 1) as world:
            new = [_new(f"{number}@many.example") for number in range(8)]
            users = await asyncio.gather(*(registration.register(world.store, one) for one in new))
            assert len({one.user.clinic_id for one in users}) == 8

    run(test())


def test_one_e_mail_is_right_at_several_clinics(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            email, found = "ada@several.example", []
            for clinic in world.clinics:
                found.append(await a_user(world.store, clinic, email))
                await set_password(world.store, clinic, email, PASSWORD)
            third = await registration.register(world.store, _new(email, "another password"))
            assert await _signs_in(world, email) == {user.id for user in found}
            assert await _signs_in(world, email, "another password") == {third.user.id}

    run(test())


def test_an_e_mail_has_no_more_accounts_than_may_sign_in(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url, 1) as world:
            for _ in range(CANDIDATES):
                await registration.register(world.store, _new("crowd@example.org"))
            with pytest.raises(Invalid, match="No account"):
                await registration.register(world.store, _new("crowd@example.org"))
            assert len(await _signs_in(world, "crowd@example.org")) == CANDIDATES

    run(test())


def test_as_many_passwords_are_tried_whoever_there_is(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str | None] = []

    def counted(stored: str | None, password: str) -> bool:
        tried.append(stored)
        return False

    monkeypatch.setattr(passwords, "_verified", counted)

    async def test() -> None:
        async with opened(store_url, 1) as world:
            await registration.register(world.store, _new("one@tried.example"))
            for email in ("one@tried.example", "nobody@tried.example", ""):
                tried.clear()
                assert await _signs_in(world, email) == set()
                assert len(tried) == CANDIDATES

    run(test())


@pytest.mark.parametrize(("field", "value"), [("email", "x"), ("name", "\n"), ("practice", ""), ("password", "x")])
def test_what_does_not_hold_is_named(sqlite_store_url: str, field: str, value: str) -> None:
    async def test() -> None:
        async with opened(sqlite_store_url, 1) as world:
            given = {"email": "a@b.example", "name": "A", "practice": "B", "password": PASSWORD, field: value}
            with pytest.raises(Invalid) as told:
                await registration.register(world.store, NewAccount(**given))
            assert set(told.value.problems) == {field}

    run(test())
