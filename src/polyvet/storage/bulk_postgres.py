# SPDX-License-Identifier: Apache-2.0
"""The bulk loader's end on PostgreSQL: binary COPY.

An empty store is loaded in one transaction without its indexes and keys, which come back, as they were, before the
commit: sorting is faster than inserting one by one, and one join a foreign key than a trigger a row.
"""

from __future__ import annotations

import datetime
from typing import Any

import asyncpg

from polyvet.storage.bulk import CLINIC_COLUMNS, FILLED
from polyvet.storage.derived import Rows
from polyvet.storage.statement import POSTGRESQL
from polyvet.storage.write_statements import ADD_TO_COUNTER, SAVE_CLINIC
from polyvet.storage.writing import ClinicState

_SETTINGS = {"jit": "off", "maintenance_work_mem": "256MB", "statement_timeout": "0"}
_INDEXES = """
    SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
    WHERE t.relnamespace = current_schema()::regnamespace AND t.relname = ANY($1)
    AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid) ORDER BY c.oid
"""
_KEYS = """
    SELECT t.relname, k.conname, pg_get_constraintdef(k.oid), k.contype = 'f'
    FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid LEFT JOIN pg_class r ON r.oid = k.confrelid
    WHERE k.connamespace = current_schema()::regnamespace
    AND (k.contype IN ('p', 'f') AND t.relname = ANY($1) OR k.contype = 'f' AND r.relname = ANY($1))
    ORDER BY k.contype, k.oid
"""
# Binary COPY has no text form of dates.
_DATES = {
    table: [place for place, name in enumerate(columns) if name in ("birth_date", "deceased_on")]
    for table, columns in FILLED.items()
}


async def connect(url: str) -> asyncpg.Connection:
    """A connection for long work in bulk: ids as bytes, dates as `datetime.date`."""
    connection = await asyncpg.connect(url, server_settings=_SETTINGS)
    await connection.set_type_codec("uuid", schema="pg_catalog", encoder=bytes, decoder=bytes, format="binary")
    return connection


class Stripped:
    """Tables without their indexes and keys, and without the keys of others that point to them, within a transaction;
    `restore` makes all of them again, as they were."""

    def __init__(self, connection: asyncpg.Connection, tables: tuple[str, ...]) -> None:
        self._connection = connection
        self._tables = list(tables)
        self._again: list[str] = []

    async def strip(self) -> None:
        """Take them off, and keep what makes them: foreign keys go first and come back last."""
        keys = await self._connection.fetch(_KEYS, self._tables)
        indexes = await self._connection.fetch(_INDEXES, self._tables)
        for table, name, _, _ in keys:
            await self._connection.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"')
        for name, _ in indexes:
            await self._connection.execute(f'DROP INDEX "{name}"')
        made = [
            (f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" {text}', foreign) for table, name, text, foreign in keys
        ]
        self._again = [text for text, foreign in made if not foreign]
        self._again += [definition for _, definition in indexes]
        self._again += [text for text, foreign in made if foreign]

    async def restore(self) -> None:
        """Make them again; raises asyncpg's error when the rows do not allow it."""
        for statement in self._again:
            await self._connection.execute(statement)


class PostgresSink:
    """See bulk.Sink."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._db: asyncpg.Connection | None = None
        self._stripped: Stripped | None = None
        self.alone = False

    @property
    def _connection(self) -> asyncpg.Connection:
        assert self._db is not None, "not open"  # noqa: S101, a defect of ours
        return self._db

    async def open(self) -> dict[int, str]:
        self._db = await connect(self._url)
        self.alone = await self._empty()
        return {row[0]: row[1] for row in await self._db.fetch("SELECT id, slug FROM species")}

    async def _empty(self) -> bool:
        for table in FILLED:
            if await self._connection.fetchval(f"SELECT 1 FROM {table} LIMIT 1") is not None:
                return False
        return True

    async def begin(self) -> list[ClinicState]:
        await self._connection.execute("BEGIN")
        if self.alone:
            await self._connection.execute(f"LOCK TABLE {', '.join(FILLED)} IN ACCESS EXCLUSIVE MODE")
            self.alone = await self._empty()  # somebody may have been faster
        if self.alone:
            self._stripped = Stripped(self._connection, tuple(FILLED))
            await self._stripped.strip()
        rows = await self._connection.fetch(
            f"SELECT {', '.join(CLINIC_COLUMNS)} FROM clinics ORDER BY id FOR NO KEY UPDATE"
        )
        return [ClinicState(*row) for row in rows]

    async def put(self, table: str, rows: Rows) -> None:
        await copy_rows(self._connection, table, FILLED[table], _with_dates(table, rows))

    async def commit(self, counters: Rows, clinics: list[ClinicState]) -> None:
        sql, arrange = ADD_TO_COUNTER.compiled(POSTGRESQL)
        await self._connection.executemany(sql, [arrange(row) for row in counters])
        sql, arrange = SAVE_CLINIC.compiled(POSTGRESQL)
        for c in clinics:
            await self._connection.execute(sql, *arrange(c.saved()))
        if self._stripped is not None:
            await self._stripped.restore()
            self._stripped = None
        await self._connection.execute("COMMIT")
        self.alone = False

    async def close(self) -> None:
        if self._db is None:
            return
        if not self._db.is_closed():
            if self._db.is_in_transaction():
                await self._db.execute("ROLLBACK")
            # Without statistics and the visibility map, the first lists after a load would be scans.
            for table in ("clinics", "counters", *FILLED):
                await self._db.execute(f"VACUUM (ANALYZE) {table}")
            await self._db.close()
        self._db = None


async def copy_rows(connection: asyncpg.Connection, table: str, columns: tuple[str, ...], rows: Rows) -> None:
    """Write rows by binary COPY; dates are `datetime.date`."""
    await connection.copy_records_to_table(table, records=rows, columns=list(columns))


def _with_dates(table: str, rows: Rows) -> Rows:
    places = _DATES[table]
    if not places:
        return rows
    parse = datetime.date.fromisoformat
    first, second = places
    changed: list[tuple[Any, ...]] = [
        (
            *row[:first],
            parse(row[first]) if row[first] else None,
            *row[first + 1 : second],
            parse(row[second]) if row[second] else None,
            *row[second + 1 :],
        )
        for row in rows
    ]
    return changed
