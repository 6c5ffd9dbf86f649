# SPDX-License-Identifier: Apache-2.0
"""The bulk loader's end on SQLite.

An empty store is loaded in one transaction without its secondary indexes and triggers, which come back, as they were,
before the commit: sorting a million keys is much faster than a million insertions into seven trees. It also leaves WAL
for that time, where it can: into an empty file, a rollback journal writes each page once and in its place, a log twice.
Nothing is traded for it: a load that is cut off, even by a power loss, is rolled back by whoever opens the file next.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path

from polyvet.storage.bulk import CLINIC_COLUMNS, FILLED
from polyvet.storage.derived import Rows
from polyvet.storage.sqlite import BUSY_TIMEOUT_MS, connect
from polyvet.storage.statement import SQLITE
from polyvet.storage.tables import metadata
from polyvet.storage.write_statements import ADD_TO_COUNTER, SAVE_CLINIC
from polyvet.storage.writing import ClinicState

_CACHE_KIB = 512 * 1024
_SORTERS = 2
_FTS_HASH_BYTES = 64 * 1024 * 1024  # how much the trigram index gathers before it writes a sorted run
# Tables that are their primary key's tree take their rows best in its order; the key's columns stand first.
_BY_KEY = {
    name: itemgetter(*range(len(metadata.tables[name].primary_key.columns))) for name in FILLED if name != "connections"
}


def connect_for_loading(path: Path) -> sqlite3.Connection:
    """A connection for many rows at once."""
    connection = connect(path, cache_kib=_CACHE_KIB)
    connection.execute(f"PRAGMA threads={_SORTERS}")
    return connection


def leave_log(connection: sqlite3.Connection) -> None:
    """Prepare for filling an empty store: foreign keys are checked once at the end, and there is no write-ahead log,
    unless somebody else has the file open."""
    connection.execute("PRAGMA foreign_keys=OFF")
    connection.execute("PRAGMA busy_timeout=0")
    with contextlib.suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA journal_mode=DELETE")
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")


def return_to_log(connection: sqlite3.Connection) -> None:
    """Go back to the write-ahead log, and fold what is in it into the file."""
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)")


def insert_rows(connection: sqlite3.Connection, table: str, columns: Sequence[str], rows: Rows) -> None:
    """Write rows of one table."""
    listed = ", ".join(f'"{name}"' for name in columns)
    connection.executemany(f"INSERT INTO {table} ({listed}) VALUES ({', '.join('?' * len(columns))})", rows)


class Stripped:
    """Tables without their secondary indexes and triggers, within a transaction; `restore` makes all of them again, as
    they were, with the search index filled and the foreign keys checked, which must be off meanwhile."""

    def __init__(self, connection: sqlite3.Connection, tables: tuple[str, ...]) -> None:
        self._run = connection.execute
        self._tables = tables
        self._again: list[str] = []

    def strip(self) -> None:
        """Take them off, and keep what makes them."""
        rows = self._run(
            "SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
            f" AND tbl_name IN ({', '.join('?' * len(self._tables))}) ORDER BY rowid",
            self._tables,
        ).fetchall()
        self._again = [sql for _, _, sql in rows]
        for kind, name, _ in rows:
            self._run(f"DROP {kind} {name}")

    def restore(self) -> None:
        """Make them again. Raises sqlite3.IntegrityError when the rows do not allow it."""
        self._run("INSERT INTO connections_fts (connections_fts, rank) VALUES ('hashsize', ?)", (_FTS_HASH_BYTES,))
        self._run("INSERT INTO connections_fts (connections_fts) VALUES ('rebuild')")
        self._run("DELETE FROM connections_fts_config WHERE k = 'hashsize'")
        for sql in self._again:
            self._run(sql)
        broken = self._run("PRAGMA foreign_key_check").fetchone()
        if broken is not None:
            raise sqlite3.IntegrityError(f"a row of {broken[0]} points to a row of {broken[2]} that is not there")


class SqliteSink:
    """See bulk.Sink."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._stripped: Stripped | None = None
        self.alone = False

    @property
    def _connection(self) -> sqlite3.Connection:
        assert self._db is not None, "not open"  # noqa: S101, a defect of ours
        return self._db

    async def open(self) -> dict[int, str]:
        self._db = connect_for_loading(self._path)
        self.alone = self._empty()
        if self.alone:
            leave_log(self._db)
        return dict(self._db.execute("SELECT id, slug FROM species"))

    async def begin(self) -> list[ClinicState]:
        self._connection.execute("BEGIN IMMEDIATE")
        if self.alone and not self._empty():  # somebody was faster
            self.alone = False
            for statement in ("ROLLBACK", "PRAGMA foreign_keys=ON", "BEGIN IMMEDIATE"):
                self._connection.execute(statement)
        if self.alone:
            self._stripped = Stripped(self._connection, tuple(FILLED))
            self._stripped.strip()
        rows = self._connection.execute(f"SELECT {', '.join(CLINIC_COLUMNS)} FROM clinics")
        return [ClinicState(*row) for row in rows]

    async def put(self, table: str, rows: Rows) -> None:
        if table in _BY_KEY:
            rows.sort(key=_BY_KEY[table])
        insert_rows(self._connection, table, FILLED[table], rows)

    async def commit(self, counters: Rows, clinics: list[ClinicState]) -> None:
        sql, arrange = ADD_TO_COUNTER.compiled(SQLITE)
        self._connection.executemany(sql, map(arrange, counters))
        sql, arrange = SAVE_CLINIC.compiled(SQLITE)
        for c in clinics:
            self._connection.execute(sql, arrange(c.saved()))
        if self._stripped is not None:
            self._stripped.restore()
            self._stripped = None
        self._connection.execute("COMMIT")
        self.alone = False

    async def close(self) -> None:
        if self._db is None:
            return
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        return_to_log(self._db)
        self._db.close()
        self._db = None

    def _empty(self) -> bool:
        return all(self._connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is None for table in FILLED)
