# SPDX-License-Identifier: Apache-2.0
"""Who works at a clinic, in the store."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import astuple, replace
from sqlalchemy import select, update

from polyvet.model.details import UserDetails, from_json, to_json
from polyvet.model.entities import User
from polyvet.model.files import StaffFile
from polyvet.model.filters import Kind
from polyvet.storage import numbers
from polyvet.storage.filter_sql import Field
from polyvet.storage.filtered import FilteredList, Source
from polyvet.storage.statement import Statement, among_numbers, as_numbers, inserting, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import users
from polyvet.storage.writing import Tx

u = users.c
NUMBERED = "user"  # the numbers of users, as `numbers` counts them
USER_COLUMNS = tuple(u[name] for name in User.__struct_fields__)
_COLUMNS = (*USER_COLUMNS, u.details)
_NAMES = " ".join(column.name for column in _COLUMNS)
_CHANGING = "name email active updated_at library_role console_role operator details"
FIELDS = {
    "number": Field(u.number, Kind.NUMBER),
    "email": Field(u.email, Kind.TEXT),
    "active": Field(u.active, Kind.TRUTH),
    "created_at": Field(u.created_at, Kind.INSTANT),
}


def user_of(row: Any) -> User:
    """A user of a row that starts with USER_COLUMNS; SQLite gives a truth value as 0 or 1."""
    user = User(*row[: len(USER_COLUMNS)])
    return replace(user, active=bool(user.active), operator=bool(user.operator))


def _file(row: Any) -> StaffFile:
    return StaffFile(user_of(row), from_json(UserDetails, row[len(USER_COLUMNS)]))


LISTED: FilteredList[StaffFile] = FilteredList(
    Source(
        columns=_COLUMNS,
        base=users,
        joined=users,
        here=(u.clinic_id == p("clinic"),),
        fields=FIELDS,
        last=u.number,
        unique=frozenset(("number",)),
        indexed=frozenset(("number", "email")),
    ),
    _file,
)
_of_clinic = select(*_COLUMNS).where(u.clinic_id == p("clinic"))
_sqlite, _postgresql = among_numbers(u.number, "numbers")
_BY_NUMBERS = Statement(_of_clinic.where(_sqlite), "clinic numbers", postgresql=_of_clinic.where(_postgresql))
_USER = Statement(select(*USER_COLUMNS).where(u.id == p("user")), "user")
_WITH_PASSWORD = Statement(select(*USER_COLUMNS, u.password_hash).where(u.id == p("user")), "user")
_BY_EMAIL = Statement(_of_clinic.where(u.email == p("email")), "clinic email")
_SIGNING_IN = Statement(
    select(*USER_COLUMNS, u.password_hash).where(u.clinic_id == p("clinic"), u.email == p("email")), "clinic email"
)
_SIGNING_IN_ANYWHERE = Statement(
    select(*USER_COLUMNS, u.password_hash)
    .where(u.email == p("email"), u.password_hash.is_not(None), u.active)
    .order_by(u.created_at, u.id)
    .limit(p("most")),
    "email most",
)
_SET_PASSWORD = Statement(
    update(users).where(u.id == p("user")).values(password_hash=p("new_password_hash")),
    "new_password_hash user",
    rank=70,
)
_ADD = inserting(users, _NAMES, rank=10)
_UPDATE = Statement(
    update(users).where(u.id == p("user")).values({name: p(f"new_{name}") for name in _CHANGING.split()}),
    " ".join(f"new_{name}" for name in _CHANGING.split()) + " user",
    rank=70,
)


async def get_user(reader: Reader, user_id: bytes) -> User | None:
    """One user of any clinic."""
    row = await reader.fetch_one(_USER, user_id)
    return None if row is None else user_of(row)


async def with_password(reader: Reader, user_id: bytes) -> tuple[User, str | None] | None:
    """The same with the hash of the password, None for who has none."""
    row = await reader.fetch_one(_WITH_PASSWORD, user_id)
    return None if row is None else (user_of(row), row[-1])


async def by_numbers(reader: Reader, clinic_id: int, wanted: Iterable[int]) -> list[StaffFile]:
    """The files of many who work at the clinic."""
    rows = await reader.fetch(_BY_NUMBERS, clinic_id, as_numbers(reader.engine, wanted))
    return [_file(row) for row in rows]


async def by_email(reader: Reader, clinic_id: int, email: str) -> StaffFile | None:
    """Who has this address at the clinic, in whatever case it is written."""
    row = await reader.fetch_one(_BY_EMAIL, clinic_id, as_kept(email))
    return None if row is None else _file(row)


async def signing_in(reader: Reader, clinic_id: int, email: str) -> tuple[User, str | None] | None:
    """The same with the hash of the password, None for who has none."""
    row = await reader.fetch_one(_SIGNING_IN, clinic_id, as_kept(email))
    return None if row is None else (user_of(row), row[-1])


async def signing_in_anywhere(reader: Reader, email: str, most: int) -> list[tuple[User, str]]:
    """The active users of all clinics who have this address and a password, with its hash; the first that there
    were."""
    rows = await reader.fetch(_SIGNING_IN_ANYWHERE, as_kept(email), most)
    return [(user_of(row), row[-1]) for row in rows]


def set_password(tx: Tx, user_id: bytes, password_hash: str) -> None:
    """Give a user a password."""
    tx.write(_SET_PASSWORD, password_hash, user_id)


def as_kept(email: str) -> str:
    """An address as it is kept: in lower case, so that the index tells whether it is taken."""
    return email.lower()


async def add_user(tx: Tx, user: User, details: UserDetails | None = None) -> User:
    """Add somebody who works at a clinic that the transaction holds; gives the user with its number."""
    user = _kept(replace(user, number=await numbers.take(tx, user.clinic_id, NUMBERED)))
    tx.write(_ADD, *astuple(user), to_json(details or UserDetails()))
    return user


def change_user(tx: Tx, file: StaffFile) -> StaffFile:
    """Write what may change of a user; gives the file as it is kept."""
    user = _kept(file.user)
    tx.write(
        _UPDATE, user.name, user.email, user.active, user.updated_at, user.library_role, user.console_role,
        user.operator, to_json(file.details), user.id,
    )  # fmt: skip
    return replace(file, user=user)


def _kept(user: User) -> User:
    return replace(user, email=None if user.email is None else as_kept(user.email))
