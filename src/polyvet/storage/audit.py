# SPDX-License-Identifier: Apache-2.0
"""Who did what in the console, in the store."""

from __future__ import annotations

from msgspec.structs import astuple
from sqlalchemy import literal_column, select

from polyvet.model.audit import Action, Deed
from polyvet.storage.statement import Statement, inserting, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import audit
from polyvet.storage.writing import Tx

a = audit.c
_ADD = inserting(audit, " ".join(Deed.__struct_fields__), rank=95)
# Backwards along the thing's index: most of what stands there of a user is that they signed in. The clinic stands as an
# expression, since SQLite would rather read all that the clinic has.
_LATEST = Statement(
    select(a.at)
    .where(a.clinic_id + literal_column("0") == p("clinic"), a.entity_id == p("thing"), a.action == p("action"))
    .order_by(a.at.desc())
    .limit(literal_column("1")),
    "clinic thing action",
)


def add(tx: Tx, deed: Deed) -> None:
    """Note something."""
    tx.write(_ADD, *astuple(deed))


async def latest(reader: Reader, clinic_id: int, entity_id: bytes, action: Action) -> int | None:
    """When this was last done with a thing of the clinic."""
    row = await reader.fetch_one(_LATEST, clinic_id, entity_id, action)
    return None if row is None else row[0]
