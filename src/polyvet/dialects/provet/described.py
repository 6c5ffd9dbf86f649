# SPDX-License-Identifier: Apache-2.0
"""What the OpenAPI description says of queries and bodies, made from the tables that read them.

A body's fields have the forms of their readers. No body is refused for a field that is not named here: it is ignored.
"""

from __future__ import annotations

from typing import Any

from polyvet.dialects.provet import clients, patients, phone_numbers, queue, webhooks, weights
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
_PHONE, _WEIGHT, _HOOK = _object(phone_numbers.FIELDS), _object(weights.FIELDS), _object(webhooks.FIELDS)
_BODIES: dict[tuple[str, str], Schema] = {
    ("POST", "client/"): _CLIENT,
    ("", "client/{id}/"): _CLIENT,
    ("POST", "patient/"): _NEW_PATIENT,
    ("", "patient/{id}/"): _PATIENT,
    ("POST", "patient/bulk/"): {"type": "array", "items": _NEW_PATIENT, "minItems": 1, "maxItems": 1_000},
    ("POST", "phonenumber/"): {**_PHONE, "required": ["client", "phone_number"]},
    ("", "phonenumber/{id}/"): _PHONE,
    ("POST", "patient/{id}/weight/"): {**_WEIGHT, "required": ["weight"]},
    ("", "patient/{id}/weight/{weight_id}/"): _WEIGHT,
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
_EXPOSE = Parameter(
    name="expose_client", schema={"type": "string"}, description="The client itself in the place of its URL.",
    origin="docs",
)  # fmt: skip
_UNPAGED = ("", "get_max_client_id/", "get_max_patient_id/")


def _filters(declared: Declared) -> tuple[Parameter, ...]:
    methods = ", ".join(METHODS)
    found = [
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
    ("GET", "patient/"): (*_PAGES, _EXPOSE, *_filters(patients.FILTERS)),
    ("GET", "patient/{id}/"): (_EXPOSE,),
    ("GET", "phonenumber/"): (*_PAGES, *_filters(phone_numbers.FILTERS)),
    ("GET", "codelist/breeds/"): (*_PAGES, _SPECIES),
    ("GET", "hook/webhook/"): (*_PAGES, *_filters(webhooks.FILTERS)),
    ("GET", "hook/queue/"): (*_PAGES, *_filters(queue.FILTERS)),
    ("POST", "patient/bulk/"): (_FORCE,),
}


def query(method: str, path: str) -> tuple[Parameter, ...]:
    """The parameters of an operation."""
    listed = method == "GET" and not path.endswith("id}/") and path not in _UNPAGED
    return _QUERIES.get((method, path), _PAGES if listed else ())
