# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: S608, the names put into these statements are our own schema's
"""Backups' and checks' end on SQLite: a read transaction to read, the bulk loader's means to fill a store."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from polyvet.storage.bulk_sqlite import Stripped, connect_for_loading, insert_rows, leave_log, return_to_log
from polyvet.storage.sqlite import connect
from polyvet.storage.store import sqlite_path

Rows = list[tuple[Any, ...]]


class Snapshot:
    """One state of the store, however long reading it takes."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute

    async def revision(self) -> str | None:
        """The schema's revision; None if there is no schema."""
        if self._run("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone() is None:
            return None
        row = self._run("SELECT version_num FROM alembic_version").fetchone()
        return None if row is None else str(row[0])

    async def count(self, table: str) -> int:
        """A table's rows."""
        return int(self._run(f"SELECT count(*) FROM {table}").fetchone()[0])

    async def rows(self, table: str, columns: list[str], keys: list[str], size: int) -> AsyncIterator[Rows]:
        """A table's rows in the order of its primary key, `size` at a time."""
        listed = ", ".join(f'"{name}"' for name in columns)
        async for rows in self.stream(f"SELECT {listed} FROM {table} ORDER BY {', '.join(keys)}", size):
            yield rows

    async def query(self, sql: str) -> Rows:
        """All rows of a statement."""
        return self._run(sql).fetchall()

    async def stream(self, sql: str, size: int) -> AsyncIterator[Rows]:
        """The rows of a statement, `size` at a time."""
        cursor = self._run(sql)
        while rows := cursor.fetchmany(size):
            yield rows


@asynccontextmanager
async def snapshot(url: str) -> AsyncIterator[Snapshot]:
    """Open one; raises sqlite3.OperationalError when the file is not there."""
    path = sqlite_path(url)
    if not path.exists():
        raise sqlite3.OperationalError(f"{path} is missing")
    connection = connect(path, read_only=True)
    try:
        connection.execute("BEGIN")
        yield Snapshot(connection)
    finally:
        connection.close()


class Filling:
    """A transaction that fills an empty store."""

    refusals = (sqlite3.IntegrityError, sqlite3.InterfaceError, OverflowError)

    def __init__(self, connection: sqlite3.Connection, tables: tuple[str, ...]) -> None:
        self._connection = connection
        self._stripped = Stripped(connection, tables)

    async def is_empty(self, table: str) -> bool:
        """Whether a table holds no row."""
        return self._connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is None

    async def prepare(self, seeded: tuple[str, ...]) -> None:
        """Take off the indexes, and what the schema brought along."""
        self._stripped.strip()
        for table in seeded:
            self._connection.execute(f"DELETE FROM {table}")

    async def put(self, table: str, columns: list[str], rows: Rows) -> None:
        """Write rows."""
        insert_rows(self._connection, table, columns, rows)

    async def finish(self) -> None:
        """Make indexes and the search index, check what points where, and commit."""
        self._stripped.restore()
        self._connection.execute("COMMIT")


@asynccontextmanager
async def filling(url: str, tables: tuple[str, ...]) -> AsyncIterator[Filling]:
    """Open one for these tables; what is not finished is rolled back."""
    connection = connect_for_loading(sqlite_path(url))
    try:
        leave_log(connection)
        connection.execute("BEGIN IMMEDIATE")
        yield Filling(connection, tables)
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        return_to_log(connection)
        connection.close()
