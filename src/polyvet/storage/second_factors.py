# SPDX-License-Identifier: Apache-2.0
"""Second factors of those who sign in: the secrets that codes are made of, and which codes were taken."""

from __future__ import annotations

from sqlalchemy import null, or_, select, update

from polyvet.model.access import SecondFactor
from polyvet.storage.statement import Statement, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import users
from polyvet.storage.writing import Tx

u = users.c
_GET = Statement(select(u.totp_secret, u.totp_since, u.totp_step).where(u.id == p("user")), "user")
_PREPARE = Statement(
    update(users).where(u.id == p("user"), u.totp_since.is_(None)).values(totp_secret=p("new_secret")).returning(u.id),
    "new_secret user",
)
_BEGIN = Statement(
    update(users)
    .where(u.id == p("user"), u.totp_since.is_(None), u.totp_secret == p("secret"))
    .values(totp_since=p("new_since"), totp_step=p("new_step"))
    .returning(u.id),
    "new_since new_step user secret",
)
# Decided by one statement: the same code may come twice at the same time.
_TAKE = Statement(
    update(users)
    .where(u.id == p("user"), u.totp_since.is_not(None), or_(u.totp_step.is_(None), u.totp_step < p("new_step")))
    .values(totp_step=p("new_step"))
    .returning(u.id),
    "new_step user",
)
_END = Statement(
    update(users).where(u.id == p("user")).values(totp_since=null(), totp_secret=null(), totp_step=null()),
    "user",
    rank=70,
)


async def get(reader: Reader, user_id: bytes) -> SecondFactor | None:
    """What a user has set up, or is about to; None for who has nothing of either."""
    row = await reader.fetch_one(_GET, user_id)
    return None if row is None or row[0] is None else SecondFactor(*row)


async def prepare(tx: Tx, user_id: bytes, secret: str) -> bool:
    """Keep a secret of which no code is asked for yet; False for who has a second factor already."""
    return await tx.fetch_one(_PREPARE, secret, user_id) is not None


async def begin(tx: Tx, user_id: bytes, secret: str, since: int, step: int) -> bool:
    """Ask for codes of the secret from now on, of which that of `step` was taken; False if it is another one by
    now."""
    return await tx.fetch_one(_BEGIN, since, step, user_id, secret) is not None


async def take(tx: Tx, user_id: bytes, step: int) -> bool:
    """Take the code of a step; False if it was taken before, or a later one was."""
    return await tx.fetch_one(_TAKE, step, user_id) is not None


def end(tx: Tx, user_id: bytes) -> None:
    """Ask for no code any more, and forget the secret."""
    tx.write(_END, user_id)
