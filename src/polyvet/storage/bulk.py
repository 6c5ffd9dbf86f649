# SPDX-License-Identifier: Apache-2.0
"""Loading many rows at once, for demonstrations, benchmarks and moves from elsewhere.

The loader derives what the ordinary way of writing keeps beside the rows: search texts, slugs, counters, events,
clocks and sequences. Each of its commits holds all of that for the rows in it, so that a load that was cut off leaves
a store that is whole; a load into an empty store is one commit. A statement a row would be an order of magnitude
slower, mostly for the indexes: see bulk_sqlite.py and bulk_postgres.py for what each engine does about them.
"""

from __future__ import annotations

import gc
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from msgspec.structs import astuple

from polyvet.model.entities import Batch, Client, State
from polyvet.storage.clients import search_text
from polyvet.storage.counters import bucket
from polyvet.storage.store import is_postgresql, sqlite_path
from polyvet.storage.tables import metadata
from polyvet.storage.writing import ClinicState

Rows = list[tuple[Any, ...]]
CLINIC_COLUMNS = ("id", "clock", "event_seq", "client_seq", "patient_seq", "invoice_seq")
# Every table that a load fills, parents first, with the columns in the order of the rows below.
FILLED: dict[str, tuple[str, ...]] = {
    name: tuple(column.name for column in metadata.tables[name].columns if (name, column.name) != ("connections", "id"))
    for name in (
        "clients", "phones", "connections", "patients", "enrolments", "weights", "medical_records", "calendar_events",
        "invoices", "invoice_lines", "events",
    )
}  # fmt: skip
ROWS_A_COMMIT = 200_000  # into a store that others may be using
_CREATED = "created"
_TRAILING_NUMBER = re.compile(r"[0-9]{1,15}$")


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

    A connection's client must stand in the connection's batch, and so must an enrolment's patient. What the batches
    point to beside (clinics, species, users) must be in the store. Raises ValueError for a batch that does not hold,
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
        self._clinics: dict[int, ClinicState] = {}
        self._active: Counter[tuple[int, int, int]] = Counter()  # patients by clinic, species and bucket
        self._counts: Counter[tuple[int, str, int]] = Counter()  # all else
        self._floors: dict[int, int] = {}  # the clinics' clocks before the load
        self._waiting = 0

    async def open(self) -> None:
        """Connect, and find out what the store holds. Until the end there is no garbage collection: a load makes
        millions of tuples and no cycle, and looking for one took a fifth of its time."""
        gc.disable()
        self._slugs = await self._sink.open()

    async def add(self, batch: Batch) -> None:
        """Write a batch; its rows are visible to others after a later commit."""
        if not self._clinics:
            self._clinics = {clinic.id: clinic for clinic in await self._sink.begin()}
            self._floors = self._floors or {clinic.id: clinic.clock for clinic in self._clinics.values()}
        for table, rows in self._derived(batch):
            if rows:
                self._waiting += len(rows)
                await self._sink.put(table, rows)
        if self._waiting > ROWS_A_COMMIT and not self._sink.alone:
            await self._commit()

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
        for (clinic_id, species_id, when), n in self._active.items():
            slug = self._slugs[species_id]
            for name in ("patients", f"patients/{slug}", f"patients@{species_id}"):
                self._counts[clinic_id, name, 0] += n
            for name in ("updated", f"updated/{slug}"):
                self._counts[clinic_id, name, when] += n
        await self._sink.commit(
            [(*key, n) for key, n in sorted(self._counts.items())], [self._clinics[i] for i in sorted(self._clinics)]
        )
        self._active.clear()
        self._counts.clear()
        self._clinics = {}
        self._waiting = 0

    def _derived(self, batch: Batch) -> Iterator[tuple[str, Rows]]:
        """The batch's rows by table, parents first."""
        happened: list[tuple[int, int, str, bytes]] = []
        try:
            yield from self._people(batch, happened)
            yield from self._animals(batch, happened)
            yield from self._papers(batch)
            yield "events", self._logged(happened)
        except KeyError as error:
            raise ValueError(f"a row of the batch points to {error.args[0]!r}, which is not there") from error

    def _people(self, batch: Batch, happened: list[tuple[int, int, str, bytes]]) -> Iterator[tuple[str, Rows]]:
        yield (
            "clients",
            [
                (one.id, one.first_name, one.middle_name, one.last_name, one.email, one.address, one.created_at)
                for one in batch.clients
            ],
        )
        yield "phones", [(one.id, 0, one.phone) for one in batch.clients if one.phone is not None]
        known: dict[bytes, tuple[Client, str]] = {one.id: (one, search_text(one)) for one in batch.clients}
        rows: Rows = []
        for link in batch.connections:
            client, searched = known[link.client_id]
            clinic = self._clinics[link.clinic_id]
            self._later_than_all_before(link.clinic_id, link.updated_at)
            clinic.clock = max(clinic.clock, link.updated_at)
            clinic.client_seq = max(clinic.client_seq, link.number)
            rows.append((
                link.clinic_id, link.client_id, link.state, link.number, searched, link.last_visit, client.created_at,
                link.updated_at,
            ))  # fmt: skip
            happened.append((link.clinic_id, link.updated_at, "client", link.client_id))
            if link.state == State.ACTIVE:
                self._counts[link.clinic_id, "clients", 0] += 1
        yield "connections", rows

    def _animals(self, batch: Batch, happened: list[tuple[int, int, str, bytes]]) -> Iterator[tuple[str, Rows]]:
        yield (
            "patients",
            [
                (
                    one.id, one.client_id, one.name, one.species_id, one.breed_id, one.sex, one.neutered,
                    one.birth_date, one.deceased_on, one.weight_mg, one.created_at,
                )
                for one in batch.patients
            ],
        )  # fmt: skip
        known = {one.id: (one.client_id, self._slugs[one.species_id], one.species_id, one.created_at)
                 for one in batch.patients}  # fmt: skip
        rows: Rows = []
        for place in batch.enrolments:
            clinic_id, updated_at, number = place.clinic_id, place.updated_at, place.number
            client_id, slug, species_id, created_at = known[place.patient_id]
            clinic = self._clinics[clinic_id]
            self._later_than_all_before(clinic_id, updated_at)
            clinic.clock = max(clinic.clock, updated_at)
            clinic.patient_seq = max(clinic.patient_seq, number)
            rows.append((
                clinic_id, place.patient_id, client_id, place.state, number, slug, species_id, created_at, updated_at,
            ))  # fmt: skip
            happened.append((clinic_id, updated_at, "patient", place.patient_id))
            if place.state == State.ACTIVE:
                self._active[clinic_id, species_id, bucket(updated_at)] += 1
        yield "enrolments", rows
        yield "weights", [(w.patient_id, w.measured_at, w.id, w.clinic_id, w.weight_mg) for w in batch.weights]

    def _papers(self, batch: Batch) -> Iterator[tuple[str, Rows]]:
        for record in batch.records:
            self._tick(record.clinic_id, record.updated_at)
            self._counts[record.clinic_id, "records", 0] += 1
            self._counts[record.clinic_id, "occurred", bucket(record.occurred_at)] += 1
        for event in batch.events:
            self._tick(event.clinic_id, event.updated_at)
        for invoice in batch.invoices:
            self._tick(invoice.clinic_id, invoice.updated_at)
            self._counts[invoice.clinic_id, "invoices", 0] += 1
            self._counts[invoice.clinic_id, f"invoices/{invoice.status}", 0] += 1
            number = _TRAILING_NUMBER.search(invoice.number)
            clinic = self._clinics[invoice.clinic_id]
            clinic.invoice_seq = max(clinic.invoice_seq, int(number[0]) if number else 0)
        yield "medical_records", _as_tuples(batch.records)
        yield "calendar_events", _as_tuples(batch.events)
        yield "invoices", _as_tuples(batch.invoices)
        yield "invoice_lines", _as_tuples(batch.invoice_lines)

    def _later_than_all_before(self, clinic_id: int, updated_at: int) -> None:
        """ValueError for a stamp that the clinic's clock has passed: who follows the clinic would never see the row."""
        if updated_at <= self._floors[clinic_id]:
            raise ValueError(f"a row of clinic {clinic_id} is stamped {updated_at}, which its clock has passed")

    def _tick(self, clinic_id: int, updated_at: int) -> None:
        clinic = self._clinics[clinic_id]
        clinic.clock = max(clinic.clock, updated_at)

    def _logged(self, happened: list[tuple[int, int, str, bytes]]) -> Rows:
        """One event a row, in the order of each clinic's clock."""
        happened.sort()
        rows: Rows = []
        for clinic_id, at, entity, ident in happened:
            clinic = self._clinics[clinic_id]
            clinic.event_seq += 1
            rows.append((clinic_id, clinic.event_seq, _CREATED, entity, ident, at))
        return rows


def _as_tuples(structs: Sequence[Any]) -> Rows:
    return [astuple(one) for one in structs]
