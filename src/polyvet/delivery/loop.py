# SPDX-License-Identifier: Apache-2.0
"""What every worker does: a turn, a pause, the next turn, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import random
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import structlog

from polyvet.model import values
from polyvet.storage.store import Reader, Store

JITTER = 0.1  # of a pause, so that what failed together does not come again together
AFTER_ERROR_S = 5.0
KEPT = 30 * values.DAY
PURGE_S = 60.0
PURGED = 1_000  # rows in one transaction
_log = structlog.get_logger()


class Loop(ABC):
    """Takes turns. What a turn begins and does not wait for stands in `_under_way`."""

    name: str  # what the log calls it

    def __init__(self, store: Store) -> None:
        self._store = store
        self._under_way: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._ended = asyncio.Event()
        self._stopping = False
        self._purge_at = 0.0

    async def run(self) -> None:
        """Until `stop`. An error of the store ends nothing: it is tried again."""
        try:
            while not self._stopping:
                try:
                    pause = await self._turn()
                except Exception:
                    _log.exception(self.name)
                    pause = AFTER_ERROR_S
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), 0 if self._stopping else pause)
                self._wake.clear()
            await self._end()
        finally:
            self._ended.set()

    async def stop(self) -> None:
        """Begin nothing more; returns when what is under way has ended. Only for a worker that runs."""
        self._stopping = True
        self._wake.set()
        await self._ended.wait()

    @abstractmethod
    async def _turn(self) -> float:
        """One look at everything; gives how many seconds to pause, unless something wakes it before."""

    @abstractmethod
    async def _end(self) -> None:
        """End what is under way, and let go of connections."""

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Let it run beside the turns."""
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def _let_end(self, patience_s: float) -> None:
        """Give what is under way a few seconds, what the last turn began among it; the rest is cancelled."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=patience_s)
        for task in list(self._under_way):
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _purge(
        self, now: int, first_id: Callable[[Reader], Awaitable[bytes | None]],
        remove_before: Callable[[bytes], Awaitable[int]], again_s: float,
    ) -> None:  # fmt: skip
        """Take away some of the rows that are older than a month, once a minute; after `again_s` if there may be
        more."""
        clock = asyncio.get_running_loop().time
        if clock() < self._purge_at:
            return
        before, gone = values.new_id(now - KEPT), 0
        first = await first_id(self._store.reader)
        if first is not None and first < before:
            gone = await remove_before(before)
        self._purge_at = clock() + (again_s if gone == PURGED else PURGE_S)


def next_try(now: int, pauses: Sequence[float], attempts: int) -> int | None:
    """When what has failed so often is tried again; None when it was the last time."""
    if attempts > len(pauses):
        return None
    pause = pauses[attempts - 1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311, no secret
    return now + int(pause * values.MICROSECONDS)
