# SPDX-License-Identifier: Apache-2.0
"""The console: roles and second factors, links that set passwords, who changed what, requests, offers, deeds.

This file is frozen: it says what revision 0007 was, whatever the tables are today.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from polyvet.storage.migrations.frozen import (
    PLAIN,
    clinic,
    empty,
    folded,
    ident,
    integer,
    octets,
    small,
    truth,
    words,
)

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_LIVING = sa.text("revoked_at IS NULL")
_SHARED = sa.text("shared")
_SEEN = "state <= 1"  # by the clinic


def upgrade() -> None:
    """Only add."""
    op.add_column("users", words("console_role", null=True))
    op.add_column("users", truth("operator", default="false"))
    op.add_column("users", integer("totp_since", null=True))
    op.add_column("users", words("totp_secret", null=True))
    op.add_column("users", integer("totp_step", null=True))
    _index("users_invited", "users", ["clinic_id", "number"], "password_hash IS NULL AND console_role != ''")
    for table in ("api_keys", "oauth_applications"):
        op.add_column(table, integer("last_used_at", null=True))
        op.create_index(f"{table}_clinic", table, ["clinic_id", "id"])
        op.create_index(f"{table}_living", table, ["clinic_id", "id"], sqlite_where=_LIVING, postgresql_where=_LIVING)
    op.add_column("sessions", sa.Column("factors", sa.SmallInteger(), nullable=False, server_default=sa.text("1")))
    op.add_column("events", octets("actor", null=True))
    op.add_column("delivery_attempts", words("response", null=True))
    op.create_index("deliveries_state", "deliveries", ["clinic_id", "state", "number"])
    op.create_index("deliveries_hook_state", "deliveries", ["webhook_id", "state", "number"])
    for name, column in (("deliveries_retried", "clinic_id"), ("deliveries_hook_retried", "webhook_id")):
        _index(name, "deliveries", [column, "number"], "next_at IS NOT NULL AND last_error IS NOT NULL")
    for table in ("species", "breeds", "custom_fields"):
        op.add_column(table, truth("active", default="true"))
    _lists()
    _connections()
    op.create_table(
        "password_links",
        octets("token_hash", key=True),
        ident("user_id", "users.id"),
        integer("created_at"),
        integer("expires_at"),
        **PLAIN,
    )
    op.create_index("password_links_user", "password_links", ["user_id"])
    _looking()
    op.create_table(
        "offers",
        ident(key=True),
        integer("from_clinic", "clinics.id"),
        integer("to_clinic", "clinics.id"),
        ident("client_id", "clients.id"),
        *(words(name) for name in ("note", "state")),
        integer("created_at"),
        integer("changed_at"),
        **PLAIN,
    )
    op.create_index("offers_from", "offers", ["from_clinic", "id"])
    op.create_index("offers_to", "offers", ["to_clinic", "id"])
    op.create_index("offers_client", "offers", ["client_id"])
    _index("offers_unanswered", "offers", ["to_clinic", "id"], "state = 'offered'")
    op.create_table("deeds", words("name", key=True), integer("at"), words("shown"), **PLAIN)


def _lists() -> None:
    """A clinic's own entries are found by their names."""
    bind = op.get_bind()
    for table, among in (("species", []), ("breeds", ["species_id"]), ("code_entries", ["list"])):
        op.add_column(table, empty("name_folded"))
        own = bind.execute(sa.text(f"SELECT id, name FROM {table} WHERE clinic_id IS NOT NULL")).all()  # noqa: S608
        for ident_, name in own:
            bind.execute(
                sa.text(f"UPDATE {table} SET name_folded = :folded WHERE id = :id"),  # noqa: S608, our own names
                {"id": ident_, "folded": folded(name)},
            )
        op.create_index(f"{table}_named", table, ["clinic_id", *among, "name_folded"])
    for table in ("species", "breeds"):
        op.create_index(f"{table}_own", table, ["clinic_id", "id"])


def _connections() -> None:
    """Clients whom several clinics see are a range of their own."""
    op.add_column("connections", truth("shared", default="false"))
    op.execute(
        f"UPDATE connections SET shared = true WHERE {_SEEN} AND client_id IN"  # noqa: S608, our own condition
        f" (SELECT client_id FROM connections WHERE {_SEEN} GROUP BY client_id HAVING count(*) > 1)"
    )
    op.create_index(
        "connections_shared", "connections", ["clinic_id", "number"], unique=True, sqlite_where=_SHARED,
        postgresql_where=_SHARED,
    )  # fmt: skip


def _looking() -> None:
    op.create_table(
        "requests",
        clinic(key=True, checked=False),
        integer("at", key=True),
        words("request_id", key=True),
        *(words(name) for name in ("dialect", "method", "path")),
        small("status"),
        integer("took_us"),
        octets("key_id", null=True),
        words("key_shown", null=True),
        words("reason", null=True),
        **PLAIN,
    )
    op.create_index("requests_at", "requests", ["at"])
    op.create_table(
        "audit",
        clinic(key=True, checked=False),
        integer("at", key=True),
        ident(key=True),
        octets("actor", null=True),
        *(words(name) for name in ("actor_shown", "action", "entity")),
        ident("entity_id", null=True),
        words("shown"),
        **PLAIN,
    )
    op.create_index("audit_thing", "audit", ["entity_id", "at", "id"])
    op.create_index("audit_actor", "audit", ["actor", "at", "id"])
    for name, column in (("events_thing", "entity_id"), ("events_actor", "actor")):
        _index(name, "events", [column, "seq"], "actor IS NOT NULL")


def _index(name: str, table: str, columns: list[str], of: str) -> None:
    """An index of some rows."""
    op.create_index(name, table, columns, sqlite_where=sa.text(of), postgresql_where=sa.text(of))
