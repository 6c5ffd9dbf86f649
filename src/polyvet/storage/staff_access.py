# SPDX-License-Identifier: Apache-2.0
"""Who of a clinic's staff can sign in, in the store."""

from __future__ import annotations

from typing import Any

from sqlalchemy import literal_column, select

from polyvet.model.access import Member, Role
from polyvet.storage.staff import USER_COLUMNS, u, user_of
from polyvet.storage.statement import Statement, p
from polyvet.storage.store import Reader

_members = select(*USER_COLUMNS, u.password_hash.is_not(None)).where(u.clinic_id == p("clinic"))
_PAGE = Statement(
    _members.where(u.number < p("before")).order_by(u.number.desc()).limit(p("limit")), "clinic before limit"
)
_BY_NUMBER = Statement(_members.where(u.number == p("number")), "clinic number")
_OWNER = Statement(
    select(u.id)
    .where(
        u.clinic_id == p("clinic"),
        u.id != p("user"),
        u.active,
        u.console_role == Role.OWNER.value,
        u.password_hash.is_not(None),
    )
    .limit(literal_column("1")),
    "clinic user",
)
_PASSWORD = Statement(select(u.password_hash).where(u.id == p("user")), "user")


def _member(row: Any) -> Member:
    return Member(user_of(row), bool(row[-1]))


async def page(reader: Reader, clinic_id: int, before: int, limit: int) -> list[Member]:
    """Who works or worked at the clinic with lower numbers than `before`, the latest first."""
    return [_member(row) for row in await reader.fetch(_PAGE, clinic_id, before, limit)]


async def by_number(reader: Reader, clinic_id: int, number: int) -> Member | None:
    """One of them."""
    row = await reader.fetch_one(_BY_NUMBER, clinic_id, number)
    return None if row is None else _member(row)


async def has_another_owner(reader: Reader, clinic_id: int, user_id: bytes) -> bool:
    """Whether somebody but this user is an owner of the clinic who can sign in."""
    return await reader.fetch_one(_OWNER, clinic_id, user_id) is not None


async def password_hash(reader: Reader, user_id: bytes) -> str | None:
    """What is kept of a user's password."""
    row = await reader.fetch_one(_PASSWORD, user_id)
    return None if row is None else row[0]
