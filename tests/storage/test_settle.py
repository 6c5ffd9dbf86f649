# SPDX-License-Identifier: Apache-2.0
"""Readers who ask by the wall's clock wait for what was stamped before they asked."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

from polyvet.model.filters import Condition, Filter, Op
from polyvet.model.library import ContentKind
from polyvet.storage import clients, library_lists
from polyvet.storage.statement import SQLITE
from polyvet.storage.store import is_postgresql, open_store
from polyvet.storage.writing import Touching, Tx
from tests.storage.world import World, a_client, run, world

ENOUGH_S = 10


async def stamped_and_held(w: World, clinic_id: int, free: threading.Event) -> asyncio.Task[int]:
    """A write that has its stamp and is not done until it is set free."""
    begun = threading.Event()

    async def job(tx: Tx) -> int:
        client = a_client("Slow")
        clients.insert(tx, client)
        clients.connect(tx, clinic_id, client)
        stamp = tx.stamp(clinic_id)
        begun.set()
        if tx.engine == SQLITE:  # a thread of its own
            assert free.wait(ENOUGH_S)
        else:
            assert await asyncio.to_thread(free.wait, ENOUGH_S)
        return stamp

    task = asyncio.create_task(w.store.write(Touching((clinic_id,)), job))
    assert await asyncio.to_thread(begun.wait, ENOUGH_S)
    return task


def test_settling_waits_for_what_is_stamped_and_for_nothing_that_comes_later(migrated_url: str) -> None:
    async def test() -> None:
        async with world(migrated_url) as w:
            free = threading.Event()
            task = await stamped_and_held(w, 1, free)
            waiting = [asyncio.create_task(w.store.settle(1)) for _ in range(5)]
            await asyncio.sleep(0.1)
            assert not any(one.done() for one in waiting)
            free.set()
            await asyncio.wait_for(asyncio.gather(*waiting), ENOUGH_S)
            # Both engines let go of a reader only when the row can be read.
            assert len(await w.rows("connections", "id")) == 1
            await task
            started = time.monotonic()
            for _ in range(20):
                await w.store.settle(1)
            assert time.monotonic() - started < 1

    run(test())


def test_a_list_of_the_library_by_time_waits_as_well(migrated_url: str) -> None:
    async def test() -> None:
        async with world(migrated_url) as w:
            free = threading.Event()
            task = await stamped_and_held(w, 1, free)

            async def look(tree: Filter | None) -> int:
                found = await library_lists.page(w.store, 1, ContentKind.HANDOUT, tree, (), limit=1, offset=0)
                return len(found)

            waiting = asyncio.create_task(look(Condition("updated_at", Op.GT, (0,))))
            assert await asyncio.wait_for(look(None), ENOUGH_S) == 0
            await asyncio.sleep(0.1)
            assert not waiting.done()
            free.set()
            assert await asyncio.wait_for(waiting, ENOUGH_S) == 0
            await task

    run(test())


PROGRAM = """
import asyncio, sys
from polyvet.storage.store import open_store
from polyvet.storage.writing import Touching

async def main():
    store = await open_store(sys.argv[1])
    async def job(tx):
        tx.stamp(1)
        print("stamped", flush=True)
        sys.stdin.readline()
    await store.write(Touching((1,)), job)

asyncio.run(main())
"""


@contextlib.contextmanager
def another_process(url: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has stamped, and goes no further."""
    writer = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )  # fmt: skip
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"stamped\n"
        yield writer
    finally:
        writer.kill()
        writer.communicate()


def test_another_process_that_writes_is_waited_for_until_it_gives_up(migrated_url: str) -> None:
    async def test() -> None:
        async with world(migrated_url) as w:
            with another_process(migrated_url) as writer:
                waiting = asyncio.create_task(w.store.settle(1))
                await asyncio.sleep(0.1)
                assert not waiting.done()
                writer.kill()
                await asyncio.wait_for(waiting, ENOUGH_S)

    run(test())


def test_a_clinic_on_postgresql_waits_for_its_own_writers_only(migrated_url: str) -> None:
    async def test() -> None:
        async with world(migrated_url) as w:
            free = threading.Event()
            task = await stamped_and_held(w, 1, free)
            waiting = asyncio.create_task(w.store.settle(2))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(waiting), 0.3)
            assert waiting.done() == is_postgresql(migrated_url)  # one file has one writer
            free.set()
            await asyncio.gather(task, waiting)

    run(test())


def test_a_store_that_closes_lets_go_of_the_folder(migrated_url: str) -> None:
    async def test() -> None:
        async with world(migrated_url):
            for _ in range(50):
                store = await open_store(migrated_url)
                await store.settle(1)
                await store.close()

    run(test())
