# SPDX-License-Identifier: Apache-2.0
"""Webhooks: who is told of what, and what was sent. The outbox is the event log; `outbox_cursors` says how far it has
been read."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, SmallInteger, Table, text

from polyvet.storage.tables.columns import INSTANT, clinic_, id_, int_, metadata, text_

FAILED_SO_FAR = text("next_at IS NOT NULL AND last_error IS NOT NULL")

webhooks = Table(
    "webhooks",
    metadata,
    id_(primary_key=True),
    clinic_(),
    int_("number"),
    text_("name"),
    text_("target_url"),
    Column("trigger", SmallInteger, nullable=False),
    Column("content_type", SmallInteger, nullable=False),
    int_("department", nullable=True),
    Column("active", Boolean, nullable=False),
    text_("secret"),  # deliveries are signed with it, so it must be kept as it is
    text_("previous_secret", nullable=True),
    Column("previous_until", INSTANT),
    int_("since_seq"),  # events up to here happened before there was a hook
    Column("created_at", INSTANT, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    Index("webhooks_number", "clinic_id", "number", unique=True),
    sqlite_with_rowid=False,
)

outbox_cursors = Table(
    "outbox_cursors",
    metadata,
    clinic_(primary_key=True),
    int_("seq"),
    sqlite_with_rowid=False,
)

# One event for one hook. Its id is the message's, however often it is sent.
deliveries = Table(
    "deliveries",
    metadata,
    id_(primary_key=True),
    clinic_(checked=False),
    int_("number"),
    id_("webhook_id", ForeignKey("webhooks.id")),
    int_("event_seq"),  # below 0: a ping, which follows from no event
    text_("parameter"),  # such as client_id
    text_("value"),
    text_("state"),  # queued, delivered or failed
    Column("attempts", SmallInteger, nullable=False),
    Column("next_at", INSTANT),  # when it is due; none when it is over
    Column("leased_until", INSTANT),  # a worker is at it
    Column("last_status", SmallInteger),
    text_("last_error", nullable=True),
    Column("created_at", INSTANT, nullable=False),
    Column("updated_at", INSTANT, nullable=False),
    Index("deliveries_number", "clinic_id", "number", unique=True),
    Index("deliveries_event", "webhook_id", "event_seq", unique=True),
    Index("deliveries_due", "next_at"),
    Index("deliveries_hook_due", "webhook_id", "next_at"),
    Index("deliveries_state", "clinic_id", "state", "number"),
    Index("deliveries_hook_state", "webhook_id", "state", "number"),
    # Those that wait for another attempt, of which there are few as long as receivers do.
    Index("deliveries_retried", "clinic_id", "number", sqlite_where=FAILED_SO_FAR, postgresql_where=FAILED_SO_FAR),
    Index(
        "deliveries_hook_retried", "webhook_id", "number", sqlite_where=FAILED_SO_FAR, postgresql_where=FAILED_SO_FAR
    ),
    sqlite_with_rowid=False,
)

delivery_attempts = Table(
    "delivery_attempts",
    metadata,
    id_("delivery_id", ForeignKey("deliveries.id"), primary_key=True),
    Column("nth", SmallInteger, primary_key=True, autoincrement=False),
    Column("at", INSTANT, nullable=False),
    int_("took_ms"),
    Column("status", SmallInteger),
    text_("error", nullable=True),
    text_("response", nullable=True),  # how the answer's body begins
    sqlite_with_rowid=False,
)
