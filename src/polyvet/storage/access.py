# SPDX-License-Identifier: Apache-2.0
"""Clinics, users and keys in the store."""

from __future__ import annotations

from typing import Any

from msgspec.structs import astuple, replace
from sqlalchemy import and_, func, or_, select, update

from polyvet.model.entities import ApiKey, Clinic, User
from polyvet.storage import numbers
from polyvet.storage.statement import Statement, inserting, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import api_keys, clinics, users
from polyvet.storage.writing import Tx

_CLINIC = "id uid name timezone currency created_at"
_CLINIC_COLUMNS = tuple(clinics.c[name] for name in _CLINIC.split())
USER_COLUMNS = tuple(users.c[name] for name in User.__struct_fields__)
_KEY_COLUMNS = tuple(api_keys.columns)
_SEQUENCES = "clock event_seq client_seq patient_seq invoice_seq appointment_seq record_seq"

_ADD_CLINIC = inserting(clinics, f"{_CLINIC} {_SEQUENCES}", rank=0)
_ADD_USER = inserting(users, " ".join(column.name for column in USER_COLUMNS), rank=10)
_ADD_KEY = inserting(api_keys, " ".join(column.name for column in _KEY_COLUMNS), rank=10)
_CLINICS = Statement(select(*_CLINIC_COLUMNS).order_by(clinics.c.id))
_NEXT_CLINIC = Statement(select(func.coalesce(func.max(clinics.c.id), 0) + 1))
_USER = Statement(select(*USER_COLUMNS).where(users.c.id == p("user")), "user")
_USER_BY_NUMBER = Statement(
    select(*USER_COLUMNS).where(and_(users.c.clinic_id == p("clinic"), users.c.number == p("number"))), "clinic number"
)
# A clinic has few users; SQLite's lower() knows ASCII only.
_BY_EMAIL = Statement(
    select(*USER_COLUMNS, users.c.password_hash).where(
        and_(
            users.c.clinic_id == p("clinic"), or_(func.lower(users.c.email) == p("lower"), users.c.email == p("email"))
        )
    ),
    "clinic lower email",
)
_SET_PASSWORD = Statement(
    update(users).where(users.c.id == p("user")).values(password_hash=p("new_password_hash")),
    "new_password_hash user",
    rank=70,
)
_SET_EMAIL = Statement(
    update(users).where(users.c.id == p("user")).values(email=p("new_email"), updated_at=p("new_updated_at")),
    "new_email new_updated_at user",
    rank=70,
)
_KEY_BY_HASH = Statement(select(*_KEY_COLUMNS).where(api_keys.c.key_hash == p("key_hash")), "key_hash")
_KEYS = Statement(select(*_KEY_COLUMNS).order_by(api_keys.c.created_at, api_keys.c.id))
_REVOKE = Statement(
    update(api_keys).where(api_keys.c.id == p("key")).values(revoked_at=p("new_revoked_at")),
    "new_revoked_at key",
    rank=70,
)


def add_clinic(tx: Tx, clinic: Clinic, *, client_seq: int = 0, patient_seq: int = 0, clock: int = 0) -> None:
    """Add a clinic; the sequences say which numbers are taken already."""
    tx.write(
        _ADD_CLINIC, clinic.id, clinic.uid, clinic.name, clinic.timezone, clinic.currency, clinic.created_at,
        clock, 0, client_seq, patient_seq, 0, 0, 0,
    )  # fmt: skip


async def next_clinic_id(reader: Reader) -> int:
    """An installation number that is free."""
    number: int = (await reader.fetch_one(_NEXT_CLINIC))[0]
    return number


async def list_clinics(reader: Reader) -> list[Clinic]:
    """All clinics, by installation number."""
    return [Clinic(*row) for row in await reader.fetch(_CLINICS)]


async def add_user(tx: Tx, user: User) -> User:
    """Add somebody who works at a clinic that the transaction holds; gives the user with its number."""
    user = replace(user, number=await numbers.take(tx, user.clinic_id, "user"))
    tx.write(_ADD_USER, *astuple(user))
    return user


async def get_user(reader: Reader, user_id: bytes) -> User | None:
    """One user of any clinic."""
    row = await reader.fetch_one(_USER, user_id)
    return None if row is None else user_of(row)


async def user_by_number(reader: Reader, clinic_id: int, number: int) -> User | None:
    """One user of a clinic."""
    row = await reader.fetch_one(_USER_BY_NUMBER, clinic_id, number)
    return None if row is None else user_of(row)


async def users_by_email(reader: Reader, clinic_id: int, email: str) -> list[tuple[User, str | None]]:
    """Those of a clinic who have this e-mail in whatever case, and their passwords' hashes."""
    rows = await reader.fetch(_BY_EMAIL, clinic_id, email.lower(), email)
    return [(user_of(row[:-1]), row[-1]) for row in rows]


def set_password(tx: Tx, user_id: bytes, password_hash: str) -> None:
    """Give a user a password."""
    tx.write(_SET_PASSWORD, password_hash, user_id)


def set_email(tx: Tx, user_id: bytes, email: str, at: int) -> None:
    """Give a user an e-mail."""
    tx.write(_SET_EMAIL, email, at, user_id)


def user_of(row: Any) -> User:
    """A user of a row of USER_COLUMNS; SQLite gives a truth value as 0 or 1."""
    user = User(*row)
    return replace(user, active=bool(user.active))


def add_key(tx: Tx, key: ApiKey) -> None:
    """Add a key, of which only the hash is kept."""
    tx.write(
        _ADD_KEY, key.id, key.clinic_id, key.dialect, key.name, key.kind, key.permissions, key.key_hash, key.shown,
        key.per_minute, key.per_hour, key.created_at, key.revoked_at,
    )  # fmt: skip


async def key_by_hash(reader: Reader, key_hash: bytes) -> ApiKey | None:
    """The key with this SHA-256, revoked or not."""
    row = await reader.fetch_one(_KEY_BY_HASH, key_hash)
    return None if row is None else ApiKey(*row)


async def list_keys(reader: Reader) -> list[ApiKey]:
    """All keys of all clinics, the oldest first."""
    return [ApiKey(*row) for row in await reader.fetch(_KEYS)]


def revoke_key(tx: Tx, key_id: bytes, at: int) -> None:
    """End a key."""
    tx.write(_REVOKE, at, key_id)
