# SPDX-License-Identifier: Apache-2.0
"""Keys that tokens are signed with. The newest one that is not retired signs."""

from __future__ import annotations

from msgspec.structs import astuple
from sqlalchemy import delete, or_, select, update

from polyvet.model.access import SigningKey
from polyvet.storage.statement import Statement, inserting, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import signing_keys
from polyvet.storage.writing import Tx

s = signing_keys.c
_COLUMNS = tuple(s[name] for name in SigningKey.__struct_fields__)
_NEWEST_FIRST = (s.created_at.desc(), s.kid)

_RETIRE = Statement(
    update(signing_keys).where(s.retired_at.is_(None)).values(retired_at=p("new_retired_at")), "new_retired_at", rank=5
)
_ADD = inserting(signing_keys, " ".join(SigningKey.__struct_fields__), rank=10)
_DELETE = Statement(delete(signing_keys).where(s.retired_at < p("before")), "before", rank=90)
_CURRENT = Statement(select(*_COLUMNS).where(s.retired_at.is_(None)).order_by(*_NEWEST_FIRST).limit(1))
_PUBLISHED = Statement(
    select(*_COLUMNS).where(or_(s.retired_at.is_(None), s.retired_at >= p("since"))).order_by(*_NEWEST_FIRST), "since"
)


def retire_all(tx: Tx, at: int) -> None:
    """No key that is there signs any more; one that is added in the same transaction does."""
    tx.write(_RETIRE, at)


def add(tx: Tx, key: SigningKey) -> None:
    """Add a key."""
    tx.write(_ADD, *astuple(key))


def delete_retired(tx: Tx, before: int) -> None:
    """Forget keys that were retired before."""
    tx.write(_DELETE, before)


async def current(reader: Reader) -> SigningKey | None:
    """The key that signs."""
    row = await reader.fetch_one(_CURRENT)
    return None if row is None else SigningKey(*row)


async def published(reader: Reader, since: int) -> list[SigningKey]:
    """The keys that sign, and those that were retired since, the newest first."""
    return [SigningKey(*row) for row in await reader.fetch(_PUBLISHED, since)]
