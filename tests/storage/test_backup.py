# SPDX-License-Identifier: Apache-2.0
"""A backup goes from either engine to either, whole or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import sqlite3
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from polyvet.core import code_entries
from polyvet.model import values
from polyvet.model.access import ApiKey
from polyvet.model.entities import State, StockItem, User
from polyvet.storage import access, clients, idempotency, staff, stock
from polyvet.storage import backup as backups
from polyvet.storage.backup import BackupError, Manifest, TableEntry, backup, restore
from polyvet.storage.check import check
from polyvet.storage.migrate import migrate
from polyvet.storage.store import open_store
from polyvet.storage.tables import metadata
from polyvet.storage.writing import Tx
from tests.storage.given import a_library
from tests.storage.test_bulk import batch, load
from tests.storage.world import DOG, World, run, world


@pytest.fixture
def new_url(tmp_path: Path, fresh_database: Callable[[], str]) -> Callable[[str], str]:
    numbers = iter(range(100))
    return lambda engine: (
        fresh_database() if engine == "postgresql" else f"sqlite:///{tmp_path}/{next(numbers)}/polyvet.db"
    )


async def contents(url: str) -> dict[str, list]:
    store = await open_store(url)
    try:
        w = World(store)
        return {name: [tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in await w.rows(name)]
                for name in metadata.tables}  # fmt: skip
    finally:
        await store.close()


async def filled(url: str) -> None:
    async with world(url) as w:
        await load(url, batch(1, 20))
        key_id = values.new_id()

        async def job(tx: Tx) -> None:
            await staff.add_user(tx, User(values.new_id(), 1, "Vet", "vet", "vet", 5))
            access.add_key(
                tx, ApiKey(key_id, 1, "vetigen", "n", "partner", "a b", b"\xff" * 32, "abc", None, 9, 1, None)
            )
            stock.insert(tx, StockItem(values.new_id(), 1, "Pill", "c", "s", "u", 1, 2, 3, "EUR", True, 1, 2))

        await w.write(job, at=[1])

        async def answer(tx: Tx) -> None:
            idempotency.save(tx, key_id, "k", b"f", 201, b'{"\xc3\xa4": 1}')

        await w.write(answer, at=[1])
        await w.patient((await w.client(2, "\u0130nci", "Quo'te \\ \u2028")).id, deceased_on="2020-01-01", weight_mg=5)
        await a_library(w, await w.patient((await w.client(1)).id))


@pytest.mark.parametrize("source", ["sqlite", "postgresql"])
@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_all_pairs(source: str, target: str, new_url, tmp_path: Path) -> None:
    async def test() -> None:
        there, here, file = new_url(source), new_url(target), tmp_path / "record.zip"
        await filled(there)
        steps: list[tuple[str, int, int]] = []
        made = await backup(there, file, lambda *step: steps.append(step))
        assert ("clients", 22, 22) in steps
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert not any("partial" in name for name in os.listdir(tmp_path))  # noqa: PTH208
        steps.clear()
        assert await restore(file, here, lambda *step: steps.append(step)) == made
        assert ("clients", 22, 22) in steps
        assert comparable(await contents(here)) == comparable(await contents(there))
        assert [one for one in await check(here) if one.severity == "error"] == []
        again = await backup(here, tmp_path / "again.zip")
        assert again.tables == made.tables
        store = await open_store(here)
        w = World(store)
        added = await w.client(1, "After", "Restore")
        assert [one.id for one in (await clients.search(store, 1, "after", limit=5)).items] == [added.id]
        assert (await clients.search(store, 2, "inci", limit=5)).total == 1
        await store.close()
        with pytest.raises(BackupError, match="not empty"):
            await restore(file, here)

    run(test())


def comparable(tables: dict[str, list]) -> dict[str, list]:
    """SQLite keeps truth values as 0 and 1, which equal False and True; the order by repr does not."""
    return {name: sorted(rows, key=lambda row: [str(int(v) if isinstance(v, bool) else v) for v in row])
            for name, rows in tables.items()}  # fmt: skip


def damaged(file: Path, name: str, change: Callable[[bytes], bytes]) -> Path:
    """A copy in which one entry is another."""
    copy = file.with_suffix(".damaged")
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(copy, "w") as new:
        for entry in old.namelist():
            new.writestr(entry, change(old.read(entry)) if entry == name else old.read(entry))
    return copy


def with_manifest(**new: object) -> Callable[[bytes], bytes]:
    return lambda text: msgspec.json.encode({**msgspec.json.decode(text), **new})


def test_a_damaged_backup_restores_nothing(database_url: str, tmp_path: Path, new_url) -> None:
    async def test() -> None:
        source = new_url("sqlite")
        await filled(source)
        file = tmp_path / "record.zip"
        await backup(source, file)
        lines = "clients.jsonl"
        whole = file.read_bytes()
        cases: list[Path] = [
            damaged(file, lines, lambda text: text[: text.index(b"\n") + 1]),
            damaged(file, lines, lambda text: text.replace(b"Bulk3", b"Bulk4")),
            damaged(file, lines, lambda text: text.replace(b'"Bulk3"', b"17")),
            damaged(file, lines, lambda text: b""),
            damaged(file, "weights.jsonl", lambda text: text + text),
            damaged(file, "manifest.json", lambda text: text[:-20]),
            damaged(file, "manifest.json", with_manifest(version=99)),
            damaged(file, "manifest.json", with_manifest(revision="9999")),
            damaged(file, "manifest.json", with_manifest(format="other")),
            damaged(file, "manifest.json", with_manifest(tables=[])),
        ]
        for case in cases:
            with pytest.raises(BackupError):
                await restore(case, database_url)
        (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
        for missing in (tmp_path / "cut.zip", tmp_path / "missing.zip"):
            with pytest.raises(BackupError):
                await restore(missing, database_url)
        await restore(file, database_url)  # what failed before has left the store empty and its schema whole
        assert [one for one in await check(database_url) if one.severity == "error"] == []

    for_each_case = test()
    run(for_each_case)


async def of_revision(file: Path, revision: str, folder: Path) -> Path:
    """A copy as an older program would have made it: without the tables and columns that came later."""
    empty = folder / revision / "polyvet.db"
    await migrate(f"sqlite:///{empty}", to=revision)
    copy, manifest = file.with_suffix(f".{revision}"), None
    with contextlib.closing(sqlite3.connect(empty)) as old, zipfile.ZipFile(file) as new, zipfile.ZipFile(
        copy, "w"
    ) as left:  # fmt: skip
        manifest = msgspec.json.decode(new.read("manifest.json"), type=Manifest)
        tables = []
        for entry in manifest.tables:
            columns = [row[1] for row in old.execute(f"PRAGMA table_info({entry.name})")]
            places = [entry.columns.index(name) for name in columns]
            if places:
                rows = msgspec.json.Decoder().decode_lines(new.read(f"{entry.name}.jsonl"))
                lines = msgspec.json.Encoder().encode_lines([[row[place] for place in places] for row in rows])
                left.writestr(f"{entry.name}.jsonl", lines)
                tables.append(TableEntry(entry.name, columns, len(rows), hashlib.sha256(lines).hexdigest()))
        made = msgspec.structs.replace(manifest, revision=revision, tables=tables)
        left.writestr("manifest.json", msgspec.json.encode(made))
    return copy


def test_a_backup_of_an_older_program_is_brought_up_to_date(database_url: str, tmp_path: Path, new_url) -> None:
    """What was added since is made of its rows: who is seen by several clinics, and how own entries are looked up."""

    async def test() -> None:
        source = new_url("sqlite")
        await filled(source)
        store = await open_store(source)
        w = World(store)
        for name, species in (("species", None), ("breeds", DOG), ("insurers", None)):
            await code_entries.add(store, 1, name, "\u0130nci", species)
        ada, zoe = await w.client(1), await w.client(1)
        for one in (ada, zoe):
            await w.open_to(one, 2)
        await w.set_client(zoe.id, 2, State.HIDDEN)
        await store.close()
        await backup(source, tmp_path / "record.zip")
        file = await of_revision(tmp_path / "record.zip", "0006", tmp_path)
        await restore(file, database_url)
        assert [one for one in await check(database_url) if one.severity == "error"] == []
        there, here = await contents(source), await contents(database_url)
        for name in ("connections", "species", "breeds", "code_entries", "patients"):
            assert comparable(here)[name] == comparable(there)[name]
        names = [column.name for column in metadata.tables["connections"].columns]
        shared = [row[names.index("client_id")] for row in here["connections"] if row[names.index("shared")]]
        assert (shared.count(ada.id), shared.count(zoe.id)) == (2, 0)
        newer = new_url("sqlite")
        await migrate(newer)
        with pytest.raises(BackupError, match="revision 0006"):
            await restore(file, newer)

    run(test())


def test_a_backup_is_one_snapshot(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backups, "_CHUNK_ROWS", 1)

    async def test() -> None:
        async with world(database_url) as w:
            for _ in range(4):
                await w.client()
            writing = True

            async def write() -> None:
                while writing:
                    await w.patient((await w.client()).id)

            writer = asyncio.ensure_future(write())
            await asyncio.sleep(0.05)
            made = await backup(database_url, tmp_path / "b.zip")
            writing = False
            await writer
        target = f"sqlite:///{tmp_path}/copy/p.db"
        await restore(tmp_path / "b.zip", target)
        assert await check(target) == []
        assert next(one.rows for one in made.tables if one.name == "clients") >= 4

    run(test())


def test_a_backup_that_cannot_be_written_says_so(database_url: str, tmp_path: Path) -> None:
    async def test() -> None:
        async with world(database_url):
            with pytest.raises(BackupError, match="cannot be written"):
                await backup(database_url, tmp_path / "no" / "folder.zip")

    run(test())
