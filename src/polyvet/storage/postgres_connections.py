# SPDX-License-Identifier: Apache-2.0
"""Connections to PostgreSQL, and the readers' few of them.

asyncpg's own pool wraps, checks and resets a connection at each use, which cost more than the reads it served (25 of
48 microseconds). Readers run single statements and leave nothing behind, so handing a connection on is enough for them.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Any

import asyncpg

COMMAND_TIMEOUT_S = 60.0
IDLE_S = 300.0  # an unused connection may have been forgotten by whatever stands between


async def connect(url: str, settings: dict[str, str] | None = None) -> asyncpg.Connection:
    """A connection that gives ids as 16 bytes and dates as ISO text, as SQLite does."""
    connection = await asyncpg.connect(
        url, server_settings=settings or {"jit": "off"}, statement_cache_size=512, command_timeout=COMMAND_TIMEOUT_S
    )
    await set_codecs(connection)
    return connection


async def set_codecs(connection: Any) -> None:
    """Ids as bytes, dates as text."""
    await connection.set_type_codec("uuid", schema="pg_catalog", encoder=bytes, decoder=bytes, format="binary")
    await connection.set_type_codec("date", schema="pg_catalog", encoder=str, decoder=str, format="text")


class Connections:
    """At most `most` connections, opened when they are needed, the one used last first."""

    def __init__(self, url: str, most: int, settings: dict[str, str]) -> None:
        self._url = url
        self._settings = settings
        self._most = most
        self._open = 0
        self._free: list[tuple[asyncpg.Connection, float]] = []  # with when each was used last
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def fetch(self, sql: str, args: tuple[Any, ...]) -> list[Any]:
        """All rows of one statement. Raises OSError and asyncpg's errors."""
        connection = await self._take()
        try:
            rows: list[Any] = await connection.fetch(sql, *args)
            return rows
        finally:
            self._give_back(connection)

    async def close(self) -> None:
        """Close those that nobody uses; who still does closes its own."""
        self._most = 0
        while self._free:
            self._open -= 1
            await self._free.pop()[0].close()

    async def _take(self) -> asyncpg.Connection:
        while True:
            if self._free:
                connection, used = self._free.pop()
                if not connection.is_closed() and time.monotonic() - used < IDLE_S:
                    return connection
                self._drop(connection)
            elif self._open < self._most:
                return await self._connect()
            elif self._most == 0:
                raise asyncpg.InterfaceError("the store is closed")
            else:
                await self._turn()

    async def _connect(self) -> asyncpg.Connection:
        self._open += 1
        try:
            return await connect(self._url, self._settings)
        except BaseException:
            self._open -= 1
            self._wake()
            raise

    async def _turn(self) -> None:
        """Wait until a connection may be free."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._wake()  # it was our turn
            raise

    def _give_back(self, connection: asyncpg.Connection) -> None:
        if connection.is_closed() or self._most == 0:
            self._drop(connection)
        else:
            self._free.append((connection, time.monotonic()))
        self._wake()

    def _drop(self, connection: asyncpg.Connection) -> None:
        self._open -= 1
        connection.terminate()

    def _wake(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
