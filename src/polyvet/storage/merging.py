# SPDX-License-Identifier: Apache-2.0
"""Merged patients in the store: which patient became which, and the rows that went over and can come back.

RULES says of each column that points to patients what becomes of its rows. A row that would clash with one that the
other patient has already stays where it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import Column, ColumnElement, Select, Table, delete, exists, literal_column, or_, select, union, update

from polyvet.model import values
from polyvet.model.entities import RecordStatus, State
from polyvet.model.errors import Busy
from polyvet.storage.statement import Statement, inserting, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import (
    calendar_events,
    content,
    custom_field_values,
    enrolments,
    event_patients,
    invoices,
    medical_records,
    merged_rows,
    merges,
    metadata,
    reminders,
    shares,
    weights,
)
from polyvet.storage.writing import Tx

_NOTHING: ColumnElement[Any] = literal_column("NULL")


class Rule(msgspec.Struct, frozen=True):
    """How a column's rows go from the patient `here` to the patient `there`."""

    key: str  # the columns that name a row of a patient whatever becomes of it, separated by blanks
    more: str = ""  # what else of its primary key it takes to find it
    clash: ColumnElement[bool] | None = None  # rows for which it holds stay
    only: ColumnElement[bool] | None = None  # holds for all rows; names them in words that have an index
    stamped: tuple[Table, str] | None = None  # the table that gets a new `updated_at`, and the column with its row's id
    entity: str | None = None  # what an event tells of that row


def _also_in(event: ColumnElement[bytes], *, first: bool) -> ColumnElement[bool]:
    """Whether `there` is one of the event's animals already; `first` looks at the one in the event's own row, too."""
    others = event_patients.alias("others")
    beside = exists().where(others.c.event_id == event, others.c.patient_id == p("there"))
    if not first:
        return beside
    own = calendar_events.alias("own")
    return or_(beside, exists().where(own.c.id == event, own.c.patient_id == p("there")))


_weighed, _valued = weights.alias("weighed"), custom_field_values.alias("valued")
_same_instant = exists().where(_weighed.c.patient_id == p("there"), _weighed.c.measured_at == weights.c.measured_at)
_same_field = exists().where(
    _valued.c.clinic_id == custom_field_values.c.clinic_id, _valued.c.patient_id == p("there"),
    _valued.c.field == custom_field_values.c.field,
)  # fmt: skip
_at_their_clinics = custom_field_values.c.clinic_id.in_(
    select(enrolments.c.clinic_id).where(
        or_(enrolments.c.patient_id == p("here"), enrolments.c.patient_id == p("there"))
    )
)
# By column; None for one whose rows stay.
RULES: Mapping[str, Rule | None] = {
    "enrolments.patient_id": None,  # which clinics see whom is told by states
    "merges.source_id": None,
    "merges.target_id": None,
    "weights.patient_id": Rule("id", "measured_at", _same_instant),
    "medical_records.patient_id": Rule("id", stamped=(medical_records, "id"), entity="record"),
    "calendar_events.patient_id": Rule(
        "id", clash=_also_in(calendar_events.c.id, first=False), stamped=(calendar_events, "id"), entity="appointment"
    ),
    "event_patients.patient_id": Rule(
        "event_id position", clash=_also_in(event_patients.c.event_id, first=True),
        stamped=(calendar_events, "event_id"), entity="appointment",
    ),
    "invoices.patient_id": Rule("id", stamped=(invoices, "id")),
    "custom_field_values.patient_id": Rule("clinic_id number", clash=_same_field, only=_at_their_clinics),
    "reminders.patient_id": Rule("id", stamped=(reminders, "id"), entity="reminder"),
    "content.patient_id": Rule("id", stamped=(content, "id"), entity="content"),
    "shares.patient_id": Rule("id", stamped=(shares, "id"), entity="share"),
}  # fmt: skip


class Movable(msgspec.Struct, frozen=True):
    """A row that can go over."""

    table: str
    key: str  # as it is noted
    found_by: tuple[Any, ...]
    clinic_id: int | None  # whose clock stamps it; None if nobody's does
    stamped: bytes | None  # the id of the row that is stamped


class _Column:
    """The statements of one column that has a rule."""

    def __init__(self, column: Column[Any], rule: Rule) -> None:
        table: Table = column.table
        names = [*rule.key.split(), *rule.more.split()]
        self.name, self.entity = table.name, rule.entity
        self._key, self._width = len(rule.key.split()), len(names)
        where = [column == p("here")] if rule.only is None else [column == p("here"), rule.only]
        clinic, stamped = _stamped(table, rule)
        find = select(*(table.c[name] for name in names), clinic, stamped).where(*where)
        if rule.clash is not None:
            find = find.where(~rule.clash)
        order = [table.c[name] for name in names]
        self.find = Statement(find.order_by(*order), "here" if rule.clash is None else "here there")
        self.clashes = rule.clash is not None
        self.clinics: Select[Any] | None = None if rule.stamped is None else select(clinic).where(*where)
        keys = " ".join(f"key_{name}" for name in names)
        self.move = Statement(
            update(table)
            .where(column == p("here"), *(table.c[name] == p(f"key_{name}") for name in names))
            .values({column.name: p("there")}),
            f"there here {keys}",
            rank=70,
        )
        self.stamp = None if rule.stamped is None else _STAMPS[rule.stamped[0].name]

    def movable(self, row: Any) -> Movable:
        """A row of `find`."""
        found_by = tuple(row[: self._width])
        key = [values.to_crockford(part) if isinstance(part, bytes) else part for part in found_by[: self._key]]
        text = msgspec.json.encode(key).decode()
        return Movable(self.name, text, found_by, row[self._width], row[self._width + 1])


def _stamped(table: Table, rule: Rule) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """The clinic and the id of the row that is stamped."""
    if rule.stamped is None:
        return _NOTHING, _NOTHING
    other, name = rule.stamped
    if other is table:
        return table.c.clinic_id, table.c[name]
    clinic = select(other.c.clinic_id).where(other.c.id == table.c[name]).correlate(table).scalar_subquery()
    return clinic, table.c[name]


_STAMPS = {
    table.name: Statement(
        update(table).where(table.c.id == p("row")).values(updated_at=p("new_updated_at")),
        "new_updated_at row",
        rank=71,
    )
    for table in {rule.stamped[0] for rule in RULES.values() if rule is not None and rule.stamped is not None}
}
_COLUMNS = [
    _Column(metadata.tables[path.partition(".")[0]].c[path.partition(".")[2]], rule)
    for path, rule in RULES.items()
    if rule is not None
]
_BY_TABLE = {one.name: one for one in _COLUMNS}
_CLINICS = Statement(
    union(
        select(enrolments.c.clinic_id).where(enrolments.c.patient_id == p("here")),
        *(one.clinics for one in _COLUMNS if one.clinics is not None),
    ),
    "here",
)


async def clinics_of(reader: Reader, patient_id: bytes) -> set[int]:
    """The clinics that ever saw the patient, or have a row of it that carries a stamp of theirs."""
    return {row[0] for row in await reader.fetch(_CLINICS, patient_id)}


async def check_held(tx: Tx, *patients: bytes) -> None:
    """Busy where the transaction does not hold a clinic of these patients: it came to know them meanwhile, and the next
    try will hold it."""
    for patient_id in patients:
        if not all(tx.touches(clinic_id) for clinic_id in await clinics_of(tx, patient_id)):
            raise Busy("another clinic came to know the patient meanwhile")


async def movable(reader: Reader, here: bytes, there: bytes) -> list[Movable]:
    """The rows of the patient `here` that can go over to `there`."""
    found: list[Movable] = []
    for one in _COLUMNS:
        rows = await reader.fetch(one.find, *((here, there) if one.clashes else (here,)))
        found += [one.movable(row) for row in rows]
    return found


def move(tx: Tx, moved: Iterable[Movable], here: bytes, there: bytes) -> None:
    """Give rows to the patient `there`; each gets a stamp of its clinic, which the transaction holds."""
    for row in moved:
        column = _BY_TABLE[row.table]
        tx.write(column.move, there, here, *row.found_by)
        if column.stamp is None or row.clinic_id is None or row.stamped is None:
            continue
        stamp = tx.stamp(row.clinic_id)
        tx.write(column.stamp, stamp, row.stamped)
        if column.entity is not None:
            tx.event(row.clinic_id, "updated", column.entity, row.stamped, stamp)


# --- who became whom ------------------------------------------------------------------------------------------

m, e = merges.c, enrolments.c
_HERE = (e.clinic_id == p("clinic"), e.state <= literal_column(str(int(State.ARCHIVED))))
_GET = Statement(select(m.target_id, m.states).where(m.source_id == p("source")), "source")
_INTO: ColumnElement[int] = literal_column("0")
_FROM: ColumnElement[int] = literal_column("1")
_BESIDE = Statement(
    select(_INTO, e.number)
    .select_from(merges.join(enrolments, e.patient_id == m.target_id))
    .where(m.source_id == p("patient"), *_HERE)
    .union_all(
        select(_FROM, e.number)
        .select_from(merges.join(enrolments, e.patient_id == m.source_id))
        .where(m.target_id == p("patient"), *_HERE)
    ),
    "clinic patient",
)
_PLACES = Statement(select(e.clinic_id, e.state).where(e.patient_id == p("patient")), "patient")
_OPEN_RECORD = Statement(
    select(medical_records.c.id)
    .where(
        medical_records.c.patient_id == p("patient"),
        or_(*(medical_records.c.status == status.value for status in (RecordStatus.DRAFT, RecordStatus.IN_PROGRESS))),
    )
    .limit(literal_column("1")),
    "patient",
)
_INSERT = inserting(merges, "source_id target_id clinic_id merged_at states", rank=60)
_NOTE = inserting(merged_rows, "source_id table_name row_key", rank=61)
_NOTED = Statement(
    select(merged_rows.c.table_name, merged_rows.c.row_key).where(merged_rows.c.source_id == p("source")), "source"
)
_FORGET_ROWS = Statement(delete(merged_rows).where(merged_rows.c.source_id == p("source")), "source", rank=80)
_FORGET = Statement(delete(merges).where(m.source_id == p("source")), "source", rank=81)


class Merge(msgspec.Struct, frozen=True):
    """Whom a patient was merged into, and its states before at the clinics that saw it."""

    target_id: bytes
    states: dict[int, int]


class Merges(msgspec.Struct, frozen=True):
    """A patient's merges by numbers at one clinic: whom it was merged into, and who was merged into it."""

    into: int | None = None
    sources: tuple[int, ...] = ()


async def get(reader: Reader, source_id: bytes) -> Merge | None:
    """What a patient was merged into; None if it was not."""
    row = await reader.fetch_one(_GET, source_id)
    return None if row is None else Merge(row[0], msgspec.json.decode(row[1], type=dict[int, int]))


async def follow(reader: Reader, patient_id: bytes) -> bytes | None:
    """The patient that stands for one that was merged, however often; None if it was not."""
    kept: bytes | None = None
    while (merge := await get(reader, patient_id)) is not None:
        kept = patient_id = merge.target_id
    return kept


async def beside(reader: Reader, clinic_id: int, patient_id: bytes) -> Merges:
    """A patient's merges as far as the clinic sees the others."""
    rows = await reader.fetch(_BESIDE, clinic_id, patient_id)
    into = [number for kind, number in rows if kind == 0]
    return Merges(into[0] if into else None, tuple(sorted(number for kind, number in rows if kind == 1)))


async def places(reader: Reader, patient_id: bytes) -> dict[int, int]:
    """A patient's states by clinic."""
    return {row[0]: row[1] for row in await reader.fetch(_PLACES, patient_id)}


async def has_open_record(reader: Reader, patient_id: bytes) -> bool:
    """Whether any clinic has a record of the patient that is being written."""
    return await reader.fetch_one(_OPEN_RECORD, patient_id) is not None


def insert(
    tx: Tx,
    clinic_id: int,
    source_id: bytes,
    target_id: bytes,
    states: dict[int, int],
    moved: Iterable[Movable],
    at: int,
) -> None:
    """Note a merge and the rows that went over."""
    tx.write(_INSERT, source_id, target_id, clinic_id, at, msgspec.json.encode(states).decode())
    for row in moved:
        tx.write(_NOTE, source_id, row.table, row.key)


async def noted(reader: Reader, source_id: bytes) -> set[tuple[str, str]]:
    """The rows that went over: tables and keys."""
    return {(row[0], row[1]) for row in await reader.fetch(_NOTED, source_id)}


def remove(tx: Tx, source_id: bytes) -> None:
    """Forget a merge."""
    tx.write(_FORGET_ROWS, source_id)
    tx.write(_FORGET, source_id)
