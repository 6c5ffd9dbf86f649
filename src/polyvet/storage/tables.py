# SPDX-License-Identifier: Apache-2.0
"""The schema. Every index that serves a list starts with the clinic and ends with the list's order.

`clinics` holds each clinic's clock and sequences; its row is the clinic's write lock. `connections` and
`enrolments` are what one clinic sees of the global clients and patients, kept so that a list is one index range.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import UUID

metadata = MetaData()

ID = LargeBinary().with_variant(UUID(as_uuid=False), "postgresql")
BYTES = LargeBinary()
DATE = Text().with_variant(Date(), "postgresql")
INSTANT = BigInteger()  # microseconds since the epoch
SERIAL = BigInteger().with_variant(Integer(), "sqlite")  # SQLite numbers rows only in a column of type INTEGER


def _id(name: str = "id", *more: Any, primary_key: bool = False, nullable: bool = False) -> Column[bytes]:
    return Column(name, ID, *more, primary_key=primary_key, nullable=nullable)


def _int(name: str, *more: Any, primary_key: bool = False, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, *more, primary_key=primary_key, nullable=nullable, autoincrement=False)


def _text(name: str, *more: Any, primary_key: bool = False, nullable: bool = False) -> Column[str]:
    return Column(name, Text, *more, primary_key=primary_key, nullable=nullable)


def _clinic(primary_key: bool = False, *, checked: bool = True) -> Column[int]:
    """Not checked where only a transaction that holds the clinic's row writes: a check a row would be for nothing."""
    more = (ForeignKey("clinics.id"),) if checked else ()
    return _int("clinic_id", *more, primary_key=primary_key)


clinics = Table(
    "clinics",
    metadata,
    _int("id", primary_key=True),
    Column("uid", ID, nullable=False, unique=True),
    _text("name"),
    _text("timezone"),
    _text("currency"),
    Column("created_at", INSTANT, nullable=False),
    Column("clock", INSTANT, nullable=False, server_default=text("0")),
    _int("event_seq"),
    _int("client_seq"),
    _int("patient_seq"),
    _int("invoice_seq"),
)

users = Table(
    "users",
    metadata,
    _id(primary_key=True),
    _clinic(),
    _text("name"),
    _text("subject"),
    _text("role"),
    Column("created_at", INSTANT, nullable=False),
    Index("users_subject", "clinic_id", "subject", unique=True),
    sqlite_with_rowid=False,
)

api_keys = Table(
    "api_keys",
    metadata,
    _id(primary_key=True),
    _clinic(),
    _text("dialect"),
    _text("name"),
    _text("kind"),
    _text("permissions"),
    Column("key_hash", BYTES, nullable=False, unique=True),
    _text("shown"),
    _int("per_minute", nullable=True),
    _int("per_hour", nullable=True),
    Column("created_at", INSTANT, nullable=False),
    Column("revoked_at", INSTANT),
    sqlite_with_rowid=False,
)

species = Table(
    "species",
    metadata,
    _int("id", primary_key=True),
    _int("clinic_id", ForeignKey("clinics.id"), nullable=True),
    _text("name"),
    _text("slug"),
    _text("common"),
    _text("synonyms"),
)

breeds = Table(
    "breeds",
    metadata,
    _int("id", primary_key=True),
    _int("clinic_id", ForeignKey("clinics.id"), nullable=True),
    _int("species_id", ForeignKey("species.id")),
    _text("name"),
    Index("breeds_species", "species_id"),
)

clients = Table(
    "clients",
    metadata,
    _id(primary_key=True),
    _text("first_name"),
    _text("middle_name", nullable=True),
    _text("last_name"),
    _text("email", nullable=True),
    _text("address", nullable=True),
    Column("created_at", INSTANT, nullable=False),
    sqlite_with_rowid=False,
)

phones = Table(
    "phones",
    metadata,
    _id("client_id", ForeignKey("clients.id"), primary_key=True),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    _text("number"),
    sqlite_with_rowid=False,
)

connections = Table(
    "connections",
    metadata,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    _clinic(),
    _id("client_id", ForeignKey("clients.id")),
    Column("state", SmallInteger, nullable=False),
    _int("number"),
    _text("search_text"),  # folded name, e-mail and phones; the fragment search reads nothing else
    Column("last_visit", INSTANT),
    Column("created_at", INSTANT, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    Index("connections_clinic_client", "clinic_id", "client_id", unique=True),
    Index("connections_client", "client_id"),
    Index("connections_number", "clinic_id", "number", unique=True),
    Index("connections_updated", "clinic_id", "updated_at"),
    Index("connections_created", "clinic_id", "state", "created_at", "client_id", "search_text"),
)

patients = Table(
    "patients",
    metadata,
    _id(primary_key=True),
    _id("client_id", ForeignKey("clients.id")),
    _text("name"),
    _int("species_id", ForeignKey("species.id")),
    _int("breed_id", ForeignKey("breeds.id"), nullable=True),
    _text("sex"),
    Column("neutered", Boolean),
    Column("birth_date", DATE),
    Column("deceased_on", DATE),
    _int("weight_mg", nullable=True),
    Column("created_at", INSTANT, nullable=False),
    Index("patients_client", "client_id"),
    sqlite_with_rowid=False,
)

enrolments = Table(
    "enrolments",
    metadata,
    _clinic(primary_key=True, checked=False),
    _id("patient_id", ForeignKey("patients.id"), primary_key=True),
    _id("client_id"),
    Column("state", SmallInteger, nullable=False),
    _int("number"),
    _text("slug"),
    _int("species_id"),
    Column("created_at", INSTANT, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    Index("enrolments_updated", "clinic_id", "state", "updated_at", "patient_id", "number"),
    Index("enrolments_slug_updated", "clinic_id", "state", "slug", "updated_at", "patient_id", "number"),
    Index("enrolments_created", "clinic_id", "state", "created_at", "patient_id", "number"),
    Index("enrolments_species_created", "clinic_id", "state", "species_id", "created_at", "patient_id", "number"),
    Index("enrolments_client_created", "clinic_id", "client_id", "state", "created_at", "patient_id", "number"),
    Index("enrolments_number", "clinic_id", "number", unique=True),
    Index("enrolments_patient", "patient_id"),
    sqlite_with_rowid=False,
)

weights = Table(
    "weights",
    metadata,
    _id("patient_id", ForeignKey("patients.id"), primary_key=True),
    Column("measured_at", INSTANT, primary_key=True, autoincrement=False),
    _id(primary_key=True),
    _clinic(checked=False),
    _int("weight_mg"),
    sqlite_with_rowid=False,
)

medical_records = Table(
    "medical_records",
    metadata,
    _id(primary_key=True),
    _clinic(),
    _id("patient_id", ForeignKey("patients.id")),
    _text("kind"),
    _text("status"),
    _text("title"),
    _text("subjective", nullable=True),
    _text("objective", nullable=True),
    _text("assessment", nullable=True),
    _text("differential", nullable=True),
    _text("plan", nullable=True),
    _text("blood_test", nullable=True),
    _text("urine_test", nullable=True),
    Column("occurred_at", INSTANT, nullable=False),
    _id("author_id", ForeignKey("users.id"), nullable=True),
    Column("signed_at", INSTANT),
    _id("amends_id", ForeignKey("medical_records.id"), nullable=True),
    Column("created_at", INSTANT, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    Index("records_occurred", "clinic_id", "occurred_at", "id"),
    Index("records_patient", "patient_id", "occurred_at", "id"),
    sqlite_with_rowid=False,
)

calendar_events = Table(
    "calendar_events",
    metadata,
    _id(primary_key=True),
    _clinic(),
    _text("title"),
    _text("kind"),
    _text("status"),
    Column("start_at", INSTANT, nullable=False),
    Column("end_at", INSTANT, nullable=False),
    _id("patient_id", ForeignKey("patients.id"), nullable=True),
    _id("user_id", ForeignKey("users.id"), nullable=True),
    Column("created_at", INSTANT, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    Index("calendar_start", "clinic_id", "start_at", "id", "kind", "status"),
    sqlite_with_rowid=False,
)

stock_items = Table(
    "stock_items",
    metadata,
    _id(primary_key=True),
    _clinic(),
    _text("name"),
    _text("category"),
    _text("sku"),
    _text("unit"),
    _int("quantity_milli"),
    _int("low_stock_milli"),
    _int("unit_price_cents"),
    _text("currency"),
    Column("is_virtual", Boolean, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    Index("stock_clinic", "clinic_id", "id", "category", "is_virtual", "quantity_milli", "low_stock_milli"),
    sqlite_with_rowid=False,
)

invoices = Table(
    "invoices",
    metadata,
    _id(primary_key=True),
    _clinic(),
    _id("client_id", ForeignKey("clients.id")),
    _id("patient_id", ForeignKey("patients.id"), nullable=True),
    _text("number"),
    _text("status"),
    _text("currency"),
    _int("carried_over_cents"),
    Column("created_at", INSTANT, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    Index("invoices_created", "clinic_id", "created_at", "id"),
    Index("invoices_status", "clinic_id", "status", "created_at", "id"),
    Index("invoices_client", "clinic_id", "client_id", "created_at", "id"),
    Index("invoices_number", "clinic_id", "number", unique=True),
    sqlite_with_rowid=False,
)

invoice_lines = Table(
    "invoice_lines",
    metadata,
    _id("invoice_id", ForeignKey("invoices.id"), primary_key=True),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    _text("name"),
    _int("unit_price_cents"),
    _int("quantity_milli"),
    sqlite_with_rowid=False,
)

# Exact totals without a scan: see counters.py for the names that are kept.
counters = Table(
    "counters",
    metadata,
    _clinic(primary_key=True, checked=False),
    _text("name", primary_key=True),
    _int("bucket", primary_key=True),
    _int("n"),
    sqlite_with_rowid=False,
)

# What happened, in the order of each clinic's clock; webhooks, mails and the change feed read from here.
events = Table(
    "events",
    metadata,
    _clinic(primary_key=True, checked=False),
    _int("seq", primary_key=True),
    _text("kind"),
    _text("entity"),
    _id("entity_id"),
    Column("at", INSTANT, nullable=False),
    sqlite_with_rowid=False,
)

idempotency = Table(
    "idempotency",
    metadata,
    _id("key_id", ForeignKey("api_keys.id"), primary_key=True),
    _text("idempotency_key", primary_key=True),
    Column("fingerprint", BYTES, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("answer", BYTES, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Index("idempotency_created", "created_at"),
    sqlite_with_rowid=False,
)
