# SPDX-License-Identifier: Apache-2.0
"""Whose turn it is to write to an embedded store, over all processes that have it open.

A writer holds the turn from before its first stamp until its commit. So whoever has had the turn for an instant, has
waited for all that was stamped before: a mirror that asks by the wall's clock misses nothing that was under way when it
looked at the clock. SQLite's own write lock tells nobody when it is free. The lock is on the store's folder, because
closing any handle of the file itself would end the locks that SQLite holds on it.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Turns:
    """The turns of one store, as one process takes them."""

    def __init__(self, folder: Path) -> None:
        self._writing, self._passing, self._waiting = (os.open(folder, os.O_RDONLY) for _ in range(3))
        self._passed: asyncio.Future[None] | None = None

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Have the turn; in the thread that writes."""
        fcntl.flock(self._writing, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._writing, fcntl.LOCK_UN)

    async def over(self) -> None:
        """Return when nobody who has the turn now has it any more."""
        try:
            fcntl.flock(self._passing, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            # One waits for all: its turn comes after each of them has asked.
            if self._passed is None:
                self._passed = asyncio.ensure_future(asyncio.to_thread(self._wait))
                self._passed.add_done_callback(self._forget)
            await asyncio.shield(self._passed)
        else:
            fcntl.flock(self._passing, fcntl.LOCK_UN)

    def _wait(self) -> None:
        fcntl.flock(self._waiting, fcntl.LOCK_SH)
        fcntl.flock(self._waiting, fcntl.LOCK_UN)

    def _forget(self, _: object) -> None:
        self._passed = None

    def close(self) -> None:
        """Let go of the folder."""
        for handle in (self._writing, self._passing, self._waiting):
            os.close(handle)
