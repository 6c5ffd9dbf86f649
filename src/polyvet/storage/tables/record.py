# SPDX-License-Identifier: Apache-2.0
"""The record's tables. Every index that serves a list starts with the clinic and ends with the list's order.

`clinics` holds each clinic's clock and sequences; its row is the clinic's write lock. `connections` and
`enrolments` are what one clinic sees of the global clients and patients, kept so that a list is one index range.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, SmallInteger, Table, text

from polyvet.storage.tables.columns import (
    BYTES,
    DATE,
    ID,
    INSTANT,
    SERIAL,
    active_,
    clinic_,
    document,
    id_,
    int_,
    metadata,
    plain,
    since_0003,
    text_,
)

clinics = Table(
    "clinics",
    metadata,
    int_("id", primary_key=True),
    Column("uid", ID, nullable=False, unique=True),
    text_("name"),
    text_("timezone"),
    text_("currency"),
    Column("created_at", INSTANT, nullable=False),
    Column("clock", INSTANT, nullable=False, server_default=text("0")),
    int_("event_seq"),
    int_("client_seq"),
    int_("patient_seq"),
    int_("invoice_seq"),
    since_0003("appointment_seq"),
    since_0003("record_seq"),
    text_("email", nullable=True),  # where it is told of what people filled in
)

species = Table(
    "species",
    metadata,
    int_("id", primary_key=True),
    int_("clinic_id", ForeignKey("clinics.id"), nullable=True),
    text_("name"),
    text_("slug"),
    text_("common"),
    text_("synonyms"),
    *plain("common_lower common_upper"),
    active_(),
    *plain("name_folded"),  # of clinics' own: the shared ones have more names than one
    Index("species_own", "clinic_id", "id"),
    Index("species_named", "clinic_id", "name_folded"),
)

breeds = Table(
    "breeds",
    metadata,
    int_("id", primary_key=True),
    int_("clinic_id", ForeignKey("clinics.id"), nullable=True),
    int_("species_id", ForeignKey("species.id")),
    text_("name"),
    active_(),
    *plain("name_folded"),  # of clinics' own
    Index("breeds_species", "species_id"),
    Index("breeds_own", "clinic_id", "id"),
    Index("breeds_named", "clinic_id", "species_id", "name_folded"),
)

clients = Table(
    "clients",
    metadata,
    id_(primary_key=True),
    text_("first_name"),
    text_("middle_name", nullable=True),
    text_("last_name"),
    text_("email", nullable=True),
    text_("address", nullable=True),  # on one line, made of the parts in `details` where it has some
    Column("created_at", INSTANT, nullable=False),
    *plain("organization_name first_name_folded last_name_folded organization_name_folded email_folded"),
    document("details"),
    Index("clients_email", "email_folded"),
    sqlite_with_rowid=False,
)

phones = Table(
    "phones",
    metadata,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    id_("client_id", ForeignKey("clients.id")),
    Column("position", SmallInteger, nullable=False),
    text_("number"),
    Column("kind", SmallInteger, nullable=False),
    text_("description", nullable=True),
    Column("for_reminders", Boolean, nullable=False),
    Column("second_owner", Boolean, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    Index("phones_client", "client_id", "position", unique=True),
)

SHARED = text("shared")

connections = Table(
    "connections",
    metadata,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    clinic_(),
    id_("client_id", ForeignKey("clients.id")),
    Column("state", SmallInteger, nullable=False),
    int_("number"),
    text_("search_text"),  # folded name, e-mail and phones; the fragment search reads nothing else
    Column("last_visit", INSTANT),
    Column("created_at", INSTANT, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    int_("home_department", nullable=True),
    id_("payer_id", nullable=True),  # another client who pays this one's invoices
    id_("parent_id", nullable=True),  # the referring organisation that this one belongs to
    text_("old_id", nullable=True),  # in a system that the clinic used before
    document("details"),
    # Whether the clinic sees the client now, and another one does, too.
    Column("shared", Boolean, nullable=False, server_default=text("false")),
    Index("connections_clinic_client", "clinic_id", "client_id", unique=True),
    Index("connections_client", "client_id"),
    Index("connections_number", "clinic_id", "number", unique=True),
    Index("connections_updated", "clinic_id", "updated_at"),
    Index("connections_created", "clinic_id", "state", "created_at", "client_id", "search_text"),
    # Unique, or SQLite would prefer `connections_number`, which is.
    Index("connections_shared", "clinic_id", "number", unique=True, sqlite_where=SHARED, postgresql_where=SHARED),
)

patients = Table(
    "patients",
    metadata,
    id_(primary_key=True),
    id_("client_id", ForeignKey("clients.id")),
    text_("name"),
    int_("species_id", ForeignKey("species.id")),
    int_("breed_id", ForeignKey("breeds.id"), nullable=True),
    text_("sex"),
    Column("neutered", Boolean),
    Column("birth_date", DATE),
    Column("deceased_on", DATE),
    int_("weight_mg", nullable=True),
    Column("created_at", INSTANT, nullable=False),
    text_("microchip", nullable=True),
    text_("animal_code", nullable=True),  # a farm's own
    *plain("name_folded"),
    document("details"),
    Index("patients_client", "client_id"),
    Index("patients_microchip", "microchip"),
    sqlite_with_rowid=False,
)

enrolments = Table(
    "enrolments",
    metadata,
    clinic_(primary_key=True, checked=False),
    id_("patient_id", ForeignKey("patients.id"), primary_key=True),
    id_("client_id"),
    Column("state", SmallInteger, nullable=False),
    int_("number"),
    text_("slug"),
    int_("species_id"),
    Column("created_at", INSTANT, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    int_("home_department", nullable=True),
    text_("old_id", nullable=True),
    document("details"),
    Index("enrolments_updated", "clinic_id", "state", "updated_at", "patient_id", "number"),
    Index("enrolments_slug_updated", "clinic_id", "state", "slug", "updated_at", "patient_id", "number"),
    Index("enrolments_created", "clinic_id", "state", "created_at", "patient_id", "number"),
    Index("enrolments_species_created", "clinic_id", "state", "species_id", "created_at", "patient_id", "number"),
    Index("enrolments_client_created", "clinic_id", "client_id", "state", "created_at", "patient_id", "number"),
    Index("enrolments_number", "clinic_id", "number", unique=True),
    Index("enrolments_patient", "patient_id"),
    Index("enrolments_changed", "clinic_id", "updated_at", "number"),
    sqlite_with_rowid=False,
)

weights = Table(
    "weights",
    metadata,
    id_("patient_id", ForeignKey("patients.id"), primary_key=True),
    Column("measured_at", INSTANT, primary_key=True, autoincrement=False),
    id_(primary_key=True),
    clinic_(checked=False),
    int_("weight_mg"),
    sqlite_with_rowid=False,
)

medical_records = Table(
    "medical_records",
    metadata,
    id_(primary_key=True),
    clinic_(),
    id_("patient_id", ForeignKey("patients.id")),
    text_("kind"),
    text_("status"),
    text_("title"),
    text_("subjective", nullable=True),
    text_("objective", nullable=True),
    text_("assessment", nullable=True),
    text_("differential", nullable=True),
    text_("plan", nullable=True),
    text_("blood_test", nullable=True),
    text_("urine_test", nullable=True),
    Column("occurred_at", INSTANT, nullable=False),
    id_("author_id", ForeignKey("users.id"), nullable=True),
    Column("signed_at", INSTANT),
    id_("amends_id", ForeignKey("medical_records.id"), nullable=True),
    Column("created_at", INSTANT, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    since_0003("number"),
    int_("department", nullable=True),
    Index("records_occurred", "clinic_id", "occurred_at", "id"),
    Index("records_patient", "patient_id", "occurred_at", "id"),
    Index("records_number", "clinic_id", "number", unique=True),
    Index("records_updated", "clinic_id", "updated_at", "number"),
    sqlite_with_rowid=False,
)

calendar_events = Table(
    "calendar_events",
    metadata,
    id_(primary_key=True),
    clinic_(),
    text_("title"),
    text_("kind"),
    text_("status"),
    Column("start_at", INSTANT, nullable=False),
    Column("end_at", INSTANT, nullable=False),
    id_("patient_id", ForeignKey("patients.id"), nullable=True),
    id_("user_id", ForeignKey("users.id"), nullable=True),
    Column("created_at", INSTANT, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    since_0003("number"),
    id_("client_id", nullable=True),
    int_("department", nullable=True),
    Column("booking", BigInteger, nullable=False, server_default=text("1")),
    document("details"),
    Index("calendar_start", "clinic_id", "start_at", "id", "kind", "status", "number"),
    Index("calendar_number", "clinic_id", "number", unique=True),
    Index("calendar_updated", "clinic_id", "updated_at", "number"),
    Index("calendar_user", "clinic_id", "user_id", "start_at"),
    Index("calendar_client", "clinic_id", "client_id", "number"),
    Index("calendar_patient", "patient_id", "number"),
    sqlite_with_rowid=False,
)

# The animals of an appointment beside the first one, which stands in its row.
event_patients = Table(
    "event_patients",
    metadata,
    id_("event_id", ForeignKey("calendar_events.id"), primary_key=True),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    id_("patient_id", ForeignKey("patients.id")),
    Index("event_patients_patient", "patient_id"),
    sqlite_with_rowid=False,
)

# Who takes part in an appointment beside the one in its row, and when it starts: whether somebody is free is one range.
event_users = Table(
    "event_users",
    metadata,
    id_("event_id", ForeignKey("calendar_events.id"), primary_key=True),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    id_("user_id", ForeignKey("users.id")),
    Column("start_at", INSTANT, nullable=False),
    Index("event_users_user", "user_id", "start_at"),
    sqlite_with_rowid=False,
)

stock_items = Table(
    "stock_items",
    metadata,
    id_(primary_key=True),
    clinic_(),
    text_("name"),
    text_("category"),
    text_("sku"),
    text_("unit"),
    int_("quantity_milli"),
    int_("low_stock_milli"),
    int_("unit_price_cents"),
    text_("currency"),
    Column("is_virtual", Boolean, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    Index("stock_clinic", "clinic_id", "id", "category", "is_virtual", "quantity_milli", "low_stock_milli"),
    sqlite_with_rowid=False,
)

CARRIED = text("carried_over_cents <> 0")  # of hardly any
invoices = Table(
    "invoices",
    metadata,
    id_(primary_key=True),
    clinic_(),
    id_("client_id", ForeignKey("clients.id")),
    id_("patient_id", ForeignKey("patients.id"), nullable=True),
    text_("number"),
    text_("status"),
    text_("currency"),
    int_("carried_over_cents"),
    Column("created_at", INSTANT, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    since_0003("serial"),  # `number` is what stands on the paper
    int_("department", nullable=True),
    Column("paid_at", INSTANT),
    Index("invoices_created", "clinic_id", "created_at", "id"),
    Index("invoices_status", "clinic_id", "status", "created_at", "id"),
    Index("invoices_client", "clinic_id", "client_id", "created_at", "id"),
    Index("invoices_number", "clinic_id", "number", unique=True),
    Index("invoices_serial", "clinic_id", "serial", unique=True),
    Index("invoices_updated", "clinic_id", "updated_at", "serial"),
    Index("invoices_patient", "patient_id"),
    # Unique, or SQLite would prefer `invoices_serial`, which is.
    Index("invoices_carried", "clinic_id", "serial", unique=True, sqlite_where=CARRIED, postgresql_where=CARRIED),
    sqlite_with_rowid=False,
)

invoice_lines = Table(
    "invoice_lines",
    metadata,
    id_("invoice_id", ForeignKey("invoices.id"), primary_key=True),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    text_("name"),
    int_("unit_price_cents"),
    int_("quantity_milli"),
    sqlite_with_rowid=False,
)

# Exact totals without a scan: see counters.py for the names that are kept.
counters = Table(
    "counters",
    metadata,
    clinic_(primary_key=True, checked=False),
    text_("name", primary_key=True),
    int_("bucket", primary_key=True),
    int_("n"),
    sqlite_with_rowid=False,
)

# What happened, in the order of each clinic's clock; webhooks, mails and the change feed read from here. By thing and
# by actor it is asked only whose doing something was; imports, which are nobody's, cost nothing there.
DONE = text("actor IS NOT NULL")
events = Table(
    "events",
    metadata,
    clinic_(primary_key=True, checked=False),
    int_("seq", primary_key=True),
    text_("kind"),
    text_("entity"),
    id_("entity_id"),
    Column("at", INSTANT, nullable=False),
    Column("actor", BYTES),  # by whom: a key, an application, a user; none where nobody asked for it
    Index("events_thing", "entity_id", "seq", sqlite_where=DONE, postgresql_where=DONE),
    Index("events_actor", "actor", "seq", sqlite_where=DONE, postgresql_where=DONE),
    sqlite_with_rowid=False,
)
