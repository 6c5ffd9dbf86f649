# SPDX-License-Identifier: Apache-2.0
"""Clinics: added, listed and changed by the operator; a caller's own clinic comes from its key, and its owner changes
what is said of it."""

from __future__ import annotations

import time
from zoneinfo import available_timezones

import msgspec

from polyvet.core import audit
from polyvet.core.context import Context, Writing
from polyvet.model import values
from polyvet.model.audit import Action
from polyvet.model.entities import Clinic
from polyvet.model.errors import Invalid
from polyvet.storage import access
from polyvet.storage.store import Reader, Store
from polyvet.storage.writing import Touching, Tx

_REMEMBERED_S = 1.0


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What of a clinic is to be changed; None: as it is. Its currency stays, since its invoices are in it."""

    name: str | None = None
    timezone: str | None = None
    email: str | None = None  # "": none any more


def problems(change: Change) -> dict[str, str]:
    """What does not hold, by field."""
    found = {}
    if change.name is not None and not values.is_name(change.name):
        found["name"] = f"a clinic's name has 1 to {values.LONGEST_NAME} characters"
    if change.timezone is not None and change.timezone not in available_timezones():
        found["timezone"] = f"there is no time zone {change.timezone}; write it as Europe/Berlin"
    if change.email and not values.is_email(change.email):
        found["email"] = f"this is no e-mail address: {change.email}"
    return found


def currency_problem(currency: str) -> str | None:
    """What keeps a text from being a currency's code; None if nothing does."""
    if len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper():
        return None
    return "a currency is three letters, as EUR (ISO 4217)"


async def create(store: Store, clinic: Clinic) -> int:
    """Add a clinic under the next free installation number, which is given back; the id in `clinic` is not read."""

    async def job(tx: Tx) -> int:
        number = await access.next_clinic_id(tx)
        access.add_clinic(tx, msgspec.structs.replace(clinic, id=number))
        return number

    return await store.write(Touching(), job)


async def change(store: Store, clinic_id: int, change: Change) -> Clinic:
    """Change a clinic; every server goes by it within a second. Invalid; LookupError if there is no such clinic."""
    if found := problems(change):
        raise Invalid(found)
    return await store.write(Touching(clinics=(clinic_id,)), lambda tx: _changed(tx, clinic_id, change))


async def save(w: Writing, change: Change) -> Clinic:
    """The same of the caller's own clinic, which the transaction holds. Invalid."""
    w.require("clinic:write")
    if found := problems(change):
        raise Invalid(found)
    changed = await _changed(w.tx, w.clinic_id, change)
    audit.note(w, Action.CHANGED, "clinic", changed.uid, f"{changed.name}, {changed.timezone}, {changed.email or '-'}")
    return changed


async def _changed(tx: Tx, clinic_id: int, change: Change) -> Clinic:
    """All that may change is written, as it was read or anew: whoever else changes it waits for the clinic."""
    now = await get(tx, clinic_id)
    changed = msgspec.structs.replace(
        now,
        name=now.name if change.name is None else change.name,
        timezone=now.timezone if change.timezone is None else change.timezone,
        email=now.email if change.email is None else change.email or None,
    )
    access.change_clinic(tx, changed)
    return changed


async def page(ctx: Context, before: int, limit: int) -> list[Clinic]:
    """All clinics of the server with lower numbers than `before`, the latest first."""
    ctx.require("server:read")
    return await access.clinics_below(ctx.reader, before, limit)


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
    """The clinics that were asked for, remembered for a second."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[float, Clinic]] = {}

    async def get(self, reader: Reader, clinic_id: int) -> Clinic:
        """As `get` has it."""
        now = time.monotonic()
        until, found = self._known.get(clinic_id, (0.0, None))
        if found is None or until <= now:
            found = await get(reader, clinic_id)
            self._known[clinic_id] = now + _REMEMBERED_S, found
        return found
