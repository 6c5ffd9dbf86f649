# SPDX-License-Identifier: Apache-2.0
"""Users and applications of a clinic, for the tests of signing in."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from polyvet.identity import grants, sessions
from polyvet.identity.applications import NewApplication, create
from polyvet.model import values
from polyvet.model.access import Application
from polyvet.model.entities import User
from polyvet.storage import staff
from polyvet.storage.statement import Statement
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching, Tx

DIALECT = "provet"
REDIRECT = "https://app.example/callback"


async def a_user(store: Store, clinic_id: int, email: str | None, **more: Any) -> User:
    """Somebody who works at the clinic."""
    now = values.now()
    ident = values.new_id(now)
    user = User(ident, clinic_id, "Dr. Ada Lovelace", ident.hex(), "veterinarian", now, email=email, **more)

    async def job(tx: Tx) -> User:
        return await staff.add_user(tx, user)

    return await store.write(Touching(clinics=(clinic_id,)), job)


async def an_application(store: Store, clinic_id: int, **more: Any) -> tuple[Application, str]:
    """An application and its secret."""
    new = {"redirect_uris": (REDIRECT,), "scopes": ("restapi", "openid"), "name": "tests", **more}
    application, secret = await create(store, NewApplication(clinic_id=clinic_id, dialect=DIALECT, **new))
    return application, secret or ""


async def a_session(store: Store, user: User, instead_of: str | None = None, **more: Any) -> str:
    """A session of a user who is let in; gives its secret. `more` is what begin_within has more."""

    async def job(tx: Tx) -> str:
        return sessions.begin_within(tx, user, instead_of, **more)

    return await store.write(Touching(), job)


async def a_code(store: Store, application: Application, consent: grants.Consent) -> str:
    """A code for what a user granted."""
    code, adding = grants.new_code(application, consent)

    async def job(tx: Tx) -> None:
        adding(tx)

    await store.write(Touching(clinics=(application.clinic_id,)), job)
    return code


async def rows(store: Store, table: str) -> int:
    """How many rows a table has."""
    found = await store.reader.fetch_one(Statement(text(f"SELECT count(*) FROM {table}")))  # noqa: S608
    return int(found[0])


async def beside(store: Store, statement: str) -> None:
    """A statement that the program does not make."""

    async def job(tx: Tx) -> None:
        tx.write(Statement(text(statement)))

    await store.write(Touching(), job)
