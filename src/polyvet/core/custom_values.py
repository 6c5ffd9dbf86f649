# SPDX-License-Identifier: Apache-2.0
"""Custom fields: a clinic's definitions, and their values on clients and patients.

A field that has a value already is written anew; one that is not named keeps its value.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec

from polyvet.core.context import Context, Writing
from polyvet.model.custom_fields import CustomField, CustomValue, FieldKind, FieldModel
from polyvet.model.errors import Invalid, Missing
from polyvet.storage import custom_fields as stored
from polyvet.storage import numbers

VALUE = "custom field value"
LONGEST_TEXT = 4_000
Given = Sequence[tuple[int, Any]]  # fields' numbers, and what came in for them
Checked = Sequence[tuple[int, Any]]  # fields' numbers, and what they keep
PERMISSION = {FieldModel.CLIENT: "clients", FieldModel.PATIENT: "patients"}


async def definitions(ctx: Context) -> dict[int, CustomField]:
    """The clinic's fields by number, without those that are switched off; whoever has a key of the clinic may know
    them."""
    found = await stored.definitions(ctx.reader, ctx.clinic_id)
    return {number: field for number, field in found.items() if field.active}


async def of_many(ctx: Context, model: FieldModel, owners: Iterable[int]) -> dict[int, list[CustomValue]]:
    """Values by the owners' numbers; the caller has asked for the permission."""
    return await stored.of_many(ctx.reader, ctx.clinic_id, model, owners)


async def check(w: Writing, model: FieldModel, given: Given) -> Checked:
    """What the fields keep of what came in; nothing is written. Invalid names each field that does not hold."""
    w.require(f"{PERMISSION[model]}:write")
    return read_all(await stored.definitions(w.tx, w.clinic_id), model, given) if given else []


def read_all(defined: Mapping[int, CustomField], model: FieldModel, given: Given) -> Checked:
    """The same with the clinic's definitions at hand."""
    checked: list[tuple[int, Any]] = []
    problems: dict[str, str] = {}
    for number, raw in given:
        field = defined.get(number)
        if field is None or field.model != model or not field.active:
            problems[str(number)] = f"There is no such field on a {model}."
            continue
        try:
            checked.append((number, read_value(field, raw)))
        except ValueError as error:
            problems[str(number)] = f"{field.label}: {error}"
    if problems:
        raise Invalid({"fields": " ".join(problems.values())})
    return checked


async def put(w: Writing, model: FieldModel, owner: bytes, checked: Checked) -> None:
    """Write values that were checked; the caller stamps the owner."""
    w.require(f"{PERMISSION[model]}:write")
    if not checked:
        return
    present = {value.field: value for value in await stored.of_one(w.tx, w.clinic_id, model, owner)}
    at = w.tx.stamp(w.clinic_id)
    for number, value in checked:
        present[number] = await _put(w, model, owner, present.get(number), number, value, at)


async def put_new(w: Writing, model: FieldModel, given: Sequence[tuple[bytes, Checked]]) -> None:
    """Write values that were checked of owners who have none yet; the caller stamps the owners."""
    w.require(f"{PERMISSION[model]}:write")
    wanted = [(owner, dict(checked)) for owner, checked in given if checked]
    if not wanted:
        return
    number = await numbers.take(w.tx, w.clinic_id, VALUE, sum(len(checked) for _, checked in wanted))
    at = w.tx.stamp(w.clinic_id)
    for owner, checked in wanted:
        for field, value in checked.items():
            stored.insert(w.tx, w.clinic_id, CustomValue(number, field, value, at, at), model, owner)
            number += 1


async def _put(
    w: Writing, model: FieldModel, owner: bytes, old: CustomValue | None, field: int, value: Any, at: int
) -> CustomValue:
    if old is not None:
        changed = msgspec.structs.replace(old, value=value, updated_at=at)
        stored.change(w.tx, w.clinic_id, changed)
        return changed
    number = await numbers.take(w.tx, w.clinic_id, VALUE)
    new = CustomValue(number, field, value, at, at)
    stored.insert(w.tx, w.clinic_id, new, model, owner)
    return new


async def of_many_within(w: Writing, model: FieldModel, owners: Iterable[int]) -> dict[int, list[CustomValue]]:
    """The same as the transaction sees them; the caller has asked for the permission."""
    return await stored.of_many(w.tx, w.clinic_id, model, owners)


async def find(ctx: Context, number: int, shown: str) -> tuple[CustomValue, FieldModel, bytes]:
    """A value of this clinic, and whose it is; the permission is asked for when that is known. Missing."""
    found = await stored.by_number(ctx.reader, ctx.clinic_id, number)
    if found is None:
        raise Missing(VALUE, shown)
    return found


async def remove(w: Writing, model: FieldModel, number: int) -> None:
    """Take a value away; the caller stamps the owner."""
    w.require(f"{PERMISSION[model]}:write")
    stored.remove(w.tx, w.clinic_id, number)


def read_value(field: CustomField, raw: Any) -> Any:
    """What a field keeps of what came in. ValueError says what it takes."""
    match field.kind:
        case FieldKind.TEXT:
            if not isinstance(raw, str) or len(raw) > LONGEST_TEXT or not _is_plain(raw):
                raise ValueError(f"takes a text of at most {LONGEST_TEXT} characters")
            return raw
        case FieldKind.NUMBER:
            return _number(raw)
        case FieldKind.DATE:
            if not isinstance(raw, str) or len(raw) != 10 or raw[7] != "-":  # nor a week's day
                raise ValueError("takes a date such as 2026-01-31")
            try:
                return date.fromisoformat(raw).isoformat()
            except ValueError:
                raise ValueError("takes a date that exists, such as 2026-01-31") from None
        case FieldKind.BOOLEAN:
            return _truth(raw)
    return _options(field, raw)


def _is_plain(text: str) -> bool:
    """Whether every store and every client can take it: no null character, no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _number(raw: Any) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise ValueError("takes a number")
    try:
        number = float(raw)
    except (ValueError, OverflowError):
        raise ValueError("takes a number") from None
    if not math.isfinite(number):
        raise ValueError("takes a finite number")
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _truth(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    word = str(raw).lower()
    if word in ("true", "1"):
        return True
    if word in ("false", "0"):
        return False
    raise ValueError("takes true or false")


def _options(field: CustomField, raw: Any) -> list[int]:
    chosen = raw if isinstance(raw, list) else [raw]
    known = {option.number: option.name for option in field.options}
    numbers_: list[int] = []
    for one in chosen:
        number = one.get("id") if isinstance(one, dict) else one
        if isinstance(number, str) and number.isdecimal() and len(number) < 16:
            number = int(number)
        if isinstance(number, bool) or not isinstance(number, int) or number not in known:
            raise ValueError(f"takes options by id: {', '.join(f'{n} {name}' for n, name in known.items())}")
        numbers_.append(number)
    if field.kind == FieldKind.SELECT and len(numbers_) > 1:
        raise ValueError("takes one option")
    return list(dict.fromkeys(numbers_))


def shown_value(field: CustomField, value: Any) -> Any:
    """A value as it is given back: options with their names."""
    if field.kind in (FieldKind.SELECT, FieldKind.MULTI_SELECT):
        names = {option.number: option.name for option in field.options}
        return [{"id": number, "name": names.get(number, "")} for number in value]
    return value
