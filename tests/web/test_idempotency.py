# SPDX-License-Identifier: Apache-2.0
"""`Idempotency-Key` through the whole server, on both engines: once, whatever is repeated, by whom and when."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest

from polyvet.model import values
from polyvet.storage import idempotency
from tests.core.stores import run
from tests.web.served import Served, new_clinic, served

OWNER = {"firstName": "Ada", "lastName": "Lovelace"}


async def _post(
    it: Served, key: str | None, path: str = "/api/v1/owners", headers: Any = None, **body: Any
) -> httpx.Response:
    given = {} if key is None else {"Idempotency-Key": key}
    return await it.http.post(path, json={**OWNER, **body}, headers={**given, **(headers or {})})


async def _owners(it: Served) -> int:
    total: int = (await it.http.get("/api/v1/owners")).json()["pagination"]["total"]
    return total


def test_a_repeated_request_gets_the_saved_answer(store_url: str) -> None:
    async def test() -> None:
        async with served(store_url) as it:
            first, again = await _post(it, "a"), await _post(it, "a")
            assert (first.status_code, again.status_code) == (201, 201)
            assert again.content == first.content
            assert "idempotent-replayed" not in first.headers
            assert again.headers["idempotent-replayed"] == "true"
            assert again.headers["content-type"] == first.headers["content-type"]
            assert again.headers["x-request-id"] != first.headers["x-request-id"]
            assert await _owners(it) == 1

    run(test())


def test_without_a_key_or_under_another_one_every_request_counts(store_url: str) -> None:
    async def test() -> None:
        async with served(store_url) as it:
            answers = [await _post(it, key) for key in (None, None, "a", "b", "A")]
            assert {answer.status_code for answer in answers} == {201}
            assert len({answer.json()["id"] for answer in answers}) == await _owners(it) == 5

    run(test())


def test_a_key_that_comes_with_another_request_is_refused(store_url: str) -> None:
    async def test() -> None:
        async with served(store_url) as it:
            owner = (await _post(it, "a")).json()["id"]
            other_body = await _post(it, "a", lastName="Byron")
            other_path = await _post(it, "a", "/api/v1/pets", name="Rex", species="Dog", ownerId=owner)
            for refused in (other_body, other_path):
                assert refused.status_code == 422
                assert refused.json()["error"]["code"] == "IDEMPOTENCY_KEY_REUSED"
            assert await _owners(it) == 1
            assert (await it.http.get("/api/v1/pets")).json()["pagination"]["total"] == 0
            assert (await _post(it, "a")).json()["id"] == owner  # the saved answer stays

    run(test())


def test_a_refused_request_uses_no_key_up(store_url: str) -> None:
    async def test() -> None:
        async with served(store_url) as it:
            assert (await _post(it, "a", firstName="")).status_code == 400
            missing = await _post(it, "a", "/api/v1/pets", name="Rex", species="Dog", ownerId="c" + "0" * 24)
            assert missing.status_code == 404
            assert (await _post(it, "a")).status_code == 201
            assert await _owners(it) == 1

    run(test())


def test_keys_of_different_callers_do_not_meet(store_url: str) -> None:
    async def test() -> None:
        async with served(store_url) as it:
            same_clinic = await it.key("clinovavet")
            other_clinic = await it.key("clinovavet", await new_clinic(it.store))
            answers = [await _post(it, "a", headers=headers) for headers in (None, same_clinic, other_clinic)]
            assert len({answer.json()["id"] for answer in answers}) == 3
            assert not any("idempotent-replayed" in answer.headers for answer in answers)

    run(test())


def test_requests_with_one_key_at_the_same_time_do_the_work_once(store_url: str) -> None:
    """Two applications stand for two worker processes."""

    async def test() -> None:
        async with served(store_url) as it, served(store_url) as other:
            other.http.headers["authorization"] = it.http.headers["authorization"]
            answers = await asyncio.gather(*(_post(worker, f"k{n}") for n in range(4) for worker in (it, other) * 3))
            assert {answer.status_code for answer in answers} == {201}
            replayed = Counter("idempotent-replayed" in answer.headers for answer in answers)
            assert replayed == {False: 4, True: 20}
            assert len({answer.json()["id"] for answer in answers}) == await _owners(it) == 4

    run(test())


@pytest.mark.parametrize("key", ["", "x" * 256, "ä", "a\tb", "a\x7f"])
def test_keys_that_do_not_hold(sqlite_store_url: str, key: str) -> None:
    async def test() -> None:
        async with served(sqlite_store_url) as it:
            refused = await it.http.post(
                "/api/v1/owners", json=OWNER, headers=[(b"idempotency-key", key.encode("latin-1"))]
            )
            assert refused.status_code == 400
            assert "Idempotency-Key" in refused.json()["error"]["details"]
            assert await _owners(it) == 0

    run(test())


def test_the_longest_key_is_taken(store_url: str) -> None:
    async def test() -> None:
        async with served(store_url) as it:
            answers = [await _post(it, "~ " + "x" * 253) for _ in range(2)]
            assert [answer.status_code for answer in answers] == [201, 201]
            assert await _owners(it) == 1

    run(test())


def test_a_saved_answer_is_forgotten_after_its_day(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        async with served(store_url) as it:
            first = await _post(it, "a")
            now = values.now
            monkeypatch.setattr(values, "now", lambda: now() + idempotency.LIFETIME - 5_000_000)
            assert (await _post(it, "a")).content == first.content
            monkeypatch.setattr(values, "now", lambda: now() + idempotency.LIFETIME + 1)
            assert (await _post(it, "a", lastName="Byron")).status_code == 201
            assert await _owners(it) == 2

    run(test())


def test_old_answers_are_swept_away(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        async with served(store_url) as it:
            await _post(it, "old")
            now = values.now
            monkeypatch.setattr(values, "now", lambda: now() + idempotency.LIFETIME + 1)
            monkeypatch.setattr(idempotency, "SWEEP_EVERY", 1)
            await _post(it, "new")
            monkeypatch.undo()
            again = await _post(it, "old")
            assert "idempotent-replayed" not in again.headers
            assert await _owners(it) == 3

    run(test())
