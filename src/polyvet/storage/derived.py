# SPDX-License-Identifier: Apache-2.0
"""What the store keeps beside a batch's rows: search texts, slugs, counters, events, clocks and sequences.

It takes no connection, only the clinics' state before: so it can run in another process than the one that writes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec.structs import astuple, replace

from polyvet.model.batch import Batch
from polyvet.model.entities import CARRIED_OVER, Client, PhoneKind, State
from polyvet.model.values import fold
from polyvet.storage.clients import COUNTED_CLIENTS, folded_names, search_text
from polyvet.storage.counters import bucket
from polyvet.storage.writing import ClinicState

Rows = list[tuple[Any, ...]]
_CREATED = "created"


class Start(msgspec.Struct):
    """The store before a load's transaction."""

    slugs: dict[int, str]  # of the species
    floors: dict[int, int]  # the clinics' clocks before the whole load
    clinics: list[ClinicState]


class Piece(msgspec.Struct, gc=False):
    """A batch as the store keeps it."""

    tables: list[tuple[str, Rows]]  # parents first
    counts: list[tuple[int, str, int, int]]  # clinic, counter, bucket, how many more
    clinics: list[ClinicState]  # after these rows


class Deriver:
    """Makes pieces of batches, each from the clinics as the one before left them.

    A connection's client must stand in the connection's batch, and so must an enrolment's patient and a line's invoice.
    """

    def __init__(self, start: Start) -> None:
        self._slugs = start.slugs
        self._floors = start.floors
        self._clinics = {clinic.id: msgspec.structs.replace(clinic) for clinic in start.clinics}
        self._active: Counter[tuple[int, int, int]] = Counter()  # patients by clinic, species and bucket
        self._counts: Counter[tuple[int, str, int]] = Counter()  # all else

    def derive(self, batch: Batch) -> Piece:
        """The next piece. Raises ValueError for a row that points to what is not there, or whose stamp the clinic's
        clock has passed."""
        tables = list(self._derived(batch))
        for (clinic_id, species_id, when), n in self._active.items():
            slug = self._slugs[species_id]
            for name in ("patients", f"patients/{slug}", f"patients@{species_id}"):
                self._counts[clinic_id, name, 0] += n
            for name in ("updated", f"updated/{slug}"):
                self._counts[clinic_id, name, when] += n
        counts = [(*key, n) for key, n in self._counts.items()]
        self._active.clear()
        self._counts.clear()
        clinics = [msgspec.structs.replace(self._clinics[i]) for i in sorted(self._clinics)]
        return Piece(tables=tables, counts=counts, clinics=clinics)

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
                (
                    one.id, one.first_name, one.middle_name, one.last_name, one.email, one.address, one.created_at,
                    one.organization_name, *folded_names(one),
                )
                for one in batch.clients
            ],
        )  # fmt: skip
        yield "phones", list(_phones(batch))
        more: dict[bytes, list[str]] = {}
        for number in batch.phones:
            more.setdefault(number.client_id, []).append(number.number)
        known: dict[bytes, tuple[Client, str]] = {
            one.id: (one, search_text(one, more.get(one.id, ()))) for one in batch.clients
        }
        seen = Counter(link.client_id for link in batch.connections if link.state <= State.ARCHIVED)
        rows: Rows = [
            (
                link.clinic_id, link.client_id, link.state, link.number, known[link.client_id][1], link.last_visit,
                known[link.client_id][0].created_at, link.updated_at,
                link.state <= State.ARCHIVED and seen[link.client_id] > 1,
            )
            for link in batch.connections
        ]  # fmt: skip
        happened += [(link.clinic_id, link.updated_at, "client", link.client_id) for link in batch.connections]
        stamped = [(link.clinic_id, link.updated_at, link.number) for link in batch.connections]
        for clinic, highest in self._passed(stamped):
            clinic.client_seq = max(clinic.client_seq, highest)
        states = Counter((link.clinic_id, link.state, bucket(link.updated_at)) for link in batch.connections)
        for (clinic_id, state, when), n in states.items():
            counted = COUNTED_CLIENTS.get(State(state))
            if counted is not None:
                self._counts[clinic_id, counted, 0] += n
                self._counts[clinic_id, f"{counted} updated", when] += n
        yield "connections", rows

    def _animals(self, batch: Batch, happened: list[tuple[int, int, str, bytes]]) -> Iterator[tuple[str, Rows]]:
        yield (
            "patients",
            [
                (
                    one.id, one.client_id, one.name, one.species_id, one.breed_id, one.sex, one.neutered,
                    one.birth_date, one.deceased_on, one.weight_mg, one.created_at, one.microchip, fold(one.name),
                )
                for one in batch.patients
            ],
        )  # fmt: skip
        known = {one.id: (one.client_id, self._slugs[one.species_id], one.species_id, one.created_at)
                 for one in batch.patients}  # fmt: skip
        rows: Rows = []
        for place in batch.enrolments:
            client_id, slug, species_id, created_at = known[place.patient_id]
            rows.append((
                place.clinic_id, place.patient_id, client_id, place.state, place.number, slug, species_id, created_at,
                place.updated_at,
            ))  # fmt: skip
        happened += [(place.clinic_id, place.updated_at, "patient", place.patient_id) for place in batch.enrolments]
        stamped = [(place.clinic_id, place.updated_at, place.number) for place in batch.enrolments]
        for clinic, highest in self._passed(stamped):
            clinic.patient_seq = max(clinic.patient_seq, highest)
        states = Counter((clinic, state, species, bucket(at)) for clinic, _, _, state, _, _, species, _, at in rows)
        for (clinic_id, state, species_id, when), n in states.items():
            if state == State.ACTIVE:
                self._active[clinic_id, species_id, when] += n
            elif state == State.ARCHIVED:
                self._counts[clinic_id, "archived patients", 0] += n
                self._counts[clinic_id, "archived patients updated", when] += n
        yield "enrolments", rows
        yield "weights", [(w.patient_id, w.measured_at, w.id, w.clinic_id, w.weight_mg) for w in batch.weights]

    def _papers(self, batch: Batch) -> Iterator[tuple[str, Rows]]:
        records: Rows = []
        for record in batch.records:
            clinic = self._tick(record.clinic_id, record.updated_at)
            clinic.record_seq += 1
            records.append(astuple(replace(record, number=clinic.record_seq)))
            self._counts[record.clinic_id, "records", 0] += 1
            self._counts[record.clinic_id, "occurred", bucket(record.occurred_at)] += 1
        events: Rows = []
        for event in batch.events:
            clinic = self._tick(event.clinic_id, event.updated_at)
            clinic.appointment_seq += 1
            events.append(astuple(replace(event, number=clinic.appointment_seq)))
            self._counts[event.clinic_id, "appointments", 0] += 1
        invoices: Rows = []
        for invoice in batch.invoices:
            clinic = self._tick(invoice.clinic_id, invoice.updated_at)
            clinic.invoice_seq += 1
            invoices.append(astuple(replace(invoice, serial=clinic.invoice_seq)))
            self._counts[invoice.clinic_id, "invoices", 0] += 1
            self._counts[invoice.clinic_id, f"invoices/{invoice.status}", 0] += 1
            self._counts[invoice.clinic_id, "invoice rows", 0] += invoice.carried_over_cents != 0
        clinics = {invoice.id: invoice.clinic_id for invoice in batch.invoices}
        for line in batch.invoice_lines:
            if not 0 <= line.position < CARRIED_OVER:
                raise ValueError(f"a line stands at {line.position}: an invoice has at most {CARRIED_OVER} lines")
            self._counts[clinics[line.invoice_id], "invoice rows", 0] += 1
        yield "medical_records", records
        yield "calendar_events", events
        yield "invoices", invoices
        yield "invoice_lines", [astuple(line) for line in batch.invoice_lines]

    def _passed(self, stamped: list[tuple[int, int, int]]) -> Iterator[tuple[ClinicState, int]]:
        """Move the clinics' clocks past rows of clinic, stamp and number; gives each clinic's highest number.
        ValueError for a stamp that a clinic's clock had passed before the load: who follows it would never see the
        row."""
        for clinic_id in {row[0] for row in stamped}:
            clinic = self._clinics[clinic_id]
            stamps = [row[1] for row in stamped if row[0] == clinic_id]
            if min(stamps) <= self._floors[clinic_id]:
                raise ValueError(f"a row of clinic {clinic_id} is stamped {min(stamps)}, which its clock has passed")
            clinic.clock = max(clinic.clock, *stamps)
            yield clinic, max(row[2] for row in stamped if row[0] == clinic_id)

    def _tick(self, clinic_id: int, updated_at: int) -> ClinicState:
        clinic = self._clinics[clinic_id]
        clinic.clock = max(clinic.clock, updated_at)
        return clinic

    def _logged(self, happened: list[tuple[int, int, str, bytes]]) -> Rows:
        """One event a row, in the order of each clinic's clock."""
        happened.sort()
        rows: Rows = []
        for clinic_id, at, entity, ident in happened:
            clinic = self._clinics[clinic_id]
            clinic.event_seq += 1
            rows.append((clinic_id, clinic.event_seq, _CREATED, entity, ident, at, None))
        return rows


def _phones(batch: Batch) -> Iterator[tuple[Any, ...]]:
    """The first number of each client, and those that stand in the batch by themselves."""
    for one in batch.clients:
        if one.phone is not None:
            yield one.id, 0, one.phone, PhoneKind.LANDLINE, None, False, False, one.created_at, one.created_at
    for phone in batch.phones:
        yield (
            phone.client_id, phone.position, phone.number, phone.kind, phone.description, phone.for_reminders,
            phone.second_owner, phone.created_at, phone.updated_at,
        )  # fmt: skip
