# SPDX-License-Identifier: Apache-2.0
"""A clinic's departments in the store."""

from __future__ import annotations

from sqlalchemy import select

from polyvet.storage.statement import Statement, inserting, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import departments
from polyvet.storage.writing import Tx

d = departments.c
_ALL = Statement(select(d.number, d.name).where(d.clinic_id == p("clinic")).order_by(d.number), "clinic")
_ADD = inserting(departments, "clinic_id number name", rank=10)


async def of_clinic(reader: Reader, clinic_id: int) -> dict[int, str]:
    """The departments' names by number."""
    return dict(await reader.fetch(_ALL, clinic_id))


def add(tx: Tx, clinic_id: int, number: int, name: str) -> None:
    """Add a department."""
    tx.write(_ADD, clinic_id, number, name)
