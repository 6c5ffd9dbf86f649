# SPDX-License-Identifier: Apache-2.0
"""Passwords: kept as argon2id, set for a clinic's user, and no way to learn from a refusal what was wrong."""

from __future__ import annotations

import pytest

from polyvet.identity.passwords import LONGEST, PasswordError, SignIn, set_password
from polyvet.storage import staff
from tests.core.stores import World, opened, run
from tests.identity.people import a_user, beside

PASSWORD = "correct horse battery"


async def _signs_in(world: World, clinic_id: int, email: str, password: str) -> bytes | None:
    found = await SignIn().user(world.store.reader, clinic_id, email, password)
    return None if found is None else found.user.id


def test_a_user_signs_in_at_their_own_clinic_only(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, there = world.clinics
            ada = await a_user(world.store, here, "Ada@example.org")
            namesake = await a_user(world.store, there, "ada@example.org")
            assert await _signs_in(world, here, "ada@example.org", "") is None  # who has no password yet
            await set_password(world.store, here, "ada@example.org", PASSWORD)
            for email in ("Ada@example.org", "ADA@EXAMPLE.ORG", " ada@example.org"):
                assert await _signs_in(world, here, email, PASSWORD) == ada.id
            for clinic, email, password in (
                (here, "ada@example.org", PASSWORD + " "),
                (here, "ada@example.org", PASSWORD.upper()),
                (here, "ada", PASSWORD),
                (here, "nobody@example.org", PASSWORD),
                (there, "ada@example.org", PASSWORD),
            ):
                assert await _signs_in(world, clinic, email, password) is None
            found = await staff.signing_in(world.store.reader, here, "ada@example.org")
            assert found is not None
            stored = found[1]
            assert stored is not None
            assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")  # OWASP's figures
            assert PASSWORD not in stored
            assert await staff.signing_in(world.store.reader, there, "ADA@example.org") == (namesake, None)

    run(test())


def test_who_left_does_not_sign_in(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here = world.clinics[0]
            await a_user(world.store, here, "left@example.org", active=False)
            await set_password(world.store, here, "left@example.org", PASSWORD)
            assert await _signs_in(world, here, "left@example.org", PASSWORD) is None

    run(test())


def test_a_user_without_an_e_mail_gets_one_with_the_password(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here = world.clinics[0]
            ada = await a_user(world.store, here, None)
            grace = await a_user(world.store, here, "grace@example.org")
            with pytest.raises(PasswordError, match="--user NUMBER"):
                await set_password(world.store, here, "ada@example.org", PASSWORD)
            with pytest.raises(PasswordError, match="has no user 99"):
                await set_password(world.store, here, "ada@example.org", PASSWORD, 99)
            with pytest.raises(PasswordError, match="another user"):
                await set_password(world.store, here, "GRACE@example.org", PASSWORD, ada.number)
            assert await world.events(here) == []
            await set_password(world.store, here, "ada@example.org", PASSWORD, ada.number)
            assert await _signs_in(world, here, "ada@example.org", PASSWORD) == ada.id
            assert await world.events(here) == [("updated", "user", ada.id)]
            await set_password(world.store, here, "grace@example.org", PASSWORD, grace.number)
            assert len(await world.events(here)) == 1

    run(test())


@pytest.mark.parametrize(
    ("email", "password", "words"),
    [
        ("ada@example.org", "short", "10 to 1,000"),
        ("ada@example.org", "x" * (LONGEST + 1), "10 to 1,000"),
        ("ada", PASSWORD, "no e-mail"),
        ("@", PASSWORD, "no e-mail"),
        ("a@b\0", PASSWORD, "no e-mail"),
        ("a b@c", PASSWORD, "no e-mail"),
        ("x" * 250 + "@example.org", PASSWORD, "no e-mail"),
    ],
)
def test_what_cannot_be_set_is_said(sqlite_store_url: str, email: str, password: str, words: str) -> None:
    async def test() -> None:
        async with opened(sqlite_store_url, 1) as world:
            user = await a_user(world.store, world.clinics[0], None)
            with pytest.raises(PasswordError, match=words):
                await set_password(world.store, world.clinics[0], email, password, user.number)

    run(test())


def test_a_hash_that_cannot_be_read_opens_nothing(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url, 1) as world:
            here = world.clinics[0]
            await a_user(world.store, here, "ada@example.org")
            await beside(world.store, f"UPDATE users SET password_hash = 'nonsense' WHERE clinic_id = {here}")  # noqa: S608
            assert await _signs_in(world, here, "ada@example.org", "nonsense") is None

    run(test())
