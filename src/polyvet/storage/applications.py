# SPDX-License-Identifier: Apache-2.0
"""Applications that sign in by OAuth 2.0."""

from __future__ import annotations

from msgspec.structs import astuple
from sqlalchemy import select, update

from polyvet.model.access import Application
from polyvet.storage.statement import Statement, inserting, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import oauth_applications
from polyvet.storage.writing import Tx

a = oauth_applications.c
COLUMNS = tuple(a[name] for name in Application.__struct_fields__)

_ADD = inserting(oauth_applications, " ".join(Application.__struct_fields__), rank=10)
_BY_CLIENT_ID = Statement(select(*COLUMNS).where(a.client_id == p("client_id")), "client_id")
_OF_CLINIC = Statement(
    select(*COLUMNS)
    .where(a.clinic_id == p("clinic"), a.dialect == p("dialect"), a.revoked_at.is_(None))
    .order_by(a.created_at, a.id),
    "clinic dialect",
)
_REVOKE = Statement(
    update(oauth_applications).where(a.id == p("application")).values(revoked_at=p("new_revoked_at")),
    "new_revoked_at application",
    rank=70,
)


def add(tx: Tx, application: Application) -> None:
    """Add an application, of whose secret only the hash is kept."""
    tx.write(_ADD, *astuple(application))


async def by_client_id(reader: Reader, client_id: str) -> Application | None:
    """The application with this public name, of any clinic, revoked or not."""
    row = await reader.fetch_one(_BY_CLIENT_ID, client_id)
    return None if row is None else Application(*row)


async def of_clinic(reader: Reader, clinic_id: int, dialect: str) -> list[Application]:
    """The living applications that are registered at a clinic, the oldest first."""
    return [Application(*row) for row in await reader.fetch(_OF_CLINIC, clinic_id, dialect)]


def revoke(tx: Tx, application_id: bytes, at: int) -> None:
    """End an application; its grants and tokens are no good without it."""
    tx.write(_REVOKE, at, application_id)
