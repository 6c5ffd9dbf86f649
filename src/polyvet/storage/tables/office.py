# SPDX-License-Identifier: Apache-2.0
"""What a clinic sets up for itself: departments, fields of its own on clients and patients, reminders; and which
patients were one and the same."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, ForeignKeyConstraint, Index, SmallInteger, Table

from polyvet.storage.tables.columns import (
    DATE,
    INSTANT,
    active_,
    clinic_,
    document,
    id_,
    int_,
    metadata,
    plain,
    text_,
)

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

# A clinic's own entries of code lists beside species and breeds; shared ones are the program's.
code_entries = Table(
    "code_entries",
    metadata,
    int_("id", primary_key=True),
    int_("clinic_id", ForeignKey("clinics.id"), nullable=True),
    text_("list"),
    text_("name"),
    Column("active", Boolean, nullable=False),
    *plain("name_folded"),
    Index("code_entries_clinic", "clinic_id", "list", "id"),
    Index("code_entries_named", "clinic_id", "list", "name_folded"),
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
    active_(),
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

reminders = Table(
    "reminders",
    metadata,
    id_(primary_key=True),
    clinic_(),
    int_("number"),
    id_("client_id", ForeignKey("clients.id")),
    id_("patient_id", ForeignKey("patients.id"), nullable=True),
    int_("department", nullable=True),
    Column("planned_on", DATE),
    Column("status", SmallInteger, nullable=False),
    Column("send_method", SmallInteger, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    document("details"),
    Index("reminders_number", "clinic_id", "number", unique=True),
    Index("reminders_updated", "clinic_id", "updated_at", "number"),
    Index("reminders_planned", "clinic_id", "planned_on", "number"),
    Index("reminders_client", "clinic_id", "client_id", "number"),
    Index("reminders_patient", "patient_id"),
    sqlite_with_rowid=False,
)

# A patient that turned out to be another one, and what was moved over, so that it can go back.
merges = Table(
    "merges",
    metadata,
    id_("source_id", ForeignKey("patients.id"), primary_key=True),
    id_("target_id", ForeignKey("patients.id")),
    clinic_(),
    Column("merged_at", INSTANT, nullable=False),
    text_("states"),  # JSON: the source's state at each of its clinics before
    Index("merges_target", "target_id"),
    sqlite_with_rowid=False,
)

merged_rows = Table(
    "merged_rows",
    metadata,
    id_("source_id", ForeignKey("merges.source_id"), primary_key=True),
    text_("table_name", primary_key=True),
    text_("row_key", primary_key=True),  # JSON: the row's primary key
    sqlite_with_rowid=False,
)
