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


class Clinics:
    """All clinics in memory; they are only ever added, so one that is not known yet is looked for again."""

    def __init__(self) -> None:
        self._known: dict[int, Clinic] = {}

    async def get(self, reader: Reader, clinic_id: int) -> Clinic:
        """The clinic that a row belongs to."""
        if clinic_id not in self._known:
            self._known = {clinic.id: clinic for clinic in await access.list_clinics(reader)}
        return self._known[clinic_id]
