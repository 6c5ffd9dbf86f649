# SPDX-License-Identifier: Apache-2.0
"""Keys: kept as hashes, dead a second after they are revoked, good for one dialect and one clinic."""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import Any

import pytest
from sqlalchemy import select

from polyvet.core.context import PERMISSIONS
from polyvet.identity.keys import PREFIX, Keys, NewKey, create, new_secret, revoke, revoke_named
from polyvet.model import values
from polyvet.model.errors import Unauthenticated
from polyvet.model.values import hashed
from polyvet.storage.statement import Statement
from polyvet.storage.store import Store, open_store
from polyvet.storage.tables import api_keys
from tests.core.stores import opened, run

FORGOTTEN_S = 1.2  # a little more than a key is remembered


def _new(clinic_id: int, dialect: str = "vetigen", **more: Any) -> NewKey:
    return NewKey(clinic_id=clinic_id, dialect=dialect, name="tests", **more)


async def _known(keys: Keys, secret: str | None) -> bool:
    try:
        await keys.caller(secret)
    except Unauthenticated:
        return False
    return True


async def _stored(store: Store) -> list[Any]:
    return list(await store.reader.fetch(Statement(select(*api_keys.columns))))


def test_a_key_opens_its_clinic_with_what_it_was_given(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here = world.clinics[0]
            key, secret = await create(
                world.store,
                _new(here, kind="device", permissions=("patients:read",), per_minute=7, per_hour=9),
            )
            caller = await Keys(world.store, "vetigen").caller(secret)
            assert (caller.key_id, caller.clinic_id, caller.kind) == (key.id, here, "device")
            assert caller.permissions == {"patients:read"}
            assert (caller.per_minute, caller.per_hour) == (7, 9)
            _, other = await create(world.store, _new(here))
            caller = await Keys(world.store, "vetigen").caller(other)
            assert caller.permissions == set(PERMISSIONS)
            assert (caller.kind, caller.per_minute, caller.per_hour) == ("integration", None, None)

    run(test())


def test_only_the_hash_of_a_secret_is_stored(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            _, secret = await create(world.store, _new(world.clinics[0]))
            (row,) = [row for row in await _stored(world.store) if row[1] == world.clinics[0]]
            assert hashlib.sha256(secret.encode()).digest() in [
                bytes(value) for value in row if isinstance(value, bytes)
            ]
            hidden = secret.removeprefix(PREFIX)[4:]  # the four characters before are shown, to tell keys apart
            for value in row:
                text = bytes(value) if isinstance(value, bytes) else str(value).encode()
                assert hidden.encode() not in text

    run(test())


def test_the_embedded_stores_files_do_not_hold_a_secret(sqlite_store_url: str) -> None:
    async def test() -> None:
        async with opened(sqlite_store_url) as world:
            _, secret = await create(world.store, _new(world.clinics[0]))
            path = world.store.path  # type: ignore[attr-defined]
            files = [path, path.with_name(path.name + "-wal")]
            held = b"".join(file.read_bytes() for file in files)
            assert hashed(secret) in held
            assert secret.removeprefix(PREFIX)[4:].encode() not in held

    run(test())


def test_secrets_are_long_and_never_alike() -> None:
    secrets = {new_secret() for _ in range(1_000)}
    assert len(secrets) == 1_000
    assert {len(secret) for secret in secrets} == {len(PREFIX) + 36}
    assert all(secret.startswith(PREFIX) and secret.removeprefix(PREFIX).isalnum() for secret in secrets)


def test_what_is_no_key_is_refused(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            _, secret = await create(world.store, _new(world.clinics[0]))
            keys = Keys(world.store, "vetigen")
            wrong = [None, "", " ", secret[:-1], secret + "x", secret.upper(), " " + secret, PREFIX, "\udcff", "ä" * 99]
            assert [await _known(keys, one) for one in wrong] == [False] * len(wrong)
            assert await _known(keys, secret)

    run(test())


def test_another_dialects_key_is_refused(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            _, secret = await create(world.store, _new(world.clinics[0], "clinovavet"))
            assert await _known(Keys(world.store, "clinovavet"), secret)
            assert not await _known(Keys(world.store, "vetigen"), secret)

    run(test())


def test_a_revoked_key_is_dead_everywhere_within_about_a_second(store_url: str) -> None:
    """Two stores stand for two processes: the key is revoked in one, and was used in both a moment before."""

    async def test() -> None:
        async with opened(store_url) as world:
            other = await open_store(store_url)
            try:
                key, secret = await create(world.store, _new(world.clinics[0]))
                kept, spared = await create(world.store, _new(world.clinics[0]))
                both = [Keys(store, "vetigen") for store in (world.store, other)]
                assert [await _known(keys, secret) for keys in both] == [True, True]
                await revoke(world.store, key.id)
                assert not await _known(Keys(other, "vetigen"), secret)  # who has not seen it yet
                await asyncio.sleep(FORGOTTEN_S)
                assert [await _known(keys, secret) for keys in both] == [False, False]
                assert [await _known(keys, spared) for keys in both] == [True, True]
                assert kept.id != key.id
            finally:
                await other.close()

    run(test())


def test_a_key_is_remembered_for_a_second_and_no_longer(sqlite_store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    async def test() -> None:
        async with opened(sqlite_store_url) as world:
            key, secret = await create(world.store, _new(world.clinics[0]))
            keys = Keys(world.store, "vetigen")
            assert await _known(keys, secret)
            await revoke(world.store, key.id)
            now[0] += 0.99
            assert await _known(keys, secret)
            now[0] += 0.02
            assert not await _known(keys, secret)
            now[0] -= 10  # nor does it come back
            assert not await _known(keys, secret)

    asyncio.run(test())


def test_a_key_is_revoked_by_its_id_or_its_secret_once(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            (one, secret), (two, _) = [await create(world.store, _new(world.clinics[0])) for _ in range(2)]
            spelled = values.to_crockford(one.id), values.to_crockford(two.id)
            assert await revoke_named(world.store, secret) == spelled[0]
            assert await revoke_named(world.store, secret) is None
            assert await revoke_named(world.store, spelled[1].lower()) == spelled[1]
            assert await revoke_named(world.store, spelled[1]) is None
            assert await revoke_named(world.store, "nonsense") is None
            place = api_keys.columns.keys().index("revoked_at")
            revoked = {bytes(row[0]): row[place] for row in await _stored(world.store)}
            assert None not in (revoked[one.id], revoked[two.id])

    run(test())
