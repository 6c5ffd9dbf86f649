# SPDX-License-Identifier: Apache-2.0
"""When something that concerns the whole server was last done."""

from __future__ import annotations

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from polyvet.model import values
from polyvet.storage.statement import Statement, p
from polyvet.storage.store import Reader, Store
from polyvet.storage.tables import deeds
from polyvet.storage.writing import Touching, Tx

BACKUP = "backup"
_NAMES = "name at shown"
_given = {name: p(name) for name in _NAMES.split()}
_sqlite = sqlite.insert(deeds).values(_given)
_postgresql = postgresql.insert(deeds).values(_given)
_DONE = Statement(
    _sqlite.on_conflict_do_update(
        index_elements=("name",), set_={"at": _sqlite.excluded.at, "shown": _sqlite.excluded.shown}
    ),
    _NAMES,
    postgresql=_postgresql.on_conflict_do_update(
        index_elements=("name",), set_={"at": _postgresql.excluded.at, "shown": _postgresql.excluded.shown}
    ),
)
_LAST = Statement(select(deeds.c.at, deeds.c.shown).where(deeds.c.name == p("name")), "name")


class Done(msgspec.Struct, frozen=True):
    """When it was done, and what came of it."""

    at: int
    shown: str


async def done(store: Store, name: str, shown: str) -> None:
    """Note that it was done just now; `shown` says what came of it."""

    async def job(tx: Tx) -> None:
        tx.write(_DONE, name, values.now(), shown)

    await store.write(Touching(), job)


async def last(reader: Reader, name: str) -> Done | None:
    """When it was done the last time; None: never."""
    row = await reader.fetch_one(_LAST, name)
    return None if row is None else Done(*row)
