# SPDX-License-Identifier: Apache-2.0
"""Who is asking, and through what: the first argument of every core function."""

from __future__ import annotations

import msgspec

from polyvet.core.codelists import Codelists
from polyvet.model.errors import Forbidden
from polyvet.storage.store import Reader, Store
from polyvet.storage.writing import Tx

PERMISSIONS = (
    "calendar:read",
    "calendar:write",
    "clients:read",
    "clients:write",
    "invoices:read",
    "library:read",
    "library:write",
    "patients:read",
    "patients:write",
    "records:read",
    "reminders:read",
    "reminders:write",
    "shares:write",
    "stock:read",
    "users:read",
    "users:write",
    "webhooks:read",
    "webhooks:write",
)


class Caller(msgspec.Struct, frozen=True, gc=False):
    """A key's owner, or an application and whom it acts for: one clinic, some permissions, its budget of requests.
    `user_id` is a user who signed in, `role` what of the library is open to them, `key_id` whose requests are counted
    together."""

    key_id: bytes
    clinic_id: int
    kind: str
    permissions: frozenset[str]
    shown: str
    per_minute: int | None = None
    per_hour: int | None = None
    user_id: bytes | None = None
    role: str = "free"
    application_id: bytes | None = None  # whose token it was

    @property
    def credential_id(self) -> bytes:
        """The key or the application by which somebody came in."""
        return self.key_id if self.application_id is None else self.application_id

    @property
    def actor(self) -> bytes:
        """Who it was, as the event log keeps it: the user for whom something was done, else the key or application."""
        return self.key_id if self.user_id is None else self.user_id


class Context(msgspec.Struct, frozen=True, gc=False):
    """A read: the caller, the store, and the codelists that all share."""

    caller: Caller
    store: Store
    codelists: Codelists

    @property
    def clinic_id(self) -> int:
        """The caller's clinic; every row that is read or written is seen from there."""
        return self.caller.clinic_id

    @property
    def reader(self) -> Reader:
        """What serves short reads."""
        return self.store.reader

    def require(self, permission: str) -> None:
        """Raises Forbidden unless the caller has the permission."""
        if permission not in self.caller.permissions:
            raise Forbidden(permission)

    def within(self, tx: Tx) -> Writing:
        """The same caller inside a transaction, whose events name them."""
        tx.actor = self.caller.actor
        return Writing(self.caller, tx, self.codelists)


class Writing(msgspec.Struct, frozen=True, gc=False):
    """A write: the same caller inside a transaction."""

    caller: Caller
    tx: Tx
    codelists: Codelists

    @property
    def clinic_id(self) -> int:
        """The caller's clinic."""
        return self.caller.clinic_id

    def require(self, permission: str) -> None:
        """Raises Forbidden unless the caller has the permission."""
        if permission not in self.caller.permissions:
            raise Forbidden(permission)
