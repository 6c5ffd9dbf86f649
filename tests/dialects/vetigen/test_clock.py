# SPDX-License-Identifier: Apache-2.0
"""The vendor's recipe with the client's own clock as the cursor [seed], while others write: nothing is missed."""

from __future__ import annotations

import random
import threading
from datetime import UTC, datetime
from typing import Any

from tests.dialects.harness import SECRETS, Practice
from tests.dialects.vetigen.asking import PATIENTS, data

WRITERS = 3
RUNS = 40
ROOT = "/4/api/0.1/"


def changing(practice: Practice, numbers: list[int], over: threading.Event, wrong: list[str]) -> None:
    """Change animals through the dialect that can, until told to stop."""
    client = practice.client(SECRETS["provet", 4])
    rng = random.Random(numbers[0])
    while not over.is_set():
        answer = client.patch(f"{ROOT}patient/{rng.choice(numbers)}/", json={"name": f"Name {rng.random()}"})
        if answer.status_code != 200:
            wrong.append(answer.text)


def walked(practice: Practice, since: str | None) -> list[dict[str, Any]]:
    """All pages."""
    rows: list[dict[str, Any]] = []
    query: dict[str, Any] = {"page": 1, "page_size": 100} | ({} if since is None else {"updated_since": since})
    more = True
    while more:
        found = data(practice.vetigen.get(PATIENTS, params=query))
        rows += found["items"]
        more = found["has_more"]
        query["page"] += 1
    return rows


def test_a_cursor_from_the_clients_clock_misses_nothing(fresh_practice: Practice) -> None:
    listed = fresh_practice.provet.get(f"{ROOT}patient/?archived__is=false&page_size=60").json()["results"]
    numbers = [row["id"] for row in listed]
    over, wrong = threading.Event(), list[str]()
    writers = [
        threading.Thread(target=changing, args=(fresh_practice, numbers[n::WRITERS], over, wrong))
        for n in range(WRITERS)
    ]
    mirror = {row["fp"]: row for row in walked(fresh_practice, None)}
    cursor = datetime.now(UTC).isoformat(timespec="milliseconds")
    for writer in writers:
        writer.start()
    try:
        for _ in range(RUNS):
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            mirror |= {row["fp"]: row for row in walked(fresh_practice, cursor)}
            cursor = now
    finally:
        over.set()
        for writer in writers:
            writer.join()
    assert wrong == []
    mirror |= {row["fp"]: row for row in walked(fresh_practice, cursor)}
    assert mirror == {row["fp"]: row for row in walked(fresh_practice, None)}
