# SPDX-License-Identifier: Apache-2.0
"""Fields of a clinic's own, on clients or patients: their definitions, their values, and what a value must be."""

from __future__ import annotations

from enum import StrEnum

from polyvet.model.entities import Entity


class FieldModel(StrEnum):
    """What the field stands on."""

    CLIENT = "client"
    PATIENT = "patient"


class FieldKind(StrEnum):
    """What the field holds."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    BOOLEAN = "boolean"
    SELECT = "select"
    MULTI_SELECT = "multi-select"


class Option(Entity, frozen=True):
    """One choice of a select; the number is unique at the clinic."""

    number: int
    name: str


class CustomField(Entity, frozen=True):
    """A definition; the number is unique at the clinic."""

    number: int
    model: str
    label: str
    kind: str
    required: bool
    options: tuple[Option, ...] = ()
    active: bool = True  # a field that is switched off is as if it were not there; its values are kept


class CustomValue(Entity, frozen=True):
    """What one client or patient has in one field. A select's value is a list of option numbers."""

    number: int
    field: int
    value: str | float | bool | list[int]
    created_at: int
    updated_at: int
