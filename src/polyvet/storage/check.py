# SPDX-License-Identifier: Apache-2.0
"""Checks of a store: that the engine's files are sound, and that what is kept beside the rows equals what they say.

Everything is read in one snapshot, so a check of a store in use reports no half-done write. It reads each table a few
times, in aggregates; a million patients take seconds.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from polyvet.model import values
from polyvet.model.entities import NewClient
from polyvet.storage.check_rules import COUNTERS, IDENTIFIED, RULES
from polyvet.storage.clients import search_text
from polyvet.storage.migrate import HEAD
from polyvet.storage.sqlite import connect, drive
from polyvet.storage.store import is_postgresql, sqlite_path
from polyvet.storage.tables import metadata

ERROR = "error"
INFO = "info"
_EXAMPLES = 3
_CHUNK_ROWS = 2_000
_SEARCHED = (
    "SELECT c.clinic_id, c.client_id, c.search_text, k.first_name, k.middle_name, k.last_name, k.email,"
    " {}, k.organization_name"
    " FROM connections c JOIN clients k ON k.id = c.client_id"
)
# SQLite keeps the order of a subquery's rows; only later versions of it order within the function.
_PHONES_OF_SQLITE = (
    "(SELECT group_concat(number, char(10)) FROM (SELECT number FROM phones WHERE client_id = k.id ORDER BY position))"
)
_PHONES_OF_POSTGRESQL = "(SELECT string_agg(number, chr(10) ORDER BY position) FROM phones WHERE client_id = k.id)"
_LISTS = ("species", "breeds", "code_entries")  # of whose rows the clinics' own are found by name
_FOLDED = {
    "clients": ("first_name", "last_name", "organization_name", "email"),
    "patients": ("name",),
    **dict.fromkeys(_LISTS, ("name",)),
}
_RESTORE = "Stop the server, copy what is there to a safe place, and restore the last backup into a new store."


class Finding(msgspec.Struct, frozen=True):
    """Something that a check found. An `error` is a defect of the store; `info` is worth knowing."""

    severity: str
    name: str  # of the check, for programs
    text: str  # what is wrong, and what to do


async def check(url: str) -> list[Finding]:
    """All findings; empty for a sound store with nothing to say about it. Raises the driver's errors when the store is
    out of reach."""
    if is_postgresql(url):
        from polyvet.storage.backup_postgres import snapshot as postgresql_snapshot

        async with postgresql_snapshot(url) as snapshot:
            return [finding async for finding in _findings(snapshot, _postgresql, _PHONES_OF_POSTGRESQL)]
    return await asyncio.to_thread(drive, _check_sqlite(url))


async def _check_sqlite(url: str) -> list[Finding]:
    from polyvet.storage.backup_sqlite import snapshot as sqlite_snapshot

    async with sqlite_snapshot(url) as snapshot:
        try:
            found = [finding async for finding in _findings(snapshot, _sqlite, _PHONES_OF_SQLITE)]
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            return [Finding(ERROR, "file", f"The file is damaged: {error}. {_RESTORE}")]
    return found + _check_search_index(url)


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether the file is at fault; a store that is locked or out of reach is no finding."""
    return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


async def _findings(snapshot: Any, engines_own: Any, phones: str) -> AsyncIterator[Finding]:
    revision = await snapshot.revision()
    if revision != HEAD:
        yield Finding(ERROR, "revision", f"The schema has revision {revision}, not {HEAD}: start this program once.")
        return
    async for finding in engines_own(snapshot):
        yield finding
    for rule in RULES:
        rows = await snapshot.query(rule.sql)
        if rows:
            yield Finding(ERROR, rule.name, f"{_listed(rows)}: {rule.text}")
    async for finding in _counters(snapshot):
        yield finding
    async for finding in _search_texts(snapshot, phones):
        yield finding
    async for finding in _folded(snapshot):
        yield finding
    async for finding in _ids(snapshot):
        yield finding
    async for finding in _waiting_mails(snapshot):
        yield finding


def _listed(rows: list[Any]) -> str:
    """The first rows as text: clinics as numbers, ids as ULIDs."""
    shown = [" ".join(_shown(value) for value in row) for row in rows[:_EXAMPLES]]
    more = f" and {len(rows) - _EXAMPLES} more" if len(rows) > _EXAMPLES else ""
    return "; ".join(shown) + more


def _shown(value: Any) -> str:
    return values.to_crockford(value) if isinstance(value, bytes) and len(value) == 16 else str(value)


async def _counters(snapshot: Any) -> AsyncIterator[Finding]:
    rows = await snapshot.query(COUNTERS)
    if rows:
        shown = [
            f"clinic {clinic} {name} (bucket {bucket}): kept {kept}, counted {counted}"
            for clinic, name, bucket, kept, counted in rows[:_EXAMPLES]
        ]
        text = (
            f"{len(rows)} counters differ from what they count, so totals are wrong: {'; '.join(shown)}. Report this."
        )
        yield Finding(ERROR, "counters", text)


async def _waiting_mails(snapshot: Any) -> AsyncIterator[Finding]:
    [(count, oldest)] = await snapshot.query("SELECT count(*), min(created_at) FROM mails WHERE state = 'queued'")
    if count:
        waiting = "1 mail waits" if count == 1 else f"{count} mails wait"
        text = (
            f"{waiting} to be sent, the oldest since {values.to_milliseconds_text(oldest)}: a server whose settings"
            " name smtp_host and mail_from sends them."
        )
        yield Finding(INFO, "mails", text)


async def _search_texts(snapshot: Any, phones: str) -> AsyncIterator[Finding]:
    wrong: list[Any] = []
    async for rows in snapshot.stream(_SEARCHED.format(phones), _CHUNK_ROWS):
        for clinic_id, client_id, searched, first, middle, last, email, numbers, organization in rows:
            client = NewClient(
                first_name=first, middle_name=middle, last_name=last, email=email, organization_name=organization
            )
            if search_text(client, (numbers or "").split("\n")) != searched:
                wrong.append((clinic_id, client_id))
    if wrong:
        yield Finding(
            ERROR, "search_text", f"{_listed(wrong)}: the search reads another text than the client's; report this."
        )


async def _folded(snapshot: Any) -> AsyncIterator[Finding]:
    """Whether the columns by which names are compared hold the names."""
    for table, names in _FOLDED.items():
        wrong: list[Any] = []
        columns = ", ".join([*names, *(f"{name}_folded" for name in names)])
        own = " WHERE clinic_id IS NOT NULL" if table in _LISTS else ""
        async for rows in snapshot.stream(f"SELECT id, {columns} FROM {table}{own}", _CHUNK_ROWS):  # noqa: S608, our own
            for ident, *texts in rows:
                plain, folded = texts[: len(names)], texts[len(names) :]
                if [values.fold(text or "") for text in plain] != folded:
                    wrong.append((ident,))
        if wrong:
            text = f"{table} {_listed(wrong)}: filters read other names than the row's; write it anew, or report this."
            yield Finding(ERROR, "folded", text)


async def _ids(snapshot: Any) -> AsyncIterator[Finding]:
    for table in IDENTIFIED:
        for order in ("ASC", "DESC"):
            for (ident,) in await snapshot.query(f"SELECT id FROM {table} ORDER BY id {order} LIMIT 1"):  # noqa: S608
                problem = _problem(ident)
                if problem:
                    yield Finding(ERROR, "ids", f"{table} {ident.hex()}: {problem}")


def _problem(ident: bytes) -> str | None:
    """Why an id has not all of its spellings."""
    if len(ident) != 16:
        return "the id has not 16 bytes; correct what wrote it."
    try:
        spelled = values.to_base36(ident)
    except OverflowError:
        return "the id does not fit 24 base-36 digits, so it cannot be shown everywhere; give the row another."
    if values.from_base36(spelled) != ident or values.from_crockford(values.to_crockford(ident)) != ident:
        return "the id does not come back from its spelling; report this."
    return None


# --- the engines' own -----------------------------------------------------------------------------------------


def _indexes() -> set[str]:
    return {str(index.name) for table in metadata.tables.values() for index in table.indexes}


def _missing(have: set[str]) -> list[Finding]:
    missing = sorted(_indexes() - have)
    text = f"The indexes {', '.join(missing)} are missing: back up, and restore into a new store."
    return [Finding(ERROR, "indexes", text)] if missing else []


async def _sqlite(snapshot: Any) -> AsyncIterator[Finding]:
    damages = [row[0] for row in await snapshot.query("PRAGMA integrity_check(20)")]
    if damages != ["ok"]:
        yield Finding(ERROR, "file", f"The file is damaged: {'; '.join(damages)}. {_RESTORE}")
    dangling = {(row[0], row[2]) for row in await snapshot.query("PRAGMA foreign_key_check")}
    for table, parent in sorted(dangling):
        yield Finding(ERROR, "references", f"Rows of {table} point to rows of {parent} that are not there. {_RESTORE}")
    names = await snapshot.query("SELECT name FROM sqlite_master WHERE type = 'index'")
    for finding in _missing({row[0] for row in names}):
        yield finding


def _check_search_index(url: str) -> list[Finding]:
    """FTS5 compares its index with the texts on an INSERT that inserts nothing; writers wait meanwhile."""
    connection = connect(sqlite_path(url))
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO connections_fts (connections_fts, rank) VALUES ('integrity-check', 1)")
    except sqlite3.DatabaseError as error:
        if not _is_damage(error):
            raise
        rebuild = "INSERT INTO connections_fts (connections_fts) VALUES ('rebuild')"
        text = f"The search index differs from the texts ({error}): run `{rebuild}` on the file with the sqlite3 shell."
        return [Finding(ERROR, "search_index", text)]
    finally:
        connection.close()
    return []


async def _postgresql(snapshot: Any) -> AsyncIterator[Finding]:
    for (name,) in await snapshot.query(
        "SELECT relname FROM pg_index JOIN pg_class ON oid = indexrelid"
        " WHERE NOT indisvalid AND relnamespace = current_schema()::regnamespace"
    ):
        yield Finding(ERROR, "indexes", f"The index {name} is not valid: run REINDEX INDEX {name}.")
    for (name,) in await snapshot.query(
        "SELECT conname FROM pg_constraint WHERE NOT convalidated AND connamespace = current_schema()::regnamespace"
    ):
        yield Finding(ERROR, "references", f"The constraint {name} is not validated: run ALTER TABLE … VALIDATE.")
    names = {row[0] for row in await snapshot.query("SELECT indexname FROM pg_indexes")}
    for finding in _missing(names):
        yield finding
    if "connections_search" not in names:
        text = (
            "The server offers no pg_trgm, so a search reads all texts of a clinic: the same rows, slower. Where it is"
            " installed: CREATE EXTENSION pg_trgm; CREATE INDEX connections_search ON connections USING gin"
            " (search_text gin_trgm_ops) WITH (fastupdate = off)."
        )
        yield Finding(INFO, "trigrams", text)
