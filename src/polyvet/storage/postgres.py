# SPDX-License-Identifier: Apache-2.0
"""The store at scale: PostgreSQL through asyncpg.

Writes go through a few lanes, each a connection of its own that runs all jobs that wait in one transaction. A clinic
always takes the same lane, so that groups of one process seldom wait for each other's locks.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import asyncpg

from polyvet.model.errors import Busy
from polyvet.storage.postgres_connections import Connections, connect
from polyvet.storage.statement import POSTGRESQL, Statement
from polyvet.storage.write_statements import LINKS_OF_CLIENTS, LOCK_CLINICS, WRITERS_OF_CLINIC
from polyvet.storage.writing import ClinicState, Job, Link, Outcome, Touching, run_group

READERS = 8
LANES = 2
GROUP = 256  # jobs in one transaction at the most
GATHER_S = 0.001  # how long a group waits for its like
SCANS = 1  # reads that can last, at a time: they must leave the server free for the others
TRIES = 5  # of a job that clashes with another clinic's, which no lock of its own clinics keeps away
T = TypeVar("T")
# Our reads are index ranges with a limit. Plans made once for all arguments must not turn to scans, hashes or helpers.
_READER_SETTINGS = {
    "max_parallel_workers_per_gather": "0",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}
# A scan's best plan depends on what is looked for, so each is planned for its own arguments.
_SCANNER_SETTINGS = {"max_parallel_workers_per_gather": "0", "plan_cache_mode": "force_custom_plan", "jit": "off"}
# No answer, or one that a later try may not get: shutting down, too many connections, a full disk, a standby.
_UNREACHABLE = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ObjectNotInPrerequisiteStateError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
)
_CLASHES = (asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError, asyncpg.SerializationError)


class PostgresReader:
    """Reads, each a statement by itself."""

    engine = POSTGRESQL

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def fetch(self, statement: Statement, *args: Any) -> Sequence[Any]:
        """All rows, as records that read like tuples."""
        sql, arrange = statement.compiled(POSTGRESQL)
        try:
            return await self._connections.fetch(sql, arrange(args))
        except _UNREACHABLE as error:
            raise Busy(str(error)) from error

    async def fetch_one(self, statement: Statement, *args: Any) -> Any:
        """The first row, or None."""
        rows = await self.fetch(statement, *args)
        return rows[0] if rows else None


class PostgresSession:
    """A connection that writes."""

    engine = POSTGRESQL

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def begin(self) -> None:
        await self._connection.execute("BEGIN")

    async def commit(self) -> None:
        await self._connection.execute("COMMIT")

    async def rollback(self) -> None:
        if not self._connection.is_closed() and self._connection.is_in_transaction():
            await self._connection.execute("ROLLBACK")

    async def lock(self, touching: Touching) -> tuple[list[ClinicState], list[Link]]:
        """Lock the rows of all clinics concerned, in id order. A connection may have been made while we waited for
        the lock: then its clinic's row is not ours yet, and the locks are taken anew."""
        clients = list(touching.clients)
        while True:
            rows = await self.fetch(LOCK_CLINICS, list(touching.clinics), clients)
            states = [ClinicState(*row[:-1]) for row in rows]  # the last is the lock's, which gives nothing
            links = [Link(*row) for row in await self.fetch(LINKS_OF_CLIENTS, clients)] if clients else []
            locked = {state.id for state in states}
            if all(link.clinic_id in locked for link in links):
                return states, links
            await self.rollback()
            await self.begin()

    async def fetch(self, statement: Statement, *args: Any) -> Sequence[Any]:
        sql, arrange = statement.compiled(POSTGRESQL)
        rows: Sequence[Any] = await self._connection.fetch(sql, *arrange(args))
        return rows

    async def send(self, statement: Statement, rows: list[tuple[Any, ...]]) -> None:
        sql, arrange = statement.compiled(POSTGRESQL)
        if len(rows) == 1:
            await self._connection.fetch(sql, *arrange(rows[0]))
        else:
            await self._connection.executemany(sql, list(map(arrange, rows)))


class _Lane:
    """A queue of jobs and the task that runs them, group by group."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._jobs: asyncio.Queue[tuple[Touching, Job[Any], asyncio.Future[Any]]] = asyncio.Queue()
        self._connection: asyncpg.Connection | None = None
        self._task = asyncio.create_task(self._run_groups())

    def put(self, touching: Touching, job: Job[Any], future: asyncio.Future[Any]) -> None:
        self._jobs.put_nowait((touching, job, future))

    async def close(self) -> None:
        await self._jobs.join()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self._connection is not None:
            await self._connection.close()

    async def _run_groups(self) -> None:
        expected = 1
        while True:
            group = [await self._jobs.get()]
            await self._gather(expected - 1)
            while len(group) < GROUP and not self._jobs.empty():
                group.append(self._jobs.get_nowait())
            expected = len(group)
            outcomes = await self._run([(touching, job) for touching, job, _ in group])
            for (_, _, future), (result, error) in zip(group, outcomes, strict=True):
                self._jobs.task_done()
                if future.done():  # its request was cancelled; the write stands
                    continue
                if error is None:
                    future.set_result(result)
                else:
                    future.set_exception(error)

    async def _gather(self, expected: int) -> None:
        """Wait a moment for those who wrote with the last group and are about to write again: a group of sixteen costs
        about as much as one of two."""
        until = time.monotonic() + GATHER_S
        while self._jobs.qsize() < min(expected, GROUP - 1) and time.monotonic() < until:  # noqa: ASYNC110, a timer is coarser
            await asyncio.sleep(0)

    async def _run(self, jobs: list[tuple[Touching, Job[Any]]]) -> list[Outcome]:
        try:
            if self._connection is None or self._connection.is_closed():
                self._connection = await connect(self._url)
            session = PostgresSession(self._connection)
            outcomes = await run_group(session, jobs)
            for _ in range(TRIES - 1):
                clashed = [n for n, (_, error) in enumerate(outcomes) if isinstance(error, _CLASHES)]
                for n in clashed:
                    outcomes[n : n + 1] = await run_group(session, [jobs[n]])
        except _UNREACHABLE as error:
            return [(None, _busy(error)) for _ in jobs]
        except Exception as error:  # the lane must live on: whoever waits in it would wait for ever
            return [(None, error) for _ in jobs]
        return [(result, _busy(error) if isinstance(error, _UNREACHABLE) else error) for result, error in outcomes]


def _busy(error: BaseException) -> Busy:
    busy = Busy(str(error))
    busy.__cause__ = error
    return busy


class PostgresStore:
    """The store in a PostgreSQL database."""

    engine = POSTGRESQL

    def __init__(self, url: str) -> None:
        self.url = url
        self._connections = Connections(url, READERS, _READER_SETTINGS)
        self.reader = PostgresReader(self._connections)
        self._scans = Connections(url, SCANS, _SCANNER_SETTINGS)
        self._scanner = PostgresReader(self._scans)
        self._lanes = [_Lane(url) for _ in range(LANES)]

    @classmethod
    async def open(cls, url: str) -> PostgresStore:
        """Connect; raises OSError or asyncpg's error when the server cannot be reached."""
        store = cls(url)
        try:
            await store.ready()
        except BaseException:
            await store.close()
            raise
        return store

    async def write(self, touching: Touching, job: Job[T]) -> T:
        """Run the job in a transaction; returns after the commit is durable."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        lane = (touching.clinics[0] if touching.clinics else 0) % LANES
        self._lanes[lane].put(touching, job, future)
        return await future

    async def aside(self, job: Callable[[PostgresReader], Awaitable[T]]) -> T:
        """A read that can last: the server works on it, the event loop goes on."""
        result = await job(self._scanner)
        await asyncio.sleep(0)  # whoever waits for the connection asks before this answer is written out
        return result

    async def settle(self, clinic_id: int) -> None:
        """Return when all that is being written at the clinic is visible, or given up."""
        await self.reader.fetch(WRITERS_OF_CLINIC, clinic_id)

    async def ready(self) -> None:
        """Raises when the store does not answer."""
        await self._connections.fetch("SELECT 1 FROM clinics LIMIT 1", ())

    async def close(self) -> None:
        """Finish the jobs that wait, then close."""
        for lane in self._lanes:
            await lane.close()
        await self._scans.close()
        await self._connections.close()
