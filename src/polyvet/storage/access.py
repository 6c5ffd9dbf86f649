# SPDX-License-Identifier: Apache-2.0
"""Clinics and keys in the store."""

from __future__ import annotations

from msgspec.structs import astuple
from sqlalchemy import func, select, update

from polyvet.model.access import ApiKey
from polyvet.model.entities import Clinic
from polyvet.storage.statement import Statement, inserting, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import api_keys, clinics
from polyvet.storage.writing import Tx

_CLINIC = "id uid name timezone currency created_at email"
_CLINIC_COLUMNS = tuple(clinics.c[name] for name in _CLINIC.split())
_KEY_COLUMNS = tuple(api_keys.columns)
_SEQUENCES = "clock event_seq client_seq patient_seq invoice_seq appointment_seq record_seq"

_ADD_CLINIC = inserting(clinics, f"{_CLINIC} {_SEQUENCES}", rank=0)
_ADD_KEY = inserting(api_keys, " ".join(column.name for column in _KEY_COLUMNS), rank=10)
_CLINICS = Statement(select(*_CLINIC_COLUMNS).order_by(clinics.c.id))
_CLINICS_BELOW = Statement(
    select(*_CLINIC_COLUMNS).where(clinics.c.id < p("before")).order_by(clinics.c.id.desc()).limit(p("limit")),
    "before limit",
)
_CLINIC_BY_ID = Statement(select(*_CLINIC_COLUMNS).where(clinics.c.id == p("clinic")), "clinic")
_CHANGE_CLINIC = Statement(
    update(clinics)
    .where(clinics.c.id == p("clinic"))
    .values(name=p("new_name"), timezone=p("new_timezone"), email=p("new_email")),
    "new_name new_timezone new_email clinic",
    rank=5,
)
_NEXT_CLINIC = Statement(select(func.coalesce(func.max(clinics.c.id), 0) + 1))
_KEY_BY_HASH = Statement(select(*_KEY_COLUMNS).where(api_keys.c.key_hash == p("key_hash")), "key_hash")
_KEYS = Statement(select(*_KEY_COLUMNS).order_by(api_keys.c.created_at, api_keys.c.id))
_here = api_keys.c.clinic_id == p("clinic")
_KEY = Statement(select(*_KEY_COLUMNS).where(_here, api_keys.c.id == p("key")), "clinic key")
_PAGES = {
    living: Statement(
        select(*_KEY_COLUMNS)
        .where(_here, api_keys.c.id < p("before"), in_state)
        .order_by(api_keys.c.id.desc())
        .limit(p("most")),
        "clinic before most",
    )
    for living, in_state in ((True, api_keys.c.revoked_at.is_(None)), (False, api_keys.c.revoked_at.is_not(None)))
}
_LIVING = Statement(select(func.count()).select_from(api_keys).where(_here, api_keys.c.revoked_at.is_(None)), "clinic")
_REVOKE = Statement(
    update(api_keys).where(api_keys.c.id == p("key")).values(revoked_at=p("new_revoked_at")),
    "new_revoked_at key",
    rank=70,
)


def add_clinic(tx: Tx, clinic: Clinic, *, client_seq: int = 0, patient_seq: int = 0, clock: int = 0) -> None:
    """Add a clinic; the sequences say which numbers are taken already."""
    tx.write(
        _ADD_CLINIC, clinic.id, clinic.uid, clinic.name, clinic.timezone, clinic.currency, clinic.created_at,
        clinic.email, clock, 0, client_seq, patient_seq, 0, 0, 0,
    )  # fmt: skip


def change_clinic(tx: Tx, clinic: Clinic) -> None:
    """Write what of a clinic can be changed: name, time zone, e-mail."""
    tx.write(_CHANGE_CLINIC, clinic.name, clinic.timezone, clinic.email, clinic.id)


async def next_clinic_id(reader: Reader) -> int:
    """An installation number that is free."""
    number: int = (await reader.fetch_one(_NEXT_CLINIC))[0]
    return number


async def list_clinics(reader: Reader) -> list[Clinic]:
    """All clinics, by installation number."""
    return [Clinic(*row) for row in await reader.fetch(_CLINICS)]


async def clinics_below(reader: Reader, before: int, limit: int) -> list[Clinic]:
    """Clinics with lower numbers than `before`, the latest first."""
    return [Clinic(*row) for row in await reader.fetch(_CLINICS_BELOW, before, limit)]


async def get_clinic(reader: Reader, clinic_id: int) -> Clinic | None:
    """One clinic."""
    row = await reader.fetch_one(_CLINIC_BY_ID, clinic_id)
    return None if row is None else Clinic(*row)


def add_key(tx: Tx, key: ApiKey) -> None:
    """Add a key, of which only the hash is kept."""
    tx.write(_ADD_KEY, *astuple(key))


async def key_by_hash(reader: Reader, key_hash: bytes) -> ApiKey | None:
    """The key with this SHA-256, revoked or not."""
    row = await reader.fetch_one(_KEY_BY_HASH, key_hash)
    return None if row is None else ApiKey(*row)


async def list_keys(reader: Reader) -> list[ApiKey]:
    """All keys of all clinics, the oldest first."""
    return [ApiKey(*row) for row in await reader.fetch(_KEYS)]


async def get_key(reader: Reader, clinic_id: int, key_id: bytes) -> ApiKey | None:
    """One key of a clinic, revoked or not."""
    row = await reader.fetch_one(_KEY, clinic_id, key_id)
    return None if row is None else ApiKey(*row)


async def page_of_keys(reader: Reader, clinic_id: int, before: bytes, most: int, *, living: bool) -> list[ApiKey]:
    """A clinic's keys that were made before the one with the id `before`, the newest first: those that are alive, or
    those that are not."""
    return [ApiKey(*row) for row in await reader.fetch(_PAGES[living], clinic_id, before, most)]


async def living_keys(reader: Reader, clinic_id: int) -> int:
    """How many keys of a clinic are alive."""
    number: int = (await reader.fetch_one(_LIVING, clinic_id))[0]
    return number


def revoke_key(tx: Tx, key_id: bytes, at: int) -> None:
    """End a key."""
    tx.write(_REVOKE, at, key_id)
