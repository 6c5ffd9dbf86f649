# SPDX-License-Identifier: Apache-2.0
"""Applications: integrations that ask for tokens. A confidential one has a secret, which is shown once and kept as
SHA-256; a public one has none and proves itself by PKCE."""

from __future__ import annotations

import hmac
import secrets
import string

import msgspec

from polyvet.core.context import PERMISSIONS, Caller
from polyvet.model import values
from polyvet.model.access import KINDS, Application
from polyvet.storage import applications
from polyvet.storage.store import Reader, Store
from polyvet.storage.writing import Touching, Tx

CODE, CLIENT_CREDENTIALS, REFRESH = "authorization_code", "client_credentials", "refresh_token"
_ALPHABET = string.ascii_letters + string.digits  # what no encoding on the way changes
_ID_CHARACTERS, _SECRET_CHARACTERS = 40, 64


class NewApplication(msgspec.Struct, frozen=True, kw_only=True):
    """What it takes to make an application."""

    clinic_id: int
    dialect: str
    name: str
    scopes: tuple[str, ...]
    redirect_uris: tuple[str, ...] = ()
    public: bool = False
    permissions: tuple[str, ...] = PERMISSIONS
    for_itself: bool = True  # with a secret it gets tokens of its own, without a user
    per_minute: int | None = None


def new_secret() -> str:
    """A fresh secret."""
    return _random(_SECRET_CHARACTERS)


def made(new: NewApplication) -> tuple[Application, str | None]:
    """An application that is not kept yet, and its secret, which cannot be had again; None for a public one."""
    secret = None if new.public else new_secret()
    now = values.now()
    application = Application(
        id=values.new_id(now),
        clinic_id=new.clinic_id,
        dialect=new.dialect,
        name=new.name,
        client_id=_random(_ID_CHARACTERS),
        secret_hash=None if secret is None else values.hashed(secret),
        grant_types=" ".join(_grant_types(new)),
        redirect_uris=" ".join(new.redirect_uris),
        scopes=" ".join(new.scopes),
        permissions=" ".join(new.permissions),
        per_minute=new.per_minute,
        per_hour=None,
        created_at=now,
        revoked_at=None,
    )
    return application, secret


async def create(store: Store, new: NewApplication) -> tuple[Application, str | None]:
    """Make an application by hand; gives it and its secret."""
    application, secret = made(new)

    async def job(tx: Tx) -> None:
        applications.add(tx, application)

    await store.write(Touching(), job)
    return application, secret


def _grant_types(new: NewApplication) -> tuple[str, ...]:
    """Who has no secret cannot ask for itself, and who has no redirect URI not for a user."""
    own = (CLIENT_CREDENTIALS,) if new.for_itself and not new.public else ()
    return (*own, CODE, REFRESH) if new.redirect_uris else own


def bearer(application: Application) -> Caller:
    """Whoever has a token of the application's own."""
    return Caller(
        key_id=application.id,
        clinic_id=application.clinic_id,
        kind=KINDS[0],
        permissions=frozenset(application.permissions.split()),
        shown=application.client_id,
        per_minute=application.per_minute,
        per_hour=application.per_hour,
        application_id=application.id,
    )


async def revoke(store: Store, client_id: str) -> bool:
    """End an application and all its tokens; False if there is none that is alive."""
    found = await applications.by_client_id(store.reader, client_id)
    if found is None or found.revoked_at is not None:
        return False

    async def job(tx: Tx) -> None:
        applications.revoke(tx, found.id, values.now())

    await store.write(Touching(), job)
    return True


async def find(reader: Reader, dialect: str, clinic_id: int | None, client_id: str) -> Application | None:
    """The living application of a clinic, or of any, with this public name."""
    found = await applications.by_client_id(reader, client_id)
    if found is None or found.revoked_at is not None or found.dialect != dialect:
        return None
    return found if clinic_id in (None, found.clinic_id) else None


async def authenticated(
    reader: Reader, dialect: str, clinic_id: int | None, client_id: str, secret: str | None
) -> Application | None:
    """The application that proves itself by its secret, or needs none and sends none."""
    found = await find(reader, dialect, clinic_id, client_id)
    if found is None:
        return None
    if found.secret_hash is None or secret is None:
        return found if found.public and secret is None else None
    return found if hmac.compare_digest(values.hashed(secret), bytes(found.secret_hash)) else None


def _random(characters: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(characters))
