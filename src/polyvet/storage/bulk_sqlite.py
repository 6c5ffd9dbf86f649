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
from pathlib import Path

from polyvet.storage.bulk import CLINIC_COLUMNS, FILLED, Rows
from polyvet.storage.sqlite import connect
from polyvet.storage.statement import SQLITE
from polyvet.storage.tables import metadata
from polyvet.storage.write_statements import ADD_TO_COUNTER, SAVE_CLINIC
from polyvet.storage.writing import ClinicState

_CACHE_KIB = 512 * 1024
_SORTERS = 2
_FTS_HASH_BYTES = 64 * 1024 * 1024  # how much the trigram index gathers before it writes a sorted run
# Tables that are their primary key's tree take their rows best in its order; the key's columns stand first.
_KEY_LENGTHS = {name: len(metadata.tables[name].primary_key.columns) for name in FILLED if name != "connections"}


class SqliteSink:
    """See bulk.Sink."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._again: list[str] = []  # the statements that make what was dropped
        self.alone = False

    @property
    def _connection(self) -> sqlite3.Connection:
        assert self._db is not None, "not open"  # noqa: S101, a defect of ours
        return self._db

    async def open(self) -> dict[int, str]:
        self._db = connect(self._path, cache_kib=_CACHE_KIB)
        self._db.execute(f"PRAGMA threads={_SORTERS}")
        self.alone = all(self._db.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is None for table in FILLED)
        if self.alone:
            self._db.execute("PRAGMA foreign_keys=OFF")  # checked once at the end
            with contextlib.suppress(sqlite3.OperationalError):  # somebody else has the file open
                self._db.execute("PRAGMA busy_timeout=0")
                self._db.execute("PRAGMA journal_mode=DELETE")
        return dict(self._db.execute("SELECT id, slug FROM species"))

    async def begin(self) -> list[ClinicState]:
        self._connection.execute("BEGIN IMMEDIATE")
        if self.alone:
            self._drop()
        rows = self._connection.execute(f"SELECT {', '.join(CLINIC_COLUMNS)} FROM clinics")
        return [ClinicState(*row) for row in rows]

    async def put(self, table: str, rows: Rows) -> None:
        columns = FILLED[table]
        marks = ", ".join("?" * len(columns))
        if table in _KEY_LENGTHS:
            length = _KEY_LENGTHS[table]
            rows.sort(key=lambda row: row[:length])
        self._connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)

    async def commit(self, counters: Rows, clinics: list[ClinicState]) -> None:
        sql, arrange = ADD_TO_COUNTER.compiled(SQLITE)
        self._connection.executemany(sql, map(arrange, counters))
        sql, arrange = SAVE_CLINIC.compiled(SQLITE)
        for c in clinics:
            args = (c.clock, c.event_seq, c.client_seq, c.patient_seq, c.invoice_seq, c.id)
            self._connection.execute(sql, arrange(args))
        if self.alone:
            self._make_again()
        self._connection.execute("COMMIT")

    async def close(self) -> None:
        if self._db is None:
            return
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        self._db.execute("PRAGMA busy_timeout=30000")
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA wal_checkpoint(PASSIVE)")
        self._db.close()
        self._db = None

    def _drop(self) -> None:
        marks = ", ".join("?" * len(FILLED))
        rows = self._connection.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
            f" AND tbl_name IN ({marks}) ORDER BY rowid",
            tuple(FILLED),
        ).fetchall()
        self._again = [sql for _, _, sql in rows]
        for kind, name, _ in rows:
            self._connection.execute(f"DROP {kind} {name}")

    def _make_again(self) -> None:
        run = self._connection.execute
        run("INSERT INTO connections_fts (connections_fts, rank) VALUES ('hashsize', ?)", (_FTS_HASH_BYTES,))
        run("INSERT INTO connections_fts (connections_fts) VALUES ('rebuild')")
        run("DELETE FROM connections_fts_config WHERE k = 'hashsize'")
        for sql in self._again:
            run(sql)
        broken = run("PRAGMA foreign_key_check").fetchone()
        if broken is not None:
            raise ValueError(f"a row of {broken[0]} points to a row of {broken[2]} that is not there")
