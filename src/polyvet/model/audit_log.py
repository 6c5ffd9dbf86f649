# SPDX-License-Identifier: Apache-2.0
"""Who saw and changed what, as one log: changes of the record, what people did in the console, and what was read
through an API."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from polyvet.model import paging
from polyvet.model.entities import Entity

USER = "user"  # the kind of an actor; the others are keys and applications
LATEST = paging.LATEST  # also more than any log has events


class Kind(StrEnum):
    """What a log is narrowed to."""

    SEEN = "seen"
    CHANGED = "changed"
    ENTERED = "entered"  # signed in and out


class Entry(Entity, frozen=True):
    """A line of the log. `shown` says of which thing; `by` names who did it where that is known without looking it
    up."""

    at: int
    actor: bytes | None
    by: str | None
    action: str
    entity: str
    shown: str


class Actor(Entity, frozen=True):
    """Somebody, or something, whom a log may name."""

    id: bytes
    kind: str
    name: str


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """Where a page of the log ends, in each of the three it is put together from: the next page starts behind it."""

    seq: int = LATEST
    deed_at: int = LATEST
    deed_id: bytes = paging.HIGHEST_ID
    asked_at: int = LATEST
    asked_id: str = ""


class Things(msgspec.Struct, frozen=True):
    """Things that one spelling may mean: their ids, and how paths name them."""

    ids: tuple[bytes, ...]
    spelled: frozenset[str]
