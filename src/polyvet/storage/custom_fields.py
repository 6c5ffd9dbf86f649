# SPDX-License-Identifier: Apache-2.0
"""Custom fields in the store: a clinic's definitions, and the values of clients and patients there.

Values of fields that are switched off are kept, and not given.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, delete, func, literal_column, select, tuple_, update

from polyvet.model.custom_fields import CustomField, CustomValue, FieldModel, Option
from polyvet.storage.statement import Statement, among_numbers, as_numbers, inserting, listed_numbers, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import connections, custom_field_options, custom_field_values, custom_fields, enrolments
from polyvet.storage.writing import Tx

f, o, v = custom_fields.c, custom_field_options.c, custom_field_values.c
_FIELD = (f.number, f.model, f.label, f.kind, f.required, f.active)
_DEFINED = Statement(select(*_FIELD).where(f.clinic_id == p("clinic")).order_by(f.number), "clinic")
_PAGE = Statement(
    select(*_FIELD)
    .where(f.clinic_id == p("clinic"), f.number < p("before"))
    .order_by(f.number.desc())
    .limit(p("limit")),
    "clinic before limit",
)
_OPTIONS_OF = Statement(
    select(o.field, o.number, o.name).where(o.clinic_id == p("clinic"), o.field == p("field")).order_by(o.number),
    "clinic field",
)
_COUNTED_BETWEEN = Statement(
    select(o.field, func.count())
    .where(o.clinic_id == p("clinic"), o.field >= p("low"), o.field <= p("high"))
    .group_by(o.field),
    "clinic low high",
)
_none: Any = literal_column("0")
_LAST_FIELD = Statement(select(func.coalesce(func.max(f.number), _none)).where(f.clinic_id == p("clinic")), "clinic")
_LAST_OPTION = Statement(select(func.coalesce(func.max(o.number), _none)).where(o.clinic_id == p("clinic")), "clinic")
_OPTIONS = Statement(
    select(o.field, o.number, o.name).where(o.clinic_id == p("clinic")).order_by(o.field, o.number), "clinic"
)
_ADD_FIELD = inserting(custom_fields, "clinic_id number model label kind required active", rank=10)
_CHANGE_FIELD = Statement(
    update(custom_fields)
    .where(f.clinic_id == p("clinic"), f.number == p("number"))
    .values(label=p("new_label"), required=p("new_required"), active=p("new_active")),
    "new_label new_required new_active clinic number",
    rank=70,
)
_ADD_OPTION = inserting(custom_field_options, "clinic_id number field name", rank=15)
# Whether the value's field is there: as a column, since as a condition it would make SQLite choose another way.
_given = (
    select(f.active)
    .where(f.clinic_id == v.clinic_id, f.number == v.field)
    .correlate(custom_field_values)
    .scalar_subquery()
)
_VALUE = (v.number, v.field, v.value, v.created_at, v.updated_at)
_OWNER = {FieldModel.CLIENT: v.client_id, FieldModel.PATIENT: v.patient_id}
_PLACE = {
    FieldModel.CLIENT: (connections, connections.c.client_id),
    FieldModel.PATIENT: (enrolments, enrolments.c.patient_id),
}


def _of_many(model: FieldModel) -> Statement:
    place, ident = _PLACE[model]
    joined = custom_field_values.join(place, (place.c.clinic_id == v.clinic_id) & (ident == _OWNER[model]))
    query = select(place.c.number, _given, *_VALUE).select_from(joined).where(v.clinic_id == p("clinic"))
    query = query.order_by(place.c.number, v.field)
    postgresql = query.where(among_numbers(place.c.number, "numbers")[1])
    return Statement(query.where(v.number.in_(_on_sqlite(model))), "clinic numbers", postgresql=postgresql)


def _on_sqlite(model: FieldModel) -> Select[tuple[int]]:
    """The numbers of the values, found by the index of their owners alone: from its rows SQLite would not go on to the
    values, and rather read all that the clinic has. The owners' clinic and number stand as a pair for the same
    reason."""
    place, ident = _PLACE[model]
    listed, own = place.alias("listed"), custom_field_values.alias("own")
    theirs = (own.c.clinic_id == listed.c.clinic_id) & (own.c[_OWNER[model].name] == listed.c[ident.name])
    pairs = select(p("clinic"), listed_numbers("numbers").c.value)
    return (
        select(own.c.number)
        .select_from(listed.join(own, theirs))
        .where(tuple_(listed.c.clinic_id, listed.c.number).in_(pairs))
    )


_OF_MANY = {model: _of_many(model) for model in FieldModel}
_OF_ONE = {
    model: Statement(
        select(_given, *_VALUE).where(v.clinic_id == p("clinic"), owner == p("owner")).order_by(v.field), "clinic owner"
    )
    for model, owner in _OWNER.items()
}
_BY_NUMBER = Statement(
    select(_given, *_VALUE, v.client_id, v.patient_id).where(v.clinic_id == p("clinic"), v.number == p("number")),
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
    """The clinic's fields by number, those that are switched off among them."""
    options = _by_field(await reader.fetch(_OPTIONS, clinic_id))
    fields = [_field(row, options) for row in await reader.fetch(_DEFINED, clinic_id)]
    return {field.number: field for field in fields}


async def page(reader: Reader, clinic_id: int, before: int, limit: int) -> list[tuple[CustomField, int]]:
    """The clinic's fields with lower numbers than `before`, the latest first; each with the number of its options in
    place of them."""
    rows = await reader.fetch(_PAGE, clinic_id, before, limit)
    if not rows:
        return []
    counted = dict(await reader.fetch(_COUNTED_BETWEEN, clinic_id, rows[-1][0], rows[0][0]))
    return [(_field(row, {}), counted.get(row[0], 0)) for row in rows]


async def get(reader: Reader, clinic_id: int, number: int) -> CustomField | None:
    """One of the clinic's fields."""
    row = await reader.fetch_one(_PAGE, clinic_id, number + 1, 1)
    if row is None or row[0] != number:
        return None
    return _field(row, _by_field(await reader.fetch(_OPTIONS_OF, clinic_id, number)))


def _by_field(rows: Iterable[Any]) -> dict[int, list[Option]]:
    options: dict[int, list[Option]] = defaultdict(list)
    for field, number, name in rows:
        options[field].append(Option(number, name))
    return options


def _field(row: Any, options: dict[int, list[Option]]) -> CustomField:
    """SQLite gives truths as 0 or 1."""
    number, model, label, kind, required, active = row
    return CustomField(number, model, label, kind, bool(required), tuple(options.get(number, ())), bool(active))


async def next_numbers(reader: Reader, clinic_id: int) -> tuple[int, int]:
    """The numbers of the clinic's next field and of its next option; nothing is ever deleted."""
    (field,) = await reader.fetch_one(_LAST_FIELD, clinic_id)
    (option,) = await reader.fetch_one(_LAST_OPTION, clinic_id)
    return field + 1, option + 1


def define(tx: Tx, clinic_id: int, field: CustomField) -> None:
    """Add a field with its options."""
    tx.write(_ADD_FIELD, clinic_id, field.number, field.model, field.label, field.kind, field.required, field.active)
    for option in field.options:
        add_option(tx, clinic_id, field.number, option)


def add_option(tx: Tx, clinic_id: int, field: int, option: Option) -> None:
    """Add a choice to a select."""
    tx.write(_ADD_OPTION, clinic_id, option.number, field, option.name)


def redefine(tx: Tx, clinic_id: int, field: CustomField) -> None:
    """Write what of a field can be changed: label, whether it is required, whether it is there."""
    tx.write(_CHANGE_FIELD, field.label, field.required, field.active, clinic_id, field.number)


async def of_many(
    reader: Reader, clinic_id: int, model: FieldModel, numbers: Iterable[int]
) -> dict[int, list[CustomValue]]:
    """The values of many clients or patients, by their numbers at the clinic."""
    found: dict[int, list[CustomValue]] = defaultdict(list)
    for owner, given, *row in await reader.fetch(_OF_MANY[model], clinic_id, as_numbers(reader.engine, numbers)):
        if given:
            found[owner].append(_value(row))
    return found


async def of_one(reader: Reader, clinic_id: int, model: FieldModel, owner: bytes) -> list[CustomValue]:
    """The values of one client or patient."""
    return [_value(row) for given, *row in await reader.fetch(_OF_ONE[model], clinic_id, owner) if given]


async def by_number(reader: Reader, clinic_id: int, number: int) -> tuple[CustomValue, FieldModel, bytes] | None:
    """A value, and whose it is."""
    row = await reader.fetch_one(_BY_NUMBER, clinic_id, number)
    if row is None or not row[0]:
        return None
    _, *value, client, patient = row
    model, owner = (FieldModel.CLIENT, client) if client is not None else (FieldModel.PATIENT, patient)
    return _value(value), model, owner


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
