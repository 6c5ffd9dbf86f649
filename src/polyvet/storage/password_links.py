# SPDX-License-Identifier: Apache-2.0
"""Links by which somebody who works at a clinic chooses a password. A user has one at the most, so that the table does
not grow."""

from __future__ import annotations

from msgspec.structs import astuple
from sqlalchemy import delete, select

from polyvet.model.access import PasswordLink
from polyvet.model.entities import User
from polyvet.storage.staff import USER_COLUMNS, user_of
from polyvet.storage.statement import Statement, inserting, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import password_links, users
from polyvet.storage.writing import Tx

link = password_links.c
_COLUMNS = tuple(link[name] for name in PasswordLink.__struct_fields__)
_ADD = inserting(password_links, " ".join(PasswordLink.__struct_fields__), rank=30)
_GET = Statement(
    select(*_COLUMNS, *USER_COLUMNS)
    .select_from(password_links.join(users, users.c.id == link.user_id))
    .where(link.token_hash == p("token_hash")),
    "token_hash",
)
_TAKE = Statement(
    delete(password_links)
    .where(link.token_hash == p("token_hash"), link.expires_at > p("now"))
    .returning(link.user_id),
    "token_hash now",
)
_END_USERS = Statement(delete(password_links).where(link.user_id == p("user")).returning(link.user_id), "user")


def add(tx: Tx, new: PasswordLink) -> None:
    """Add a link."""
    tx.write(_ADD, *astuple(new))


async def get(reader: Reader, token_hash: bytes) -> tuple[PasswordLink, User] | None:
    """The link with this SHA-256, over or not, and whose it is."""
    row = await reader.fetch_one(_GET, token_hash)
    if row is None:
        return None
    return PasswordLink(*row[: len(_COLUMNS)]), user_of(row[len(_COLUMNS) :])


async def take(tx: Tx, token_hash: bytes, now: int) -> bool:
    """End a link that is not over; False if there is none, such as for the second of two who bring it at once."""
    return await tx.fetch_one(_TAKE, token_hash, now) is not None


async def end_users(tx: Tx, user_id: bytes) -> None:
    """End the links of a user that there are so far; one that is added afterwards stays."""
    await tx.fetch(_END_USERS, user_id)
