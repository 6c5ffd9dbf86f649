# SPDX-License-Identifier: Apache-2.0
"""The record: clinics, their keys, codelists, clients, patients and all that hangs on them.

This file is frozen: it says what revision 0001 was, whatever tables.py says today.
"""

from __future__ import annotations

import contextlib
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.LargeBinary().with_variant(postgresql.UUID(as_uuid=False), "postgresql")
_DATE = sa.Text().with_variant(sa.Date(), "postgresql")
_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_PLAIN = {"sqlite_with_rowid": False}  # rows stand in the primary key's own tree


def _column(name: str, kind: Any, references: str | None, key: bool, null: bool) -> sa.Column[Any]:
    more = [] if references is None else [sa.ForeignKey(references)]
    return sa.Column(name, kind, *more, primary_key=key, nullable=null, autoincrement=False)


def _id(name: str, references: str | None = None, *, key: bool = False, null: bool = False) -> sa.Column[Any]:
    return _column(name, _ID, references, key, null)


def _int(name: str, references: str | None = None, *, key: bool = False, null: bool = False) -> sa.Column[Any]:
    return _column(name, sa.BigInteger(), references, key, null)


def _small(name: str, *, key: bool = False) -> sa.Column[Any]:
    return _column(name, sa.SmallInteger(), None, key, False)


def _text(name: str, *, key: bool = False, null: bool = False) -> sa.Column[Any]:
    return _column(name, sa.Text(), None, key, null)


def _texts(names: str, *, null: bool = False) -> list[sa.Column[Any]]:
    return [_text(name, null=null) for name in names.split()]


def _ints(names: str) -> list[sa.Column[Any]]:
    return [_int(name) for name in names.split()]


def _clinic(*, key: bool = False, null: bool = False) -> sa.Column[Any]:
    return _int("clinic_id", "clinics.id", key=key, null=null)


def upgrade() -> None:
    """Make everything; parents before children."""
    _clinics()
    _codelists()
    _clients()
    _patients()
    _enrolments()
    _medical_records()
    _calendar_and_stock()
    _invoices()
    _logs()
    if op.get_bind().dialect.name == "sqlite":
        _sqlite_search()
    else:
        _postgresql_search()


def downgrade() -> None:
    """There is no way back but a backup."""
    raise NotImplementedError("restore a backup instead")


def _clinics() -> None:
    op.create_table(
        "clinics",
        _int("id", key=True),
        sa.Column("uid", _ID, nullable=False, unique=True),
        *_texts("name timezone currency"),
        _int("created_at"),
        sa.Column("clock", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        *_ints("event_seq client_seq patient_seq invoice_seq"),
    )
    op.create_table(
        "users",
        _id("id", key=True),
        _clinic(),
        *_texts("name subject role"),
        _int("created_at"),
        **_PLAIN,
    )
    op.create_index("users_subject", "users", ["clinic_id", "subject"], unique=True)
    op.create_table(
        "api_keys",
        _id("id", key=True),
        _clinic(),
        *_texts("dialect name kind permissions"),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False, unique=True),
        _text("shown"),
        _int("per_minute", null=True),
        _int("per_hour", null=True),
        _int("created_at"),
        _int("revoked_at", null=True),
        **_PLAIN,
    )


def _codelists() -> None:
    op.create_table("species", _int("id", key=True), _clinic(null=True), *_texts("name slug common synonyms"))
    op.create_table("breeds", _int("id", key=True), _clinic(null=True), _int("species_id", "species.id"), _text("name"))
    op.create_index("breeds_species", "breeds", ["species_id"])


def _clients() -> None:
    op.create_table(
        "clients",
        _id("id", key=True),
        _text("first_name"),
        _text("middle_name", null=True),
        _text("last_name"),
        *_texts("email address", null=True),
        _int("created_at"),
        **_PLAIN,
    )
    op.create_table(
        "phones", _id("client_id", "clients.id", key=True), _small("position", key=True), _text("number"), **_PLAIN
    )
    op.create_table(
        "connections",
        sa.Column("id", _SERIAL, primary_key=True, autoincrement=True),
        _clinic(),
        _id("client_id", "clients.id"),
        _small("state"),
        _int("number"),
        _text("search_text"),
        _int("last_visit", null=True),
        *_ints("created_at updated_at"),
    )
    op.create_index("connections_clinic_client", "connections", ["clinic_id", "client_id"], unique=True)
    op.create_index("connections_client", "connections", ["client_id"])
    op.create_index("connections_number", "connections", ["clinic_id", "number"], unique=True)
    op.create_index("connections_updated", "connections", ["clinic_id", "updated_at"])
    op.create_index(
        "connections_created", "connections", ["clinic_id", "state", "created_at", "client_id", "search_text"]
    )


def _patients() -> None:
    op.create_table(
        "patients",
        _id("id", key=True),
        _id("client_id", "clients.id"),
        _text("name"),
        _int("species_id", "species.id"),
        _int("breed_id", "breeds.id", null=True),
        _text("sex"),
        sa.Column("neutered", sa.Boolean()),
        sa.Column("birth_date", _DATE),
        sa.Column("deceased_on", _DATE),
        _int("weight_mg", null=True),
        _int("created_at"),
        **_PLAIN,
    )
    op.create_index("patients_client", "patients", ["client_id"])


def _enrolments() -> None:
    op.create_table(
        "enrolments",
        _int("clinic_id", key=True),
        _id("patient_id", "patients.id", key=True),
        _id("client_id"),
        _small("state"),
        _int("number"),
        _text("slug"),
        _int("species_id"),
        *_ints("created_at updated_at"),
        **_PLAIN,
    )
    for name, keys in (
        ("updated", "state updated_at"),
        ("slug_updated", "state slug updated_at"),
        ("created", "state created_at"),
        ("species_created", "state species_id created_at"),
        ("client_created", "client_id state created_at"),
    ):
        op.create_index(f"enrolments_{name}", "enrolments", ["clinic_id", *keys.split(), "patient_id", "number"])
    op.create_index("enrolments_number", "enrolments", ["clinic_id", "number"], unique=True)
    op.create_index("enrolments_patient", "enrolments", ["patient_id"])
    op.create_table(
        "weights",
        _id("patient_id", "patients.id", key=True),
        _int("measured_at", key=True),
        _id("id", key=True),
        _int("clinic_id"),
        _int("weight_mg"),
        **_PLAIN,
    )


def _medical_records() -> None:
    op.create_table(
        "medical_records",
        _id("id", key=True),
        _clinic(),
        _id("patient_id", "patients.id"),
        *_texts("kind status title"),
        *_texts("subjective objective assessment differential plan blood_test urine_test", null=True),
        _int("occurred_at"),
        _id("author_id", "users.id", null=True),
        _int("signed_at", null=True),
        _id("amends_id", "medical_records.id", null=True),
        *_ints("created_at updated_at"),
        **_PLAIN,
    )
    op.create_index("records_occurred", "medical_records", ["clinic_id", "occurred_at", "id"])
    op.create_index("records_patient", "medical_records", ["patient_id", "occurred_at", "id"])


def _calendar_and_stock() -> None:
    op.create_table(
        "calendar_events",
        _id("id", key=True),
        _clinic(),
        *_texts("title kind status"),
        *_ints("start_at end_at"),
        _id("patient_id", "patients.id", null=True),
        _id("user_id", "users.id", null=True),
        *_ints("created_at updated_at"),
        **_PLAIN,
    )
    op.create_index("calendar_start", "calendar_events", ["clinic_id", "start_at", "id", "kind", "status"])
    op.create_table(
        "stock_items",
        _id("id", key=True),
        _clinic(),
        *_texts("name category sku unit"),
        *_ints("quantity_milli low_stock_milli unit_price_cents"),
        _text("currency"),
        sa.Column("is_virtual", sa.Boolean(), nullable=False),
        *_ints("created_at updated_at"),
        **_PLAIN,
    )
    op.create_index(
        "stock_clinic",
        "stock_items",
        ["clinic_id", "id", "category", "is_virtual", "quantity_milli", "low_stock_milli"],
    )


def _invoices() -> None:
    op.create_table(
        "invoices",
        _id("id", key=True),
        _clinic(),
        _id("client_id", "clients.id"),
        _id("patient_id", "patients.id", null=True),
        *_texts("number status currency"),
        *_ints("carried_over_cents created_at updated_at"),
        **_PLAIN,
    )
    op.create_index("invoices_created", "invoices", ["clinic_id", "created_at", "id"])
    op.create_index("invoices_status", "invoices", ["clinic_id", "status", "created_at", "id"])
    op.create_index("invoices_client", "invoices", ["clinic_id", "client_id", "created_at", "id"])
    op.create_index("invoices_number", "invoices", ["clinic_id", "number"], unique=True)
    op.create_table(
        "invoice_lines",
        _id("invoice_id", "invoices.id", key=True),
        _small("position", key=True),
        _text("name"),
        *_ints("unit_price_cents quantity_milli"),
        **_PLAIN,
    )


def _logs() -> None:
    op.create_table(
        "counters", _int("clinic_id", key=True), _text("name", key=True), _int("bucket", key=True), _int("n"), **_PLAIN
    )
    op.create_table(
        "events",
        _int("clinic_id", key=True),
        _int("seq", key=True),
        *_texts("kind entity"),
        _id("entity_id"),
        _int("at"),
        **_PLAIN,
    )
    op.create_table(
        "idempotency",
        _id("key_id", "api_keys.id", key=True),
        _text("idempotency_key", key=True),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        _small("status"),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        _int("created_at"),
        **_PLAIN,
    )
    op.create_index("idempotency_created", "idempotency", ["created_at"])


def _sqlite_search() -> None:
    """A trigram index over connections.search_text that triggers keep; it holds no copy of the text."""
    op.execute(
        "CREATE VIRTUAL TABLE connections_fts USING fts5(search_text, content='connections', content_rowid='id',"
        " tokenize='trigram', detail=none, columnsize=0)"
    )
    add = "INSERT INTO connections_fts (rowid, search_text) VALUES (new.id, new.search_text);"
    drop = (
        "INSERT INTO connections_fts (connections_fts, rowid, search_text) VALUES ('delete', old.id, old.search_text);"
    )
    op.execute(f"CREATE TRIGGER connections_fts_insert AFTER INSERT ON connections BEGIN {add} END")
    op.execute(f"CREATE TRIGGER connections_fts_delete AFTER DELETE ON connections BEGIN {drop} END")
    op.execute(
        "CREATE TRIGGER connections_fts_update AFTER UPDATE OF id, search_text ON connections"
        f" WHEN old.id <> new.id OR old.search_text <> new.search_text BEGIN {drop} {add} END"
    )


def _postgresql_search() -> None:
    """The same with pg_trgm, if the server offers it. Without it a search reads the clinic's texts: the same rows."""
    bind = op.get_bind()
    offered = bind.execute(sa.text("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'")).first()
    if offered is None:
        return
    # With GIN's list of pending entries, every search would read what writers have left there, and now and then one
    # writer would pay for emptying it. Clients are written seldom and searched often, so each write pays for itself.
    with contextlib.suppress(sa.exc.DBAPIError), bind.begin_nested():  # it may be offered, but not to this user
        op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        op.execute(
            "CREATE INDEX connections_search ON connections USING gin (search_text gin_trgm_ops)"
            " WITH (fastupdate = off)"
        )
