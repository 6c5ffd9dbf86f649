# SPDX-License-Identifier: Apache-2.0
"""Numbers of appointments, records, invoices and staff; appointments' details, reminders, merged patients.

This file is frozen: it says what revision 0003 was, whatever the tables are today.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from polyvet.storage.migrations.frozen import PLAIN, clinic, day, document, ident, integer, small, truth, words

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# What a key of Provet's could do at all before, and what joins it.
_ALL_BEFORE = (
    "calendar:read clients:read clients:write invoices:read patients:read patients:write records:read stock:read"
)
_NEW = "calendar:write reminders:read reminders:write users:read users:write webhooks:read webhooks:write"


def upgrade() -> None:
    """Only add, and number what had no number."""
    for name in ("appointment_seq", "record_seq"):
        op.add_column("clinics", integer(name, default="0"))
    _staff()
    _records()
    _calendar()
    _invoices()
    _reminders()
    _merges()
    op.create_table(
        "code_entries",
        integer("id", key=True),
        integer("clinic_id", "clinics.id", null=True),
        words("list"),
        words("name"),
        truth("active"),
    )
    op.create_index("code_entries_clinic", "code_entries", ["clinic_id", "list", "id"])
    op.execute(
        sa.text(
            "UPDATE api_keys SET permissions = :after WHERE dialect = 'provet' AND permissions = :before"
        ).bindparams(before=_ALL_BEFORE, after=f"{_ALL_BEFORE} {_NEW}")
    )


def _number(table: str, column: str, order: str) -> None:
    op.execute(
        f"UPDATE {table} SET {column} = n.n FROM (SELECT id, row_number() OVER"  # noqa: S608, our own names
        f" (PARTITION BY clinic_id ORDER BY {order}) AS n FROM {table}) AS n WHERE n.id = {table}.id"
    )


def _sequence(column: str, table: str) -> None:
    op.execute(
        f"UPDATE clinics SET {column} = (SELECT count(*) FROM {table} WHERE clinic_id = clinics.id)"  # noqa: S608
    )


def _staff() -> None:
    for column in (
        integer("number", default="0"), words("email", null=True), truth("active", "true"),
        integer("updated_at", default="0"), document(), words("password_hash", null=True),
    ):  # fmt: skip
        op.add_column("users", column)
    _number("users", "number", "created_at, id")
    op.execute("UPDATE users SET updated_at = created_at")
    op.execute(
        "INSERT INTO numbers (clinic_id, kind, last)"
        " SELECT clinic_id, 'user', max(number) FROM users GROUP BY clinic_id"
    )
    op.create_index("users_number", "users", ["clinic_id", "number"], unique=True)
    op.create_index("users_email", "users", ["clinic_id", "email"], unique=True)


def _records() -> None:
    op.add_column("medical_records", integer("number", default="0"))
    op.add_column("medical_records", integer("department", null=True))
    _number("medical_records", "number", "created_at, id")
    _sequence("record_seq", "medical_records")
    op.create_index("records_number", "medical_records", ["clinic_id", "number"], unique=True)
    op.create_index("records_updated", "medical_records", ["clinic_id", "updated_at", "number"])


def _calendar() -> None:
    for column in (
        integer("number", default="0"), ident("client_id", null=True), integer("department", null=True),
        integer("booking", default="1"), document(),
    ):  # fmt: skip
        op.add_column("calendar_events", column)
    op.execute("UPDATE calendar_events SET booking = 3 WHERE kind = 'SALE'")
    _number("calendar_events", "number", "created_at, id")
    _sequence("appointment_seq", "calendar_events")
    op.execute(
        "INSERT INTO counters (clinic_id, name, bucket, n)"
        " SELECT clinic_id, 'appointments', 0, count(*) FROM calendar_events GROUP BY clinic_id"
    )
    op.execute(
        "UPDATE calendar_events SET client_id = (SELECT client_id FROM patients WHERE patients.id = patient_id)"
        " WHERE patient_id IS NOT NULL"
    )
    op.drop_index("calendar_start", "calendar_events")
    op.create_index("calendar_start", "calendar_events", ["clinic_id", "start_at", "id", "kind", "status", "number"])
    op.create_index("calendar_number", "calendar_events", ["clinic_id", "number"], unique=True)
    op.create_index("calendar_updated", "calendar_events", ["clinic_id", "updated_at", "number"])
    op.create_index("calendar_user", "calendar_events", ["clinic_id", "user_id", "start_at"])
    op.create_index("calendar_client", "calendar_events", ["clinic_id", "client_id", "number"])
    op.create_index("calendar_patient", "calendar_events", ["patient_id", "number"])
    op.create_table(
        "event_patients",
        ident("event_id", "calendar_events.id", key=True),
        small("position", key=True),
        ident("patient_id", "patients.id"),
        **PLAIN,
    )
    op.create_index("event_patients_patient", "event_patients", ["patient_id"])
    op.create_table(
        "event_users",
        ident("event_id", "calendar_events.id", key=True),
        small("position", key=True),
        ident("user_id", "users.id"),
        integer("start_at"),
        **PLAIN,
    )
    op.create_index("event_users_user", "event_users", ["user_id", "start_at"])


def _invoices() -> None:
    for column in (integer("serial", default="0"), integer("department", null=True), integer("paid_at", null=True)):
        op.add_column("invoices", column)
    _number("invoices", "serial", "created_at, id")
    _sequence("invoice_seq", "invoices")
    op.execute("UPDATE invoices SET paid_at = updated_at WHERE status = 'PAID'")
    op.execute(
        "INSERT INTO counters (clinic_id, name, bucket, n) SELECT clinic_id, 'invoice rows', 0, sum(n) FROM ("
        "SELECT i.clinic_id, count(*) AS n FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id"
        " GROUP BY i.clinic_id"
        " UNION ALL SELECT clinic_id, count(*) FROM invoices WHERE carried_over_cents <> 0 GROUP BY clinic_id"
        ") AS r GROUP BY clinic_id"
    )
    op.create_index("invoices_serial", "invoices", ["clinic_id", "serial"], unique=True)
    op.create_index("invoices_updated", "invoices", ["clinic_id", "updated_at", "serial"])
    carried = sa.text("carried_over_cents <> 0")
    op.create_index(
        "invoices_carried", "invoices", ["clinic_id", "serial"],
        unique=True, sqlite_where=carried, postgresql_where=carried,
    )  # fmt: skip
    op.create_index("invoices_patient", "invoices", ["patient_id"])


def _reminders() -> None:
    op.create_table(
        "reminders",
        ident(key=True),
        clinic(),
        integer("number"),
        ident("client_id", "clients.id"),
        ident("patient_id", "patients.id", null=True),
        integer("department", null=True),
        day("planned_on"),
        small("status"),
        small("send_method"),
        integer("created_at"),
        integer("updated_at"),
        document(),
        **PLAIN,
    )
    op.create_index("reminders_number", "reminders", ["clinic_id", "number"], unique=True)
    op.create_index("reminders_updated", "reminders", ["clinic_id", "updated_at", "number"])
    op.create_index("reminders_planned", "reminders", ["clinic_id", "planned_on", "number"])
    op.create_index("reminders_client", "reminders", ["clinic_id", "client_id", "number"])
    op.create_index("reminders_patient", "reminders", ["patient_id"])


def _merges() -> None:
    op.create_table(
        "merges",
        ident("source_id", "patients.id", key=True),
        ident("target_id", "patients.id"),
        clinic(),
        integer("merged_at"),
        words("states"),
        **PLAIN,
    )
    op.create_index("merges_target", "merges", ["target_id"])
    op.create_table(
        "merged_rows",
        ident("source_id", "merges.source_id", key=True),
        words("table_name", key=True),
        words("row_key", key=True),
        **PLAIN,
    )
