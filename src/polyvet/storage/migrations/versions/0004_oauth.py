# SPDX-License-Identifier: Apache-2.0
"""Applications that sign in by OAuth 2.0, what they were granted, and the keys that tokens are signed with.

This file is frozen: it says what revision 0004 was, whatever the tables are today.
"""

from __future__ import annotations

from alembic import op

from polyvet.storage.migrations.frozen import PLAIN, clinic, ident, integer, octets, small, words

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Only add; an idempotency key may be an application's."""
    op.create_table(
        "oauth_applications",
        ident(key=True),
        clinic(),
        *(words(name) for name in ("dialect", "name", "client_id")),
        octets("secret_hash", null=True),
        *(words(name) for name in ("grant_types", "redirect_uris", "scopes", "permissions")),
        integer("per_minute", null=True),
        integer("per_hour", null=True),
        integer("created_at"),
        integer("revoked_at", null=True),
        **PLAIN,
    )
    op.create_index("oauth_applications_client", "oauth_applications", ["client_id"], unique=True)
    op.create_table(
        "oauth_grants",
        ident(key=True),
        ident("application_id", "oauth_applications.id"),
        ident("user_id", "users.id", null=True),
        words("scope"),
        integer("created_at"),
        integer("revoked_at", null=True),
        **PLAIN,
    )
    op.create_index("oauth_grants_application", "oauth_grants", ["application_id"])
    _tokens()
    op.create_table(
        "signing_keys",
        words("kid", key=True),
        words("algorithm"),
        words("private_jwk"),
        integer("created_at"),
        integer("retired_at", null=True),
        **PLAIN,
    )
    _idempotency()


def _tokens() -> None:
    op.create_table(
        "oauth_tokens",
        octets("token_hash", key=True),
        ident("grant_id", "oauth_grants.id"),
        words("kind"),
        integer("created_at"),
        integer("expires_at"),
        integer("ended_at", null=True),
        **PLAIN,
    )
    op.create_index("oauth_tokens_grant", "oauth_tokens", ["grant_id"])
    op.create_index("oauth_tokens_expires", "oauth_tokens", ["expires_at"])
    op.create_table(
        "oauth_codes",
        octets("code_hash", key=True),
        ident("application_id", "oauth_applications.id"),
        ident("user_id", "users.id"),
        words("redirect_uri"),
        words("scope"),
        *(words(name, null=True) for name in ("challenge", "challenge_method", "nonce")),
        integer("created_at"),
        integer("expires_at"),
        ident("grant_id", "oauth_grants.id", null=True),
        **PLAIN,
    )
    op.create_index("oauth_codes_expires", "oauth_codes", ["expires_at"])


def _idempotency() -> None:
    op.rename_table("idempotency", "idempotency_before")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE idempotency_before RENAME CONSTRAINT idempotency_pkey TO idempotency_before_pkey")
    op.drop_index("idempotency_created", "idempotency_before")
    op.create_table(
        "idempotency",
        ident("key_id", key=True),
        words("idempotency_key", key=True),
        octets("fingerprint"),
        small("status"),
        octets("answer"),
        integer("created_at"),
        **PLAIN,
    )
    columns = "key_id, idempotency_key, fingerprint, status, answer, created_at"
    op.execute(f"INSERT INTO idempotency ({columns}) SELECT {columns} FROM idempotency_before")  # noqa: S608
    op.drop_table("idempotency_before")
    op.create_index("idempotency_created", "idempotency", ["created_at"])
