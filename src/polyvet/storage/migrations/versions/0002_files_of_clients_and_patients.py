# SPDX-License-Identifier: Apache-2.0
"""What clinics keep on file of clients and patients beyond the first dialects' fields: organisations, addresses in
parts, phone numbers with kinds, departments, custom fields. Totals of archived rows join the counters.

This file is frozen: it says what revision 0002 was, whatever the tables are today.
"""

from __future__ import annotations

import unicodedata
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.LargeBinary().with_variant(postgresql.UUID(as_uuid=False), "postgresql")
_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_PLAIN = {"sqlite_with_rowid": False}
_ARCHIVED = 1
_BUCKET_BITS = 36
_CHUNK_ROWS = 5_000


def _id(name: str, references: str | None = None, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, _ID, *([] if references is None else [sa.ForeignKey(references)]), nullable=null)


def _int(name: str, references: str | None = None, *, key: bool = False, null: bool = False) -> sa.Column[Any]:
    more = [] if references is None else [sa.ForeignKey(references)]
    return sa.Column(name, sa.BigInteger(), *more, primary_key=key, nullable=null, autoincrement=False)


def _text(name: str, *, key: bool = False, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), primary_key=key, nullable=null)


def _clinic(*, checked: bool = True) -> sa.Column[Any]:
    return _int("clinic_id", "clinics.id" if checked else None, key=True)


def _empty(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False, server_default=sa.text("''"))


def _document() -> sa.Column[Any]:
    return sa.Column("details", sa.Text(), nullable=False, server_default=sa.text("'{}'"))


def upgrade() -> None:
    """Only add; phone numbers move into a table that numbers them."""
    _columns()
    _phones()
    _office()
    _fold("clients", "id", {name: f"{name}_folded" for name in ("first_name", "last_name", "email")})
    _fold("patients", "id", {"name": "name_folded"})
    _counters()


def _columns() -> None:
    folded = "organization_name first_name_folded last_name_folded organization_name_folded email_folded"
    for column in (*map(_empty, folded.split()), _document()):
        op.add_column("clients", column)
    for column in (_int("home_department", null=True), _id("payer_id", null=True), _id("parent_id", null=True),
                   _text("old_id", null=True), _document()):  # fmt: skip
        op.add_column("connections", column)
    for column in (_text("microchip", null=True), _text("animal_code", null=True), _empty("name_folded"), _document()):
        op.add_column("patients", column)
    for column in (_int("home_department", null=True), _text("old_id", null=True), _document()):
        op.add_column("enrolments", column)
    op.create_index("clients_email", "clients", ["email_folded"])
    op.create_index("patients_microchip", "patients", ["microchip"])
    op.create_index("enrolments_changed", "enrolments", ["clinic_id", "updated_at", "number"])


def _phones() -> None:
    op.rename_table("phones", "phones_before")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE phones_before RENAME CONSTRAINT phones_pkey TO phones_before_pkey")
    op.create_table(
        "phones",
        sa.Column("id", _SERIAL, primary_key=True, autoincrement=True),
        _id("client_id", "clients.id"),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        _text("number"),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        _text("description", null=True),
        sa.Column("for_reminders", sa.Boolean(), nullable=False),
        sa.Column("second_owner", sa.Boolean(), nullable=False),
        _int("created_at"),
        _int("updated_at"),
    )
    op.execute(
        "INSERT INTO phones (client_id, position, number, kind, for_reminders, second_owner, created_at, updated_at)"
        " SELECT b.client_id, b.position, b.number, 0, false, false, c.created_at, c.created_at"
        " FROM phones_before b JOIN clients c ON c.id = b.client_id ORDER BY b.client_id, b.position"
    )
    op.drop_table("phones_before")
    op.create_index("phones_client", "phones", ["client_id", "position"], unique=True)


def _office() -> None:
    op.create_table("numbers", _clinic(), _text("kind", key=True), _int("last"), **_PLAIN)
    op.create_table("departments", _clinic(), _int("number", key=True), _text("name"), **_PLAIN)
    op.create_table(
        "custom_fields",
        _clinic(),
        _int("number", key=True),
        *(_text(name) for name in ("model", "label", "kind")),
        sa.Column("required", sa.Boolean(), nullable=False),
        **_PLAIN,
    )
    field = (["clinic_id", "field"], ["custom_fields.clinic_id", "custom_fields.number"])
    op.create_table(
        "custom_field_options",
        _clinic(checked=False),
        _int("number", key=True),
        _int("field"),
        _text("name"),
        sa.ForeignKeyConstraint(*field),
        **_PLAIN,
    )
    op.create_index("options_field", "custom_field_options", ["clinic_id", "field", "number"])
    op.create_table(
        "custom_field_values",
        _clinic(checked=False),
        _int("number", key=True),
        _int("field"),
        _id("client_id", "clients.id", null=True),
        _id("patient_id", "patients.id", null=True),
        _text("value"),
        _int("created_at"),
        _int("updated_at"),
        sa.ForeignKeyConstraint(*field),
        **_PLAIN,
    )
    op.create_index("values_client", "custom_field_values", ["clinic_id", "client_id", "field"], unique=True)
    op.create_index("values_patient", "custom_field_values", ["clinic_id", "patient_id", "field"], unique=True)


def _fold(table: str, key: str, folded: dict[str, str]) -> None:
    """Fill folded columns, which neither engine can compute."""
    bind = op.get_bind()
    names = ", ".join(folded)
    change = ", ".join(f"{column} = :{name}" for name, column in folded.items())
    after = None
    while True:
        behind = "" if after is None else f" WHERE {key} > :after"
        rows = bind.execute(
            sa.text(f"SELECT {key}, {names} FROM {table}{behind} ORDER BY {key} LIMIT {_CHUNK_ROWS}"),  # noqa: S608
            {} if after is None else {"after": after},
        ).all()
        if not rows:
            return
        after = rows[-1][0]
        bind.execute(
            sa.text(f"UPDATE {table} SET {change} WHERE {key} = :key"),  # noqa: S608
            [{"key": row[0], **{name: _folded(text or "") for name, text in zip(folded, row[1:], strict=True)}}
             for row in rows],
        )  # fmt: skip


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFC", folded.replace("i\u0307", "i"))


def _counters() -> None:
    for name, table in (("archived clients", "connections"), ("archived patients", "enrolments")):
        op.execute(
            f"INSERT INTO counters (clinic_id, name, bucket, n) SELECT clinic_id, '{name}', 0, count(*)"  # noqa: S608
            f" FROM {table} WHERE state = {_ARCHIVED} GROUP BY clinic_id"
        )
    for name, table, state in (
        ("archived patients updated", "enrolments", _ARCHIVED),
        ("clients updated", "connections", 0),
        ("archived clients updated", "connections", _ARCHIVED),
    ):
        op.execute(
            "INSERT INTO counters (clinic_id, name, bucket, n)"  # noqa: S608
            f" SELECT clinic_id, '{name}', updated_at >> {_BUCKET_BITS}, count(*) FROM {table} WHERE state = {state}"
            f" GROUP BY clinic_id, updated_at >> {_BUCKET_BITS}"
        )
