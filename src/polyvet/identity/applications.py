# SPDX-License-Identifier: Apache-2.0
"""Applications: integrations that ask for tokens. A confidential one has a secret, which is shown once and kept as
SHA-256; a public one has none and proves itself by PKCE."""

from __future__ import annotations

import hmac
import re
import secrets
import string
from urllib.parse import urlsplit

import msgspec

from polyvet.core.context import PERMISSIONS
from polyvet.identity.keys import hashed
from polyvet.model import values
from polyvet.model.access import Application
from polyvet.storage import applications
from polyvet.storage.store import Reader, Store
from polyvet.storage.writing import Touching, Tx

CODE, CLIENT_CREDENTIALS, REFRESH = "authorization_code", "client_credentials", "refresh_token"
_ALPHABET = string.ascii_letters + string.digits  # what no encoding on the way changes
_ID_CHARACTERS, _SECRET_CHARACTERS = 40, 64
LONGEST_REDIRECT = 1_000
MOST_REDIRECTS = 20
# What a header may repeat: the origin goes into the page's content security policy.
_PRINTABLE = re.compile(r"[!-~]+")
_HOST = re.compile(r"[A-Za-z0-9.-]+(?::\d{1,5})?|\[[0-9A-Fa-f:]+\](?::\d{1,5})?")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class ApplicationError(Exception):
    """An application that cannot be made; the message says why."""


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


def redirect_problem(uri: str) -> str | None:
    """What keeps a URI from being one that codes are sent to; None if it may be."""
    if not _PRINTABLE.fullmatch(uri) or len(uri) > LONGEST_REDIRECT or "#" in uri:
        return f"it must be printable ASCII without a #, of {LONGEST_REDIRECT} characters at most"
    try:
        parts = urlsplit(uri)
        host = parts.hostname
    except ValueError as error:
        return str(error)
    if "." in parts.scheme:  # an app's own scheme is its domain turned round, so that no other app has it (RFC 8252)
        return None
    if parts.scheme not in ("https", "http") or host is None or not _HOST.fullmatch(parts.netloc):
        return "write it as https://HOST/PATH, or com.example.app:/PATH for an app on a device"
    if parts.scheme == "http" and host not in _LOOPBACK:
        return "http is for this machine only; codes must not travel unencrypted"
    return None


async def create(store: Store, new: NewApplication, most: int | None = None) -> tuple[Application, str | None]:
    """Make an application; gives it and its secret, which cannot be had again. ApplicationError where the clinic has
    `most` of the dialect already."""
    secret = None if new.public else _random(_SECRET_CHARACTERS)
    now = values.now()
    application = Application(
        id=values.new_id(now),
        clinic_id=new.clinic_id,
        dialect=new.dialect,
        name=new.name,
        client_id=_random(_ID_CHARACTERS),
        secret_hash=None if secret is None else hashed(secret),
        grant_types=" ".join(_grant_types(new)),
        redirect_uris=" ".join(new.redirect_uris),
        scopes=" ".join(new.scopes),
        permissions=" ".join(new.permissions),
        per_minute=new.per_minute,
        per_hour=None,
        created_at=now,
        revoked_at=None,
    )

    async def job(tx: Tx) -> bool:
        if most is not None and len(await applications.of_clinic(tx, new.clinic_id, new.dialect)) >= most:
            return False
        applications.add(tx, application)
        return True

    if not await store.write(Touching(clinics=(new.clinic_id,)), job):
        raise ApplicationError(f"a clinic has at most {most} applications; revoke one that nobody uses")
    return application, secret


def _grant_types(new: NewApplication) -> tuple[str, ...]:
    """Who has no secret cannot ask for itself, and who has no redirect URI not for a user."""
    own = (CLIENT_CREDENTIALS,) if new.for_itself and not new.public else ()
    return (*own, CODE, REFRESH) if new.redirect_uris else own


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
    return found if hmac.compare_digest(hashed(secret), bytes(found.secret_hash)) else None


def _random(characters: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(characters))
