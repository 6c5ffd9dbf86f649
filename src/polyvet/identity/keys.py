# SPDX-License-Identifier: Apache-2.0
"""API keys and access tokens: shown once, kept as SHA-256, and their callers remembered for a second.

What is revoked in any process is dead everywhere when that second is over.
"""

from __future__ import annotations

import hashlib
import secrets
import string
import time

import msgspec

from polyvet.core import roles
from polyvet.core.context import PERMISSIONS, Caller
from polyvet.model import values
from polyvet.model.access import KINDS, ApiKey, Application
from polyvet.model.errors import Forbidden, Unauthenticated
from polyvet.model.requests import Known
from polyvet.storage import access, grants
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching, Tx

PREFIX = "sk_live_"  # both vendors' [seed] [docs]
_ALPHABET = string.ascii_lowercase + string.digits
_SECRET_CHARACTERS = 36  # the length of ClinovaVet's sample key [seed]
_SHOWN_CHARACTERS = len(PREFIX) + 4
_REMEMBERED_S = 1.0
_MOST_REMEMBERED = 10_000
ACCESS, REFRESH = "access", "refresh"  # the kinds of tokens


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """What it takes to make a key."""

    clinic_id: int
    dialect: str
    name: str
    kind: str = "integration"
    permissions: tuple[str, ...] = PERMISSIONS
    per_minute: int | None = None
    per_hour: int | None = None


def new_secret() -> str:
    """A fresh secret."""
    return PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_SECRET_CHARACTERS))


def shown(application: Application) -> str:
    """What an application is recognised by: how its public name begins."""
    return application.client_id[:_SHOWN_CHARACTERS]


def made(new: NewKey, secret: str | None = None) -> tuple[ApiKey, str]:
    """A key that is not kept yet, and its secret, which cannot be had again."""
    secret = secret or new_secret()
    now = values.now()
    key = ApiKey(
        id=values.new_id(now),
        clinic_id=new.clinic_id,
        dialect=new.dialect,
        name=new.name,
        kind=new.kind,
        permissions=" ".join(new.permissions),
        key_hash=values.hashed(secret),
        shown=secret[:_SHOWN_CHARACTERS],
        per_minute=new.per_minute,
        per_hour=new.per_hour,
        created_at=now,
        revoked_at=None,
    )
    return key, secret


async def create(store: Store, new: NewKey, secret: str | None = None) -> tuple[ApiKey, str]:
    """Make a key by hand; gives it and its secret."""
    key, secret = made(new, secret)

    async def job(tx: Tx) -> None:
        access.add_key(tx, key)

    await store.write(Touching(), job)
    return key, secret


async def revoke(store: Store, key_id: bytes) -> None:
    """End a key."""

    async def job(tx: Tx) -> None:
        access.revoke_key(tx, key_id, values.now())

    await store.write(Touching(), job)


async def revoke_named(store: Store, name: str) -> str | None:
    """End the living key with this id or secret; gives its id, or None if there is none."""
    for key in await access.list_keys(store.reader):
        spelled = values.to_crockford(key.id)
        if key.revoked_at is None and (name.upper() == spelled or values.hashed(name) == key.key_hash):
            await revoke(store, key.id)
            return spelled
    return None


def bearer(key: ApiKey) -> Caller:
    """Whoever has a key."""
    return Caller(
        key_id=key.id,
        clinic_id=key.clinic_id,
        kind=key.kind,
        permissions=frozenset(key.permissions.split()),
        shown=key.shown,
        per_minute=key.per_minute,
        per_hour=key.per_hour,
    )


class Keys:
    """Finds callers by their secrets: keys, and access tokens of the dialect if it has any."""

    def __init__(self, store: Store, dialect: str, scope: str | None = None) -> None:
        """`scope`: what an access token must have been granted, "" if any will do; None: the dialect's callers have
        keys only."""
        self._store = store
        self._dialect = dialect
        self._scope = scope
        self._callers: dict[bytes, tuple[float, Caller]] = {}

    async def caller(self, secret: str | None) -> Caller:
        """Who has this secret. Unauthenticated if nobody, or if it is revoked, expired or another dialect's; Forbidden
        for a token that was granted something else."""
        if not secret:
            raise Unauthenticated("no key or token was sent")
        key_hash = values.hashed(secret)
        remembered = self._callers.get(key_hash)
        now = time.monotonic()
        if remembered is not None and remembered[0] > now:
            return remembered[1]
        self._callers.pop(key_hash, None)
        caller = await self._by_key(key_hash)
        if caller is None and self._scope is not None:
            caller = await self._by_token(key_hash, self._scope)
        if caller is None:
            raise Unauthenticated
        if len(self._callers) >= _MOST_REMEMBERED:
            self._callers.clear()
        self._callers[key_hash] = (now + _REMEMBERED_S, caller)
        return caller

    async def _by_key(self, key_hash: bytes) -> Caller | None:
        key = await access.key_by_hash(self._store.reader, key_hash)
        if key is None:
            return None
        if key.revoked_at is not None or key.dialect != self._dialect:
            why = "the key is revoked" if key.revoked_at is not None else f"the key is one for {key.dialect}"
            raise Unauthenticated(why, Known(key.clinic_id, key.id, key.shown))
        return bearer(key)

    async def _by_token(self, token_hash: bytes, scope: str) -> Caller | None:
        """An application, or a user through one: the requests of both are counted apart."""
        held = await grants.held(self._store.reader, token_hash)
        if held is None:
            return None
        application, user_id = held.application, held.grant.user_id
        permissions = frozenset(application.permissions.split())
        known = Known(held.clinic_id, application.id, shown(application))
        if not _is_access(held, self._dialect):
            raise Unauthenticated("the token is over, or no access token of this API", known)
        if scope and scope not in held.grant.scope.split():
            refused = Forbidden(scope)
            refused.known = known
            raise refused
        return Caller(
            key_id=application.id if user_id is None else _together(application.id, user_id),
            clinic_id=held.clinic_id,
            kind=KINDS[0],
            permissions=permissions if user_id is None else permissions & roles.through_api(held.console_role),
            shown=known.shown,
            per_minute=application.per_minute,
            per_hour=application.per_hour,
            user_id=user_id,
            role=held.role or "",
            application_id=application.id,
        )


async def access_token(store: Store, dialect: str, token_hash: bytes) -> grants.Held | None:
    """The dialect's access token with this SHA-256, if it is alive."""
    held = await grants.held(store.reader, token_hash)
    return held if held is not None and _is_access(held, dialect) else None


def _is_access(held: grants.Held, dialect: str) -> bool:
    """Whether it is an access token of the dialect, and alive."""
    return held.token.kind == ACCESS and held.application.dialect == dialect and held.alive(values.now())


def _together(application_id: bytes, user_id: bytes) -> bytes:
    return hashlib.sha256(application_id + user_id).digest()[: len(user_id)]
