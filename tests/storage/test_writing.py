# SPDX-License-Identifier: Apache-2.0
"""Group commit, the clinic's clock, and what concurrent writers and readers see of each other."""

from __future__ import annotations

import asyncio
import sys
import time

import pytest
from sqlalchemy import select

from polyvet.model.entities import State
from polyvet.model.errors import Missing
from polyvet.storage import clients, patients
from polyvet.storage.check import check
from polyvet.storage.statement import SQLITE, Statement, p
from polyvet.storage.store import open_store
from polyvet.storage.tables import connections
from polyvet.storage.writing import Touching, Tx, run_group
from tests.storage.world import World, a_client, a_patient, run, world

c = connections.c
AFTER = Statement(
    select(c.client_id, c.updated_at).where(c.clinic_id == p("clinic"), c.updated_at > p("after")), "clinic after"
)


def registering(client, clinic_id: int = 1):
    async def job(tx: Tx) -> int:
        clients.insert(tx, client)
        return clients.connect(tx, clinic_id, client)

    return job


async def together(w: World, *jobs, at=(1, 2), of=()):
    """Send jobs at once, so that they share groups; gives results and errors."""
    touching = Touching(tuple(at), tuple(of))
    return await asyncio.gather(*(w.store.write(touching, job) for job in jobs), return_exceptions=True)


def test_a_job_that_gives_up_takes_only_itself(migrated_url: str) -> None:
    async def gives_up(tx: Tx) -> None:
        clients.connect(tx, 1, a_client("Never"))
        tx.count(1, "stock")
        raise Missing("client", "x")

    async def gives_up_late(tx: Tx) -> None:
        clients.insert(tx, a_client("Never"))
        await patients.get(tx, 1, b"\0" * 16)  # sends what is buffered
        raise Missing("client", "y")

    async def test() -> None:
        async with world(migrated_url) as w:
            people = [a_client(f"P{i}") for i in range(20)]
            jobs = [registering(one) for one in people]
            jobs[5:5] = [gives_up, gives_up_late]
            results = await together(w, *jobs)
            assert sum(isinstance(one, Missing) for one in results) == 2
            assert sorted(one for one in results if isinstance(one, int)) == list(range(1, 21))
            assert {row[0] for row in await w.rows("clients", "first_name")} == {one.first_name for one in people}
            assert [row[0] for row in await w.rows("events", "seq")] == sorted(range(1, 21), key=lambda n: repr((n,)))
            assert await check_errors(migrated_url) == []

    run(test())


def test_an_error_of_the_store_lands_on_the_job_that_caused_it(migrated_url: str) -> None:
    async def test() -> None:
        async with world(migrated_url) as w:
            taken = await w.client(first="Taken")
            people = [a_client(f"P{i}") for i in range(10)]
            results = await together(w, *map(registering, [*people[:5], taken, *people[5:]]))
            assert [isinstance(one, Exception) for one in results] == [False] * 5 + [True] + [False] * 5
            assert len(await w.rows("clients")) == 11
            assert await check_errors(migrated_url) == []

    run(test())


def test_a_job_that_breaks_fails_alone_and_writing_goes_on(migrated_url: str) -> None:
    async def breaks(tx: Tx) -> None:
        raise ZeroDivisionError

    async def waits(tx: Tx) -> None:
        await asyncio.sleep(0)

    async def test() -> None:
        async with world(migrated_url) as w:
            results = await together(w, registering(a_client()), breaks, registering(a_client()))
            assert [type(one) for one in results] == [int, ZeroDivisionError, int]
            if w.store.engine == "sqlite":
                with pytest.raises(RuntimeError):
                    await w.write(waits, at=[1])
            assert await w.write(registering(a_client()), at=[1]) == 3

    run(test())


def test_jobs_of_one_group_see_each_others_connections(migrated_url: str) -> None:
    """One job opens a client to another clinic, or closes it, and the next registers a patient of that client."""

    async def test() -> None:
        async with world(migrated_url) as w:
            client = await w.client()

            async def opens(tx: Tx) -> None:
                clients.connect(tx, 2, client)

            async def closes(tx: Tx) -> None:
                await clients.set_state(tx, 2, client.id, old=State.ACTIVE, new=State.HIDDEN, kind="disconnected")
                for ident in await clients.patients_of(tx, 2, client.id):
                    await patients.set_state(tx, ident, State.HIDDEN, kind="disconnected", only=2)

            def adds(name: str):
                async def job(tx: Tx) -> None:
                    patients.insert(tx, a_patient(client.id, name=name), "dog")

                return job

            results = await together(w, opens, adds("both"), closes, adds("one"), of=[client.id])
            assert results == [None] * 4
            rows = await w.rows("enrolments", "clinic_id", "state")
            assert rows == [(1, State.ACTIVE), (1, State.ACTIVE), (2, State.HIDDEN)]
            assert await check_errors(migrated_url) == []

    run(test())


def test_stamps_of_a_group_differ_and_commits_share_no_millisecond(migrated_url: str) -> None:
    async def test() -> None:
        async with world(migrated_url) as w:
            seen: set[int] = set()
            for _ in range(10):
                await together(w, *(registering(a_client()) for _ in range(30)), at=(1,))
                stamps = {row[0] for row in await w.rows("connections", "updated_at")}
                assert len(stamps) == len(seen) + 30
                assert not seen or min(stamps - seen) // 1000 > max(seen) // 1000
                seen = stamps

    run(test())


def test_several_processes_write_and_a_cursor_misses_nothing(migrated_url: str) -> None:
    """Stamps rise, no two commits of a clinic share a millisecond, and they become visible in their order."""

    async def test() -> None:
        async with world(migrated_url) as w:
            programs = [
                await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "tests.storage.writer", migrated_url, str(seed), "50", stdout=-1
                )
                for seed in range(3)
            ]
            finished = asyncio.gather(*(program.communicate() for program in programs))
            cursors = {1: 0, 2: 0}
            seen: dict[int, set[bytes]] = {1: set(), 2: set()}
            while True:
                last = finished.done()
                for clinic_id, after in cursors.items():
                    for client_id, stamp in await w.reader.fetch(AFTER, clinic_id, after):
                        seen[clinic_id].add(bytes(client_id))
                        cursors[clinic_id] = max(cursors[clinic_id], stamp)
                if last:
                    break
                await asyncio.sleep(0.001)
            stamps: dict[int, list[int]] = {1: [], 2: []}
            for out, _ in await finished:
                own: dict[int, int] = {1: 0, 2: 0}
                for line in out.decode().splitlines():
                    clinic_id, stamp = map(int, line.split())
                    assert stamp > own[clinic_id]
                    own[clinic_id] = stamp
                    stamps[clinic_id].append(stamp // 1000)
            assert sum(map(len, stamps.values())) == 150
            for clinic_id, milliseconds in stamps.items():
                assert len(set(milliseconds)) == len(milliseconds)
                rows = await w.reader.fetch(AFTER, clinic_id, 0)
                assert {bytes(row[0]) for row in rows} == seen[clinic_id]
            assert await check_errors(migrated_url) == []

    run(test())


def test_a_write_is_there_for_whoever_opens_the_store_next(migrated_url: str) -> None:
    async def test() -> None:
        async with world(migrated_url) as w:
            client = await w.client()
        store = await open_store(migrated_url)
        found = await clients.get(store.reader, 1, client.id)
        await store.ready()
        await store.close()
        assert found is not None
        assert found.number == 1

    run(test())


def test_closing_finishes_the_jobs_that_wait(migrated_url: str) -> None:
    async def test() -> None:
        async with world(migrated_url) as w:
            jobs = [asyncio.ensure_future(w.write(registering(a_client()), at=[1])) for _ in range(50)]
            await asyncio.sleep(0)
        assert [job.done() for job in jobs] == [True] * 50
        store = await open_store(migrated_url)
        assert len(await World(store).rows("clients")) == 50
        await store.close()

    run(test())


def test_a_scan_does_not_hold_up_the_loop(tmp_path) -> None:
    async def test() -> None:
        async with world(f"sqlite:///{tmp_path}/p.db") as w:

            async def slow(reader) -> int:
                time.sleep(0.3)  # noqa: ASYNC251, what a long statement does to its thread
                return 7

            scan = asyncio.ensure_future(w.store.aside(slow))
            started = time.monotonic()
            await asyncio.sleep(0.01)
            await clients.get(w.reader, 1, b"\0" * 16)
            assert time.monotonic() - started < 0.2
            assert await scan == 7

    run(test())


async def check_errors(url: str) -> list:
    return [finding for finding in await check(url) if finding.severity == "error"]


class Session:
    """Counts what is asked of it, and fails where it is told to."""

    engine = SQLITE

    def __init__(self, fails: str) -> None:
        self.fails = fails
        self.asked: list[str] = []

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if what == self.fails or (what == "rollback" and self.fails == "commit"):
            raise OSError(what)

    async def begin(self) -> None:
        self._ask("begin")

    async def commit(self) -> None:
        self._ask("commit")

    async def rollback(self) -> None:
        self._ask("rollback")

    async def lock(self, _: Touching):
        self._ask("lock")
        return [], []

    async def fetch(self, *_: object) -> list:
        return []

    async def send(self, *_: object) -> None:
        self._ask("send")


@pytest.mark.parametrize("fails", ["begin", "lock", "commit"])
def test_a_group_that_no_job_broke_is_not_tried_again(fails: str) -> None:
    """After a failed COMMIT nobody knows whether it was done; a store that is locked is locked for each job alone."""
    ran = []

    async def job(_: Tx) -> None:
        ran.append(1)

    session = Session(fails)
    outcomes = run(run_group(session, [(Touching(), job)] * 3))
    assert [str(error) for _, error in outcomes] == [fails] * 3
    assert len(ran) == (3 if fails == "commit" else 0)
    assert session.asked.count("begin") == 1
