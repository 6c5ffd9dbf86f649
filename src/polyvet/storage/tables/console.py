# SPDX-License-Identifier: Apache-2.0
"""What the console shows of the server itself: requests, who did what, offers between clinics, backups."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, SmallInteger, Table, text

from polyvet.storage.tables.columns import BYTES, INSTANT, clinic_, id_, int_, metadata, text_

UNANSWERED = text("state = 'offered'")

# Requests of the last days. No query, no body, no secret.
requests = Table(
    "requests",
    metadata,
    clinic_(primary_key=True, checked=False),  # or NOBODYS of model/requests.py
    Column("at", INSTANT, primary_key=True, autoincrement=False),
    text_("request_id", primary_key=True),
    text_("dialect"),
    text_("method"),
    text_("path"),
    Column("status", SmallInteger, nullable=False),
    int_("took_us"),
    Column("key_id", BYTES),
    text_("key_shown", nullable=True),
    text_("reason", nullable=True),  # why it was refused
    Index("requests_at", "at"),
    sqlite_with_rowid=False,
)

# What people did in the console that is no change of the record, and whose files they opened.
audit = Table(
    "audit",
    metadata,
    clinic_(primary_key=True, checked=False),
    Column("at", INSTANT, primary_key=True, autoincrement=False),
    id_("id", primary_key=True),
    Column("actor", BYTES),  # a user; none for somebody who could not sign in
    text_("actor_shown"),
    text_("action"),
    text_("entity"),
    id_("entity_id", nullable=True),
    text_("shown"),  # what it is called, and what came of it
    Index("audit_thing", "entity_id", "at", "id"),
    Index("audit_actor", "actor", "at", "id"),
    sqlite_with_rowid=False,
)

# A clinic offers another one to see a client and the client's patients.
offers = Table(
    "offers",
    metadata,
    id_(primary_key=True),
    int_("from_clinic", ForeignKey("clinics.id")),
    int_("to_clinic", ForeignKey("clinics.id")),
    id_("client_id", ForeignKey("clients.id")),
    text_("note"),
    text_("state"),  # offered, accepted, declined, withdrawn or ended
    Column("created_at", INSTANT, nullable=False),
    Column("changed_at", INSTANT, nullable=False),
    Index("offers_from", "from_clinic", "id"),
    Index("offers_to", "to_clinic", "id"),
    Index("offers_unanswered", "to_clinic", "id", sqlite_where=UNANSWERED, postgresql_where=UNANSWERED),
    Index("offers_client", "client_id"),
    sqlite_with_rowid=False,
)

# When something that concerns the whole server was last done, such as a backup.
deeds = Table(
    "deeds",
    metadata,
    text_("name", primary_key=True),
    Column("at", INSTANT, nullable=False),
    text_("shown"),
    sqlite_with_rowid=False,
)
