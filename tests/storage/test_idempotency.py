# SPDX-License-Identifier: Apache-2.0
"""Saved answers: found for a day, dropped after it, one a key."""

from __future__ import annotations

import asyncio

import pytest

from polyvet.model import values
from polyvet.model.access import ApiKey
from polyvet.storage import access, idempotency
from polyvet.storage.idempotency import Saved
from polyvet.storage.writing import Tx
from tests.storage.world import World, run, world

KEY, OTHER = b"k" * 16, b"o" * 16


async def with_keys(w: World) -> None:
    async def job(tx: Tx) -> None:
        for ident in (KEY, OTHER):
            access.add_key(tx, ApiKey(ident, 1, "vetigen", "n", "partner", "", ident * 2, "x", None, None, 1, None))

    await w.write(job, at=[1])


async def save(w: World, text: str, answer: bytes = b"{}", key: bytes = KEY) -> None:
    async def job(tx: Tx) -> None:
        idempotency.save(tx, key, text, b"print", 201, answer)

    await w.write(job, at=[1])


async def saved(w: World, text: str, key: bytes = KEY) -> Saved | None:
    return await w.write(lambda tx: idempotency.saved(tx, key, text), at=[1])


def test_an_answer_is_found_under_its_key_alone(migrated_url: str) -> None:
    async def test() -> None:
        async with world(migrated_url) as w:
            await with_keys(w)
            await save(w, "one", b"\x00\xff")
            assert await saved(w, "one") == Saved(b"print", 201, b"\x00\xff")
            assert await saved(w, "two") is None
            assert await saved(w, "one", OTHER) is None
            with pytest.raises(Exception, match=r"(?i)unique"):
                await save(w, "one")

    run(test())


def test_answers_of_one_group_see_each_other(migrated_url: str) -> None:
    async def test() -> None:
        async with world(migrated_url) as w:
            await with_keys(w)

            async def once(tx: Tx) -> bool:
                if await idempotency.saved(tx, KEY, "same") is not None:
                    return False
                idempotency.save(tx, KEY, "same", b"p", 200, b"")
                return True

            done = await asyncio.gather(*(w.write(once, at=[1]) for _ in range(10)))
            assert done.count(True) == 1

    run(test())


def test_old_answers_are_forgotten_and_swept(migrated_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "SWEEP_EVERY", 1)
    monkeypatch.setattr(idempotency, "SWEEP_ROWS", 3)
    real = values.now

    async def test() -> None:
        async with world(migrated_url) as w:
            await with_keys(w)
            for number in range(5):
                await save(w, f"old{number}")
            monkeypatch.setattr(values, "now", lambda: real() + values.DAY + 1_000_000)
            assert await saved(w, "old4") is None
            await save(w, "new")
            assert len(await w.rows("idempotency")) == 2
            await save(w, "newer")
            assert {row[0] for row in await w.rows("idempotency", "idempotency_key")} == {"new", "newer"}

    run(test())


def test_an_expired_key_can_be_used_again(migrated_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = values.now

    async def test() -> None:
        async with world(migrated_url) as w:
            await with_keys(w)
            await save(w, "key", b"first")
            monkeypatch.setattr(values, "now", lambda: real() + values.DAY + 1_000_000)

            async def again(tx: Tx) -> None:
                assert await idempotency.saved(tx, KEY, "key") is None
                idempotency.save(tx, KEY, "key", b"print", 200, b"second")

            await w.write(again, at=[1])
            assert await saved(w, "key") == Saved(b"print", 200, b"second")

    run(test())
