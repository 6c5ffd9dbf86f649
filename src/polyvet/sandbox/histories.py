# SPDX-License-Identifier: Apache-2.0
"""Lives for the first clients' animals: a batch is given its visits, notes, weights, invoices and calendar."""

from __future__ import annotations

import msgspec

from polyvet.model.batch import Batch
from polyvet.model.entities import Patient, State
from polyvet.model.values import DAY
from polyvet.sandbox.agenda import Agenda, Appointment, fill_today
from polyvet.sandbox.clock import HOUR
from polyvet.sandbox.journal import Journal
from polyvet.sandbox.people import Animal
from polyvet.sandbox.practice import CLINIC_IDS
from polyvet.sandbox.visits import CALENDAR_DAYS, due
from polyvet.sandbox.world import World


def add_histories(world: World, batch: Batch, animals: list[Animal]) -> None:
    """Tell the years of every patient in the batch; `animals` stands beside `batch.patients`."""
    clinics = _open_clinics(batch)
    agenda, journal = Agenda(world), Journal(world)
    past, today = _visits(world, agenda, batch, animals, clinics)
    for visit in sorted(past, key=lambda visit: (visit.start, visit.patient.id)):
        journal.write(visit)
        if world.today - visit.day <= CALENDAR_DAYS:
            agenda.past(visit)
    for clinic in CLINIC_IDS:
        candidates = [
            (patient, animal)
            for patient, animal in zip(batch.patients, animals, strict=True)
            if clinic in clinics[patient.client_id] and _comes(patient)
        ]
        mine = [visit for visit in today if visit.clinic_id == clinic]
        agenda.day(fill_today(agenda, world, clinic, mine, candidates))
        agenda.counter_sales(clinic)
    batch.weights += journal.weights
    batch.records, batch.events = journal.records, agenda.events
    batch.invoices, batch.invoice_lines = journal.invoices, journal.lines
    _bring_up_to_date(world, batch, animals, journal)


def _open_clinics(batch: Batch) -> dict[bytes, tuple[int, ...]]:
    """The clinics that each client goes to."""
    clinics: dict[bytes, tuple[int, ...]] = {}
    for one in batch.connections:
        if one.state != State.HIDDEN:
            clinics[one.client_id] = (*clinics.get(one.client_id, ()), one.clinic_id)
    return clinics


def _comes(patient: Patient) -> bool:
    """Whether the patient may have an appointment from today on."""
    return patient.state == State.ACTIVE and patient.deceased_on is None


def _visits(
    world: World, agenda: Agenda, batch: Batch, animals: list[Animal], clinics: dict[bytes, tuple[int, ...]]
) -> tuple[list[Appointment], list[Appointment]]:
    """The visits before today, and today's; what is still to come goes into the calendar at once."""
    past: list[Appointment] = []
    today: list[Appointment] = []
    for patient, animal in zip(batch.patients, animals, strict=True):
        for day, reason in due(world, patient, animal):
            if day >= world.today and not _comes(patient):
                break
            visit = agenda.book(day, clinics[patient.client_id], patient, animal, reason)
            if day < world.today:
                past.append(visit)
            elif day == world.today:
                today.append(visit)
            else:
                agenda.future(visit)
    return past, today


def _bring_up_to_date(world: World, batch: Batch, animals: list[Animal], journal: Journal) -> None:
    """Carry the newest weight and the last visit into the rows that show them."""
    changed: dict[bytes, int] = {}
    for patient, animal in zip(batch.patients, animals, strict=True):
        died = 0 if animal.death_day is None else animal.death_day * DAY + 15 * HOUR
        changed[patient.id] = max(patient.created_at, died, journal.last_change.get(patient.id, 0))
    replace = msgspec.structs.replace
    batch.enrolments = [
        replace(one, updated_at=world.stamp(one.clinic_id, changed[one.patient_id])) for one in batch.enrolments
    ]
    first_stamps: dict[bytes, int] = {}
    for one in batch.enrolments:
        first_stamps.setdefault(one.patient_id, one.updated_at)
    batch.patients = [
        replace(one, weight_mg=journal.current_mg.get(one.id, one.weight_mg), updated_at=first_stamps[one.id])
        for one in batch.patients
    ]
    for index, connection in enumerate(batch.connections):
        visit = journal.last_visit.get((connection.clinic_id, connection.client_id))
        if visit is not None:
            stamp = world.stamp(connection.clinic_id, visit + HOUR)
            batch.connections[index] = replace(connection, last_visit=visit, updated_at=stamp)
