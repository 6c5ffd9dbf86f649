# SPDX-License-Identifier: Apache-2.0
"""The schema: all tables, and the metadata that they stand in."""

from __future__ import annotations

from polyvet.storage.tables.columns import BYTES, DATE, ID, INSTANT, SERIAL, metadata
from polyvet.storage.tables.office import (
    custom_field_options,
    custom_field_values,
    custom_fields,
    departments,
    numbers,
)
from polyvet.storage.tables.record import (
    api_keys,
    breeds,
    calendar_events,
    clients,
    clinics,
    connections,
    counters,
    enrolments,
    events,
    idempotency,
    invoice_lines,
    invoices,
    medical_records,
    patients,
    phones,
    species,
    stock_items,
    users,
    weights,
)

__all__ = [
    "BYTES",
    "DATE",
    "ID",
    "INSTANT",
    "SERIAL",
    "api_keys",
    "breeds",
    "calendar_events",
    "clients",
    "clinics",
    "connections",
    "counters",
    "custom_field_options",
    "custom_field_values",
    "custom_fields",
    "departments",
    "enrolments",
    "events",
    "idempotency",
    "invoice_lines",
    "invoices",
    "medical_records",
    "metadata",
    "numbers",
    "patients",
    "phones",
    "species",
    "stock_items",
    "users",
    "weights",
]
