# SPDX-License-Identifier: Apache-2.0
"""Who of a clinic's staff can sign in, in the store."""

from __future__ import annotations

from typing import Any

from sqlalchemy import literal_column, select

from polyvet.model.access import Member, Role
from polyvet.model.entities import User
from polyvet.model.paging import SOME
from polyvet.storage.staff import USER_COLUMNS, u, user_of
from polyvet.storage.statement import Statement, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import password_links, users

_members = select(*USER_COLUMNS, u.password_hash.is_not(None)).where(u.clinic_id == p("clinic"))
_PAGE = Statement(
    _members.where(u.number < p("before")).order_by(u.number.desc()).limit(p("limit")), "clinic before limit"
)
_BY_NUMBER = Statement(_members.where(u.number == p("number")), "clinic number")
_is_owner = (
    u.clinic_id == p("clinic"), u.active, u.console_role == Role.OWNER.value, u.password_hash.is_not(None),
)  # fmt: skip
_OWNER = Statement(select(u.id).where(*_is_owner, u.id != p("user")).limit(literal_column("1")), "clinic user")
_OWNERS = Statement(
    select(*USER_COLUMNS).where(*_is_owner, u.email.is_not(None)).order_by(u.number).limit(p("most")), "clinic most"
)
INVITED_LOOKED_AT = 200  # of those who have no password
# As the index of these has it, whose rows are then all that is read.
_invited = (
    select(u.id)
    .where(u.clinic_id == p("clinic"), u.password_hash.is_(None), u.console_role != literal_column("''"))
    .order_by(u.number.desc())
    .limit(literal_column(str(INVITED_LOOKED_AT)))
    .subquery()
)
_RUN_OUT = Statement(
    select(*USER_COLUMNS)
    .select_from(
        _invited.join(users, u.id == _invited.c.id).join(password_links, password_links.c.user_id == _invited.c.id)
    )
    .where(u.active, password_links.c.expires_at <= p("now")),
    "clinic now",
)


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


async def owners(reader: Reader, clinic_id: int, most: int) -> list[User]:
    """The clinic's owners who can sign in and have an e-mail, the first added first."""
    return [user_of(row) for row in await reader.fetch(_OWNERS, clinic_id, most)]


async def run_out(reader: Reader, clinic_id: int, now: int) -> list[User]:
    """Who was let in and has not chosen a password before their link ran out, the latest first: SOME at the most, of
    the latest INVITED_LOOKED_AT."""
    found = [user_of(row) for row in await reader.fetch(_RUN_OUT, clinic_id, now)]
    return sorted(found, key=lambda one: -one.number)[:SOME]
