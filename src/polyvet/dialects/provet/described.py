# SPDX-License-Identifier: Apache-2.0
"""What the OpenAPI description says of queries and bodies, made from the tables that read them.

A body's fields have the forms of their readers. No body is refused for a field that is not named here: it is ignored.
"""

from __future__ import annotations

from typing import Any

from polyvet.dialects.provet import (
    appointments,
    clients,
    consultations,
    invoice_rows,
    invoices,
    merging,
    patients,
    phone_numbers,
    queue,
    reminders,
    users,
    webhooks,
    weights,
)
from polyvet.dialects.provet.bodies import Fields
from polyvet.dialects.provet.filters import METHODS, Declared
from polyvet.dialects.provet.wire import DEFAULT_PAGE_SIZE, LARGEST_PAGE_SIZE
from polyvet.web.routes import Parameter

Schema = dict[str, Any]
_URL = {"type": ["string", "null"], "format": "uri", "description": "An absolute URL of this installation."}
_NUMBER = {"type": ["integer", "string", "null"]}
_TRUTH = {"type": ["boolean", "integer", "string"], "enum": [True, False, 1, 0, "true", "false", "1", "0"]}
# By the name of the reader, or of the function that made it.
_FORMS: dict[str, Schema] = {
    "text": {"type": ["string", "null"]},
    "name": {"type": "string", "minLength": 1},
    "integer": _NUMBER,
    "truth": _TRUTH,
    "state": _TRUTH,
    "day": {"type": ["string", "null"], "format": "date"},
    "moment": {"type": ["string", "null"], "description": "A date and time; without an offset, the clinic's own time."},
    "relation": _URL,
    "relations": {"type": "array", "items": _URL},
    "email": {"type": ["string", "null"], "description": "An e-mail address, or nothing."},
    "weight": {"type": ["number", "string", "null"], "description": "Kilograms."},
    "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 100},
    "_country": {"description": "ISO 3166-1 alpha-2, an English name, or an object with code."},
    "_species": {**_NUMBER, "description": "A code of codelist/species/."},
    "_breed": {**_NUMBER, "description": "A code of codelist/breeds/."},
    "_raw": {"type": ["integer", "string"], "description": "0 to 4, or a text such as Male or Female, neutered."},
    "_weight": {"type": ["number", "string"], "description": "Kilograms."},
    "_moment": {"type": "string", "description": "A date and time; without an offset, the clinic's own time."},
    "_instant": {"type": ["string", "null"], "description": "A date and time; now when there is none."},
    "_target": {"type": "string", "format": "uri", "description": "An absolute URL of http or https."},
}
_ROWS: Schema = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"field_id": {"type": "integer"}, "value": {}},
        "required": ["field_id", "value"],
    },
}
_VALUE: Schema = {
    "type": "object",
    "properties": {
        "field": {"type": "integer", "description": "The definition's id; field_id is read, too."},
        "value": {"description": "As the field's type has it; options as a list of objects with id."},
        "object_id": {"type": "integer", "description": "The client's or patient's id, below custom_field_values/."},
    },
    "required": ["value"],
}


def _object(fields: Fields, required: tuple[str, ...] = (), *, with_rows: bool = False) -> Schema:
    properties = {name: _FORMS.get(read.__qualname__.partition(".")[0], {}) for name, (_, read) in fields.items()}
    if with_rows:
        properties["fields_rel"] = _ROWS
    return {"type": "object", "properties": properties, **({"required": list(required)} if required else {})}


_CLIENT = _object(clients.FIELDS, with_rows=True)
_PATIENT, _NEW_PATIENT = (_object(patients.FIELDS, required, with_rows=True) for required in ((), patients.REQUIRED))
_PHONE, _WEIGHT = _object(phone_numbers.FIELDS), _object(weights.FIELDS)
_APPOINTMENT, _CANCELLING = _object(appointments.FIELDS), _object(appointments.CANCELLING)
_USER, _DETAILS = _object(users.FIELDS), _object(users.DETAILS_FIELDS)
_REMINDER, _HOOK = _object(reminders.FIELDS), _object(webhooks.FIELDS)
_BODIES: dict[tuple[str, str], Schema] = {
    ("POST", "client/"): _CLIENT,
    ("", "client/{id}/"): _CLIENT,
    ("POST", "patient/"): _NEW_PATIENT,
    ("", "patient/{id}/"): _PATIENT,
    ("POST", "patient/bulk/"): {"type": "array", "items": _NEW_PATIENT, "minItems": 1, "maxItems": 1_000},
    ("POST", "phonenumber/"): {**_PHONE, "required": ["client", "phone_number"]},
    ("", "phonenumber/{id}/"): _PHONE,
    ("POST", "patient/{id}/merge/"): _object(merging.FIELDS, merging.REQUIRED),
    ("POST", "patient/{id}/unmerge/"): _object({}),
    ("POST", "patient/{id}/weight/"): {**_WEIGHT, "required": ["weight"]},
    ("", "patient/{id}/weight/{weight_id}/"): _WEIGHT,
    ("POST", "appointment/"): {**_APPOINTMENT, "required": list(appointments.REQUIRED)},
    ("", "appointment/{id}/"): _APPOINTMENT,
    ("POST", "appointment/{id}/cancel_appointment/"): _CANCELLING,
    ("POST", "user/"): {**_USER, "required": list(users.REQUIRED)},
    ("", "user/{id}/"): _USER,
    ("", "userdetails/{id}/"): _DETAILS,
    ("POST", "reminder/"): _REMINDER,
    ("", "reminder/{id}/"): _REMINDER,
    ("", "reminder/{id}/mark_sent/"): {"type": "object", "properties": {}},
    ("POST", "hook/webhook/"): {**_HOOK, "required": list(webhooks.REQUIRED)},
    ("", "hook/webhook/{id}/"): _HOOK,
}


def body(method: str, path: str) -> Schema | None:
    """The form of an operation's body; None where none is read."""
    if method not in ("POST", "PUT", "PATCH") or path.endswith(_BODILESS):
        return None
    found = _BODIES.get((method, path)) or _BODIES.get(("", path))
    return found or (_VALUE if "custom_field_values/" in path else {"type": "object"})


_BODILESS = ("rotate_secret/", "redeliver/")
_PAGES = (
    Parameter(
        name="page", schema={"type": "integer", "minimum": 1, "default": 1}, description="Counts from 1.",
        origin="docs",
    ),
    Parameter(
        name="page_size", schema={"type": "integer", "minimum": 1, "default": DEFAULT_PAGE_SIZE},
        description=f"Rows on a page; more than {LARGEST_PAGE_SIZE} are read as {LARGEST_PAGE_SIZE}.", origin="docs",
    ),
)  # fmt: skip
_SPECIES = Parameter(
    name="species", schema={"type": "string"}, description="Only the breeds of the species with this code.",
    origin="inferred",
)  # fmt: skip
_FORCE = Parameter(
    name="force_push", schema={"enum": ["true", "false"]}, description="Create the rows that hold, not the others.",
    origin="seed",
)  # fmt: skip
_UNPAGED = ("", "get_max_client_id/", "get_max_patient_id/", "user/current/active_permissions/")


def _exposures(declared: Declared) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(
            name=f"expose_{name}", schema={"type": "string"}, description=f"The {name} in the place of the URL.",
            origin="docs",
        )
        for name in declared.exposed
    )  # fmt: skip


def _filters(declared: Declared) -> tuple[Parameter, ...]:
    methods = ", ".join(METHODS)
    found = list(_exposures(declared))
    found += [
        Parameter(
            name=name, schema={"type": "string"},
            description=f"Equal to this. Or {name}__METHOD, where METHOD is one of {methods}.", origin="docs",
        )
        for name in declared.paths
    ]  # fmt: skip
    found.append(
        Parameter(
            name="filter_type", schema={"enum": ["and", "or"]}, description="How filters are joined.", origin="seed"
        )
    )
    names = "Names of fields, separated by commas; with a minus for the other way round."
    found.append(Parameter(name="ordering", schema={"type": "string"}, description=names, origin="docs"))
    if declared.archived:
        words = "false leaves archived rows out."
        found.append(
            Parameter(name="include_archived", schema={"enum": ["true", "false"]}, description=words, origin="docs")
        )
    return tuple(found)


_QUERIES: dict[tuple[str, str], tuple[Parameter, ...]] = {
    ("GET", "client/"): (*_PAGES, *_filters(clients.FILTERS)),
    ("GET", "patient/"): (*_PAGES, *_filters(patients.FILTERS)),
    ("GET", "patient/{id}/"): _exposures(patients.FILTERS),
    ("GET", "phonenumber/"): (*_PAGES, *_filters(phone_numbers.FILTERS)),
    ("GET", "appointment/"): (*_PAGES, *_filters(appointments.FILTERS)),
    ("GET", "appointment/{id}/"): _exposures(appointments.FILTERS),
    ("GET", "user/"): (*_PAGES, *_filters(users.FILTERS)),
    ("GET", "userdetails/"): (*_PAGES, *_filters(users.DETAILS_FILTERS)),
    ("GET", "consultation/"): (*_PAGES, *_filters(consultations.FILTERS)),
    ("GET", "invoice/"): (*_PAGES, *_filters(invoices.FILTERS)),
    ("GET", "invoicerow/"): (*_PAGES, *_filters(invoice_rows.FILTERS)),
    ("GET", "reminder/"): (*_PAGES, *_filters(reminders.FILTERS)),
    ("GET", "reminder/{id}/"): _exposures(reminders.FILTERS),
    ("GET", "codelist/breeds/"): (*_PAGES, _SPECIES),
    ("GET", "hook/webhook/"): (*_PAGES, *_filters(webhooks.FILTERS)),
    ("GET", "hook/queue/"): (*_PAGES, *_filters(queue.FILTERS)),
    ("POST", "patient/bulk/"): (_FORCE,),
}


def query(method: str, path: str) -> tuple[Parameter, ...]:
    """The parameters of an operation."""
    listed = method == "GET" and not path.endswith("id}/") and path not in _UNPAGED
    return _QUERIES.get((method, path), _PAGES if listed else ())
