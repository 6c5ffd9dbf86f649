# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: S608, the names put into these statements are our own schema's
"""Backups' and checks' end on PostgreSQL: REPEATABLE READ for the snapshot, COPY for filling a store."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from polyvet.storage import bulk_postgres
from polyvet.storage.postgres_connections import set_codecs
from polyvet.storage.tables import DATE, metadata

Rows = list[tuple[Any, ...]]


class Snapshot:
    """One state of the store, however long reading it takes."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def revision(self) -> str | None:
        """The schema's revision; None if there is no schema."""
        if await self._connection.fetchval("SELECT to_regclass('alembic_version')") is None:
            return None
        revision: str | None = await self._connection.fetchval("SELECT version_num FROM alembic_version")
        return revision

    async def count(self, table: str) -> int:
        """A table's rows."""
        return int(await self._connection.fetchval(f"SELECT count(*) FROM {table}"))

    async def rows(self, table: str, columns: list[str], keys: list[str], size: int) -> AsyncIterator[Rows]:
        """A table's rows in the order of its primary key, `size` at a time."""
        async for rows in self.stream(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {', '.join(keys)}", size):
            yield rows

    async def query(self, sql: str) -> Rows:
        """All rows of a statement."""
        return [tuple(row) for row in await self._connection.fetch(sql)]

    async def stream(self, sql: str, size: int) -> AsyncIterator[Rows]:
        """The rows of a statement, `size` at a time."""
        cursor = await self._connection.cursor(sql)
        while rows := await cursor.fetch(size):
            yield [tuple(row) for row in rows]


@asynccontextmanager
async def snapshot(url: str) -> AsyncIterator[Snapshot]:
    """Open one; raises OSError or asyncpg's error when the server is out of reach."""
    connection = await asyncpg.connect(url, server_settings={"jit": "off", "statement_timeout": "0"})
    try:
        await set_codecs(connection)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield Snapshot(connection)
    finally:
        await connection.close()


class Filling:
    """A transaction that fills an empty store."""

    refusals = (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError, OverflowError, ValueError)

    def __init__(self, connection: asyncpg.Connection, tables: tuple[str, ...]) -> None:
        self._connection = connection
        self._tables = tables
        self._stripped = bulk_postgres.Stripped(connection, tables)
        self._dates = {
            table.name: {column.name for column in table.columns if column.type is DATE}
            for table in metadata.tables.values()
        }

    async def is_empty(self, table: str) -> bool:
        """Whether a table holds no row."""
        return await self._connection.fetchval(f"SELECT 1 FROM {table} LIMIT 1") is None

    async def prepare(self, seeded: tuple[str, ...]) -> None:
        """Take off the indexes, and what the schema brought along."""
        await self._stripped.strip()
        for table in seeded:
            await self._connection.execute(f"DELETE FROM {table}")

    async def put(self, table: str, columns: list[str], rows: Rows) -> None:
        """Write rows; the driver's binary COPY takes dates as such."""
        for place, name in enumerate(columns):
            if name in self._dates[table]:
                rows = [
                    row
                    if row[place] is None
                    else (*row[:place], datetime.date.fromisoformat(row[place]), *row[place + 1 :])
                    for row in rows
                ]
        await bulk_postgres.copy_rows(self._connection, table, tuple(columns), rows)

    async def finish(self) -> None:
        """Make keys and indexes, go on numbering behind the highest row, and commit."""
        await self._stripped.restore()
        await self._connection.execute(
            "SELECT setval(pg_get_serial_sequence('connections', 'id'), (SELECT max(id) FROM connections))"
        )
        await self._connection.execute("COMMIT")
        for table in self._tables:
            await self._connection.execute(f"VACUUM (ANALYZE) {table}")


@asynccontextmanager
async def filling(url: str, tables: tuple[str, ...]) -> AsyncIterator[Filling]:
    """Open one for these tables; what is not finished is rolled back."""
    connection = await bulk_postgres.connect(url)
    try:
        await connection.execute("BEGIN")
        await connection.execute(f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE")
        yield Filling(connection, tables)
    finally:
        await connection.close()  # the server rolls back
