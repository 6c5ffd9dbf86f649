# SPDX-License-Identifier: Apache-2.0
"""Alembic's entry: runs the revisions on the connection, and in the transaction, that migrate.py hands over."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from polyvet.storage.tables import metadata


def run(connection: Connection) -> None:
    """Run what is asked for; the caller holds the lock and commits."""
    context.configure(connection=connection, target_metadata=metadata, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
