# SPDX-License-Identifier: Apache-2.0
"""Requests of the last days as they are kept: who asked for what, and what became of it. No query, no body, no
secret."""

from __future__ import annotations

import msgspec

from polyvet.model.entities import Entity

NOBODYS = 0  # in place of a clinic: of requests whose caller is not known
UNKEPT = 0  # the status of a row that stands for requests of which nothing more is kept


class Known(Entity, frozen=True):
    """Whose a credential is, also of one that lets nobody in any more; or who is signed in with a browser."""

    clinic_id: int
    credential_id: bytes  # a key's, an application's or a user's
    shown: str


class Asked(Entity, frozen=True):
    """A request that was answered. One with the status UNKEPT stands for several, and its reason says how many."""

    clinic_id: int  # or NOBODYS
    at: int  # when the answer was out
    request_id: str
    dialect: str
    method: str
    path: str
    status: int
    took_us: int
    key_id: bytes | None
    key_shown: str | None
    reason: str | None  # why it was refused

    @property
    def place(self) -> str:
        """Where the row stands in the list, as `before` of the page that goes on after it."""
        return f"{self.at}.{self.request_id}"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which requests are looked for. None: any; statuses as [lowest, highest], instants as [since, until)."""

    status: tuple[int, int] | None = None
    method: str | None = None
    dialect: str | None = None
    without: str | None = None  # a dialect whose requests are left out
    key_id: bytes | None = None
    path: str | None = None  # how it starts
    request_id: str | None = None
    since: int | None = None
    until: int | None = None

    @property
    def anything(self) -> bool:
        """Whether a page can be read without looking past rows that are not wanted."""
        return all(getattr(self, name) is None for name in self.__struct_fields__ if name not in ("since", "until"))


class Credential(Entity, frozen=True):
    """A key or an application of a clinic, alive or not, by which requests are told apart."""

    id: bytes
    dialect: str
    name: str
    shown: str
    ended: bool
