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
MOST_TRIES = 5_000


class Sent(msgspec.Struct):
    """A request, repeated with its idempotency key until it is answered. Its name is the row's."""

    path: str
    body: dict[str, Any]
    name: str
    tries: int = 0
    ident: str | None = None


class Writers:
    """Threads that register owners and their pets, each on its own connections."""

    def __init__(self, key: str) -> None:
        self.server: Running | None = None
        self.sent: list[Sent] = []
        self.wrong: list[str] = []
        self._key = key
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, server: Running) -> None:
        """Begin to write."""
        self.server = server
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
            # A server that does not come back must not keep the test.
            assert one.tries < MOST_TRIES
            assert self.server is not None
            with client(self.server.url) as http:
                one.ident = self._try(http, one)
            if one.ident is None:
                time.sleep(0.02)
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


class Killed:
    """A server that is killed and started again while others write."""

    def __init__(self, made: Practice, **more: str) -> None:
        """`more` are environment variables."""
        self._made = made
        self._more = more
        self.server = Running(made.folder, *made.arguments, **more)
        self.writers = Writers(made.clinovavet)

    def __enter__(self) -> Killed:
        return self

    def __exit__(self, *_: object) -> None:
        self.writers.finish()
        assert self.server.stop() == 0

    def write(self, kills: int, rng: random.Random) -> None:
        """Let the clients write while the server is killed so often; afterwards everything is answered."""
        self.writers.start(self.server)
        for _ in range(kills):
            known = self.writers.acknowledged()
            assert until(lambda known=known: self.writers.acknowledged() > known)  # type: ignore[misc]
            time.sleep(rng.random() * LONGEST_S)
            assert self.server.stop(signal.SIGKILL) == -signal.SIGKILL
            self.server = self.writers.server = Running(self._made.folder, *self._made.arguments, **self._more)
        self.writers.finish()

    def rows(self) -> dict[str, str]:
        """Every owner's and pet's name by id; no id comes twice."""
        found = [(one["id"], one["firstName"]) for one in self._listed("owners")]
        found += [(one["id"], one["name"]) for one in self._listed("pets")]
        assert len(dict(found)) == len(found)
        return dict(found)

    def _listed(self, resource: str) -> Iterator[dict[str, Any]]:
        offset = 0
        headers = {"Authorization": f"Bearer {self._made.clinovavet}"}
        while True:
            page = self.server.http.get(f"/api/v1/{resource}?limit=100&offset={offset}", headers=headers).json()
            yield from page["data"]
            offset += 100
            if not page["pagination"]["hasMore"]:
                return


def test_a_server_that_is_killed_again_and_again_loses_nothing(
    migrated_url: str, practice: Callable[..., Practice]
) -> None:
    made = practice(migrated_url)
    engine = "postgresql" if is_postgresql(migrated_url) else "sqlite"
    kills = int(os.environ.get("POLYVET_KILLS", KILLS[engine]))
    with Killed(made) as killed:
        before = killed.rows()
        killed.write(kills, random.Random(kills))
        found = killed.rows()
    sent = killed.writers.sent
    assert killed.writers.wrong == []
    assert Counter(found.keys() - before.keys()) == Counter(one.ident for one in sent)  # each once, and nothing else
    assert all(found[one.ident] == one.name for one in sent if one.ident is not None)
    assert sum(one.tries > 1 for one in sent) >= kills // 2  # the kills did hit writes
    assert [finding for finding in run(check(made.url)) if finding.severity == "error"] == []
