# SPDX-License-Identifier: Apache-2.0
"""What is revoked in the console is dead on every worker within a second."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import httpx

from polyvet.model.access import Role
from polyvet.storage.store import open_store
from tests.console.people import SignedIn
from tests.console.test_applications import form as application_form
from tests.console.test_keys import form as key_form
from tests.core.stores import run
from tests.identity.people import a_session, a_user
from tests.serving.conftest import Practice
from tests.serving.running import Running, client
from tests.serving.workers import WORKERS, one_client_a_worker, worker_of

_ONCE = re.compile(r'<code class="secret">(\w+)</code>')
_HREF = re.compile(r'href="/console/((?:keys|applications)/[0-9A-Z]{26})"')
A_SECOND = 1.0


async def _owner(made: Practice) -> str:
    """The secret of a session of the clinic's owner."""
    store = await open_store(made.url)
    try:
        user = await a_user(store, made.clinic, "ada@clinic.example", console_role=Role.OWNER)
        return await a_session(store, user)
    finally:
        await store.close()


def _shown(answer: httpx.Response) -> tuple[list[str], str]:
    """What is shown once, and the page of what was made."""
    assert answer.status_code == 200, answer.text
    return _ONCE.findall(answer.text), _HREF.findall(answer.text)[0]


def _statuses(clients: list[httpx.Client], path: str, secret: str) -> list[int]:
    """What each worker answers to a read with the secret."""
    answers = [http.get(path, headers={"Authorization": f"Bearer {secret}"}) for http in clients]
    assert len({worker_of(answer) for answer in answers}) == WORKERS
    return [answer.status_code for answer in answers]


def test_what_is_revoked_is_dead_on_every_worker_within_a_second(
    migrated_url: str, practice: Callable[..., Practice]
) -> None:
    made = practice(migrated_url)
    session = run(_owner(made))
    with Running(made.folder, "--workers", WORKERS, *made.arguments) as server, client(server.url) as http:
        owner = SignedIn(http, session)
        (key,), key_page = _shown(owner.post("keys/new", key_form()))
        (client_id, secret), page = _shown(owner.post("applications/new", application_form()))
        given = http.post(
            f"/{made.clinic}/oauth2/token/", data={"grant_type": "client_credentials"}, auth=(client_id, secret)
        ).json()["access_token"]
        paths = {key: "/api/v1/patients", given: f"/{made.clinic}/api/0.1/client/", made.vetigen: "/api/v1/patients"}
        with one_client_a_worker(server, made.vetigen) as clients:
            for _ in range(2):  # so that each worker has just found out who they are
                assert [_statuses(clients, path, secret) for secret, path in paths.items()] == [[200] * WORKERS] * 3
            for one in (key_page, page):
                assert owner.post(f"{one}/revoke", {}, "account").status_code == 303
            time.sleep(A_SECOND)
            after = [_statuses(clients, path, secret) for secret, path in paths.items()]
    assert after == [[401] * WORKERS, [401] * WORKERS, [200] * WORKERS]
