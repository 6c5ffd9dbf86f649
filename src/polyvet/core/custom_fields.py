# SPDX-License-Identifier: Apache-2.0
"""A clinic's own fields on clients and patients: defining them, and changing what may change of them.

Model and kind stay, since values are read by them, and no option goes, since values name it. A field that is switched
off is as if it were not there: its values are kept, and come back with it.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from polyvet.core import audit
from polyvet.core.context import Context, Writing
from polyvet.model import values
from polyvet.model.audit import Action
from polyvet.model.custom_fields import CustomField, FieldKind, FieldModel, Option
from polyvet.model.errors import Invalid, Missing
from polyvet.storage import custom_fields as stored

KIND = "custom field"
PERMISSION = "lists:write"
MOST_FIELDS, MOST_OPTIONS = 200, 200
SELECTS = (FieldKind.SELECT, FieldKind.MULTI_SELECT)
_LABEL = f"A label has 1 to {values.LONGEST_NAME} characters on one line."
_TAKEN = "There is a field of this label."
_OPTION = f"An option has 1 to {values.LONGEST_NAME} characters."


class NewField(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be defined, as it was typed; `options` of a select, one a line."""

    model: str = ""
    label: str = ""
    kind: str = ""
    options: str = ""
    required: bool = False


async def page(ctx: Context, before: int, limit: int) -> list[tuple[CustomField, int]]:
    """The clinic's fields with lower numbers than `before`, the latest first; also those that are switched off. Each
    with the number of its options in place of them."""
    ctx.require(PERMISSION)
    return await stored.page(ctx.reader, ctx.clinic_id, before, limit)


async def get(ctx: Context, number: int, shown: str) -> CustomField:
    """One of them. Missing."""
    ctx.require(PERMISSION)
    found = await stored.get(ctx.reader, ctx.clinic_id, number)
    if found is None:
        raise Missing(KIND, shown)
    return found


async def define(w: Writing, new: NewField) -> CustomField:
    """Add a field. Invalid names what does not hold."""
    w.require(PERMISSION)
    known = await stored.definitions(w.tx, w.clinic_id)
    label = new.label.strip()
    options = [line.strip() for line in new.options.splitlines() if line.strip()]
    problems = {}
    if new.model not in set(FieldModel):
        problems["model"] = "Choose what the field stands on."
    if new.kind not in set(FieldKind):
        problems["kind"] = "Choose what the field holds."
    if problem := _label_problem(known, label, new.model):
        problems["label"] = problem
    if problem := _options_problem(new.kind, options):
        problems["options"] = problem
    if len(known) >= MOST_FIELDS:
        problems["label"] = f"A clinic has at most {MOST_FIELDS} fields. Switch one on again in place of a new one."
    if problems:
        raise Invalid(problems)
    number, option = await stored.next_numbers(w.tx, w.clinic_id)
    made = tuple(Option(option + n, name) for n, name in enumerate(options))
    field = CustomField(number, new.model, label, new.kind, new.required, made)
    stored.define(w.tx, w.clinic_id, field)
    _note(w, Action.MADE, field, "")
    return field


async def change(w: Writing, number: int, shown: str, label: str, *, required: bool) -> CustomField:
    """Another label, and whether a value is asked for. Missing, Invalid."""
    w.require(PERMISSION)
    known = await stored.definitions(w.tx, w.clinic_id)
    field, label = _of(known, number, shown), label.strip()
    others = {other: one for other, one in known.items() if other != number}
    if problem := _label_problem(others, label, field.model):
        raise Invalid({"label": problem})
    changed = replace(field, label=label, required=required)
    if changed == field:
        return field
    renamed = f", was “{field.label}”" if label != field.label else ""
    asked = ", required" if required else ", not required"
    return _written(w, changed, renamed + (asked if required != field.required else ""))


async def add_option(w: Writing, number: int, shown: str, name: str) -> CustomField:
    """Another choice of a select. Missing, Invalid."""
    w.require(PERMISSION)
    field, name = _of(await stored.definitions(w.tx, w.clinic_id), number, shown), name.strip()
    if problem := _options_problem(field.kind, [*(one.name for one in field.options), name]):
        raise Invalid({"option": problem})
    _, next_option = await stored.next_numbers(w.tx, w.clinic_id)
    option = Option(next_option, name)
    stored.add_option(w.tx, w.clinic_id, number, option)
    changed = replace(field, options=(*field.options, option))
    _note(w, Action.CHANGED, changed, f", with the option {name}")
    return changed


async def switch(w: Writing, number: int, shown: str, *, active: bool) -> CustomField:
    """Take the field away, or bring it back with its values. Missing; Invalid if another one has its label by now."""
    w.require(PERMISSION)
    known = await stored.definitions(w.tx, w.clinic_id)
    field = _of(known, number, shown)
    if field.active == active:
        return field
    others = {other: one for other, one in known.items() if other != number}
    if active and (problem := _label_problem(others, field.label, field.model)):
        raise Invalid({"label": f"{problem} Change one of the two labels first."})
    return _written(w, replace(field, active=active), f", switched {'on' if active else 'off'}")


def _written(w: Writing, field: CustomField, more: str) -> CustomField:
    stored.redefine(w.tx, w.clinic_id, field)
    _note(w, Action.CHANGED, field, more)
    return field


def _note(w: Writing, action: Action, field: CustomField, more: str) -> None:
    audit.note(w, action, KIND, None, f"{field.label} ({field.model}){more}")


def _of(known: dict[int, CustomField], number: int, shown: str) -> CustomField:
    if number not in known:
        raise Missing(KIND, shown)
    return known[number]


def _label_problem(others: dict[int, CustomField], label: str, model: str) -> str | None:
    if not values.is_name(label):
        return _LABEL
    same = (one for one in others.values() if one.active and one.model == model)
    return _TAKEN if any(values.fold(one.label) == values.fold(label) for one in same) else None


def _options_problem(kind: str, names: list[str]) -> str | None:
    if kind not in SELECTS:
        return "A field of this kind has no options." if names else None
    if not names:
        return "Give at least one option, each on a line of its own."
    if len(names) > MOST_OPTIONS:
        return f"A choice has at most {MOST_OPTIONS} options."
    if not all(map(values.is_name, names)):
        return _OPTION
    return "Two options have the same name." if len({values.fold(one) for one in names}) < len(names) else None
