# SPDX-License-Identifier: Apache-2.0
"""Applications: secrets kept as hashes, grants that fit what they are, redirect URIs that cannot leak a code."""

from __future__ import annotations

import pytest

from polyvet.core.redirects import problem
from polyvet.identity.applications import authenticated, find, revoke
from tests.core.stores import opened, run
from tests.identity.people import DIALECT, an_application


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example/callback",
        "https://app.example:8443/callback?x=%20",
        "https://[2001:db8::1]/callback",
        "http://localhost:8765/callback",
        "http://127.0.0.1/callback",
        "http://[::1]:1/callback",
        "com.example.app:/callback",
    ],
)
def test_codes_may_be_sent_to(uri: str) -> None:
    assert problem(uri) is None


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/callback",
        "app.example/callback",
        "http://app.example/callback",
        "http://localhost.evil.example/",
        "https://app.example/callback#fragment",
        "https://app.example/*; script-src *",
        "https://*.app.example/",
        "https://user@app.example/",
        "https:///callback",
        "https://[::1",
        "javascript:alert(1)",
        "data:text/html,x",
        "myapp:/callback",
        "https://app.example/ä",
        "https://app.example/a b",
        "https://app.example/" + "x" * 1_000,
    ],
)
def test_codes_may_not_be_sent_to(uri: str) -> None:
    assert problem(uri)


def test_an_application_proves_itself_by_its_secret_and_only_its_hash_is_stored(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, there = world.clinics
            reader = world.store.reader
            application, secret = await an_application(world.store, here)
            assert secret.encode() not in (application.secret_hash or b"")
            assert len(application.client_id) == 40
            assert len(secret) == 64
            assert await authenticated(reader, DIALECT, here, application.client_id, secret) == application
            for dialect, clinic, client_id, given in (
                (DIALECT, here, application.client_id, secret[:-1]),
                (DIALECT, here, application.client_id, ""),
                (DIALECT, here, application.client_id, None),
                (DIALECT, here, application.client_id.swapcase(), secret),
                (DIALECT, there, application.client_id, secret),
                ("vetigen", here, application.client_id, secret),
                (DIALECT, here, "", secret),
            ):
                assert await authenticated(reader, dialect, clinic, client_id, given) is None

    run(test())


def test_a_public_application_has_no_secret_and_refuses_every_one(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, reader = world.clinics[0], world.store.reader
            application, secret = await an_application(world.store, here, public=True)
            assert (secret, application.secret_hash) == ("", None)
            assert await authenticated(reader, DIALECT, here, application.client_id, None) == application
            for given in ("", "x"):
                assert await authenticated(reader, DIALECT, here, application.client_id, given) is None

    run(test())


def test_an_application_gets_the_grants_that_it_can_use(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here = world.clinics[0]
            both, _ = await an_application(world.store, here)
            own, _ = await an_application(world.store, here, redirect_uris=())
            users, _ = await an_application(world.store, here, public=True)
            assert both.grant_types == "client_credentials authorization_code refresh_token"
            assert own.grant_types == "client_credentials"
            assert users.grant_types == "authorization_code refresh_token"

    run(test())


def test_a_revoked_application_is_gone(store_url: str) -> None:
    async def test() -> None:
        async with opened(store_url) as world:
            here, reader = world.clinics[0], world.store.reader
            application, secret = await an_application(world.store, here)
            assert await revoke(world.store, application.client_id)
            assert not await revoke(world.store, application.client_id)
            assert not await revoke(world.store, "unknown")
            assert await find(reader, DIALECT, here, application.client_id) is None
            assert await authenticated(reader, DIALECT, here, application.client_id, secret) is None

    run(test())
