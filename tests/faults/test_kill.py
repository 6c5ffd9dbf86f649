# SPDX-License-Identifier: Apache-2.0
"""`kill -9` while clients write: nothing that was acknowledged is lost, nothing is there twice, the store is sound.

POLYVET_KILLS says how often the server is killed on each engine; by default seldom, so that the suite stays quick.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import msgspec

from polyvet.storage.check import check
from polyvet.storage.store import is_postgresql
from tests.core.stores import run
from tests.serving.conftest import Practice
from tests.serving.running import Running, client, until

KILLS = {"sqlite": 8, "postgresql": 3}
CLIENTS = 4
LONGEST_S = 0.4  # from the first answer of a start to the kill
PAUSE_S = 0.001


class Sent(msgspec.Struct):
    """A request, repeated with its idempotency key until it is answered. Its name is the row's."""

    path: str
    body: dict[str, Any]
    name: str
    tries: int = 0
    ident: str | None = None


class Writers:
    """Threads that register owners and their pets, each on its own connections."""

    def __init__(self, key: str, server: Running) -> None:
        self.server = server
        self.sent: list[Sent] = []
        self.wrong: list[str] = []
        self._key = key
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=[seed]) for seed in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def acknowledged(self) -> int:
        """How many requests were answered with 201."""
        return sum(one.ident is not None for one in self.sent)

    def finish(self) -> None:
        """Let what is under way be answered, then stop."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _work(self, seed: int) -> None:
        rng = random.Random(seed)
        while not self._over.is_set():
            owner = self._send("owners", {"lastName": "Öberg", "email": "a@example.org"}, "firstName")
            for _ in range(rng.randrange(3)):
                species = rng.choice(("Dog", "Cat", "Okapi"))
                self._send("pets", {"species": species, "ownerId": owner, "weight": 4.2, "breed": "Mix"}, "name")
            time.sleep(PAUSE_S)

    def _send(self, resource: str, body: dict[str, Any], name_field: str) -> str:
        name = uuid4().hex
        one = Sent(f"/api/v1/{resource}", {**body, name_field: name}, name)
        self.sent.append(one)
        while one.ident is None:
            server = self.server
            with client(server.url) as http:
                one.ident = self._try(http, one)
            if one.ident is None:
                until(lambda server=server: self.server is not server, 0.05)  # type: ignore[misc]
        return one.ident

    def _try(self, http: httpx.Client, one: Sent) -> str | None:
        one.tries += 1
        headers = {"Authorization": f"Bearer {self._key}", "Idempotency-Key": one.name}
        try:
            answer = http.post(one.path, json=one.body, headers=headers)
        except httpx.TransportError:
            return None
        if answer.status_code != 201:
            self.wrong.append(f"{answer.status_code} {answer.text}")
            return None if answer.status_code == 503 else "refused"
        ident: str = answer.json()["id"]
        return ident


def _rows(server: Running, key: str, resource: str) -> Iterator[dict[str, Any]]:
    """A whole list."""
    offset = 0
    while True:
        page = server.http.get(
            f"/api/v1/{resource}?limit=100&offset={offset}", headers={"Authorization": f"Bearer {key}"}
        ).json()
        yield from page["data"]
        offset += 100
        if not page["pagination"]["hasMore"]:
            assert page["pagination"]["total"] <= offset
            return


def test_a_server_that_is_killed_again_and_again_loses_nothing(
    database_url: str, practice: Callable[..., Practice]
) -> None:
    made = practice(database_url)
    engine = "postgresql" if is_postgresql(database_url) else "sqlite"
    kills = int(os.environ.get("POLYVET_KILLS", KILLS[engine]))
    rng = random.Random(kills)
    server = Running(made.folder, *made.arguments)
    before = {one["id"] for resource in ("owners", "pets") for one in _rows(server, made.clinovavet, resource)}
    writers = Writers(made.clinovavet, server)
    try:
        for _ in range(kills):
            known = writers.acknowledged()
            assert until(lambda known=known: writers.acknowledged() > known)  # type: ignore[misc]
            time.sleep(rng.random() * LONGEST_S)
            assert server.stop(signal.SIGKILL) == -signal.SIGKILL
            server = Running(made.folder, *made.arguments)
            writers.server = server
    finally:
        writers.finish()
    assert writers.wrong == []
    found = {resource: list(_rows(server, made.clinovavet, resource)) for resource in ("owners", "pets")}
    names = {one["id"]: one["firstName"] for one in found["owners"]} | {one["id"]: one["name"] for one in found["pets"]}
    idents = Counter(one["id"] for rows in found.values() for one in rows if one["id"] not in before)
    assert idents == Counter(one.ident for one in writers.sent)  # each exactly once, and nothing else
    assert all(names[one.ident] == one.name for one in writers.sent if one.ident is not None)
    assert sum(one.tries > 1 for one in writers.sent) >= kills // 2  # the kills did hit writes
    assert server.stop() == 0
    assert [finding for finding in run(check(made.url)) if finding.severity == "error"] == []
