# SPDX-License-Identifier: Apache-2.0
"""Weighings in the store: a patient's history, the newest of which is its current weight."""

from __future__ import annotations

from sqlalchemy import delete, func, literal_column, select, update

from polyvet.model.entities import Weight
from polyvet.model.paging import Page
from polyvet.storage.statement import Statement, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import weights
from polyvet.storage.writing import Tx

w = weights.c
_COLUMNS = (w.id, w.patient_id, w.clinic_id, w.weight_mg, w.measured_at)
_of_patient = select(*_COLUMNS).where(w.patient_id == p("patient"))
_LIST = Statement(
    _of_patient.order_by(w.measured_at.desc(), w.id.desc()).limit(p("limit")).offset(p("offset")),
    "patient limit offset",
)
_COUNT = Statement(select(func.count()).select_from(weights).where(w.patient_id == p("patient")), "patient")
_NEWEST = Statement(
    select(w.weight_mg)
    .where(w.patient_id == p("patient"))
    .order_by(w.measured_at.desc(), w.id.desc())
    .limit(literal_column("1")),
    "patient",
)
_AT = Statement(_of_patient.where(w.measured_at == p("at")).order_by(w.id), "patient at")
_CHANGE = Statement(
    update(weights).where(w.patient_id == p("patient"), w.id == p("weight")).values(
        weight_mg=p("new_weight_mg"), measured_at=p("new_measured_at")
    ),
    "new_weight_mg new_measured_at patient weight",
    rank=70,
)  # fmt: skip
_DELETE = Statement(delete(weights).where(w.patient_id == p("patient"), w.id == p("weight")), "patient weight", rank=80)


async def history(reader: Reader, patient_id: bytes, *, limit: int, offset: int = 0) -> Page[Weight]:
    """A patient's weighings, the newest first."""
    total: int = (await reader.fetch_one(_COUNT, patient_id))[0]
    rows = await reader.fetch(_LIST, patient_id, limit, offset)
    return Page([Weight(*row) for row in rows], total, offset + len(rows) < total)


async def newest(reader: Reader, patient_id: bytes) -> int | None:
    """The weight that the newest weighing says; None if there is none."""
    row = await reader.fetch_one(_NEWEST, patient_id)
    return None if row is None else row[0]


async def at(reader: Reader, patient_id: bytes, measured_at: int) -> Weight | None:
    """The weighing of that instant."""
    row = await reader.fetch_one(_AT, patient_id, measured_at)
    return None if row is None else Weight(*row)


def change(tx: Tx, weight: Weight) -> None:
    """Write a weighing's new values."""
    tx.write(_CHANGE, weight.weight_mg, weight.measured_at, weight.patient_id, weight.id)


def remove(tx: Tx, weight: Weight) -> None:
    """Take a weighing away."""
    tx.write(_DELETE, weight.patient_id, weight.id)
