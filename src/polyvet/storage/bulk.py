# SPDX-License-Identifier: Apache-2.0
"""Loading many rows at once, for demonstrations, benchmarks and moves from elsewhere.

What the ordinary way of writing keeps beside the rows (derived.py) is written with them: each commit of a load holds
all of that for the rows in it, so that a load that was cut off leaves a store that is whole; a load into an empty store
is one commit. A statement a row would be an order of magnitude slower, mostly for the indexes: see bulk_sqlite.py and
bulk_postgres.py for what each engine does about them.
"""

from __future__ import annotations

import gc
from collections import Counter
from typing import Protocol

from polyvet.model.batch import Batch
from polyvet.storage.derived import Deriver, Piece, Rows, Start
from polyvet.storage.store import is_postgresql, sqlite_path
from polyvet.storage.tables import metadata
from polyvet.storage.writing import ClinicState

CLINIC_COLUMNS = tuple("id clock event_seq client_seq patient_seq invoice_seq appointment_seq record_seq".split())
_LEFT_OUT = {"details", "home_department", "payer_id", "parent_id", "old_id", "animal_code"}  # to their defaults
_NUMBERED = {"connections", "phones"}  # by the engine
# Every table that a load fills, parents first, with the columns in the order of derived.py's rows.
FILLED: dict[str, tuple[str, ...]] = {
    name: tuple(
        column.name
        for column in metadata.tables[name].columns
        if column.name not in _LEFT_OUT and not (name in _NUMBERED and column.name == "id")
    )
    for name in (
        "clients", "phones", "connections", "patients", "enrolments", "weights", "medical_records", "calendar_events",
        "invoices", "invoice_lines", "events",
    )
}  # fmt: skip
ROWS_A_COMMIT = 200_000  # into a store that others may be using


class Sink(Protocol):
    """One engine's end of a load."""

    alone: bool  # the store was empty: all is one transaction

    async def open(self) -> dict[int, str]:
        """Connect; gives each species' slug."""
        ...

    async def begin(self) -> list[ClinicState]:
        """Start a transaction that holds all clinics' locks."""
        ...

    async def put(self, table: str, rows: Rows) -> None:
        """Write rows of one table."""
        ...

    async def commit(self, counters: Rows, clinics: list[ClinicState]) -> None:
        """Add to the counters, write the clinics' clocks and sequences, and commit."""
        ...

    async def close(self) -> None:
        """Roll back what is not committed, and disconnect."""
        ...


class BulkLoader:
    """Loads batches for clinics that are there: `open`, `add` as often as needed, `finish`; `close` in any case.

    Who derives the rows elsewhere takes `begin` after `open`, then `put` instead of `add`. What the batches point to
    (clinics, species, users) must be in the store. Raises ValueError for a batch that does not hold (see derived.py),
    and the driver's errors.
    """

    def __init__(self, url: str) -> None:
        if is_postgresql(url):
            from polyvet.storage.bulk_postgres import PostgresSink  # a driver that the embedded store need not load

            self._sink: Sink = PostgresSink(url)
        else:
            from polyvet.storage.bulk_sqlite import SqliteSink

            self._sink = SqliteSink(sqlite_path(url))
        self._slugs: dict[int, str] = {}
        self._floors: dict[int, int] = {}  # the clinics' clocks before the load
        self._deriver: Deriver | None = None
        self._clinics: list[ClinicState] = []  # as the rows that were put leave them
        self._counts: Counter[tuple[int, str, int]] = Counter()
        self._waiting = 0

    async def open(self) -> None:
        """Connect, and find out what the store holds. Until the end there is no garbage collection: a load makes
        millions of tuples and no cycle, and looking for one took a fifth of its time."""
        gc.disable()
        self._slugs = await self._sink.open()

    async def begin(self) -> Start:
        """Start the transaction, and give what a `Deriver` needs; `put` takes its pieces in the order it made them."""
        self._clinics = await self._sink.begin()
        self._floors = self._floors or {clinic.id: clinic.clock for clinic in self._clinics}
        return Start(slugs=self._slugs, floors=self._floors, clinics=self._clinics)

    async def add(self, batch: Batch) -> None:
        """Write a batch; its rows are visible to others after a later commit."""
        if self._deriver is None:
            self._deriver = Deriver(await self.begin())
        await self.put(self._deriver.derive(batch))
        if self._waiting > ROWS_A_COMMIT and not self._sink.alone:
            await self._commit()

    async def put(self, piece: Piece) -> None:
        """Write rows that are derived already."""
        for table, rows in piece.tables:
            if rows:
                self._waiting += len(rows)
                await self._sink.put(table, rows)
        for clinic_id, name, bucket, n in piece.counts:
            self._counts[clinic_id, name, bucket] += n
        self._clinics = piece.clinics

    async def finish(self) -> None:
        """Commit; returns when all is durable."""
        if self._clinics:
            await self._commit()
        await self.close()

    async def close(self) -> None:
        """End the load, finished or not; rows that are not committed are gone."""
        gc.enable()
        await self._sink.close()

    async def _commit(self) -> None:
        await self._sink.commit([(*key, n) for key, n in sorted(self._counts.items())], self._clinics)
        self._counts.clear()
        self._clinics = []
        self._deriver = None  # the next transaction reads the clinics anew: others may write between two
        self._waiting = 0
