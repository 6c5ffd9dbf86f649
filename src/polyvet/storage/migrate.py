# SPDX-License-Identifier: Apache-2.0
"""Brings a store to this program's schema and seeds the shared codelists; several processes may try at once.

Nothing is ever taken away: revisions only add, there is no downgrade, and a store that a newer program has written, or
that is not ours, is refused. The usual start finds nothing to do, so that check goes through the raw drivers and loads
neither SQLAlchemy nor Alembic.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyvet.model.species import breed_rows, species_rows
from polyvet.storage.store import is_postgresql, sqlite_path

if TYPE_CHECKING:
    import asyncpg
    from sqlalchemy import Connection

# The oldest first; a test holds this against the files.
REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
HEAD = REVISIONS[-1]
Progress = Callable[[str], None]

_LOCK_TIMEOUT_S = 120.0
_ADVISORY_LOCK = 0x706F6C79766574  # "polyvet"
_SPECIES = [
    (row.id, row.name, row.slug, row.common, row.synonyms, row.common.lower(), row.common.upper())
    for row in species_rows()
]
_BREEDS = [(row.id, row.species_id, row.name) for row in breed_rows()]
_READ_SPECIES = (
    "SELECT id, name, slug, common, synonyms, common_lower, common_upper FROM species WHERE clinic_id IS NULL"
)
_READ_BREEDS = "SELECT id, species_id, name FROM breeds WHERE clinic_id IS NULL"
_READ_REVISION = "SELECT version_num FROM alembic_version"
# A slug stands in lists and counters as well; to change one takes a migration.
_SEED_SPECIES = (
    "INSERT INTO species (id, name, slug, common, synonyms, common_lower, common_upper) VALUES ({}) ON CONFLICT (id)"
    " DO UPDATE SET name = excluded.name, common = excluded.common, synonyms = excluded.synonyms,"
    " common_lower = excluded.common_lower, common_upper = excluded.common_upper"
)
_SEED_BREEDS = (
    "INSERT INTO breeds (id, species_id, name) VALUES ({}) ON CONFLICT (id) DO UPDATE SET"
    " species_id = excluded.species_id, name = excluded.name"
)


class MigrationError(Exception):
    """The store cannot be brought to this program's schema; the text says what to do."""


class UnknownRevision(MigrationError):
    """A newer program has written the store."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"the store has revision {revision}, this program knows {HEAD} and older ones;"
            " start the newer program, or restore a backup that an older one made"
        )
        self.revision = revision


class ForeignStore(MigrationError):
    """Tables are there, but no revision: another program's database, or one that was made by hand."""


async def migrate(url: str, *, progress: Progress | None = None, to: str = HEAD) -> None:
    """Apply what is missing under a lock and seed the codelists; `progress` is told each step as a line of text. `to`
    an older revision, the store is not seeded, since what is there to be seeded is of this program's.

    Raises MigrationError when the store is not ours to change, OSError or the driver's error when it is out of reach.
    """
    tell = progress or (lambda _line: None)
    if is_postgresql(url):
        await _migrate_postgresql(url, tell, to)
    else:
        await asyncio.to_thread(_migrate_sqlite, sqlite_path(url), tell, to)


def _check(revision: str | None, any_table: bool, to: str) -> bool:
    """Whether revisions are missing; raises when the store is not ours."""
    if revision is None:
        if any_table:
            raise ForeignStore("the database holds tables, but not polyvet's; name an empty one")
        return True
    if revision not in REVISIONS:
        raise UnknownRevision(revision)
    return revision < to


def _unseeded(species: list[Any], breeds: list[Any]) -> tuple[list[Any], list[Any]]:
    """The codelists' rows that a store lacks or has otherwise. Slugs are not compared: they never change."""
    have, have_breeds = {_without_slug(row) for row in species}, set(map(tuple, breeds))
    lacking = [row for row in _SPECIES if _without_slug(row) not in have]
    return lacking, [row for row in _BREEDS if row not in have_breeds]


def _without_slug(row: Any) -> tuple[Any, ...]:
    return row[0], row[1], *row[3:]


def _upgrade(connection: Connection, to: str) -> None:
    from alembic import command  # loaded only when there is something to do
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, to)


# --- SQLite ---------------------------------------------------------------------------------------------------


def _migrate_sqlite(path: Path, tell: Progress, to: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # The log and its index, which SQLite makes beside the file, take over its mode.
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    connection = sqlite3.connect(path, isolation_level=None, timeout=_LOCK_TIMEOUT_S)
    try:
        missing = _check(*_sqlite_revision(connection), to)
        _use_log(connection)
        if missing:
            tell(f"{path}: making the schema of revision {to}")
            _upgrade_sqlite(connection, to)
        if to == HEAD:
            _seed_sqlite(connection, tell)
    except sqlite3.DatabaseError as error:
        if "not a database" in str(error):
            raise ForeignStore(f"{path} is not a SQLite database") from error
        raise
    finally:
        connection.close()


def _use_log(connection: sqlite3.Connection) -> None:
    """WAL mode. Going there takes the whole file for a moment, and SQLite's own waiting for locks does not cover it."""
    deadline = time.monotonic() + _LOCK_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _sqlite_revision(connection: sqlite3.Connection) -> tuple[str | None, bool]:
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    row = connection.execute(_READ_REVISION).fetchone() if "alembic_version" in tables else None
    return (None if row is None else row[0]), bool(tables)


def _upgrade_sqlite(connection: sqlite3.Connection, to: str) -> None:
    """All revisions in one transaction that holds the file's write lock; a process that waited finds the work done."""
    from sqlalchemy import StaticPool, create_engine, event

    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    event.listen(engine, "begin", lambda one: one.exec_driver_sql("BEGIN EXCLUSIVE"))
    with engine.begin() as bound:
        if _check(*_sqlite_revision(connection), to):
            _upgrade(bound, to)


def _seed_sqlite(connection: sqlite3.Connection, tell: Progress) -> None:
    species, breeds = _unseeded(
        connection.execute(_READ_SPECIES).fetchall(), connection.execute(_READ_BREEDS).fetchall()
    )
    if not species and not breeds:
        return
    tell(f"writing {len(species)} species and {len(breeds)} breeds of the shared codelists")
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(_SEED_SPECIES.format("?, ?, ?, ?, ?, ?, ?"), species)
    connection.executemany(_SEED_BREEDS.format("?, ?, ?"), breeds)
    connection.execute("COMMIT")


# --- PostgreSQL -----------------------------------------------------------------------------------------------


async def _migrate_postgresql(url: str, tell: Progress, to: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(url)
    try:
        revision, any_table = await _postgresql_revision(connection)
        if _check(revision, any_table, to):
            tell(f"making the schema of revision {to}")
            await _upgrade_postgresql(url, to)
        if to == HEAD:
            await _seed_postgresql(connection, tell)
    finally:
        await connection.close()


async def _postgresql_revision(connection: asyncpg.Connection) -> tuple[str | None, bool]:
    tables = {
        row[0]
        for row in await connection.fetch(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"
        )
    }
    revision = await connection.fetchval(_READ_REVISION) if "alembic_version" in tables else None
    return revision, bool(tables)


async def _upgrade_postgresql(url: str, to: str) -> None:
    """All revisions in one transaction under an advisory lock; a process that waited finds the work done."""
    import asyncpg
    from sqlalchemy import NullPool, text
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url), poolclass=NullPool
    )
    async with engine.begin() as connection:
        await connection.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
        raw = (await connection.get_raw_connection()).driver_connection
        if _check(*await _postgresql_revision(raw), to):
            await connection.run_sync(_upgrade, to)


async def _seed_postgresql(connection: asyncpg.Connection, tell: Progress) -> None:
    species, breeds = _unseeded(await connection.fetch(_READ_SPECIES), await connection.fetch(_READ_BREEDS))
    if not species and not breeds:
        return
    tell(f"writing {len(species)} species and {len(breeds)} breeds of the shared codelists")
    async with connection.transaction():
        await connection.execute(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
        await connection.executemany(_SEED_SPECIES.format("$1, $2, $3, $4, $5, $6, $7"), species)
        await connection.executemany(_SEED_BREEDS.format("$1, $2, $3"), breeds)
