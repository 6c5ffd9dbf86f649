# SPDX-License-Identifier: Apache-2.0
"""Clinics: added and listed by the operator; a caller's own clinic comes from its key."""

from __future__ import annotations

import msgspec

from polyvet.model.entities import Clinic
from polyvet.storage import access
from polyvet.storage.store import Reader, Store
from polyvet.storage.writing import Touching, Tx


async def create(store: Store, clinic: Clinic) -> int:
    """Add a clinic under the next free installation number, which is given back; the id in `clinic` is not read."""

    async def job(tx: Tx) -> int:
        number = await access.next_clinic_id(tx)
        access.add_clinic(tx, msgspec.structs.replace(clinic, id=number))
        return number

    return await store.write(Touching(), job)


async def list_clinics(store: Store) -> list[Clinic]:
    """All clinics, by installation number."""
    return await access.list_clinics(store.reader)


async def get(reader: Reader, clinic_id: int) -> Clinic:
    """The clinic of a caller, or that a row belongs to; LookupError if it is none."""
    found = await access.get_clinic(reader, clinic_id)
    if found is None:
        raise LookupError(f"there is no clinic {clinic_id}")
    return found


class Clinics:
    """The clinics that were asked for, in memory: nothing of a clinic ever changes."""

    def __init__(self) -> None:
        self._known: dict[int, Clinic] = {}

    async def get(self, reader: Reader, clinic_id: int) -> Clinic:
        """As `get` has it."""
        found = self._known.get(clinic_id)
        if found is None:
            found = self._known[clinic_id] = await get(reader, clinic_id)
        return found
