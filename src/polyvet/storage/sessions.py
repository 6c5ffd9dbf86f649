# SPDX-License-Identifier: Apache-2.0
"""Who has signed in with a browser."""

from __future__ import annotations

import itertools

from msgspec.structs import astuple
from sqlalchemy import delete, select

from polyvet.model import values
from polyvet.model.access import BrowserSession
from polyvet.model.entities import User
from polyvet.storage.staff import USER_COLUMNS, user_of
from polyvet.storage.statement import Statement, inserting, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import sessions, users
from polyvet.storage.writing import Tx

SWEEP_EVERY = 64  # sessions that this process begins
SWEEP_ROWS = 512  # at the most; more than begin between two sweeps, so the table does not grow

s = sessions.c
_COLUMNS = tuple(s[name] for name in BrowserSession.__struct_fields__)
_ADD = inserting(sessions, " ".join(BrowserSession.__struct_fields__), rank=30)
_GET = Statement(
    select(*_COLUMNS, *USER_COLUMNS)
    .select_from(sessions.join(users, users.c.id == s.user_id))
    .where(s.token_hash == p("token_hash")),
    "token_hash",
)
_END = Statement(delete(sessions).where(s.token_hash == p("token_hash")), "token_hash", rank=70)
_END_USERS = Statement(delete(sessions).where(s.user_id == p("user")), "user", rank=70)
_END_OTHERS = Statement(delete(sessions).where(s.user_id == p("user"), s.token_hash != p("kept")), "user kept", rank=70)
# Two sweeps at a time share the work; neither waits for the other.
_old = select(s.token_hash).where(s.expires_at < p("before")).order_by(s.expires_at).limit(p("most"))
_SWEEP = Statement(
    delete(sessions).where(s.token_hash.in_(_old)),
    "before most",
    postgresql=delete(sessions).where(s.token_hash.in_(_old.with_for_update(skip_locked=True))),
    rank=91,
)
_begun = itertools.count(1)


def add(tx: Tx, session: BrowserSession) -> None:
    """Add a session; now and then, clear away those that are over."""
    tx.write(_ADD, *astuple(session))
    if next(_begun) % SWEEP_EVERY == 0:
        sweep(tx, values.now())


def sweep(tx: Tx, now: int) -> None:
    """Clear away sessions that have expired."""
    tx.write(_SWEEP, now, SWEEP_ROWS)


async def get(reader: Reader, token_hash: bytes) -> tuple[BrowserSession, User] | None:
    """The session with this SHA-256, over or not, and whose it is."""
    row = await reader.fetch_one(_GET, token_hash)
    if row is None:
        return None
    return BrowserSession(*row[: len(_COLUMNS)]), user_of(row[len(_COLUMNS) :])


def end(tx: Tx, token_hash: bytes) -> None:
    """End one session."""
    tx.write(_END, token_hash)


def end_users(tx: Tx, user_id: bytes) -> None:
    """End all sessions of a user."""
    tx.write(_END_USERS, user_id)


def end_others(tx: Tx, user_id: bytes, kept: bytes) -> None:
    """End all sessions of a user but the one with this SHA-256."""
    tx.write(_END_OTHERS, user_id, kept)
