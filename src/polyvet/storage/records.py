# SPDX-License-Identifier: Apache-2.0
"""Medical records in the store: a clinic's own, and all that a patient has."""

from __future__ import annotations

from typing import Any

from msgspec.structs import astuple, replace
from sqlalchemy import ColumnElement, and_, exists, func, literal_column, or_, select, tuple_

from polyvet.model.entities import MedicalRecord, RecordStatus
from polyvet.model.paging import EARLIEST, LATEST, Page, Place
from polyvet.storage.counters import RANGE_NAMES, bucket, counted_between, split
from polyvet.storage.statement import Statement, inserting, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import medical_records, shares
from polyvet.storage.writing import Tx

r = medical_records.c
_COLUMNS = tuple(medical_records.columns)
_WIDTH = len(_COLUMNS)
_behind = tuple_(r.occurred_at, r.id) < tuple_(p("at", r.occurred_at.type), p("ident", r.id.type))
_between = and_(r.occurred_at >= p("low", r.occurred_at.type), r.occurred_at < p("high", r.occurred_at.type))
_newest_first = (r.occurred_at.desc(), r.id.desc())


def _count(*where: ColumnElement[bool]) -> ColumnElement[int]:
    return select(func.count()).select_from(medical_records).where(*where).scalar_subquery()


_ours = r.clinic_id == p("clinic")
_of_patient = r.patient_id == p("patient")
_total_of_clinic = counted_between(medical_records, r.occurred_at, _ours)
_CLINIC = Statement(
    select(*_COLUMNS, _total_of_clinic)
    .where(_ours, _between, _behind)
    .order_by(*_newest_first)
    .limit(p("limit"))
    .offset(p("offset")),
    f"clinic counter at ident limit offset {RANGE_NAMES}",
)
_CLINIC_TOTAL = Statement(select(_total_of_clinic), f"clinic counter {RANGE_NAMES}")
_CLINIC_PATIENT = Statement(
    select(*_COLUMNS, _count(_ours, _of_patient, _between))
    .where(_ours, _of_patient, _between, _behind)
    .order_by(*_newest_first)
    .limit(p("limit"))
    .offset(p("offset")),
    "clinic patient at ident limit offset low high",
)
_CLINIC_PATIENT_TOTAL = Statement(select(_count(_ours, _of_patient, _between)), "clinic patient low high")

# A filter that is not asked for is an empty text: one statement serves all four shapes of a patient's few records.
_any_kind = (p("kind", r.kind.type) == "") | (r.kind == p("kind"))
_any_status = (p("status", r.status.type) == "") | (r.status == p("status"))
_PATIENT = Statement(
    select(*_COLUMNS, _count(_of_patient, _any_kind, _any_status))
    .where(_of_patient, _any_kind, _any_status, _behind)
    .order_by(*_newest_first)
    .limit(p("limit"))
    .offset(p("offset")),
    "patient kind status at ident limit offset",
)
_PATIENT_TOTAL = Statement(select(_count(_of_patient, _any_kind, _any_status)), "patient kind status")
_GET = Statement(select(*_COLUMNS).where(r.id == p("record")), "record")
# What tells of a share says nothing of what was done to the patient.
_of_share = exists().where(
    shares.c.patient_id == r.patient_id, or_(shares.c.record_id == r.id, shares.c.record_id == r.amends_id)
)
_NEWEST_DONE = Statement(
    select(*_COLUMNS)
    .where(
        _of_patient, r.kind == p("kind", r.kind.type), r.status.in_((p("signed"), p("locked"))),
        r.occurred_at <= p("until"), ~_of_share,
    )
    .order_by(*_newest_first)
    .limit(literal_column("1")),
    "patient kind signed locked until",
)  # fmt: skip
_INSERT = inserting(medical_records, " ".join(MedicalRecord.__struct_fields__), rank=45)


async def get(reader: Reader, record_id: bytes) -> MedicalRecord | None:
    """Any clinic's record; the caller decides whether the patient is open to it."""
    row = await reader.fetch_one(_GET, record_id)
    return None if row is None else MedicalRecord(*row)


async def list_of_clinic(
    reader: Reader,
    clinic_id: int,
    *,
    patient_id: bytes | None,
    since: int | None,
    until: int | None,
    limit: int,
    offset: int = 0,
    place: Place | None = None,
) -> Page[MedicalRecord]:
    """Records that the clinic made with since <= occurred_at < until, the newest first."""
    place = place or Place()
    low, high = EARLIEST if since is None else since, LATEST if until is None else until
    start = (place.at, place.ident, limit + 1, offset)
    if patient_id is None:
        rows = await reader.fetch(_CLINIC, clinic_id, "occurred", *start, *split(low, high))
        total_of: tuple[Any, ...] = (_CLINIC_TOTAL, clinic_id, "occurred", *split(low, high))
    else:
        rows = await reader.fetch(_CLINIC_PATIENT, clinic_id, patient_id, *start, low, high)
        total_of = (_CLINIC_PATIENT_TOTAL, clinic_id, patient_id, low, high)
    total = rows[0][_WIDTH] if rows else (await reader.fetch_one(*total_of))[0]
    return Page([MedicalRecord(*row[:_WIDTH]) for row in rows[:limit]], total, len(rows) > limit)


async def list_of_patient(
    reader: Reader,
    patient_id: bytes,
    *,
    kind: str | None,
    status: str | None,
    limit: int,
    offset: int = 0,
    place: Place | None = None,
) -> Page[MedicalRecord]:
    """All clinics' records of a patient, the newest first."""
    place = place or Place()
    chosen = (patient_id, kind or "", status or "")
    rows = await reader.fetch(_PATIENT, *chosen, place.at, place.ident, limit + 1, offset)
    total = rows[0][_WIDTH] if rows else (await reader.fetch_one(_PATIENT_TOTAL, *chosen))[0]
    return Page([MedicalRecord(*row[:_WIDTH]) for row in rows[:limit]], total, len(rows) > limit)


async def newest_done(reader: Reader, patient_id: bytes, kind: str, until: int) -> MedicalRecord | None:
    """Any clinic's newest signed record of a kind that occurred until then; those that tell of shares left out."""
    row = await reader.fetch_one(
        _NEWEST_DONE, patient_id, kind, str(RecordStatus.SIGNED), str(RecordStatus.LOCKED), until
    )
    return None if row is None else MedicalRecord(*row)


def insert(tx: Tx, record: MedicalRecord) -> MedicalRecord:
    """Add a record of a clinic that the transaction holds, stamped by it; gives it with its number."""
    clinic = tx.clinic(record.clinic_id)
    clinic.record_seq += 1
    record = replace(record, number=clinic.record_seq)
    tx.write(_INSERT, *astuple(record))
    tx.count(record.clinic_id, "records")
    tx.count(record.clinic_id, "occurred", bucket=bucket(record.occurred_at))
    tx.event(record.clinic_id, "created", "record", record.id, record.updated_at)
    return record
