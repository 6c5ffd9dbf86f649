# SPDX-License-Identifier: Apache-2.0
"""Custom fields in the store: a clinic's definitions, and the values of clients and patients there."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, select, tuple_, update

from polyvet.model.custom_fields import CustomField, CustomValue, FieldModel, Option
from polyvet.storage.statement import Statement, among_numbers, as_numbers, inserting, listed_numbers, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import connections, custom_field_options, custom_field_values, custom_fields, enrolments
from polyvet.storage.writing import Tx

f, o, v = custom_fields.c, custom_field_options.c, custom_field_values.c
_DEFINED = Statement(
    select(f.number, f.model, f.label, f.kind, f.required).where(f.clinic_id == p("clinic")).order_by(f.number),
    "clinic",
)
_OPTIONS = Statement(
    select(o.field, o.number, o.name).where(o.clinic_id == p("clinic")).order_by(o.field, o.number), "clinic"
)
_ADD_FIELD = inserting(custom_fields, "clinic_id number model label kind required", rank=10)
_ADD_OPTION = inserting(custom_field_options, "clinic_id number field name", rank=15)
_VALUE = (v.number, v.field, v.value, v.created_at, v.updated_at)
_OWNER = {FieldModel.CLIENT: v.client_id, FieldModel.PATIENT: v.patient_id}
_PLACE = {
    FieldModel.CLIENT: (connections, connections.c.client_id),
    FieldModel.PATIENT: (enrolments, enrolments.c.patient_id),
}


def _of_many(model: FieldModel) -> Statement:
    place, ident = _PLACE[model]
    joined = custom_field_values.join(place, (place.c.clinic_id == v.clinic_id) & (ident == _OWNER[model]))
    query = select(place.c.number, *_VALUE).select_from(joined).where(v.clinic_id == p("clinic"))
    query = query.order_by(place.c.number, v.field)
    # Clinic and number as a pair: looking for numbers alone, SQLite would read all of the clinic's values.
    pairs = select(p("clinic"), listed_numbers("numbers").c.value)
    postgresql = query.where(among_numbers(place.c.number, "numbers")[1])
    return Statement(
        query.where(tuple_(place.c.clinic_id, place.c.number).in_(pairs)), "clinic numbers", postgresql=postgresql
    )


_OF_MANY = {model: _of_many(model) for model in FieldModel}
_OF_ONE = {
    model: Statement(
        select(*_VALUE).where(v.clinic_id == p("clinic"), owner == p("owner")).order_by(v.field), "clinic owner"
    )
    for model, owner in _OWNER.items()
}
_BY_NUMBER = Statement(
    select(*_VALUE, v.client_id, v.patient_id).where(v.clinic_id == p("clinic"), v.number == p("number")),
    "clinic number",
)
_INSERT = inserting(
    custom_field_values, "clinic_id number field client_id patient_id value created_at updated_at", rank=60
)
_UPDATE = Statement(
    update(custom_field_values)
    .where(v.clinic_id == p("clinic"), v.number == p("number"))
    .values(value=p("new_value"), updated_at=p("new_updated_at")),
    "new_value new_updated_at clinic number",
    rank=70,
)
_DELETE = Statement(
    delete(custom_field_values).where(v.clinic_id == p("clinic"), v.number == p("number")), "clinic number", rank=80
)


async def definitions(reader: Reader, clinic_id: int) -> dict[int, CustomField]:
    """The clinic's fields by number."""
    options: dict[int, list[Option]] = defaultdict(list)
    for field, number, name in await reader.fetch(_OPTIONS, clinic_id):
        options[field].append(Option(number, name))
    return {
        number: CustomField(number, model, label, kind, bool(required), tuple(options[number]))
        for number, model, label, kind, required in await reader.fetch(_DEFINED, clinic_id)
    }


def define(tx: Tx, clinic_id: int, field: CustomField) -> None:
    """Add a field with its options."""
    tx.write(_ADD_FIELD, clinic_id, field.number, field.model, field.label, field.kind, field.required)
    for option in field.options:
        tx.write(_ADD_OPTION, clinic_id, option.number, field.number, option.name)


async def of_many(
    reader: Reader, clinic_id: int, model: FieldModel, numbers: Iterable[int]
) -> dict[int, list[CustomValue]]:
    """The values of many clients or patients, by their numbers at the clinic."""
    found: dict[int, list[CustomValue]] = defaultdict(list)
    for owner, *row in await reader.fetch(_OF_MANY[model], clinic_id, as_numbers(reader.engine, numbers)):
        found[owner].append(_value(row))
    return found


async def of_one(reader: Reader, clinic_id: int, model: FieldModel, owner: bytes) -> list[CustomValue]:
    """The values of one client or patient."""
    return [_value(row) for row in await reader.fetch(_OF_ONE[model], clinic_id, owner)]


async def by_number(reader: Reader, clinic_id: int, number: int) -> tuple[CustomValue, FieldModel, bytes] | None:
    """A value, and whose it is."""
    row = await reader.fetch_one(_BY_NUMBER, clinic_id, number)
    if row is None:
        return None
    model, owner = (FieldModel.CLIENT, row[5]) if row[5] is not None else (FieldModel.PATIENT, row[6])
    return _value(row[:5]), model, owner


def insert(tx: Tx, clinic_id: int, value: CustomValue, model: FieldModel, owner: bytes) -> None:
    """Add a value."""
    client, patient = (owner, None) if model is FieldModel.CLIENT else (None, owner)
    tx.write(
        _INSERT, clinic_id, value.number, value.field, client, patient, json.dumps(value.value), value.created_at,
        value.updated_at,
    )  # fmt: skip


def change(tx: Tx, clinic_id: int, value: CustomValue) -> None:
    """Write a value anew."""
    tx.write(_UPDATE, json.dumps(value.value), value.updated_at, clinic_id, value.number)


def remove(tx: Tx, clinic_id: int, number: int) -> None:
    """Take a value away."""
    tx.write(_DELETE, clinic_id, number)


def _value(row: Any) -> CustomValue:
    number, field, value, created_at, updated_at = row
    return CustomValue(number, field, json.loads(value), created_at, updated_at)
