# SPDX-License-Identifier: Apache-2.0
"""Writing: jobs that arrive together share one transaction and one fsync, and each clinic's clock ticks once for them.

A job is a coroutine function over a `Tx`. What it writes is buffered; a group's buffers are sent statement by
statement, many rows at a time. A job that raises takes only its own buffer with it. When a statement fails in the
store, the group is rolled back and each of its jobs runs alone, so that the error lands on the job that caused it.

The clock: `updated_at` is strictly increasing per clinic, and no two commits of a clinic share a millisecond. The
clinic's row is locked from before the first stamp until the commit, so stamps become visible in their order and a
reader that has seen the millisecond M has seen all that will ever be stamped M or before.
"""

from __future__ import annotations

import contextlib
import copy
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

import msgspec

from polyvet.model import values
from polyvet.model.entities import State
from polyvet.model.errors import PolyvetError
from polyvet.storage.statement import Statement
from polyvet.storage.write_statements import ADD_TO_COUNTER, APPEND_EVENT, SAVE_CLINIC


class Touching(msgspec.Struct, frozen=True):
    """What a job will change, said before it runs so that the clinics concerned are locked in one order."""

    clinics: tuple[int, ...] = ()
    clients: tuple[bytes, ...] = ()


class ClinicState(msgspec.Struct):
    """A locked clinic's clock and sequences, kept here until the group is sent."""

    id: int
    clock: int
    event_seq: int
    client_seq: int
    patient_seq: int
    invoice_seq: int
    appointment_seq: int = 0
    record_seq: int = 0
    ticked: bool = False

    def saved(self) -> tuple[int, ...]:
        """The parameters of SAVE_CLINIC."""
        return (
            self.clock, self.event_seq, self.client_seq, self.patient_seq, self.invoice_seq, self.appointment_seq,
            self.record_seq, self.id,
        )  # fmt: skip


class Link(msgspec.Struct, frozen=True):
    """A client's connection to a locked clinic."""

    clinic_id: int
    client_id: bytes
    state: int
    number: int


class Session(Protocol):
    """One connection that writes; each engine has one."""

    engine: str

    async def begin(self) -> None: ...
    async def commit(self) -> None: ...
    async def rollback(self) -> None: ...
    async def lock(self, touching: Touching) -> tuple[list[ClinicState], list[Link]]: ...
    async def fetch(self, statement: Statement, *args: Any) -> Sequence[Any]: ...
    async def send(self, statement: Statement, rows: list[tuple[Any, ...]]) -> None: ...


T = TypeVar("T")
Job = Callable[["Tx"], Awaitable[T]]
Outcome = tuple[Any, BaseException | None]


class RunAlone(Exception):
    """A job failed after its rows had been sent: the group must be rolled back and its jobs run one by one."""


class Group:
    """One transaction: the locked clinics, and what its jobs have buffered."""

    def __init__(self, session: Session, clinics: list[ClinicState], links: list[Link]) -> None:
        self.session = session
        self.clinics = {clinic.id: clinic for clinic in clinics}
        self.links: dict[bytes, list[Link]] = defaultdict(list)
        for link in links:
            self.links[link.client_id].append(link)
        self.pending: dict[Statement, list[tuple[Any, ...]]] = defaultdict(list)
        self.counts: dict[tuple[int, str, int], int] = defaultdict(int)

    async def flush(self) -> None:
        """Send what is buffered, parents before children."""
        pending, self.pending = self.pending, defaultdict(list)
        for statement in sorted(pending, key=lambda one: one.rank):
            await self.session.send(statement, pending[statement])
        counts, self.counts = self.counts, defaultdict(int)
        changed = [(*key, n) for key, n in sorted(counts.items()) if n]
        if changed:
            await self.session.send(ADD_TO_COUNTER, changed)

    async def finish(self) -> None:
        """Send the rest, and the clinics' clocks and sequences."""
        await self.flush()
        ticked = [clinic.saved() for clinic in self.clinics.values() if clinic.ticked]
        if ticked:
            await self.session.send(SAVE_CLINIC, ticked)


class Tx:
    """What a job sees of its transaction."""

    def __init__(self, group: Group) -> None:
        self._group = group
        self._pending: list[tuple[Statement, tuple[Any, ...]]] = []
        self._counts: list[tuple[tuple[int, str, int], int]] = []
        self._links: list[Link] = []
        self._before: dict[int, ClinicState] = {}
        self.actor: bytes | None = None  # by whom: the id of a key, an application or a user
        self.sent = False

    @property
    def engine(self) -> str:
        """Which engine the transaction is on."""
        return self._group.session.engine

    def touches(self, clinic_id: int) -> bool:
        """Whether the group holds the clinic: one that the job said it touches, if it exists."""
        return clinic_id in self._group.clinics

    def clinic(self, clinic_id: int) -> ClinicState:
        """A clinic that the job said it touches."""
        clinic = self._group.clinics[clinic_id]
        if clinic_id not in self._before:
            self._before[clinic_id] = copy.copy(clinic)
        return clinic

    def links(self, client_id: bytes) -> list[Link]:
        """All connections of a client that the job said it touches, ended ones included, as the jobs before it and
        the job itself have left them."""
        links = self._group.links[client_id]
        for link in self._links:
            if link.client_id == client_id:
                links = _with_link(links, link)
        return links

    def link(self, clinic_id: int, client_id: bytes, state: int, number: int) -> None:
        """Note a connection that the job makes or changes; the jobs that follow in the group go by it."""
        self._links.append(Link(clinic_id, client_id, state, number))

    def opened_to(self, client_id: bytes) -> list[int]:
        """The clinics to which the client is open, in id order."""
        return sorted(link.clinic_id for link in self.links(client_id) if link.state != State.HIDDEN)

    def stamp(self, clinic_id: int) -> int:
        """The clinic's next `updated_at`."""
        clinic = self.clinic(clinic_id)
        if clinic.ticked:
            clinic.clock += 1
        else:
            # The next full one: a stamp must not lie before an instant at which the row could not be seen yet.
            millisecond = max(values.now() // 1000, clinic.clock // 1000) + 1
            clinic.clock = millisecond * 1000
            clinic.ticked = True
        return clinic.clock

    def write(self, statement: Statement, *args: Any) -> None:
        """Buffer one row or change; it is sent with the group."""
        self._pending.append((statement, args))

    def count(self, clinic_id: int, name: str, by: int = 1, *, bucket: int = 0) -> None:
        """Move one of the clinic's counters (see counters.py)."""
        self._counts.append(((clinic_id, name, bucket), by))

    def event(self, clinic_id: int, kind: str, entity: str, entity_id: bytes, at: int) -> None:
        """Append to the clinic's event log."""
        clinic = self.clinic(clinic_id)
        clinic.event_seq += 1
        self.write(APPEND_EVENT, clinic_id, clinic.event_seq, kind, entity, entity_id, at, self.actor)

    async def fetch(self, statement: Statement, *args: Any) -> Sequence[Any]:
        """Rows as the transaction sees them; sends what is buffered first."""
        if self._pending or self._counts or self._group.pending:
            self.sent = self.sent or bool(self._pending or self._counts)
            self.merge()
            await self._group.flush()
        return await self._group.session.fetch(statement, *args)

    async def fetch_one(self, statement: Statement, *args: Any) -> Any:
        """The first row, or None."""
        rows = await self.fetch(statement, *args)
        return rows[0] if rows else None

    def merge(self) -> None:
        """Hand the buffer over to the group."""
        for statement, args in self._pending:
            self._group.pending[statement].append(args)
        for key, by in self._counts:
            self._group.counts[key] += by
        for link in self._links:
            self._group.links[link.client_id] = _with_link(self._group.links[link.client_id], link)
        self._pending, self._counts, self._links = [], [], []

    def forget(self) -> None:
        """Take back what the job did to its clinics' clocks and sequences; its buffer is not merged."""
        self._group.clinics.update(self._before)


def _with_link(links: list[Link], link: Link) -> list[Link]:
    return [one for one in links if one.clinic_id != link.clinic_id] + [link]


async def run_group(session: Session, jobs: Sequence[tuple[Touching, Job[Any]]]) -> list[Outcome]:
    """Run the jobs in one transaction and commit it; each outcome is a result or the error that ended its job."""
    try:
        return await _run_together(session, jobs)
    except PolyvetError as error:
        return [(None, error)]  # only a job that ran alone gets here
    except Exception as error:
        if len(jobs) == 1:
            return [(None, error)]
    outcomes: list[Outcome] = []
    for job in jobs:
        outcomes += await run_group(session, [job])
    return outcomes


async def _run_together(session: Session, jobs: Sequence[tuple[Touching, Job[Any]]]) -> list[Outcome]:
    touching = Touching(
        clinics=tuple(sorted({clinic for touching, _ in jobs for clinic in touching.clinics})),
        clients=tuple(sorted({client for touching, _ in jobs for client in touching.clients})),
    )
    try:
        await session.begin()
        group = Group(session, *await session.lock(touching))
    except Exception as error:  # no job's fault: each alone would only wait as long again
        await _roll_back(session)
        return [(None, error) for _ in jobs]
    try:
        outcomes = [await _run(group, job, alone=len(jobs) == 1) for _, job in jobs]
        await group.finish()
    except BaseException:
        await session.rollback()
        raise
    try:
        await session.commit()
    except Exception as error:
        # It may have been committed all the same: to run the jobs again could do their work twice.
        await _roll_back(session)
        return [(None, error) for _ in jobs]
    return outcomes


async def _roll_back(session: Session) -> None:
    """Roll back after an error that is told already; a connection that cannot even do that is given up next time."""
    with contextlib.suppress(Exception):
        await session.rollback()


async def _run(group: Group, job: Job[Any], *, alone: bool) -> Outcome:
    tx = Tx(group)
    try:
        result = await job(tx)
    except PolyvetError as error:
        if alone:
            raise
        if tx.sent:
            raise RunAlone from error
        tx.forget()
        return None, error
    tx.merge()
    return result, None
