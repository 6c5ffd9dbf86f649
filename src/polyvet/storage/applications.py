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

MOST = 100  # of a dialect, where all are given at once
a = oauth_applications.c
COLUMNS = tuple(a[name] for name in Application.__struct_fields__)

_ADD = inserting(oauth_applications, " ".join(Application.__struct_fields__), rank=10)
_BY_CLIENT_ID = Statement(select(*COLUMNS).where(a.client_id == p("client_id")), "client_id")
_OF_CLINIC = Statement(
    select(*COLUMNS)
    .where(a.clinic_id == p("clinic"), a.dialect == p("dialect"), a.revoked_at.is_(None))
    .order_by(a.id.desc())
    .limit(p("most")),
    "clinic dialect most",
)
_here = a.clinic_id == p("clinic")
_GET = Statement(select(*COLUMNS).where(_here, a.id == p("application")), "clinic application")
_PAGES = {
    living: Statement(
        select(*COLUMNS).where(_here, a.id < p("before"), in_state).order_by(a.id.desc()).limit(p("most")),
        "clinic before most",
    )
    for living, in_state in ((True, a.revoked_at.is_(None)), (False, a.revoked_at.is_not(None)))
}
_NEW_SECRET = Statement(
    update(oauth_applications).where(a.id == p("application")).values(secret_hash=p("new_secret_hash")),
    "new_secret_hash application",
    rank=70,
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
    """The living applications that are registered at a clinic, the oldest first; of so many that they were not
    registered by its own people, the latest MOST."""
    rows = await reader.fetch(_OF_CLINIC, clinic_id, dialect, MOST)
    return [Application(*row) for row in reversed(rows)]


async def get(reader: Reader, clinic_id: int, application_id: bytes) -> Application | None:
    """One application of a clinic, revoked or not."""
    row = await reader.fetch_one(_GET, clinic_id, application_id)
    return None if row is None else Application(*row)


async def page(reader: Reader, clinic_id: int, before: bytes, most: int, *, living: bool) -> list[Application]:
    """A clinic's applications that were registered before the one with the id `before`, the newest first: those that
    are alive, or those that are not."""
    return [Application(*row) for row in await reader.fetch(_PAGES[living], clinic_id, before, most)]


def change_secret(tx: Tx, application_id: bytes, secret_hash: bytes) -> None:
    """Give an application another secret, of which only the hash is kept."""
    tx.write(_NEW_SECRET, secret_hash, application_id)


def revoke(tx: Tx, application_id: bytes, at: int) -> None:
    """End an application; its grants and tokens are no good without it."""
    tx.write(_REVOKE, at, application_id)
