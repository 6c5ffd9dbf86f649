# SPDX-License-Identifier: Apache-2.0
"""The migrated schema is the one that tables.py states; migrating is harmless however often and by how many."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import NullPool, create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from polyvet.model.species import breed_rows, species_rows
from polyvet.storage import migrate as migrating
from polyvet.storage.migrate import ForeignStore, UnknownRevision, migrate
from polyvet.storage.store import is_postgresql, sqlite_path
from polyvet.storage.tables import metadata
from tests.storage.world import run, world


async def execute(url: str, *statements: str) -> list[Any]:
    """Run statements past the program; gives the last one's rows."""
    rows: list[Any] = []
    if is_postgresql(url):
        connection = await asyncpg.connect(url)
        for statement in statements:
            rows = await connection.fetch(statement)
        await connection.close()
        return [tuple(row) for row in rows]
    file = sqlite3.connect(sqlite_path(url), isolation_level=None)
    for statement in statements:
        rows = file.execute(statement).fetchall()
    file.close()
    return rows


def differences(connection: Any) -> list[Any]:
    """What Alembic would change, the search's own tables and index aside."""

    def ours(name: str | None, _kind: str, _parents: Any) -> bool:
        return not (name or "").startswith(("connections_fts", "connections_search"))

    context = MigrationContext.configure(connection, opts={"include_name": ours, "compare_type": True})
    return list(compare_metadata(context, metadata))


def test_the_migrated_schema_is_the_stated_one(database_url: str) -> None:
    async def test() -> list[Any]:
        await migrate(database_url)
        if not is_postgresql(database_url):
            engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(sqlite_path(database_url)))
            with engine.connect() as connection:
                return differences(connection)
        slow = create_async_engine(
            "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(database_url), poolclass=NullPool
        )
        async with slow.connect() as connection:
            return await connection.run_sync(differences)

    assert run(test()) == []


def test_sqlite_tables_are_made_as_stated_to_the_letter(tmp_path: Path) -> None:
    """Alembic does not compare WITHOUT ROWID; SQLite keeps the statements, so these are compared."""
    asyncio.run(migrate(f"sqlite:///{tmp_path}/migrated.db"))
    engine = create_engine(f"sqlite:///{tmp_path}/stated.db", poolclass=NullPool)
    metadata.create_all(engine)
    read = "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'index') AND sql IS NOT NULL"
    schemas = []
    for name in ("migrated", "stated"):
        file = sqlite3.connect(tmp_path / f"{name}.db")
        schemas.append({row[0]: " ".join(row[1].split()) for row in file.execute(read)})
        file.close()
    migrated, stated = schemas
    assert {name: sql for name, sql in migrated.items() if name in stated} == stated
    assert {name for name in set(migrated) - set(stated) if not name.startswith("connections_fts")} == {
        "alembic_version"
    }


def test_revisions_are_the_files() -> None:
    folder = Path(migrating.__file__).parent / "migrations" / "versions"
    assert tuple(sorted(file.name[:4] for file in folder.glob("0*.py"))) == migrating.REVISIONS


def test_migrating_again_changes_nothing_and_loads_no_toolkit(database_url: str) -> None:
    asyncio.run(migrate(database_url))
    told: list[str] = []
    asyncio.run(migrate(database_url, progress=told.append))
    assert told == []
    program = (
        "import asyncio, sys; from polyvet.storage.migrate import migrate\n"
        f"asyncio.run(migrate({database_url!r}))\n"
        "sys.exit(int('alembic' in sys.modules or 'sqlalchemy' in sys.modules))"
    )
    started = time.monotonic()
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
    assert time.monotonic() - started < 3


def test_many_processes_may_migrate_at_once(database_url: str) -> None:
    program = f"import asyncio; from polyvet.storage.migrate import migrate; asyncio.run(migrate({database_url!r}))"
    started = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(4)]
    assert [process.wait(60) for process in started] == [0] * 4
    rows = run(execute(database_url, "SELECT count(*) FROM species WHERE clinic_id IS NULL"))
    assert rows == [(len(species_rows()),)]


def test_codelists_are_seeded_and_corrected_and_own_entries_stay(database_url: str) -> None:
    async def test() -> None:
        async with world(database_url) as w:
            assert len(await w.rows("breeds")) == len(breed_rows())
        await execute(
            database_url,
            "UPDATE species SET name = 'Dug' WHERE id = 15461002",
            "INSERT INTO species (id, clinic_id, name, slug, common, synonyms)"
            " VALUES (20000000001, 1, 'Axolotl', 'axolotl', 'Axolotl', '')",
            "DELETE FROM breeds WHERE id = 13688002",
        )
        told: list[str] = []
        await migrate(database_url, progress=told.append)
        assert told == ["writing 1 species and 1 breeds of the shared codelists"]
        names = await execute(database_url, "SELECT name FROM species WHERE id IN (15461002, 20000000001) ORDER BY id")
        assert [name for (name,) in names] == ["Dog (Canine - Domestic)", "Axolotl"]

    run(test())


def test_a_newer_store_is_refused(database_url: str) -> None:
    asyncio.run(migrate(database_url))
    run(execute(database_url, "UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UnknownRevision, match="9999"):
        asyncio.run(migrate(database_url))


def test_a_strangers_database_is_refused_untouched(database_url: str) -> None:
    if not is_postgresql(database_url):
        sqlite_path(database_url).touch()
    run(execute(database_url, "CREATE TABLE theirs (n integer)"))
    with pytest.raises(ForeignStore):
        asyncio.run(migrate(database_url))
    if not is_postgresql(database_url):
        assert run(execute(database_url, "PRAGMA journal_mode")) == [("delete",)]


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "letter.db"
    file.write_text("Dear practice, " * 200)
    with pytest.raises(ForeignStore):
        asyncio.run(migrate(f"sqlite:///{file}"))


def test_the_file_is_private_and_its_folder_is_made(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "polyvet.db"
    asyncio.run(migrate(f"sqlite:///{file}"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert run(execute(f"sqlite:///{file}", "PRAGMA journal_mode")) == [("wal",)]
