# SPDX-License-Identifier: Apache-2.0
"""Signed tokens: one key made when it is needed, published as long as it must be, and no longer."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

from polyvet.identity import signing
from polyvet.model import values
from polyvet.storage.migrate import migrate
from polyvet.storage.store import Store, open_store
from tests.core.stores import run
from tests.identity.people import beside, rows


async def _opened(url: str) -> Store:
    await migrate(url)
    return await open_store(url)


def _claims(token: str, published: Any) -> Any:
    return jwt.decode(token, KeySet.import_key_set(published), algorithms=["RS256"]).claims


def test_the_first_key_is_made_once_however_many_need_it(migrated_url: str) -> None:
    async def test() -> None:
        store = await _opened(migrated_url)
        try:
            assert await rows(store, "signing_keys") == 0
            tokens = await asyncio.gather(*(signing.sign(store, {"sub": str(n)}, 60) for n in range(5)))
            assert await rows(store, "signing_keys") == 1
            published = await signing.published(store)
            for n, token in enumerate(tokens):
                claims = _claims(token, published)
                assert claims["sub"] == str(n)
                assert claims["exp"] - claims["iat"] == 60
        finally:
            await store.close()

    run(test())


def test_a_token_that_was_changed_is_not_verified(migrated_url: str) -> None:
    async def test() -> None:
        store = await _opened(migrated_url)
        try:
            head, body, signature = (await signing.sign(store, {"sub": "1"}, 60)).split(".")
            other = (await signing.sign(store, {"sub": "2"}, 60)).split(".")[1]
            assert body != other
            with pytest.raises(BadSignatureError):
                _claims(f"{head}.{other}.{signature}", await signing.published(store))
        finally:
            await store.close()

    run(test())


def test_a_retired_key_is_published_while_its_tokens_live_and_forgotten_after(migrated_url: str) -> None:
    async def test() -> None:
        store = await _opened(migrated_url)
        try:
            token = await signing.sign(store, {"sub": "1"}, signing.LONGEST_S)
            kids = [await signing.rotate(store) for _ in range(2)]
            published: Any = await signing.published(store)
            assert [one["kid"] for one in published["keys"]][:2] == kids[::-1]
            assert len(published["keys"]) == 3
            assert _claims(token, published)["sub"] == "1"
            assert "private" not in json.dumps(published)
            assert all("d" not in one for one in published["keys"])
            newest = await signing.sign(store, {}, 60)
            assert jwt.decode(newest, KeySet.import_key_set(published), algorithms=["RS256"]).header["kid"] == kids[1]
            # As if the last token had been signed a day ago, and a minute more.
            retired = values.now() - signing.LONGEST_S * values.MICROSECONDS - 61 * values.MICROSECONDS
            await beside(store, f"UPDATE signing_keys SET retired_at = {retired} WHERE retired_at IS NOT NULL")  # noqa: S608
            assert [one["kid"] for one in (await signing.published(store))["keys"]] == [kids[1]]
            assert await rows(store, "signing_keys") == 3
            await signing.rotate(store)
            assert await rows(store, "signing_keys") == 2
        finally:
            await store.close()

    run(test())


def test_no_token_outlives_its_key(migrated_url: str) -> None:
    async def test() -> None:
        store = await _opened(migrated_url)
        try:
            with pytest.raises(ValueError, match="published"):
                await signing.sign(store, {}, signing.LONGEST_S + 1)
        finally:
            await store.close()

    run(test())
