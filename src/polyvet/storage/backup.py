# SPDX-License-Identifier: Apache-2.0
"""Backups: the whole store as one file that either engine restores.

The file is a zip: `manifest.json`, and for each table `NAME.jsonl` with one JSON array a row, ids and other bytes in
base64, everything else as tables.py keeps it. So a backup can also be read without this program. It is read in one
snapshot while others go on writing, and appears under its name only when it is whole and on the disk.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Boolean, LargeBinary, Table
from sqlalchemy.types import Integer

from polyvet import __version__
from polyvet.storage.migrate import HEAD, REVISIONS, migrate
from polyvet.storage.store import is_postgresql, sqlite_path
from polyvet.storage.tables import metadata

Progress = Callable[[str, int, int], None]
Rows = list[tuple[Any, ...]]

FORMAT = "polyvet-backup"
VERSION = 1
MANIFEST = "manifest.json"
TABLES: tuple[Table, ...] = tuple(metadata.sorted_tables)  # parents first
# What a store without a clinic may hold already, children first: the codelists, and the program's library.
SEEDED = ("content", "breeds", "species")
_CHUNK_ROWS = 2_000
_BLOCK_BYTES = 1 << 20
_COMPRESSION = 1  # the text is so regular that more effort gains little
_encode_lines = msgspec.json.Encoder().encode_lines


class BackupError(Exception):
    """A backup cannot be made or restored; the text says why and what to do."""


class TableEntry(msgspec.Struct):
    """What the manifest says of one table."""

    name: str
    columns: list[str]
    rows: int
    sha256: str  # of the uncompressed lines


class Manifest(msgspec.Struct):
    """What a backup says of itself."""

    format: str
    version: int
    program: str
    revision: str
    made_at: str
    tables: list[TableEntry]


def _silent(_table: str, _done: int, _total: int) -> None:
    pass


async def backup(url: str, target: Path, progress: Progress = _silent) -> Manifest:
    """Write the store to the file `target`, readable by its owner only; a file of that name is replaced in one step.

    `progress` is told the table, the rows done and the rows in all. Raises BackupError, or the driver's error when the
    store is out of reach.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent)
    except OSError as error:
        raise BackupError(f"{target.parent} cannot be written: {error.strerror}") from error
    partial = Path(name)  # mkstemp makes it readable by its owner only
    try:
        with os.fdopen(handle, "w+b") as file:
            manifest = await _write(url, file, progress)
            file.flush()
            os.fsync(file.fileno())
        await asyncio.to_thread(_put_in_place, partial, target)
    except ConnectionError:
        raise
    except OSError as error:
        raise BackupError(f"{target} cannot be written: {error.strerror or error}") from error
    finally:
        await asyncio.to_thread(partial.unlink, missing_ok=True)
    return manifest


def _put_in_place(partial: Path, target: Path) -> None:
    partial.replace(target)
    handle = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


async def _write(url: str, file: Any, progress: Progress) -> Manifest:
    async with _engine(url).snapshot(url) as snapshot:
        revision = await snapshot.revision()
        if revision != HEAD:
            raise BackupError(f"the store has revision {revision}; start this program on it once, then back it up")
        made_at = datetime.now(UTC).isoformat(timespec="seconds")
        manifest = Manifest(FORMAT, VERSION, __version__, HEAD, made_at, [])
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_COMPRESSION) as archive:
            for table in TABLES:
                manifest.tables.append(await _write_table(archive, snapshot, table, progress))
            archive.writestr(_named(MANIFEST), msgspec.json.format(msgspec.json.encode(manifest)))
    return manifest


async def _write_table(archive: zipfile.ZipFile, snapshot: Any, table: Table, progress: Progress) -> TableEntry:
    columns = [str(column.name) for column in table.columns]
    booleans = [place for place, column in enumerate(table.columns) if isinstance(column.type, Boolean)]
    total, done, digest = await snapshot.count(table.name), 0, hashlib.sha256()
    keys = [str(column.name) for column in table.primary_key.columns]
    with archive.open(_named(f"{table.name}.jsonl"), "w", force_zip64=True) as entry:
        async for rows in snapshot.rows(table.name, columns, keys, _CHUNK_ROWS):
            lines = _encode_lines(_with_booleans(rows, booleans))
            digest.update(lines)
            entry.write(lines)
            done += len(rows)
            progress(table.name, done, total)
            await asyncio.sleep(0)  # a server that backs itself up goes on serving
    if done != total:
        raise BackupError(f"{table.name}: {total} rows were counted, {done} were read; check the store")
    return TableEntry(str(table.name), columns, done, digest.hexdigest())


def _with_booleans(rows: Rows, places: list[int]) -> Rows:
    """SQLite gives truth values as 0 and 1; the file has one form of them."""
    for place in places:
        rows = [row if row[place] is None else (*row[:place], bool(row[place]), *row[place + 1 :]) for row in rows]
    return rows


def _named(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, datetime.now(UTC).timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return entry


async def restore(source: Path, url: str, progress: Progress = _silent) -> Manifest:
    """Fill an empty store with a backup, in one transaction: all of it, verified, or nothing.

    The schema is made if it is not there. A backup that an older program made is read into the schema of its time,
    which then becomes this program's, so that what was added since is made of the rows as in any store. Raises
    BackupError when the file is damaged or too new, or the store is not empty.
    """
    try:
        with _opened(source) as archive:
            manifest = read_manifest(archive)
            await migrate(url, to=manifest.revision)
            await _check_revision(url, manifest)
            tables = tuple(entry.name for entry in manifest.tables)
            async with _engine(url).filling(url, tables) as filling:
                await _fill(archive, manifest, filling, progress)
    except (zipfile.BadZipFile, EOFError) as error:
        raise BackupError(f"{source} is damaged: {error}") from error
    await migrate(url)  # the codelists of this program may be newer than the backup's, too
    return manifest


async def _check_revision(url: str, manifest: Manifest) -> None:
    """BackupError if the store is newer than the backup already."""
    async with _engine(url).snapshot(url) as snapshot:
        revision = await snapshot.revision()
    if revision != manifest.revision:
        raise BackupError(
            f"the backup is of revision {manifest.revision} and the store of {revision} already; restore into a new one"
        )


def _opened(source: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(source)
    except OSError as error:
        raise BackupError(f"{source} cannot be read: {error.strerror or error}") from error


def read_manifest(archive: zipfile.ZipFile) -> Manifest:
    """What the backup says of itself; BackupError if this program cannot read it."""
    try:
        manifest = msgspec.json.decode(archive.read(MANIFEST), type=Manifest)
    except (KeyError, msgspec.DecodeError) as error:
        raise BackupError("the file is no backup of polyvet's, or a damaged one") from error
    if manifest.format != FORMAT or manifest.version > VERSION or manifest.revision not in REVISIONS:
        raise BackupError(
            f"the backup was made by polyvet {manifest.program} (format {manifest.version}, revision"
            f" {manifest.revision}), which this program does not know; restore it with that or a newer one"
        )
    if not manifest.tables:
        raise BackupError("the file is no backup of polyvet's: it holds no table")
    for entry in manifest.tables:
        table = metadata.tables.get(entry.name)
        if table is None or not set(entry.columns) <= {column.name for column in table.columns}:
            raise BackupError(f"the backup holds {entry.name} in a form that this program does not know")
    return manifest


async def _fill(archive: zipfile.ZipFile, manifest: Manifest, filling: Any, progress: Progress) -> None:
    entries = {entry.name: entry for entry in manifest.tables}
    tables = [table for table in TABLES if table.name in entries]
    for table in tables:
        if table.name not in SEEDED and not await filling.is_empty(table.name):
            raise BackupError(f"the store is not empty: it holds {table.name}; restore into a new one")
    await filling.prepare(tuple(name for name in SEEDED if name in entries))
    for table in tables:
        await _fill_table(archive, entries[table.name], table, filling, progress)
    try:
        await filling.finish()
    except filling.refusals as error:
        raise BackupError(f"the backup does not hold together: {error}") from error


async def _fill_table(
    archive: zipfile.ZipFile, entry: TableEntry, table: Table, filling: Any, progress: Progress
) -> None:
    decode_lines = msgspec.json.Decoder(row_type(table, entry.columns)).decode_lines
    digest, done = hashlib.sha256(), 0
    try:
        for lines in _whole_lines(archive, f"{entry.name}.jsonl"):
            digest.update(lines)
            rows = decode_lines(lines)
            await filling.put(entry.name, entry.columns, rows)
            done += len(rows)
            progress(entry.name, done, entry.rows)
            await asyncio.sleep(0)
    except (KeyError, msgspec.DecodeError, *filling.refusals) as error:
        raise BackupError(f"{entry.name} is damaged in the backup: {error}") from error
    if done != entry.rows or digest.hexdigest() != entry.sha256:
        raise BackupError(f"{entry.name} is damaged in the backup: {done} of {entry.rows} rows, or other ones")


def _whole_lines(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """The entry in blocks that end with a line."""
    with archive.open(name) as file:
        rest = b""
        while block := file.read(_BLOCK_BYTES):
            end = block.rfind(b"\n") + 1
            if end:
                yield rest + block[:end]
                rest = block[end:]
            else:
                rest += block
        if rest:
            yield rest


def row_type(table: Table, columns: list[str]) -> Any:
    """The type of a row, as msgspec checks it."""
    kinds: list[Any] = []
    for name in columns:
        column = table.columns[name]
        kind: Any = str
        for base, python in ((Boolean, bool), (Integer, int), (LargeBinary, bytes)):
            if isinstance(column.type, base):
                kind = python
                break
        kinds.append(kind | None if column.nullable else kind)
    return tuple.__class_getitem__(tuple(kinds))


def _engine(url: str) -> Any:
    if is_postgresql(url):
        from polyvet.storage import backup_postgres  # a driver that the embedded store need not load

        return backup_postgres
    from polyvet.storage import backup_sqlite

    if not sqlite_path(url).parent.exists():
        raise BackupError(f"{sqlite_path(url).parent} is missing")
    return backup_sqlite
