# SPDX-License-Identifier: Apache-2.0
"""`/console/fields`: the clinic's custom fields."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import Response

from polyvet.console.listing import page_of
from polyvet.console.rows import ADMINISTRATION, PAGE, Row
from polyvet.console.visit import Visit
from polyvet.core import custom_fields
from polyvet.core.context import Writing
from polyvet.core.custom_fields import KIND, PERMISSION, SELECTS, NewField
from polyvet.model.custom_fields import CustomField, FieldKind, FieldModel
from polyvet.model.errors import Invalid
from polyvet.web.people import before_of, number_in

PATH = "/console/fields"
MODELS = {FieldModel.CLIENT: "clients", FieldModel.PATIENT: "patients"}
KINDS = {
    FieldKind.TEXT: "a text",
    FieldKind.NUMBER: "a number",
    FieldKind.DATE: "a date",
    FieldKind.BOOLEAN: "yes or no",
    FieldKind.SELECT: "one of several options",
    FieldKind.MULTI_SELECT: "any of several options",
}


async def listed(visit: Visit) -> Response:
    """All fields, the latest first."""
    found = await custom_fields.page(visit.ctx, before_of(visit.request), PAGE + 1)
    found, next_ = page_of(found, lambda one: one[0].number)
    return visit.page("custom_fields.html", fields=found, next=next_, path=PATH, models=MODELS, kinds=KINDS)


async def asked(visit: Visit) -> Response:
    """The page to define one on."""
    return _new(visit)


async def defining(visit: Visit) -> Response:
    """Define it."""
    texts: dict[str, Any] = {name: visit.fields.text(name) for name in ("model", "label", "kind", "options")}
    new = NewField(**texts, required=visit.fields.get("required") is not None)
    try:
        made = await visit.write(lambda w: custom_fields.define(w, new))
    except Invalid as error:
        return _new(visit, 400, new, error.problems)
    return visit.moved(f"{PATH}/{made.number}", "defined")


async def shown(visit: Visit) -> Response:
    """One of them."""
    return await _one(visit)


async def changing(visit: Visit) -> Response:
    """Another label, and whether a value is asked for."""
    label, required = visit.fields.text("label"), visit.fields.get("required") is not None
    return await _changed(
        visit, "changed", lambda w, number, text: custom_fields.change(w, number, text, label, required=required)
    )


async def adding_option(visit: Visit) -> Response:
    """Another choice of a select."""
    name = visit.fields.text("option")
    return await _changed(visit, "option", lambda w, number, text: custom_fields.add_option(w, number, text, name))


async def switching(visit: Visit) -> Response:
    """Take it away, or bring it back."""
    active = visit.fields.get("active") == "yes"
    return await _changed(
        visit,
        "on" if active else "off",
        lambda w, number, text: custom_fields.switch(w, number, text, active=active),
    )


async def _changed(visit: Visit, done: str, work: Callable[[Writing, int, str], Awaitable[CustomField]]) -> Response:
    number, text = _number(visit), visit.parameter("field")
    try:
        await visit.write(lambda w: work(w, number, text))
    except Invalid as error:
        return await _one(visit, 400, error.problems)
    return visit.moved(f"{PATH}/{number}", done)


def _number(visit: Visit) -> int:
    return number_in(visit.parameter("field"), KIND)


def _new(
    visit: Visit, status: int = 200, given: NewField | None = None, problems: dict[str, str] | None = None
) -> Response:
    return visit.page(
        "custom_field_new.html", status, given=given or NewField(), problems=problems or {}, models=MODELS, kinds=KINDS
    )


async def _one(visit: Visit, status: int = 200, problems: dict[str, str] | None = None) -> Response:
    """The page of one; what was typed stays in the field that is to be mended."""
    field = await custom_fields.get(visit.ctx, _number(visit), visit.parameter("field"))
    problems = problems or {}
    typed = "label" in problems and visit.fields.get("active") is None  # it can also be in the way of switching on
    return visit.page(
        "custom_field.html",
        status,
        field=field,
        path=f"{PATH}/{field.number}",
        model=MODELS[FieldModel(field.model)],
        kind=KINDS[FieldKind(field.kind)],
        choices=field.kind in SELECTS,
        label=visit.fields.text("label") if typed else field.label,
        required=visit.fields.get("required") is not None if typed else field.required,
        option=visit.fields.text("option") if "option" in problems else "",
        problems=problems,
    )


ROWS = (
    Row("GET", "fields", PERMISSION, listed, "Custom fields", ADMINISTRATION),
    Row("GET", "fields/new", PERMISSION, asked),
    Row("POST", "fields/new", PERMISSION, defining),
    Row("GET", "fields/{field}", PERMISSION, shown),
    Row("POST", "fields/{field}", PERMISSION, changing),
    Row("POST", "fields/{field}/options", PERMISSION, adding_option),
    Row("POST", "fields/{field}/switch", PERMISSION, switching),
)
