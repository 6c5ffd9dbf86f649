# SPDX-License-Identifier: Apache-2.0
"""Webhooks, how far the event log was read for them, and what was sent.

This file is frozen: it says what revision 0005 was, whatever the tables are today.
"""

from __future__ import annotations

from alembic import op

from polyvet.storage.migrations.frozen import PLAIN, clinic, ident, integer, small, truth, words

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Only add."""
    op.create_table(
        "webhooks",
        ident(key=True),
        clinic(),
        integer("number"),
        words("name"),
        words("target_url"),
        small("trigger"),
        small("content_type"),
        integer("department", null=True),
        truth("active"),
        words("secret"),
        words("previous_secret", null=True),
        integer("previous_until", null=True),
        integer("since_seq"),
        integer("created_at"),
        integer("updated_at"),
        **PLAIN,
    )
    op.create_index("webhooks_number", "webhooks", ["clinic_id", "number"], unique=True)
    op.create_table("outbox_cursors", clinic(key=True), integer("seq"), **PLAIN)
    op.create_table(
        "deliveries",
        ident(key=True),
        clinic(checked=False),
        integer("number"),
        ident("webhook_id", "webhooks.id"),
        integer("event_seq"),
        *(words(name) for name in ("parameter", "value", "state")),
        small("attempts"),
        integer("next_at", null=True),
        integer("leased_until", null=True),
        small("last_status", null=True),
        words("last_error", null=True),
        integer("created_at"),
        integer("updated_at"),
        **PLAIN,
    )
    op.create_index("deliveries_number", "deliveries", ["clinic_id", "number"], unique=True)
    op.create_index("deliveries_event", "deliveries", ["webhook_id", "event_seq"], unique=True)
    op.create_index("deliveries_due", "deliveries", ["next_at"])
    op.create_index("deliveries_hook_due", "deliveries", ["webhook_id", "next_at"])
    op.create_table(
        "delivery_attempts",
        ident("delivery_id", "deliveries.id", key=True),
        small("nth", key=True),
        integer("at"),
        integer("took_ms"),
        small("status", null=True),
        words("error", null=True),
        **PLAIN,
    )
