# SPDX-License-Identifier: Apache-2.0
"""The library: content, shares, what was filled in, mails; sessions of people and codes that raise their role.

This file is frozen: it says what revision 0006 was, whatever the tables are today.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from polyvet.storage.migrations.frozen import PLAIN, clinic, document, ident, integer, octets, small, words

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_EMPTY = sa.text("''")
_INCOMPLETE = sa.text("status = 'incomplete'")
# What a key of all permissions could do before, and what joins it.
_ALL_BEFORE = (
    "calendar:read calendar:write clients:read clients:write invoices:read patients:read patients:write records:read"
    " reminders:read reminders:write stock:read users:read users:write webhooks:read webhooks:write"
)
_ALL_AFTER = (
    "calendar:read calendar:write clients:read clients:write invoices:read library:read library:write patients:read"
    " patients:write records:read reminders:read reminders:write shares:write stock:read users:read users:write"
    " webhooks:read webhooks:write"
)


def upgrade() -> None:
    """Only add."""
    op.add_column("clinics", words("email", null=True))
    op.add_column("users", sa.Column("library_role", sa.Text(), nullable=False, server_default=sa.text("'premium'")))
    op.create_index("users_signing_in", "users", ["email"])
    for name in ("common_lower", "common_upper"):
        op.add_column("species", sa.Column(name, sa.Text(), nullable=False, server_default=_EMPTY))
    _cases_of_species()
    _content()
    _shares()
    _mails()
    op.create_table(
        "sessions",
        octets("token_hash", key=True),
        ident("user_id", "users.id"),
        integer("created_at"),
        integer("expires_at"),
        **PLAIN,
    )
    op.create_index("sessions_user", "sessions", ["user_id"])
    op.create_index("sessions_expires", "sessions", ["expires_at"])
    op.create_table(
        "promo_codes",
        octets("code_hash", key=True),
        *(words(name) for name in ("name", "role")),
        integer("uses"),
        integer("most_uses", null=True),
        integer("created_at"),
        integer("expires_at", null=True),
        integer("revoked_at", null=True),
        **PLAIN,
    )
    for table in ("api_keys", "oauth_applications"):
        op.execute(
            sa.text(
                f"UPDATE {table} SET permissions = :after WHERE permissions = :before"  # noqa: S608, our own names
            ).bindparams(before=_ALL_BEFORE, after=_ALL_AFTER)
        )


def _cases_of_species() -> None:
    connection = op.get_bind()
    for ident_, common in connection.execute(sa.text("SELECT id, common FROM species")).all():
        connection.execute(
            sa.text("UPDATE species SET common_lower = :lower, common_upper = :upper WHERE id = :id"),
            {"id": ident_, "lower": common.lower(), "upper": common.upper()},
        )


def _content() -> None:
    op.create_table(
        "content",
        ident(key=True),
        clinic(checked=False),
        small("kind"),
        integer("number"),
        *(words(name) for name in ("slug", "title", "keywords", "role")),
        words("country_code", null=True),
        integer("species_id", "species.id", null=True),
        integer("breed_id", null=True),
        integer("location_id", null=True),
        words("status", null=True),
        ident("patient_id", "patients.id", null=True),
        integer("created_at"),
        integer("updated_at"),
        words("updated_by", null=True),
        *(
            sa.Column(name, sa.Text(), nullable=False, server_default=_EMPTY)
            for name in ("title_lower", "title_upper", "keywords_lower", "keywords_upper")
        ),
        *(words(name) for name in ("html", "markdown", "plain")),
        document(),
    )  # with row numbers: rows are large, and SQLite would read whole ones on the way through the key's tree
    op.create_index("content_number", "content", ["clinic_id", "kind", "number"], unique=True)
    op.create_index("content_patient", "content", ["patient_id"])
    op.create_index(
        "content_incomplete", "content", ["created_at"], sqlite_where=_INCOMPLETE, postgresql_where=_INCOMPLETE
    )


def _shares() -> None:
    op.create_table(
        "shares",
        ident(key=True),
        clinic(),
        integer("number"),
        ident("content_id", "content.id"),
        ident("user_id", "users.id", null=True),
        ident("patient_id", "patients.id", null=True),
        ident("parent_id", null=True),
        ident("record_id", "medical_records.id", null=True),
        words("name"),
        *(words(name, null=True) for name in ("email", "comments", "special_instructions")),
        integer("next_appointment", null=True),
        words("prefill"),
        *(integer(name) for name in ("created_at", "updated_at", "expires_at")),
        integer("revoked_at", null=True),
        **PLAIN,
    )
    op.create_index("shares_number", "shares", ["clinic_id", "number"], unique=True)
    op.create_index("shares_patient", "shares", ["patient_id", "number"])
    op.create_table(
        "share_links",
        octets("token_hash", key=True),
        ident("share_id", "shares.id"),
        integer("created_at"),
        **PLAIN,
    )
    op.create_table(
        "submissions",
        ident("subject_id", key=True),
        clinic(),
        words("answers"),
        words("shown"),
        integer("saved_at"),
        integer("submitted_at", null=True),
        **PLAIN,
    )


def _mails() -> None:
    op.create_table(
        "mails",
        ident(key=True),
        clinic(),
        words("recipient"),
        words("reply_to", null=True),
        *(words(name) for name in ("subject", "plain", "html", "state")),
        small("attempts"),
        integer("next_at", null=True),
        integer("leased_until", null=True),
        words("last_error", null=True),
        integer("created_at"),
        integer("sent_at", null=True),
        **PLAIN,
    )
    op.create_index("mails_due", "mails", ["next_at"])
