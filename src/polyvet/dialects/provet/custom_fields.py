# SPDX-License-Identifier: Apache-2.0
"""`custom_fields/` (definitions) and `custom_field_values/`, flat and below a client or a patient [seed, docs].

Posting to a field that has a value updates it [seed].
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from polyvet.core import client_files, custom_values, patient_files
from polyvet.core.context import Context, Writing
from polyvet.dialects.provet.bodies import read_document, read_object
from polyvet.dialects.provet.requests import Asking, named, number_of
from polyvet.dialects.provet.wire import FieldErrors, Listed, encode
from polyvet.model.custom_fields import CustomField, CustomValue, FieldKind, FieldModel
from polyvet.model.errors import Invalid, Missing
from polyvet.web.idempotency import write
from polyvet.web.message import Reply, Request

_FILES: Mapping[FieldModel, Any] = {FieldModel.CLIENT: client_files, FieldModel.PATIENT: patient_files}
_MOST_DIGITS = 15


class FieldRow(msgspec.Struct):
    """A value as it stands in `fields_rel` [client]: the seed's four columns."""

    field_id: int
    id: int
    value: Any
    label: str


class OptionOut(msgspec.Struct):
    """One choice of a select [seed]."""

    id: int
    name: str


class FieldOut(msgspec.Struct):
    """A definition [seed]; the key names beside `id` are [inferred]."""

    id: int
    url: str
    label: str
    field_type: str
    model: str
    required: bool
    options: list[OptionOut]


class ValueOut(msgspec.Struct):
    """A value at its own endpoints: the embedded row, and where it stands [inferred]."""

    id: int
    url: str
    field: int
    field_id: int
    label: str
    value: Any
    object_id: int


def field_rows(found: Iterable[CustomValue], fields: Mapping[int, CustomField]) -> list[FieldRow]:
    """The embedded rows."""
    return [
        FieldRow(one.field, one.number, shown(fields[one.field], one.value), fields[one.field].label) for one in found
    ]


def shown(field: CustomField, value: Any) -> Any:
    """A value on the wire: booleans are the texts "True" and "False" [client]."""
    return str(value) if field.kind == FieldKind.BOOLEAN else custom_values.shown_value(field, value)


class CustomFields:
    """The operations."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def list_fields(self, request: Request) -> Reply:
        """The clinic's definitions."""
        paging = self._asking.unfiltered(request)
        page = paging.window(list((await custom_values.definitions(request.context)).values()))
        return Reply(200, encode(paging.listed(page, [self._field(request, one) for one in page.items])))

    async def get_field(self, request: Request) -> Reply:
        """One definition."""
        number, text = named(request, "custom field")
        found = (await custom_values.definitions(request.context)).get(number)
        if found is None:
            raise Missing("custom field", text)
        return Reply(200, encode(self._field(request, found)))

    def of(self, model: FieldModel) -> NestedValues:
        """The endpoints below a client or a patient."""
        return NestedValues(self._asking, model)

    async def create_value(self, request: Request) -> Reply:
        """Flat: `field`, `value`, and `object_id`, the client or patient [client]."""
        body, document = await read_document(request)
        document = read_object(document)
        field = await _field_of(request.context, document)
        owner = _whole(document, "object_id")
        return await _put(self._asking, request, body, FieldModel(field.model), owner, field, document)

    async def change_value(self, request: Request) -> Reply:
        """Flat PUT and PATCH: a new value."""
        number = number_of(custom_values.VALUE, request.parameters["id"])
        return await _change(self._asking, request, number)

    async def get_value(self, request: Request) -> Reply:
        """One value."""
        number = number_of(custom_values.VALUE, request.parameters["id"])
        return await _one(self._asking, request, number)

    async def delete_value(self, request: Request) -> Reply:
        """204 [oas]."""
        number = number_of(custom_values.VALUE, request.parameters["id"])
        return await _delete(request, number)

    def _field(self, request: Request, field: CustomField) -> FieldOut:
        url = self._asking.urls(request).of("custom_fields", field.number)
        options = [OptionOut(one.number, one.name) for one in field.options]
        return FieldOut(field.number, url, field.label, field.kind, field.model, field.required, options)


class NestedValues:
    """`client/{id}/custom_field_values/` and `patient/{id}/custom_field_values/`."""

    def __init__(self, asking: Asking, model: FieldModel) -> None:
        self._asking = asking
        self._model = model

    async def list_values(self, request: Request) -> Reply:
        """All values of the client or patient."""
        owner = await self._owner(request)
        ctx = request.context
        found = (await custom_values.of_many(ctx, self._model, [owner])).get(owner, [])
        fields = await custom_values.definitions(ctx)
        urls = self._asking.urls(request)
        paging = self._asking.unfiltered(request)
        page = paging.window(found)
        out = [_value_out(urls, one, fields[one.field], owner) for one in page.items]
        return Reply(200, encode(paging.listed(page, out)))

    async def create_value(self, request: Request) -> Reply:
        """Sets the field, whether it has a value or not [seed]."""
        owner = await self._owner(request)
        body, document = await read_document(request)
        document = read_object(document)
        field = await _field_of(request.context, document)
        return await _put(self._asking, request, body, self._model, owner, field, document)

    async def change_value(self, request: Request) -> Reply:
        """PUT and PATCH: a new value."""
        return await _change(self._asking, request, await self._own(request))

    async def get_value(self, request: Request) -> Reply:
        """One value."""
        return await _one(self._asking, request, await self._own(request))

    async def delete_value(self, request: Request) -> Reply:
        """204 [oas]."""
        return await _delete(request, await self._own(request))

    async def _owner(self, request: Request) -> int:
        number, text = named(request, self._model)
        await _FILES[self._model].get(request.context, number, text)
        return number

    async def _own(self, request: Request) -> int:
        """The value's number; Missing if it is another's."""
        owner = await self._owner(request)
        text = request.parameters["value_id"]
        number = number_of(custom_values.VALUE, text)
        found = (await custom_values.of_many(request.context, self._model, [owner])).get(owner, [])
        if all(one.number != number for one in found):
            raise Missing(custom_values.VALUE, text)
        return number


async def _put(
    asking: Asking,
    request: Request,
    body: bytes,
    model: FieldModel,
    owner: int,
    field: CustomField,
    document: dict[str, Any],
) -> Reply:
    if field.model != model:
        raise FieldErrors({"field": [f"This field is not one of a {model}'s."]})
    if "value" not in document:
        raise FieldErrors({"value": ["This field is required."]})
    files = _FILES[model]
    given = [(field.number, document["value"])]

    async def work(w: Writing) -> Reply:
        await files.save(w, owner, str(owner), lambda file: file, given)
        found = (await custom_values.of_many_within(w, model, [owner])).get(owner, [])
        one = next(value for value in found if value.field == field.number)
        status = 201 if one.created_at == one.updated_at else 200
        return Reply(status, encode(_value_out(asking.urls(request), one, field, owner)))

    try:
        return await write(request, body, await files.saving(request.context, owner), work)
    except Invalid as error:
        raise FieldErrors({"value": list(error.problems.values())}) from error
    except Missing as error:
        raise FieldErrors({"object_id": ["Object does not exist."]}) from error


async def _change(asking: Asking, request: Request, number: int) -> Reply:
    body, document = await read_document(request)
    document = read_object(document)
    field, model, owner = await _found(request.context, number)
    return await _put(asking, request, body, model, owner, field, document)


async def _one(asking: Asking, request: Request, number: int) -> Reply:
    ctx = request.context
    field, model, owner = await _found(ctx, number)
    found = (await custom_values.of_many(ctx, model, [owner])).get(owner, [])
    one = next((value for value in found if value.number == number), None)
    if one is None:
        raise Missing(custom_values.VALUE, str(number))
    return Reply(200, encode(_value_out(asking.urls(request), one, field, owner)))


async def _delete(request: Request, number: int) -> Reply:
    _, model, owner = await _found(request.context, number)
    files = _FILES[model]

    async def work(w: Writing) -> Reply:
        await custom_values.remove(w, model, number)
        await files.save(w, owner, str(owner), lambda file: file)
        return Reply(204, b"")

    return await write(request, b"", await files.saving(request.context, owner), work)


async def _found(ctx: Context, number: int) -> tuple[CustomField, FieldModel, int]:
    """A value's field, and the client or patient that has it, who must be one that the clinic sees."""
    value, model, ident = await custom_values.find(ctx, number, str(number))
    files = _FILES[model]
    ctx.require(f"{custom_values.PERMISSION[model]}:read")
    owner = await files.number_of(ctx, ident, str(number))
    return (await custom_values.definitions(ctx))[value.field], model, owner


async def _field_of(ctx: Context, document: dict[str, Any]) -> CustomField:
    """The definition that a body names by `field` [client] or `field_id` [seed]."""
    name = "field" if "field" in document else "field_id"
    number = _whole(document, name)
    found = (await custom_values.definitions(ctx)).get(number)
    if found is None:
        raise FieldErrors({name: [f'Invalid pk "{number}" - object does not exist.']})
    return found


def _whole(document: dict[str, Any], name: str) -> int:
    if name not in document:
        raise FieldErrors({name: ["This field is required."]})
    raw = document[name]
    if isinstance(raw, str) and raw.isdecimal() and raw.isascii() and len(raw) <= _MOST_DIGITS:
        raw = int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise FieldErrors({name: ["Incorrect type. Expected pk value."]})
    return raw


def _value_out(urls: Any, one: CustomValue, field: CustomField, owner: int) -> ValueOut:
    url = urls.of("custom_field_values", one.number)
    return ValueOut(one.number, url, one.field, one.field, field.label, shown(field, one.value), owner)


FieldsAnswer = Listed[FieldOut]
ValuesAnswer = Listed[ValueOut]
