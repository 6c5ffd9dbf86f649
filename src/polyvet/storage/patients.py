# SPDX-License-Identifier: Apache-2.0
"""Patients in the store: one clinic's view of them, its lists, and what a change of one writes.

A patient stands once in `patients` and once a clinic in `enrolments`, where the lists are index ranges.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Select, and_, func, literal_column, select, tuple_, update

from polyvet.model.entities import Patient, State
from polyvet.model.paging import EARLIEST, LATEST, ByUpdate, Page, Place, Walk
from polyvet.model.values import fold
from polyvet.storage.counters import RANGE_NAMES, bucket, counted, counted_between, split
from polyvet.storage.statement import Statement, inserting, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import clinics, enrolments, patients, weights
from polyvet.storage.writing import Tx

e = enrolments.c
V = TypeVar("V", "Stamp", Patient)
COLUMNS = (
    patients.c.id,
    patients.c.client_id,
    e.number,
    e.state,
    patients.c.name,
    patients.c.species_id,
    patients.c.breed_id,
    patients.c.sex,
    patients.c.neutered,
    patients.c.birth_date,
    patients.c.deceased_on,
    patients.c.weight_mg,
    patients.c.created_at,
    e.updated_at,
    patients.c.microchip,
)
_WIDTH = len(COLUMNS)
_NEUTERED = 8  # the column that patient_of mends
_ACTIVE: ColumnElement[int] = literal_column(str(int(State.ACTIVE)))
_joined = enrolments.join(patients, patients.c.id == e.patient_id)
_here = and_(e.clinic_id == p("clinic"), e.state == _ACTIVE)

_GET = Statement(
    select(*COLUMNS).select_from(_joined).where(e.clinic_id == p("clinic"), e.patient_id == p("patient")),
    "clinic patient",
)
_STAMP = Statement(
    select(e.updated_at).where(e.clinic_id == p("clinic"), e.patient_id == p("patient"), e.state == _ACTIVE),
    "clinic patient",
)
_EXISTS = Statement(select(patients.c.id).where(patients.c.id == p("patient")), "patient")
_CLIENT_OF = Statement(select(patients.c.client_id).where(patients.c.id == p("patient")), "patient")


def patient_of(row: Any) -> Patient:
    """A patient from a row's first columns; SQLite gives a truth value as 0 or 1."""
    columns = list(row[:_WIDTH])
    if columns[_NEUTERED] is not None:
        columns[_NEUTERED] = bool(columns[_NEUTERED])
    return Patient(*columns)


async def get(reader: Reader, clinic_id: int, patient_id: bytes) -> Patient | None:
    """The patient as this clinic sees it, in whatever state; None if it was never enrolled here."""
    row = await reader.fetch_one(_GET, clinic_id, patient_id)
    return None if row is None else patient_of(row)


async def get_stamp(reader: Reader, clinic_id: int, patient_id: bytes) -> int | None:
    """The `updated_at` of a patient that is active at this clinic: one look-up instead of two."""
    row = await reader.fetch_one(_STAMP, clinic_id, patient_id)
    return None if row is None else row[0]


async def exists(reader: Reader, patient_id: bytes) -> bool:
    """Whether any clinic has this patient."""
    return await reader.fetch_one(_EXISTS, patient_id) is not None


async def client_of(reader: Reader, patient_id: bytes) -> bytes | None:
    """The client of any clinic's patient; what it takes to say which clinics a change touches."""
    row = await reader.fetch_one(_CLIENT_OF, patient_id)
    return None if row is None else row[0]


# --- by updated_at, newest first ------------------------------------------------------------------------------

_slug = e.slug == p("slug")
_after = e.updated_at > p("after")


def _walking(again: bool, *more: Any, since: bool, stamps: bool = False) -> Select[Any]:
    where = and_(_here, *more)
    total = counted_between(enrolments, e.updated_at, where) if since else counted()
    query = select(e.patient_id, e.updated_at, total) if stamps else select(*COLUMNS, total).select_from(_joined)
    query = query.where(where, _after, e.updated_at < p("before"))
    order = e.updated_at.asc() if again else e.updated_at.desc()
    return query.order_by(order).limit(p("limit")).offset(p("offset"))


_WALK = {
    (stamps, again, by_slug, since): Statement(
        _walking(again, *([_slug] if by_slug else []), since=since, stamps=stamps),
        "clinic counter after before limit offset"
        + (" slug" if by_slug else "")
        + (f" {RANGE_NAMES}" if since else ""),
    )
    for stamps in (False, True)
    for again in (False, True)
    for by_slug in (False, True)
    for since in (False, True)
}
_TOTAL_SINCE = {
    by_slug: Statement(
        select(counted_between(enrolments, e.updated_at, and_(_here, *([_slug] if by_slug else [])))),
        f"clinic counter {RANGE_NAMES}" + (" slug" if by_slug else ""),
    )
    for by_slug in (False, True)
}
_TOTAL = Statement(select(counted()), "clinic counter")
_CLOCK = Statement(select(clinics.c.clock).where(clinics.c.id == p("clinic")), "clinic")


class Stamp(msgspec.Struct, frozen=True, gc=False):
    """A patient and its `updated_at` at a clinic: together they name one version of what the clinic sees."""

    id: bytes
    updated_at: int


async def list_by_update(reader: Reader, clinic_id: int, asked: ByUpdate) -> Page[Patient]:
    """Active patients, newest change first; with a walk, the page after it (see Walk)."""
    clock = await _clock(reader, clinic_id, asked)
    rows, first_leg = await _walk_rows(reader, clinic_id, asked, stamps=False)
    items = [patient_of(row) for row in rows[: asked.limit]]
    return await _walk_page(reader, clinic_id, asked, items, rows, first_leg, clock)


async def list_stamps(reader: Reader, clinic_id: int, asked: ByUpdate) -> Page[Stamp]:
    """The same page, of versions only: an index range, for callers that remember what they made of a version."""
    clock = await _clock(reader, clinic_id, asked)
    rows, first_leg = await _walk_rows(reader, clinic_id, asked, stamps=True)
    items = [Stamp(row[0], row[1]) for row in rows[: asked.limit]]
    return await _walk_page(reader, clinic_id, asked, items, rows, first_leg, clock)


def _counter(asked: ByUpdate) -> str:
    """The counter of the whole list."""
    return ("patients" if asked.since is None else "updated") + ("" if asked.slug is None else f"/{asked.slug}")


async def _walk_rows(reader: Reader, clinic_id: int, asked: ByUpdate, *, stamps: bool) -> tuple[list[Any], int]:
    """One row more than the page holds, and how many of them are of the first leg."""
    counter, limit, walk = _counter(asked), asked.limit, asked.walk
    filters = (() if asked.slug is None else (asked.slug,)) + (() if asked.since is None else split(asked.since))
    shape = (asked.slug is not None, asked.since is not None)
    low = EARLIEST if asked.since is None else asked.since - 1
    rows: list[Any] = []
    if walk is None or not walk.again:
        before = LATEST if walk is None else walk.at
        statement = _WALK[(stamps, False, *shape)]
        rows = list(await reader.fetch(statement, clinic_id, counter, low, before, limit + 1, asked.offset, *filters))
    first_leg = len(rows)
    if walk is not None and first_leg <= limit:
        after = walk.at if walk.again else max(walk.started, low)
        statement = _WALK[(stamps, True, *shape)]
        rest = limit + 1 - first_leg
        rows += await reader.fetch(statement, clinic_id, counter, after, LATEST, rest, 0, *filters)
    return rows, first_leg


async def _clock(reader: Reader, clinic_id: int, asked: ByUpdate) -> int | None:
    """The clinic's clock, for a walk that starts at a page that was jumped to. It is read before the page: what changes
    between the two then lies behind the walk's start, where its second leg finds it."""
    if asked.walk is not None or asked.offset == 0:
        return None
    clock: int = (await reader.fetch_one(_CLOCK, clinic_id))[0]
    return clock


async def _walk_page(
    reader: Reader, clinic_id: int, asked: ByUpdate, items: list[V], rows: list[Any], first_leg: int, clock: int | None
) -> Page[V]:
    total = rows[0][-1] if rows else await _total(reader, clinic_id, asked)
    return Page(items, total, len(rows) > asked.limit, _next_walk(asked, items, first_leg, clock))


async def _total(reader: Reader, clinic_id: int, asked: ByUpdate) -> int:
    """The total of a list of which no row was read."""
    if asked.since is None:
        row = await reader.fetch_one(_TOTAL, clinic_id, _counter(asked))
    else:
        by_slug = () if asked.slug is None else (asked.slug,)
        statement = _TOTAL_SINCE[asked.slug is not None]
        row = await reader.fetch_one(statement, clinic_id, _counter(asked), *split(asked.since), *by_slug)
    total: int = row[0]
    return total


def _next_walk(asked: ByUpdate, items: Sequence[V], first_leg: int, clock: int | None) -> Walk | None:
    """Where the next page goes on. A first page's newest row tells the clock."""
    walk = asked.walk
    if not items:
        return walk
    if walk is not None:
        return Walk(walk.started, items[-1].updated_at, again=len(items) > first_leg or walk.again)
    return Walk(items[0].updated_at if clock is None else clock, items[-1].updated_at)


# --- by created_at, newest first ------------------------------------------------------------------------------

_species = e.species_id == p("species")
_client = e.client_id == p("client")
_behind = tuple_(e.created_at, e.patient_id) < tuple_(p("at", e.created_at.type), p("ident", e.patient_id.type))
_counted_rows = {
    True: select(func.count()).select_from(enrolments).where(_here, _client, _species).scalar_subquery(),
    False: select(func.count()).select_from(enrolments).where(_here, _client).scalar_subquery(),
}


def _created(by_client: bool, by_species: bool) -> Statement:
    where = and_(_here, *([_client] if by_client else []), *([_species] if by_species else []))
    total = _counted_rows[by_species] if by_client else counted()
    query = select(*COLUMNS, total).select_from(_joined).where(where, _behind)
    query = query.order_by(e.created_at.desc(), e.patient_id.desc()).limit(p("limit")).offset(p("offset"))
    names = "clinic at ident limit offset" + ("" if by_client else " counter")
    return Statement(query, names + (" client" if by_client else "") + (" species" if by_species else ""))


_CREATED = {(c, s): _created(c, s) for c in (False, True) for s in (False, True)}
_TOTAL_OF_CLIENT = {
    s: Statement(select(total), "clinic client" + (" species" if s else "")) for s, total in _counted_rows.items()
}


async def list_by_creation(
    reader: Reader,
    clinic_id: int,
    *,
    client_id: bytes | None,
    species_id: int | None,
    limit: int,
    offset: int = 0,
    place: Place | None = None,
) -> Page[Patient]:
    """Active patients, the newest registered first; with `place`, those behind it."""
    place = place or Place()
    species = () if species_id is None else (species_id,)
    counter = "patients" if species_id is None else f"patients@{species_id}"
    owner = (counter,) if client_id is None else (client_id,)
    statement = _CREATED[(client_id is not None, species_id is not None)]
    rows = await reader.fetch(statement, clinic_id, place.at, place.ident, limit + 1, offset, *owner, *species)
    if rows:
        total = rows[0][_WIDTH]
    elif client_id is None:
        total = (await reader.fetch_one(_TOTAL, clinic_id, counter))[0]
    else:
        total = (await reader.fetch_one(_TOTAL_OF_CLIENT[species_id is not None], clinic_id, client_id, *species))[0]
    return Page([patient_of(row) for row in rows[:limit]], total, len(rows) > limit)


# --- writing --------------------------------------------------------------------------------------------------

_NEW_PATIENT = "id client_id name species_id breed_id sex neutered birth_date deceased_on weight_mg created_at"
_CHANGING = "name species_id breed_id sex neutered birth_date deceased_on weight_mg microchip name_folded"
_INSERT = inserting(patients, _NEW_PATIENT + " microchip name_folded", rank=40)
_INSERT_ENROLMENT = inserting(
    enrolments, "clinic_id patient_id client_id state number slug species_id created_at updated_at", rank=50
)
_INSERT_WEIGHT = inserting(weights, "patient_id measured_at id clinic_id weight_mg", rank=60)
_UPDATE = Statement(
    update(patients)
    .where(patients.c.id == p("patient"))
    .values({name: p(f"new_{name}") for name in _CHANGING.split()}),
    " ".join(f"new_{name}" for name in _CHANGING.split()) + " patient",
    rank=70,
)
_MOVE = Statement(
    update(enrolments)
    .where(e.clinic_id == p("clinic"), e.patient_id == p("patient"))
    .values(state=p("new_state"), slug=p("new_slug"), species_id=p("new_species"), updated_at=p("new_updated_at")),
    "new_state new_slug new_species new_updated_at clinic patient",
    rank=70,
)
_PLACES = Statement(
    select(e.clinic_id, e.state, e.slug, e.species_id, e.updated_at).where(e.patient_id == p("patient")), "patient"
)


def count_patient(tx: Tx, clinic_id: int, state: int, slug: str, species_id: int, updated_at: int, by: int) -> None:
    """Move every counter that counts the patient by one patient."""
    if state == State.ACTIVE:
        tx.count(clinic_id, "patients", by)
        tx.count(clinic_id, f"patients/{slug}", by)
        tx.count(clinic_id, f"patients@{species_id}", by)
        tx.count(clinic_id, "updated", by, bucket=bucket(updated_at))
        tx.count(clinic_id, f"updated/{slug}", by, bucket=bucket(updated_at))
    elif state == State.ARCHIVED:
        tx.count(clinic_id, "archived patients", by)
        tx.count(clinic_id, "archived patients updated", by, bucket=bucket(updated_at))


def insert(tx: Tx, patient: Patient, slug: str, *, stamped: dict[int, int] | None = None) -> None:
    """Register a patient and enrol it at every clinic that its client is open to; `stamped` holds the stamps of
    clinics that have theirs already."""
    at = patient.created_at
    tx.write(
        _INSERT, patient.id, patient.client_id, patient.name, patient.species_id, patient.breed_id, patient.sex,
        patient.neutered, patient.birth_date, patient.deceased_on, patient.weight_mg, at, patient.microchip,
        fold(patient.name),
    )  # fmt: skip
    for clinic_id in tx.opened_to(patient.client_id):
        enrol(tx, clinic_id, patient, slug, stamp=(stamped or {}).get(clinic_id))


def enrol(tx: Tx, clinic_id: int, patient: Patient, slug: str, *, stamp: int | None = None) -> int:
    """Put the patient on one clinic's list; gives its stamp there."""
    clinic = tx.clinic(clinic_id)
    clinic.patient_seq += 1
    stamp = tx.stamp(clinic_id) if stamp is None else stamp
    tx.write(
        _INSERT_ENROLMENT, clinic_id, patient.id, patient.client_id, int(State.ACTIVE), clinic.patient_seq, slug,
        patient.species_id, patient.created_at, stamp,
    )  # fmt: skip
    count_patient(tx, clinic_id, State.ACTIVE, slug, patient.species_id, stamp, 1)
    tx.event(clinic_id, "created", "patient", patient.id, stamp)
    return stamp


def weigh(tx: Tx, clinic_id: int, patient_id: bytes, weight_id: bytes, weight_mg: int, measured_at: int) -> None:
    """Add to the history of weights; the caller writes the current weight."""
    tx.write(_INSERT_WEIGHT, patient_id, measured_at, weight_id, clinic_id, weight_mg)


async def update_everywhere(tx: Tx, patient: Patient, slug: str) -> dict[int, int]:
    """Write the patient's new values and stamp it at each clinic that it is open to; gives the stamps."""
    stamps: dict[int, int] = {}
    tx.write(
        _UPDATE, patient.name, patient.species_id, patient.breed_id, patient.sex, patient.neutered,
        patient.birth_date, patient.deceased_on, patient.weight_mg, patient.microchip, fold(patient.name), patient.id,
    )  # fmt: skip
    for clinic_id, state, old_slug, old_species, updated_at in await tx.fetch(_PLACES, patient.id):
        if state == State.HIDDEN:  # nothing is told to a clinic that was disconnected
            tx.write(_MOVE, state, slug, patient.species_id, updated_at, clinic_id, patient.id)
            continue
        stamps[clinic_id] = stamp = tx.stamp(clinic_id)
        count_patient(tx, clinic_id, state, old_slug, old_species, updated_at, -1)
        count_patient(tx, clinic_id, state, slug, patient.species_id, stamp, 1)
        tx.write(_MOVE, state, slug, patient.species_id, stamp, clinic_id, patient.id)
        tx.event(clinic_id, "updated", "patient", patient.id, stamp)
    return stamps


async def set_state(tx: Tx, patient_id: bytes, state: State, *, kind: str, only: int | None = None) -> None:
    """Archive, delete, hide or bring back the patient at all of its clinics, or at one."""
    for clinic_id, old_state, slug, species_id, updated_at in await tx.fetch(_PLACES, patient_id):
        if old_state in (state, State.DELETED) or only not in (None, clinic_id):
            continue  # a deleted patient stays deleted, whatever happens to its client's connections
        if old_state == State.HIDDEN and state != State.ACTIVE:
            tx.write(_MOVE, int(state), slug, species_id, updated_at, clinic_id, patient_id)
            continue
        stamp = tx.stamp(clinic_id)
        count_patient(tx, clinic_id, old_state, slug, species_id, updated_at, -1)
        count_patient(tx, clinic_id, state, slug, species_id, stamp, 1)
        tx.write(_MOVE, int(state), slug, species_id, stamp, clinic_id, patient_id)
        tx.event(clinic_id, kind, "patient", patient_id, stamp)
