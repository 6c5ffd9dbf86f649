# SPDX-License-Identifier: Apache-2.0
"""The guide's recipe for keeping a mirror [seed], followed while others write: nothing is missed."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import quote

import httpx
import pytest

from tests.dialects.harness import SECRETS, Practice
from tests.dialects.provet.asking import DOG, JOHN_URL, ROOT

WRITERS = 3
RUNS = 25
KINDS = ("client", "patient")
ELSEWHERE = {"firstName": "Eve", "lastName": "Elsewhere", "email": "e@example.org"}


class Mirror:
    """A copy that is kept as the guide says, with the mirror's own clock."""

    def __init__(self, client: httpx.Client, written: Callable[[datetime], str]) -> None:
        self._client = client
        self._written = written
        self._last: str | None = None
        self.rows: dict[str, dict[int, dict]] = {kind: {} for kind in KINDS}

    def run(self) -> None:
        """One run: remember the time, ask for what changed since the run before, go through the pages."""
        now = self._written(datetime.now(UTC))
        for kind in KINDS:
            since = "" if self._last is None else f"&modified__gte={quote(self._last)}"
            url: str | None = f"{ROOT}{kind}/?page_size=20{since}"
            while url:
                answer = self._client.get(url)
                assert answer.status_code == 200, answer.text
                for row in answer.json()["results"]:
                    self.rows[kind][row["id"]] = own(row)
                url = answer.json()["next"]
        self._last = now


def own(row: dict) -> dict:
    """A row without the list of a client's patients, which are rows of their own and change by themselves."""
    return {name: value for name, value in row.items() if name != "patients"}


class Writer(threading.Thread):
    """Somebody who makes, changes and archives clients and patients, through two dialects, until told to stop."""

    def __init__(self, practice: Practice, seed: int, over: threading.Event) -> None:
        super().__init__()
        self._provet = practice.client(SECRETS["provet", 4])
        self._clinovavet = practice.client(SECRETS["clinovavet", 4])
        self._rng = random.Random(seed)
        self._over = over
        self.wrong: list[str] = []

    def run(self) -> None:
        made: list[str] = []
        while not self._over.is_set():
            answer = self._one(made)
            if answer.status_code not in (200, 201, 204):
                self.wrong.append(answer.text)
            elif answer.status_code == 201 and "url" in answer.json():
                made.append(answer.json()["url"])

    def _one(self, made: list[str]) -> httpx.Response:
        dice = self._rng.random()
        if dice < 0.2 or not made:
            return self._provet.post(f"{ROOT}client/", json={"lastname": f"Writer {dice}"})
        if dice < 0.4:
            body = {"client": JOHN_URL, "name": f"Animal {dice}", "species": DOG}
            return self._provet.post(f"{ROOT}patient/", json=body)
        if dice < 0.5:
            return self._clinovavet.post("/api/v1/owners", json=ELSEWHERE)
        url = self._rng.choice(made)
        if dice < 0.6:
            return self._provet.delete(url)
        name = "name" if "/patient/" in url else "firstname"
        return self._provet.patch(url, json={name: f"Changed {dice}", "archived": dice > 0.9})


def everything(client: httpx.Client) -> dict[str, dict[int, dict]]:
    """The store itself."""
    return {
        kind: {row["id"]: own(row) for row in client.get(f"{ROOT}{kind}/?page_size=1000").json()["results"]}
        for kind in KINDS
    }


FORMS = {
    "microseconds": lambda at: at.isoformat(),
    "seconds": lambda at: at.isoformat(timespec="seconds"),
    "documented": lambda at: at.strftime("%Y-%m-%d %H:%M") + "+00:00",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_mirror_that_follows_the_guide_misses_nothing(fresh_practice: Practice, form: str) -> None:
    mirror = Mirror(fresh_practice.provet, FORMS[form])
    over = threading.Event()
    writers = [Writer(fresh_practice, seed, over) for seed in range(WRITERS)]
    for writer in writers:
        writer.start()
    try:
        for _ in range(RUNS):
            mirror.run()
    finally:
        over.set()
        for writer in writers:
            writer.join()
    assert [writer.wrong for writer in writers] == [[]] * WRITERS
    mirror.run()
    there = everything(fresh_practice.provet)
    assert len(there["client"]) > 85
    assert mirror.rows == there
