# SPDX-License-Identifier: Apache-2.0
"""Vetigen's query parameters, for the route table and its description."""

from __future__ import annotations

from polyvet.dialects.vetigen.inventory import LOW_STOCK_NAMES
from polyvet.dialects.vetigen.wire import DEFAULT_PAGE_SIZE, LARGEST_PAGE_SIZE, Generation
from polyvet.model.entities import EventKind, EventStatus, RecordKind, RecordStatus
from polyvet.web.params import HIGHEST_PAGE
from polyvet.web.routes import Parameter

_PAGE_SCHEMA = {"type": "integer", "minimum": 1, "maximum": HIGHEST_PAGE, "default": 1}
_PAGE_SIZE_SCHEMA = {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE_SIZE, "default": DEFAULT_PAGE_SIZE}
_INSTANT = {"type": "string", "format": "date-time"}


def _pages(origin: str) -> tuple[Parameter, Parameter]:
    return (
        Parameter(name="page", schema=_PAGE_SCHEMA, description="Page number (1-indexed).", origin=origin),
        Parameter(name="page_size", schema=_PAGE_SIZE_SCHEMA, description="Items per page.", origin=origin),
    )


def _choice(name: str, words: type[EventKind | EventStatus | RecordKind | RecordStatus], origin: str) -> Parameter:
    schema = {"type": "string", "enum": [word.value for word in words]}
    return Parameter(name=name, schema=schema, description=f"Only those of this {name}.", origin=origin)


SPECIES = Parameter(
    name="species",
    schema={"type": "string", "maxLength": 200},
    description="Lower-case species, compared to the letter: dog, cat, rabbit, bird, reptile, exotic, …",
    origin="seed",
)
UPDATED_SINCE = Parameter(
    name="updated_since", schema=_INSTANT, description="Only patients updated after this instant.", origin="seed"
)
START_DATE = Parameter(
    name="start_date",
    schema=_INSTANT,
    description="Only events that start at this instant or later; without it today, or 30 days before `end_date`.",
    origin="docs",
)
END_DATE = Parameter(
    name="end_date",
    schema=_INSTANT,
    description="Only events that start before this instant, at most 90 days after `start_date`; without it 30 days.",
    origin="docs",
)
CATEGORY = Parameter(
    name="category",
    schema={"type": "string", "maxLength": 200},
    description="MEDICATION, VACCINE, CONSUMABLE, SERVICE or another category, compared to the letter.",
    origin="docs",
)
PATIENTS = (*_pages("seed"), SPECIES, UPDATED_SINCE)
UNPAGED_EVENTS = (START_DATE, END_DATE, _choice("type", EventKind, "docs"), _choice("status", EventStatus, "docs"))
EVENTS = (*_pages("inferred"), *UNPAGED_EVENTS)
SOAP = (*_pages("docs"), _choice("type", RecordKind, "docs"), _choice("status", RecordStatus, "docs"))


def inventory(generation: Generation) -> tuple[Parameter, ...]:
    """The low-stock switch has one name in each generation [docs]."""
    low_stock = Parameter(
        name=LOW_STOCK_NAMES[generation],
        schema={"type": "boolean"},
        description="true: only items of which there is less than their threshold.",
        origin="docs",
    )
    return (*_pages("docs"), CATEGORY, low_stock)
