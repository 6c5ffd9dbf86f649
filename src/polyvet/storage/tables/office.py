# SPDX-License-Identifier: Apache-2.0
"""What a clinic sets up for itself: departments, and fields of its own on clients and patients."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, ForeignKeyConstraint, Index, Table

from polyvet.storage.tables.columns import INSTANT, clinic_, id_, int_, metadata, text_

# The last number that was given, by clinic and kind of thing; what has no sequence of its own in `clinics`.
numbers = Table(
    "numbers",
    metadata,
    clinic_(primary_key=True),
    text_("kind", primary_key=True),
    int_("last"),
    sqlite_with_rowid=False,
)

departments = Table(
    "departments",
    metadata,
    clinic_(primary_key=True),
    int_("number", primary_key=True),
    text_("name"),
    sqlite_with_rowid=False,
)

custom_fields = Table(
    "custom_fields",
    metadata,
    clinic_(primary_key=True),
    int_("number", primary_key=True),
    text_("model"),
    text_("label"),
    text_("kind"),
    Column("required", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

custom_field_options = Table(
    "custom_field_options",
    metadata,
    clinic_(primary_key=True, checked=False),
    int_("number", primary_key=True),
    int_("field"),
    text_("name"),
    ForeignKeyConstraint(["clinic_id", "field"], ["custom_fields.clinic_id", "custom_fields.number"]),
    Index("options_field", "clinic_id", "field", "number"),
    sqlite_with_rowid=False,
)

# One value of one field, of a client or of a patient, at one clinic.
custom_field_values = Table(
    "custom_field_values",
    metadata,
    clinic_(primary_key=True, checked=False),
    int_("number", primary_key=True),
    int_("field"),
    id_("client_id", ForeignKey("clients.id"), nullable=True),
    id_("patient_id", ForeignKey("patients.id"), nullable=True),
    text_("value"),  # JSON
    Column("created_at", INSTANT, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    ForeignKeyConstraint(["clinic_id", "field"], ["custom_fields.clinic_id", "custom_fields.number"]),
    Index("values_client", "clinic_id", "client_id", "field", unique=True),
    Index("values_patient", "clinic_id", "patient_id", "field", unique=True),
    sqlite_with_rowid=False,
)
