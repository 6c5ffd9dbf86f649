# SPDX-License-Identifier: Apache-2.0
"""Pairs of patients that are merged, and rows of any table that points to patients."""

from __future__ import annotations

import itertools
from typing import Any

from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, SmallInteger, Table, select

from polyvet.core import merging, patient_files, weights
from polyvet.model import values
from polyvet.model.entities import InvoiceStatus, Patient, RecordStatus
from polyvet.model.files import PatientFile
from polyvet.model.library import OWN_FROM, ContentKind
from polyvet.storage import library, numbers
from polyvet.storage import merging as stored
from polyvet.storage.counters import bucket
from polyvet.storage.statement import Statement, inserting
from polyvet.storage.tables import metadata
from polyvet.storage.writing import Touching, Tx
from tests.core.stores import World

RULED = {path: path.partition(".") for path, rule in stored.RULES.items() if rule is not None}
_A_CLIENT = Statement(select(metadata.tables["clients"].c.id))
_NEXT = itertools.count(1_000)
_SEQUENCES = {"medical_records": "record_seq", "calendar_events": "appointment_seq", "invoices": "invoice_seq"}
_KINDS = {"custom_field_values": "custom field value", "reminders": "reminder", "shares": "share"}
_COUNTED = {"calendar_events": "appointments", "reminders": "reminders"}
_WORDS = {
    "medical_records.status": RecordStatus.SIGNED,
    "invoices.status": InvoiceStatus.PAID,
    "value": '"x"',
    "prefill": "{}",
}
_MOVING = ("events", "counters", "clinics", "numbers", "alembic_version")


async def pair(w: World, clinic_id: int, **more: Any) -> tuple[Patient, Patient]:
    """Two dogs of one client: the one that goes, and the one that stays."""
    client = await w.client(clinic_id)
    return await w.patient(clinic_id, client.id, "Rex", **more), await w.patient(clinic_id, client.id, "Max", **more)


async def states(w: World, patient: Patient) -> dict[int, int]:
    """A patient's states by clinic."""
    return await stored.places(w.store.reader, patient.id)


async def weigh(w: World, clinic_id: int, number: int, weight_mg: int, at: int) -> Any:
    """Add a weighing."""
    touching = await patient_files.saving(w.ctx(clinic_id), number)
    return await w.write(clinic_id, touching, lambda one: weights.weigh(one, number, "7", weight_mg, at))


async def weight(w: World, clinic_id: int, number: int) -> int | None:
    """A patient's weight."""
    return (await patient_files.get(w.ctx(clinic_id), number, "7")).patient.weight_mg


async def merge(w: World, clinic_id: int, source: int, target: int) -> PatientFile:
    """Merge two patients, by their numbers."""
    touching = await merging.touching(w.ctx(clinic_id), source, target)
    return await w.write(clinic_id, touching, lambda writing: merging.merge(writing, source, "7", target))


async def unmerge(w: World, clinic_id: int, source: int) -> PatientFile:
    """Take it back."""
    touching = await merging.touching(w.ctx(clinic_id), source)
    return await w.write(clinic_id, touching, lambda writing: merging.unmerge(writing, source, "7"))


async def row_of(w: World, clinic_id: int, table: str, **given: Any) -> dict[str, Any]:
    """A row of the table, with what it points to; `given` names columns. Gives what was written."""

    async def job(tx: Tx) -> dict[str, Any]:
        return await _add(tx, clinic_id, metadata.tables[table], given)

    return await w.store.write(Touching(clinics=(clinic_id,)), job)


async def _add(tx: Tx, clinic_id: int, table: Table, given: dict[str, Any]) -> dict[str, Any]:
    row = dict(given)
    if "clinic_id" in table.c:
        row.setdefault("clinic_id", clinic_id)
    row |= await _numbered(tx, clinic_id, table, row)
    for constraint in table.foreign_key_constraints:
        missing = [name for name in constraint.column_keys if name not in row and not table.c[name].nullable]
        if missing == ["client_id"]:
            row["client_id"] = (await tx.fetch_one(_A_CLIENT))[0]
        elif missing:
            parent = await _add(tx, clinic_id, constraint.referred_table, {})
            row |= {element.parent.name: parent[element.column.name] for element in constraint.elements}
    for column in table.columns:
        if column.name not in row and not column.nullable and column.server_default is None:
            row[column.name] = _value(table, column)
    names = " ".join(row)
    tx.write(inserting(table, names, rank=list(metadata.sorted_tables).index(table)), *row.values())
    if table.name == "shares":
        await _add(tx, clinic_id, metadata.tables["share_links"], {"share_id": row["id"]})
    _count(tx, clinic_id, table, row)
    return row


def _count(tx: Tx, clinic_id: int, table: Table, row: dict[str, Any]) -> None:
    """Count the row in whatever counts it."""
    if table.name == "medical_records":
        tx.count(clinic_id, "records")
        tx.count(clinic_id, "occurred", bucket=bucket(row["occurred_at"]))
    if table.name in _COUNTED:
        tx.count(clinic_id, _COUNTED[table.name])
    if table.name == "invoices":
        tx.count(clinic_id, "invoices")
        tx.count(clinic_id, f"invoices/{row['status']}")
        tx.count(clinic_id, "invoice rows")  # the balance that it carries over


async def _numbered(tx: Tx, clinic_id: int, table: Table, row: dict[str, Any]) -> dict[str, int]:
    """The next number of the clinic's for a thing of this kind."""
    name = "serial" if "serial" in table.c else "number"
    if name in row or name not in table.c:
        return {}
    if table.name in _KINDS:
        return {name: await numbers.take(tx, clinic_id, _KINDS[table.name])}
    if table.name == "content":
        kind = library.NUMBERED[ContentKind(1)]  # as _value makes it
        return {name: OWN_FROM - 1 + await numbers.take(tx, clinic_id, kind)}
    if table.name not in _SEQUENCES:
        return {}
    clinic = tx.clinic(clinic_id)
    tx.stamp(clinic_id)  # or the sequence is not saved
    setattr(clinic, _SEQUENCES[table.name], getattr(clinic, _SEQUENCES[table.name]) + 1)
    return {name: getattr(clinic, _SEQUENCES[table.name])}


def _value(table: Table, column: Any) -> Any:
    if isinstance(column.type, Boolean):
        return False
    if isinstance(column.type, SmallInteger):
        return 1
    if isinstance(column.type, BigInteger | Integer):
        return next(_NEXT)
    if isinstance(column.type, LargeBinary):
        return values.new_id()
    return _WORDS.get(f"{table.name}.{column.name}", _WORDS.get(column.name, f"x{next(_NEXT)}"))


async def all_rows(w: World, *, of: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """All rows of the store by table, without stamps and without what only moves on."""
    found: dict[str, list[str]] = {}
    for table in metadata.sorted_tables:
        if table.name in _MOVING or (of and table.name not in of):
            continue
        columns = [column for column in table.columns if column.name != "updated_at"]
        rows = await w.store.reader.fetch(Statement(select(*columns)))
        found[table.name] = sorted(
            repr(tuple(int(one) if isinstance(one, bool) else one for one in row)) for row in rows
        )
    return found


async def owner_of(w: World, table: str, column: str, row: dict[str, Any]) -> bytes:
    """Whom a row points to now."""
    place = metadata.tables[table]
    names = [key.name for key in place.primary_key if key.name != column]
    rows = await w.store.reader.fetch(Statement(select(place.c[column], *(place.c[name] for name in names))))
    [owner] = [found[0] for found in rows if list(found)[1:] == [row[name] for name in names]]
    return bytes(owner)


async def owners_of(w: World, table: str, column: str) -> set[bytes | None]:
    """Whom the rows of a table point to."""
    return {row[0] for row in await w.store.reader.fetch(Statement(select(metadata.tables[table].c[column])))}
