# SPDX-License-Identifier: Apache-2.0
"""The embedded store: one SQLite file in WAL mode.

Reads are short and run in the event loop on one connection. Writes run in one thread on another: it takes all jobs
that wait, runs them in one BEGIN IMMEDIATE transaction and commits with synchronous=FULL, so what was acknowledged
survives a power loss. We send BEGIN ourselves: with the driver's default a row written inside a savepoint survives the
rollback of the outer transaction. What can last (a scan) runs in a thread of its own on a third connection.
"""

from __future__ import annotations

import asyncio
import os
import queue
import sqlite3
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from polyvet.model.errors import Busy
from polyvet.storage.statement import SQLITE, Statement
from polyvet.storage.turns import Turns
from polyvet.storage.write_statements import CLIENT_LINKS, CLINIC_STATE
from polyvet.storage.writing import ClinicState, Job, Link, Outcome, Touching, run_group

BUSY_TIMEOUT_MS = 30_000
GROUP = 256  # jobs in one transaction at the most
_STOP = None
_PRIMARY_CODE = 0xFF
_MAY_PASS = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
)
SCAN_NICENESS = 10
MAPPED_BYTES = 64 << 20
T = TypeVar("T")


def connect(
    path: Path, *, read_only: bool = False, cache_kib: int = 8_192, mapped_bytes: int = 0
) -> sqlite3.Connection:
    """A connection with our settings; the caller sends BEGIN itself. `read_only` refuses writes by mistake;
    `mapped_bytes` of the file are read in place, which counts as resident memory and saves a third of a list's time."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        f"cache_size=-{cache_kib}",
        f"mmap_size={mapped_bytes}",
        "temp_store=MEMORY",
        "foreign_keys=ON",
        "secure_delete=ON",  # what is wiped, as a mail that was sent, is not left in free pages
        f"query_only={'ON' if read_only else 'OFF'}",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def drive(coroutine: Awaitable[T]) -> T:
    """Run a coroutine that waits for nothing but SQLite, which never suspends it."""
    assert isinstance(coroutine, Coroutine)  # noqa: S101, an async def gives nothing else
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise RuntimeError("a job on SQLite waited for something other than its transaction")


def _step_back() -> None:
    """Let this thread take only what time the others leave over. Linux alone knows niceness by thread."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), SCAN_NICENESS)


class SqliteReader:
    """Reads on one connection."""

    engine = SQLITE

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    async def fetch(self, statement: Statement, *args: Any) -> Sequence[Any]:
        """All rows, as tuples."""
        sql, arrange = statement.compiled(SQLITE)
        try:
            return self._execute(sql, arrange(args)).fetchall()
        except sqlite3.OperationalError as error:
            raise _as_busy(error) from error

    async def fetch_one(self, statement: Statement, *args: Any) -> Any:
        """The first row, or None."""
        sql, arrange = statement.compiled(SQLITE)
        try:
            return self._execute(sql, arrange(args)).fetchone()
        except sqlite3.OperationalError as error:
            raise _as_busy(error) from error


class SqliteSession:
    """The connection that writes; used by one thread at a time."""

    engine = SQLITE

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def begin(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    async def commit(self) -> None:
        self._connection.execute("COMMIT")

    async def rollback(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    async def lock(self, touching: Touching) -> tuple[list[ClinicState], list[Link]]:
        """BEGIN IMMEDIATE holds the only write lock already; read the clinics under it."""
        links = [Link(*row) for client in touching.clients for row in await self.fetch(CLIENT_LINKS, client)]
        concerned = sorted({*touching.clinics, *(link.clinic_id for link in links)})
        states = [ClinicState(*row) for clinic in concerned for row in await self.fetch(CLINIC_STATE, clinic)]
        return states, links

    async def fetch(self, statement: Statement, *args: Any) -> Sequence[Any]:
        sql, arrange = statement.compiled(SQLITE)
        return self._connection.execute(sql, arrange(args)).fetchall()

    async def send(self, statement: Statement, rows: list[tuple[Any, ...]]) -> None:
        sql, arrange = statement.compiled(SQLITE)
        self._connection.executemany(sql, map(arrange, rows))


class SqliteStore:
    """The store in one file."""

    engine = SQLITE

    def __init__(self, path: Path) -> None:
        self.path = path
        self._jobs: queue.SimpleQueue[tuple[Touching, Job[Any], asyncio.Future[Any]] | None] = queue.SimpleQueue()
        self._reading = connect(path, read_only=True, cache_kib=4_096, mapped_bytes=MAPPED_BYTES)
        self._writing = connect(path)
        self._turns = Turns(path.parent)
        self.reader = SqliteReader(self._reading)
        self._aside = ThreadPoolExecutor(1, "polyvet-scan", initializer=_step_back)
        self._scanning: sqlite3.Connection | None = None
        self._writer = threading.Thread(target=self._write_groups, name="polyvet-writer", daemon=True)
        self._writer.start()

    async def write(self, touching: Touching, job: Job[T]) -> T:
        """Run the job in a transaction; returns after the commit is durable."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.put((touching, job, future))
        return await future

    async def aside(self, job: Callable[[SqliteReader], Awaitable[T]]) -> T:
        """Run a read that can last in its own thread, so that it delays no other request."""
        return await asyncio.get_running_loop().run_in_executor(self._aside, self._scan, job)

    async def settle(self, clinic_id: int) -> None:
        """Return when all that is being written now is visible, or given up."""
        await self._turns.over()

    async def ready(self) -> None:
        """Raises when the store does not answer."""
        self._reading.execute("SELECT 1 FROM clinics LIMIT 1").fetchone()

    async def close(self) -> None:
        """Finish the jobs that wait, then close; the last to close folds the log into the file."""
        self._jobs.put(_STOP)
        await asyncio.get_running_loop().run_in_executor(None, self._writer.join)
        self._aside.shutdown()
        self._turns.close()
        for connection in (self._scanning, self._reading, self._writing):
            if connection is not None:
                connection.close()

    def _scan(self, job: Callable[[SqliteReader], Awaitable[T]]) -> T:
        if self._scanning is None:
            self._scanning = connect(self.path, read_only=True)
        return drive(job(SqliteReader(self._scanning)))

    def _write_groups(self) -> None:
        session = SqliteSession(self._writing)
        while (first := self._jobs.get()) is not _STOP:
            group = [first]
            stopping = False
            while len(group) < GROUP and not self._jobs.empty():
                job = self._jobs.get()
                if job is _STOP:
                    stopping = True
                    break
                group.append(job)
            try:
                with self._turns.writing():
                    outcomes = drive(run_group(session, [(touching, job) for touching, job, _ in group]))
            except Exception as error:  # a job that waited for something else; the thread must outlive it
                outcomes = [(None, error)] * len(group)
            futures = [future for _, _, future in group]
            futures[0].get_loop().call_soon_threadsafe(_deliver, futures, outcomes)
            if stopping:
                return


def _deliver(futures: list[asyncio.Future[Any]], outcomes: list[Outcome]) -> None:
    for future, (result, error) in zip(futures, outcomes, strict=True):
        if future.done():  # its request was cancelled; the write stands
            continue
        if error is None:
            future.set_result(result)
        elif isinstance(error, sqlite3.OperationalError):
            future.set_exception(_as_busy(error))
        else:
            future.set_exception(error)


def _as_busy(error: sqlite3.OperationalError) -> Exception:
    """Busy for what may pass by itself or is the disk's: locked, full, failing, gone. The error itself for a defect."""
    if error.sqlite_errorcode & _PRIMARY_CODE not in _MAY_PASS:
        return error
    busy = Busy(str(error))
    busy.__cause__ = error
    return busy
