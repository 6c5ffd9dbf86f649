# SPDX-License-Identifier: Apache-2.0
"""What two processes do at once, in an order that does not depend on luck."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from polyvet.storage.statement import SQLITE
from polyvet.storage.store import Store, open_store

BLOCKED_S = 0.2  # longer than anything here takes that no lock keeps waiting


@asynccontextmanager
async def another_process(url: str) -> AsyncIterator[Store]:
    """Its store, which shares nothing with ours but the database."""
    store = await open_store(url)
    try:
        yield store
    finally:
        await store.close()


def after(
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    name: str,
    work: Callable[[], Coroutine[Any, Any, object]],
    call: int = 1,
) -> Callable[[], Awaitable[object]]:
    """Have something done right after a function of a transaction or reader has answered for the `call`th time; its
    caller goes on when that is done, or is kept waiting. Gives what waits for the end of it."""
    answering, loop = getattr(module, name), asyncio.get_running_loop()
    calls = 0
    begun: list[concurrent.futures.Future[object]] = []

    async def answered(*args: Any) -> Any:
        nonlocal calls
        calls += 1
        mine = calls == call
        found = await answering(*args)
        if mine:
            begun.append(asyncio.run_coroutine_threadsafe(work(), loop))
            if args[0].engine == SQLITE:  # whose transactions have a thread of their own
                concurrent.futures.wait(begun, BLOCKED_S)
            else:
                await asyncio.wait({asyncio.wrap_future(begun[0], loop=loop)}, timeout=BLOCKED_S)
        return found

    async def over() -> object:
        return await asyncio.wrap_future(begun[0])

    monkeypatch.setattr(module, name, answered)
    return over
