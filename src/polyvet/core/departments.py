# SPDX-License-Identifier: Apache-2.0
"""A clinic's departments."""

from __future__ import annotations

from polyvet.core.context import Context
from polyvet.model.errors import Invalid
from polyvet.storage import departments as stored
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching, Tx

LONGEST_NAME = 200
MOST = 200  # of a clinic: forms offer all of them


async def of_clinic(ctx: Context) -> dict[int, str]:
    """The departments' names by number; whoever has a key of the clinic may know them."""
    return await stored.of_clinic(ctx.reader, ctx.clinic_id)


async def add(store: Store, clinic_id: int, name: str) -> int:
    """Add a clinic's department; gives its number, or that of the one that has the name already. Invalid."""
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME or "\0" in name:
        raise Invalid({"name": f"A department's name has 1 to {LONGEST_NAME} characters."})

    async def job(tx: Tx) -> int:
        known = await stored.of_clinic(tx, clinic_id)
        for number, other in known.items():
            if other.casefold() == name.casefold():
                return number
        if len(known) >= MOST:
            raise Invalid({"name": f"A clinic has at most {MOST} departments."})
        number = max(known, default=0) + 1
        stored.add(tx, clinic_id, number, name)
        return number

    return await store.write(Touching(clinics=(clinic_id,)), job)
