# SPDX-License-Identifier: Apache-2.0
"""Who may use the record: people, keys, applications and what these were granted."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, SmallInteger, Table, Text, text

from polyvet.storage.tables.columns import (
    BYTES,
    INSTANT,
    clinic_,
    document,
    id_,
    int_,
    metadata,
    since_0003,
    text_,
)

INVITED = text("password_hash IS NULL AND console_role != ''")  # or was let in by hand

users = Table(
    "users",
    metadata,
    id_(primary_key=True),
    clinic_(),
    text_("name"),
    text_("subject"),
    text_("role"),
    Column("created_at", INSTANT, nullable=False),
    since_0003("number"),
    text_("email", nullable=True),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("updated_at", INSTANT, nullable=False, server_default=text("0")),
    document("details"),
    text_("password_hash", nullable=True),  # argon2
    Column("library_role", Text, nullable=False, server_default=text("'premium'")),
    text_("console_role", nullable=True),
    Column("operator", Boolean, nullable=False, server_default=text("false")),
    Column("totp_since", INSTANT),  # a second factor was confirmed then
    text_("totp_secret", nullable=True),  # codes are made of it, so it must be kept as it is
    int_("totp_step", nullable=True),  # of the newest code that was taken: none is taken twice
    Index("users_subject", "clinic_id", "subject", unique=True),
    Index("users_number", "clinic_id", "number", unique=True),
    Index("users_email", "clinic_id", "email", unique=True),
    Index("users_signing_in", "email"),
    Index("users_invited", "clinic_id", "number", sqlite_where=INVITED, postgresql_where=INVITED),
    sqlite_with_rowid=False,
)

LIVING = text("revoked_at IS NULL")  # of keys and applications, which are ended and never deleted

api_keys = Table(
    "api_keys",
    metadata,
    id_(primary_key=True),
    clinic_(),
    text_("dialect"),
    text_("name"),
    text_("kind"),
    text_("permissions"),
    Column("key_hash", BYTES, nullable=False, unique=True),
    text_("shown"),
    int_("per_minute", nullable=True),
    int_("per_hour", nullable=True),
    Column("created_at", INSTANT, nullable=False),
    Column("revoked_at", INSTANT),
    Column("last_used_at", INSTANT),  # to the minute
    Index("api_keys_clinic", "clinic_id", "id"),
    Index("api_keys_living", "clinic_id", "id", sqlite_where=LIVING, postgresql_where=LIVING),
    sqlite_with_rowid=False,
)


# An integration that signs in by OAuth 2.0. A public one has no secret.
oauth_applications = Table(
    "oauth_applications",
    metadata,
    id_(primary_key=True),
    clinic_(),
    text_("dialect"),
    text_("name"),
    text_("client_id"),
    Column("secret_hash", BYTES),
    text_("grant_types"),  # separated by blanks, as are the next three
    text_("redirect_uris"),
    text_("scopes"),
    text_("permissions"),
    int_("per_minute", nullable=True),
    int_("per_hour", nullable=True),
    Column("created_at", INSTANT, nullable=False),
    Column("revoked_at", INSTANT),
    Column("last_used_at", INSTANT),
    Index("oauth_applications_client", "client_id", unique=True),
    Index("oauth_applications_clinic", "clinic_id", "id"),
    Index("oauth_applications_living", "clinic_id", "id", sqlite_where=LIVING, postgresql_where=LIVING),
    sqlite_with_rowid=False,
)

# What an application was granted once, by itself or by a user: all tokens that follow from it end with it.
oauth_grants = Table(
    "oauth_grants",
    metadata,
    id_(primary_key=True),
    id_("application_id", ForeignKey("oauth_applications.id")),
    id_("user_id", ForeignKey("users.id"), nullable=True),
    text_("scope"),
    Column("created_at", INSTANT, nullable=False),
    Column("revoked_at", INSTANT),
    Index("oauth_grants_application", "application_id"),
    sqlite_with_rowid=False,
)

oauth_tokens = Table(
    "oauth_tokens",
    metadata,
    Column("token_hash", BYTES, primary_key=True),
    id_("grant_id", ForeignKey("oauth_grants.id")),
    text_("kind"),  # access or refresh
    Column("created_at", INSTANT, nullable=False),
    Column("expires_at", INSTANT, nullable=False),
    Column("ended_at", INSTANT),  # revoked, or rotated
    Index("oauth_tokens_grant", "grant_id"),
    Index("oauth_tokens_expires", "expires_at"),
    sqlite_with_rowid=False,
)

oauth_codes = Table(
    "oauth_codes",
    metadata,
    Column("code_hash", BYTES, primary_key=True),
    id_("application_id", ForeignKey("oauth_applications.id")),
    id_("user_id", ForeignKey("users.id")),
    text_("redirect_uri"),
    text_("scope"),
    text_("challenge", nullable=True),
    text_("challenge_method", nullable=True),
    text_("nonce", nullable=True),
    Column("created_at", INSTANT, nullable=False),
    Column("expires_at", INSTANT, nullable=False),
    id_("grant_id", ForeignKey("oauth_grants.id"), nullable=True),  # what it was exchanged for
    Index("oauth_codes_expires", "expires_at"),
    sqlite_with_rowid=False,
)

# What tokens are signed with: the newest signs, the retired ones are published until nothing they signed is alive.
signing_keys = Table(
    "signing_keys",
    metadata,
    text_("kid", primary_key=True),
    text_("algorithm"),
    text_("private_jwk"),
    Column("created_at", INSTANT, nullable=False),
    Column("retired_at", INSTANT),
    sqlite_with_rowid=False,
)

# Who has signed in with a browser.
sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", BYTES, primary_key=True),
    id_("user_id", ForeignKey("users.id")),
    Column("created_at", INSTANT, nullable=False),
    Column("expires_at", INSTANT, nullable=False),
    Column("factors", SmallInteger, nullable=False, server_default=text("1")),  # 2: a code came with the password
    Index("sessions_user", "user_id"),
    Index("sessions_expires", "expires_at"),
    sqlite_with_rowid=False,
)

# Links by which somebody who works at a clinic chooses a password: who was invited, or has forgotten it.
password_links = Table(
    "password_links",
    metadata,
    Column("token_hash", BYTES, primary_key=True),
    id_("user_id", ForeignKey("users.id")),
    Column("created_at", INSTANT, nullable=False),
    Column("expires_at", INSTANT, nullable=False),
    Index("password_links_user", "user_id"),
    sqlite_with_rowid=False,
)

# Codes that raise a user's role in the library.
promo_codes = Table(
    "promo_codes",
    metadata,
    Column("code_hash", BYTES, primary_key=True),
    text_("name"),
    text_("role"),
    int_("uses"),
    int_("most_uses", nullable=True),
    Column("created_at", INSTANT, nullable=False),
    Column("expires_at", INSTANT),
    Column("revoked_at", INSTANT),
    sqlite_with_rowid=False,
)

idempotency = Table(
    "idempotency",
    metadata,
    id_("key_id", primary_key=True),  # a key, or an application with the user it acts for
    text_("idempotency_key", primary_key=True),
    Column("fingerprint", BYTES, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("answer", BYTES, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Index("idempotency_created", "created_at"),
    sqlite_with_rowid=False,
)
