# SPDX-License-Identifier: Apache-2.0
"""Codes of second factors: RFC 6238's own, a step early or late, each taken once, and only when it was asked for."""

from __future__ import annotations

import asyncio
import base64
from contextlib import suppress
from typing import Any

import pyotp
import pytest

from polyvet.identity import passwords, second_factor
from polyvet.identity.entering import NEEDS_CODE, Entering
from polyvet.model import values
from polyvet.model.entities import User
from polyvet.model.errors import LimitReached
from polyvet.storage import second_factors, staff
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching, Tx
from polyvet.web.message import Request
from polyvet.web.rolling import Rolling
from tests.core.stores import World, opened, run
from tests.identity.people import a_user

_MINUTE = 60 * values.MICROSECONDS
RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
# Appendix B, the last six of its eight digits.
RFC_CODES = {
    20000000000: "353130",
    1111111109: "081804",
    1111111111: "050471",
    1234567890: "005924",
    2000000000: "279037",
}


@pytest.mark.parametrize(("at", "code"), RFC_CODES.items())
def test_codes_are_those_of_the_standard(at: int, code: str) -> None:
    now = at * values.MICROSECONDS
    step = at // second_factor.STEP_S
    assert second_factor.step_of(RFC_SECRET, code, now) == step
    assert second_factor.step_of(RFC_SECRET, f" {code[:3]} {code[3:]}", now) == step
    found = [
        second_factor.step_of(RFC_SECRET, code, now + by * second_factor.STEP_S * values.MICROSECONDS)
        for by in (-2, -1, 1, 2)
    ]
    assert found == [None, step, step, None]
    for wrong in ("", "0", code[:-1], code + "0", "x" * 10_000, "\udcff", "٢٨٧٠٨٢"):
        assert second_factor.step_of(RFC_SECRET, wrong, now) is None


async def _confirm(world: World, user: User, code: str) -> bool:
    async def job(tx: Tx) -> bool:
        return await second_factor.confirm(tx, user, code)

    return await world.store.write(Touching(), job)


async def _take(store: Store, user: User, code: str) -> bool:
    async def job(tx: Tx) -> bool:
        return await second_factor.take(tx, user, code)

    return await store.write(Touching(), job)


async def _forget_step(world: World, user: User) -> None:
    """As if nothing had been taken for a while."""
    found = await second_factors.get(world.store.reader, user.id)
    assert found is not None

    async def job(tx: Tx) -> None:
        second_factors.end(tx, user.id)

    await world.store.write(Touching(), job)

    async def again(tx: Tx) -> None:
        await second_factors.prepare(tx, user.id, found.secret)
        await second_factors.begin(tx, user.id, found.secret, 1, 0)

    await world.store.write(Touching(), again)


def test_a_code_is_taken_once_however_many_bring_it(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url, 1) as world:
            ada = await a_user(world.store, world.clinics[0], "ada@example.org")
            assert not await _take(world.store, ada, "123456")
            assert not await _confirm(world, ada, "123456")
            await second_factor.prepare(world.store, ada)
            secret = await second_factor.prepared(world.store.reader, ada)
            assert secret is not None
            assert not await _take(world.store, ada, pyotp.TOTP(secret).now())  # nothing is asked for yet
            assert await _confirm(world, ada, pyotp.TOTP(secret).now())
            assert await second_factor.prepared(world.store.reader, ada) is None
            assert not await _confirm(world, ada, pyotp.TOTP(secret).now())
            known = await staff.get_user(world.store.reader, ada.id)
            assert known is not None
            assert known.totp_since is not None
            await _forget_step(world, ada)
            code = pyotp.TOTP(secret).now()
            taken = await asyncio.gather(*(_take(world.store, ada, code) for _ in range(8)))
            assert sorted(taken) == [False] * 7 + [True]

    run(test())


def test_who_has_a_second_factor_keeps_its_secret(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url, 1) as world:
            ada = await a_user(world.store, world.clinics[0], "ada@example.org")
            await second_factor.prepare(world.store, ada)
            first = await second_factor.prepared(world.store.reader, ada)
            await second_factor.prepare(world.store, ada)
            secret = await second_factor.prepared(world.store.reader, ada)
            assert secret not in (None, first)
            assert await _confirm(world, ada, pyotp.TOTP(secret or "").now())
            await second_factor.prepare(world.store, ada)
            found = await second_factors.get(world.store.reader, ada.id)
            assert found is not None
            assert found.secret == secret

            async def ending(tx: Tx) -> None:
                second_factor.end(tx, ada)

            await world.store.write(Touching(), ending)
            assert await second_factors.get(world.store.reader, ada.id) is None

    run(test())


def test_a_device_reads_the_picture() -> None:
    user = User(b"u" * 16, 1, "Ada", "ada", "vet", 0, email="ada@example.org")
    uri = second_factor.uri(user, "Süd & Co", RFC_SECRET)
    read = pyotp.parse_uri(uri)
    assert isinstance(read, pyotp.TOTP)
    assert (read.secret, read.issuer, read.name) == (RFC_SECRET, "polyvet", "ada@example.org (Süd & Co)")
    assert second_factor.picture(uri).startswith("data:image/svg+xml")


def test_who_knows_the_password_does_not_guess_codes_all_day_long(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with opened(store_url, 1) as world:
            here, email, password = world.clinics[0], "ada@example.org", "correct horse battery"
            await a_user(world.store, here, email, totp_since=1)
            await passwords.set_password(world.store, here, email, password)
            verified = await passwords.SignIn().user(world.store.reader, here, email, password)
            assert verified is not None
            entering = Entering(world.store, Rolling(shared=False))
            request, begun, done = Request({"client": ("192.0.2.1", 1)}, _nothing, {}, 0), values.now(), []
            for minutes in range(0, 2 * 61, 2):  # seldom enough for a minute's limit
                monkeypatch.setattr(values, "now", lambda at=begun + minutes * _MINUTE: at)
                with suppress(LimitReached):
                    done.append(await entering.allow(request, verified, "000000", "to allow it", _not_done))
            assert len(done) in (40, 41)  # 20 an hour
            assert set(done) == {NEEDS_CODE}

    run(test())


def _not_done(tx: Tx) -> None:
    raise AssertionError("nothing is allowed")


async def _nothing() -> Any:
    raise AssertionError("nothing is read")
