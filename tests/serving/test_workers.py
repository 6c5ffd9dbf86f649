# SPDX-License-Identifier: Apache-2.0
"""Several workers behind one port: they share limits and marks, and one that dies is replaced."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx

from polyvet.identity.keys import NewKey, create
from polyvet.model.library import EVERYBODY, OWN_FROM, ContentKind
from polyvet.storage import library
from polyvet.storage.store import open_store
from polyvet.storage.writing import Touching, Tx
from tests.core.stores import run
from tests.serving.conftest import Practice
from tests.serving.running import PATIENCE_S, Running, environment, until
from tests.serving.workers import WORKERS, one_client_a_worker, worker_of
from tests.storage.given import content


def test_a_budget_is_exact_over_all_workers(practice: Callable[..., Practice]) -> None:
    made = practice()
    answers: list[httpx.Response] = []
    with Running(made.folder, "--workers", WORKERS) as server, one_client_a_worker(server, made.few) as clients:

        def ask(http: httpx.Client) -> None:
            answers.extend(http.get("/api/v1/owners") for _ in range(30))

        threads = [threading.Thread(target=ask, args=[http]) for http in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert Counter(answer.status_code for answer in answers) == {200: 40, 429: 3 * 30 - 40}
    remaining = [int(answer.headers["x-ratelimit-remaining"]) for answer in answers if answer.status_code == 200]
    assert sorted(remaining) == list(range(40))
    assert len({worker_of(answer) for answer in answers if answer.status_code == 200}) > 1
    assert all(1 <= int(answer.headers["retry-after"]) <= 60 for answer in answers if answer.status_code == 429)


async def _shareable(url: str, clinic_id: int) -> str:
    """Add a handout; gives a key that may share it."""
    store = await open_store(url)
    try:

        async def work(tx: Tx) -> None:
            await library.add(tx, content(EVERYBODY, OWN_FROM - 1, ContentKind.HANDOUT))

        await store.write(Touching(), work)
        return (await create(store, NewKey(clinic_id=clinic_id, dialect="vetcheck", name="shares")))[1]
    finally:
        await store.close()


def test_five_shares_a_minute_are_five_over_all_workers(practice: Callable[..., Practice]) -> None:
    made = practice()
    key = run(_shareable(made.url, made.clinic))
    answers: list[httpx.Response] = []
    with Running(made.folder, "--workers", WORKERS) as server, one_client_a_worker(server, key) as clients:

        def ask(http: httpx.Client) -> None:
            answers.extend(http.post(f"/handouts/{OWN_FROM - 1}/share", json={}) for _ in range(4))

        threads = [threading.Thread(target=ask, args=[http]) for http in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert Counter(answer.status_code for answer in answers) == {200: 5, 429: 3 * 4 - 5}
    assert len({worker_of(answer) for answer in answers if answer.status_code == 200}) > 1


@contextmanager
def _writers(made: Practice, count: int) -> Iterator[None]:
    """Processes that change rows meanwhile."""
    command = [sys.executable, "-m", "tests.serving.writer", made.url, str(made.clinic)]

    def writer(seed: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*command, str(seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(PYTHONPATH="."),
        )

    with ExitStack() as stack:
        processes = [stack.enter_context(writer(seed)) for seed in range(count)]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == b"writing\n"
        yield
        for process in processes:
            assert process.stdin is not None
            process.stdin.close()
            assert process.wait(PATIENCE_S) == 0


def _pages(clients: list[httpx.Client], path: str, first: int, step: int, data: str) -> Iterator[dict[str, Any]]:
    """A walk that asks another worker for each page."""
    start = first
    for n in range(1_000):
        answer = clients[n % len(clients)].get(path.format(start))
        assert answer.status_code == 200
        page = answer.json() if data == "pagination" else answer.json()["data"]
        yield page
        if not (page["pagination"]["hasMore"] if data == "pagination" else page["has_more"]):
            return
        start += step
    raise AssertionError("the walk does not end")


def test_walks_over_several_workers_miss_nothing_while_others_write(
    migrated_url: str, practice: Callable[..., Practice]
) -> None:
    made = practice(migrated_url, owners=20, pets=6)
    with Running(made.folder, "--workers", WORKERS, *made.arguments) as server:
        everything = server.get("/api/v1/patients?page_size=100", made.vetigen).json()["data"]
        rest = server.get("/api/v1/patients?page_size=100&page=2", made.vetigen).json()["data"]
        stay = {one["fp"]: one["name"] for one in everything["items"] + rest["items"] if one["name"] != "Doomed"}
        assert len(stay) == 90
        with ExitStack() as stack:
            walkers = stack.enter_context(one_client_a_worker(server, made.vetigen))
            pets = stack.enter_context(one_client_a_worker(server, made.clinovavet))
            stack.enter_context(_writers(made, 2))
            for _ in range(3):
                walk = list(_pages(walkers, "/api/v1/patients?page_size=7&page={}", 1, 1, "data"))
                seen = [one["fp"] for page in walk for one in page["items"]]
                assert set(stay) <= set(seen)
                walk = list(_pages(pets, "/api/v1/pets?limit=7&offset={}", 0, 7, "pagination"))
                ids = [one["id"] for page in walk for one in page["data"]]
                assert len(ids) == len(set(ids))  # rows of this list keep their place: each comes once
                names = Counter(one["name"] for page in walk for one in page["data"])
                assert sum(count for name, count in names.items() if name not in ("Doomed", "Late")) == len(stay)
        changed = server.get("/api/v1/patients?page_size=1", made.vetigen).json()["data"]
        assert changed["items"][0]["name"] not in stay.values()  # the writers did write


def test_a_worker_that_is_killed_is_replaced_and_the_budget_stays(practice: Callable[..., Practice]) -> None:
    made = practice()
    with Running(made.folder, "--workers", WORKERS) as server:
        before = set(server.children())
        assert len(before) == WORKERS
        used = [server.get("/api/v1/owners", made.few).headers["x-ratelimit-remaining"] for _ in range(3)]
        assert used == ["39", "38", "37"]
        killed = min(before)
        os.kill(killed, signal.SIGKILL)
        assert until(lambda: len(set(server.children()) - {killed}) == WORKERS, 20)
        after = set(server.children())
        assert len(after & before) == WORKERS - 1
        with one_client_a_worker(server, made.few) as clients:  # the new one answers, too
            left = [int(http.get("/api/v1/owners").headers["x-ratelimit-remaining"]) for http in clients]
        assert left == [36, 35, 34]
        assert server.stop() == 0
        assert "starting it again" in server.log.read_text()
        assert not [pid for pid in after if _alive(pid)]


def test_workers_do_not_outlive_their_parent(practice: Callable[..., Practice]) -> None:
    made = practice()
    with Running(made.folder, "--workers", 2) as server:
        workers = server.children()
        assert len(workers) == 2
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL
        assert until(lambda: not any(map(_alive, workers)), 10)
        port = server.url.rpartition(":")[2]
    with Running(made.folder, "--port", port) as again:
        assert again.get("/ready").status_code == 200


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_workers_that_cannot_start_end_the_server() -> None:
    """Not a loop of processes that die."""
    program = (
        "import sys, polyvet.serving as serving; from polyvet.settings import Settings;"
        "serving._work = lambda *_: 1; sys.exit(serving.serve(Settings(workers=3, port=0), print))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=30, check=False)
    assert done.returncode == 1
    assert done.stdout == b""
    assert b"before it answered" in done.stderr
