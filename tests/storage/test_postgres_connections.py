# SPDX-License-Identifier: Apache-2.0
"""The readers' connections: how many there are, and what happens to those that break."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import asyncpg
import pytest

from polyvet.storage import postgres_connections
from polyvet.storage.postgres_connections import Connections
from tests.storage.test_migrate import execute
from tests.storage.world import run

ME = "SELECT pg_backend_pid()"
SLEEP = "SELECT pg_sleep(30)"
OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


async def pids(connections: Connections, count: int) -> set[int]:
    """Ask so many things at once; who answered."""
    answers = await asyncio.gather(*(connections.fetch(ME + ", pg_sleep(0.01)", ()) for _ in range(count)))
    return {rows[0][0] for rows in answers}


def test_many_readers_share_a_few_connections(fresh_database: Callable[[], str]) -> None:
    async def test() -> None:
        connections = Connections(fresh_database(), 3, {})
        assert len(await pids(connections, 40)) == 3
        one = {(await connections.fetch(ME, ()))[0][0] for _ in range(20)}
        assert len(one) == 1, "the one used last comes first"
        await connections.close()

    run(test())


def test_whoever_gives_up_takes_nobody_s_turn(fresh_database: Callable[[], str]) -> None:
    async def test() -> None:
        connections = Connections(fresh_database(), 1, {})
        first = asyncio.create_task(connections.fetch(SLEEP, ()))
        await asyncio.sleep(0.2)
        impatient = [asyncio.create_task(connections.fetch(ME, ())) for _ in range(5)]
        patient = asyncio.create_task(connections.fetch(ME, ()))
        await asyncio.sleep(0)
        for task in (first, *impatient):
            task.cancel()
        assert len(await asyncio.wait_for(patient, 10)) == 1
        assert len(await pids(connections, 3)) == 1
        await connections.close()

    run(test())


def test_who_was_woken_and_gives_up_wakes_the_next(fresh_database: Callable[[], str]) -> None:
    async def test() -> None:
        connections = Connections(fresh_database(), 1, {})
        held = await connections._take()
        woken = asyncio.create_task(connections.fetch(ME, ()))
        next_one = asyncio.create_task(connections.fetch(ME, ()))
        await asyncio.sleep(0)
        connections._give_back(held)
        woken.cancel()
        assert len(await asyncio.wait_for(next_one, 10)) == 1
        await connections.close()

    run(test())


def test_broken_and_forgotten_connections_are_replaced(
    fresh_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        url = fresh_database()
        connections = Connections(url, 3, {})
        before = await pids(connections, 9)
        await execute(url, OTHERS)
        await asyncio.sleep(0.2)
        after = await pids(connections, 9)
        assert len(after) == 3
        assert not before & after
        monkeypatch.setattr(postgres_connections, "IDLE_S", -1.0)
        assert not after & await pids(connections, 3)
        await connections.close()

    run(test())


def test_what_is_under_way_when_a_connection_breaks_fails_and_the_next_goes_on(
    fresh_database: Callable[[], str],
) -> None:
    async def test() -> None:
        url = fresh_database()
        connections = Connections(url, 1, {})
        asked = asyncio.create_task(connections.fetch(SLEEP, ()))
        await asyncio.sleep(0.3)
        waiting = asyncio.create_task(connections.fetch(ME, ()))
        await execute(url, OTHERS)
        with pytest.raises(asyncpg.PostgresError):
            await asked
        assert len(await asyncio.wait_for(waiting, 10)) == 1
        await connections.close()

    run(test())


def test_a_server_out_of_reach_is_told_to_each_reader() -> None:
    async def test() -> None:
        connections = Connections("postgresql://nobody@127.0.0.1:1/nothing", 2, {})
        answers = await asyncio.gather(*(connections.fetch(ME, ()) for _ in range(6)), return_exceptions=True)
        assert all(isinstance(answer, OSError) for answer in answers)

    run(test())


def test_after_the_end_there_is_no_reading(fresh_database: Callable[[], str]) -> None:
    async def test() -> None:
        url = fresh_database()
        connections = Connections(url, 2, {})
        under_way = asyncio.create_task(connections.fetch(ME + ", pg_sleep(0.3)", ()))
        await asyncio.sleep(0.1)
        await connections.close()
        assert len(await under_way) == 1
        with pytest.raises(asyncpg.InterfaceError):
            await connections.fetch(ME, ())
        left = await execute(url, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        assert left == [(1,)], "only who asks"

    run(test())
