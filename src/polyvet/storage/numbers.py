# SPDX-License-Identifier: Apache-2.0
"""Numbers that a clinic gives to its things, one sequence a kind."""

from __future__ import annotations

from sqlalchemy import literal_column
from sqlalchemy.dialects import postgresql, sqlite

from polyvet.storage.statement import Statement, p
from polyvet.storage.tables import numbers
from polyvet.storage.writing import Tx

_NEW = {"clinic_id": p("clinic"), "kind": p("kind"), "last": p("by")}
_sqlite, _postgresql = sqlite.insert(numbers).values(_NEW), postgresql.insert(numbers).values(_NEW)
_TAKE = Statement(
    _sqlite.on_conflict_do_update(
        index_elements=["clinic_id", "kind"], set_={"last": numbers.c.last + _sqlite.excluded.last}
    ).returning(numbers.c.last),
    "clinic kind by",
    postgresql=_postgresql.on_conflict_do_update(
        index_elements=["clinic_id", "kind"], set_={"last": numbers.c.last + _postgresql.excluded.last}
    ).returning(literal_column("numbers.last")),
)


async def take(tx: Tx, clinic_id: int, kind: str, count: int = 1) -> int:
    """The first of the next `count` numbers; the transaction holds the clinic."""
    last: int = (await tx.fetch_one(_TAKE, clinic_id, kind, count))[0]
    return last - count + 1
