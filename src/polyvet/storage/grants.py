# SPDX-License-Identifier: Apache-2.0
"""What applications were granted: codes, grants, and their tokens."""

from __future__ import annotations

import itertools

import msgspec
from msgspec.structs import astuple
from sqlalchemy import and_, delete, exists, func, or_, select, update

from polyvet.model import values
from polyvet.model.access import Application, Code, Grant, Token
from polyvet.storage import applications
from polyvet.storage.statement import Statement, inserting, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import oauth_applications, oauth_codes, oauth_grants, oauth_tokens, users
from polyvet.storage.writing import Tx

SWEEP_EVERY = 64  # grants of tokens by this process
SWEEP_ROWS = 512  # at the most; more than are written between two sweeps, so the tables do not grow
KEPT = values.DAY  # a code that comes a second time is known as long as this

c, g, t = oauth_codes.c, oauth_grants.c, oauth_tokens.c
_GRANT_COLUMNS = tuple(g[name] for name in Grant.__struct_fields__)
_TOKEN_COLUMNS = tuple(t[name] for name in Token.__struct_fields__)
_CODE_COLUMNS = tuple(c[name] for name in Code.__struct_fields__)

_ADD_GRANT = inserting(oauth_grants, " ".join(Grant.__struct_fields__), rank=20)
_ADD_TOKEN = inserting(oauth_tokens, " ".join(Token.__struct_fields__), rank=30)
_ADD_CODE = inserting(oauth_codes, " ".join(Code.__struct_fields__), rank=30)
_CODE = Statement(select(*_CODE_COLUMNS).where(c.code_hash == p("code_hash")), "code_hash")
_USE_CODE = Statement(
    update(oauth_codes).where(c.code_hash == p("code")).values(grant_id=p("new_grant")), "new_grant code", rank=40
)
_HELD = Statement(
    select(
        *_TOKEN_COLUMNS, *_GRANT_COLUMNS, *applications.COLUMNS,
        or_(g.user_id.is_(None), func.coalesce(users.c.active, False)), users.c.clinic_id, users.c.library_role,
        users.c.console_role,
    )
    .select_from(
        oauth_tokens.join(oauth_grants, g.id == t.grant_id)
        .join(oauth_applications, applications.a.id == g.application_id)
        .outerjoin(users, users.c.id == g.user_id)
    )
    .where(t.token_hash == p("token_hash")),
    "token_hash",
)  # fmt: skip
_END_TOKEN = Statement(
    update(oauth_tokens).where(t.token_hash == p("token")).values(ended_at=p("new_ended_at")),
    "new_ended_at token",
    rank=70,
)
_EXTEND_TOKEN = Statement(
    update(oauth_tokens).where(t.token_hash == p("token")).values(expires_at=p("new_expires_at")),
    "new_expires_at token",
    rank=70,
)
_REVOKE = Statement(
    update(oauth_grants).where(and_(g.id == p("grant"), g.revoked_at.is_(None))).values(revoked_at=p("new_revoked_at")),
    "new_revoked_at grant",
    rank=70,
)
_REVOKE_USERS = Statement(
    update(oauth_grants)
    .where(and_(g.user_id == p("user"), g.revoked_at.is_(None)))
    .values(revoked_at=p("new_revoked_at")),
    "new_revoked_at user",
    rank=70,
)

_END_CODES = Statement(
    update(oauth_codes)
    .where(and_(c.user_id == p("user"), c.grant_id.is_(None), c.expires_at > p("now")))
    .values(expires_at=p("now")),
    "user now",
    rank=70,
)

# Two sweeps at a time share the work; neither waits for the other.
_old_tokens = select(t.token_hash).where(t.expires_at < p("before")).order_by(t.expires_at).limit(p("most"))
_SWEEP_TOKENS = Statement(
    delete(oauth_tokens).where(t.token_hash.in_(_old_tokens)),
    "before most",
    postgresql=delete(oauth_tokens).where(t.token_hash.in_(_old_tokens.with_for_update(skip_locked=True))),
    rank=91,
)
_old_codes = select(c.code_hash).where(c.expires_at < p("before")).order_by(c.expires_at).limit(p("most"))
_SWEEP_CODES = Statement(
    delete(oauth_codes).where(c.code_hash.in_(_old_codes)),
    "before most",
    postgresql=delete(oauth_codes).where(c.code_hash.in_(_old_codes.with_for_update(skip_locked=True))),
    rank=92,
)
_ended_grants = (
    select(g.id)
    .where(
        g.created_at < p("before"),
        ~exists().where(t.grant_id == g.id),
        ~exists().where(c.grant_id == g.id),
    )
    .order_by(g.id)
    .limit(p("most"))
)
_SWEEP_GRANTS = Statement(
    delete(oauth_grants).where(g.id.in_(_ended_grants)),
    "before most",
    postgresql=delete(oauth_grants).where(g.id.in_(_ended_grants.with_for_update(skip_locked=True))),
    rank=93,
)
_issued = itertools.count(1)


class Held(msgspec.Struct, frozen=True):
    """A token with what it stands on."""

    token: Token
    grant: Grant
    application: Application
    user_active: bool  # nobody's user is active, too
    user_clinic: int | None
    role: str | None  # the user's, in the library
    console_role: str | None  # the user's, at the clinic

    @property
    def clinic_id(self) -> int:
        """For which clinic the token's bearer acts: the user's own, whoever has registered the application."""
        return self.application.clinic_id if self.user_clinic is None else self.user_clinic

    def stands(self, now: int) -> bool:
        """Whether all that the token stands on holds, and its time is not over; it may have been rotated."""
        return (
            self.token.expires_at > now
            and self.grant.revoked_at is None
            and self.application.revoked_at is None
            and self.user_active
        )

    def alive(self, now: int) -> bool:
        """Whether the token can be used."""
        return self.token.ended_at is None and self.stands(now)


def add_grant(tx: Tx, grant: Grant) -> None:
    """Add a grant."""
    tx.write(_ADD_GRANT, *astuple(grant))


def add_token(tx: Tx, token: Token) -> None:
    """Add a token; now and then, clear away what is long over."""
    tx.write(_ADD_TOKEN, *astuple(token))
    if next(_issued) % SWEEP_EVERY == 0:
        sweep(tx, values.now())


def sweep(tx: Tx, now: int) -> None:
    """Clear away tokens that have expired, codes that have expired long ago, and grants that nothing is left of."""
    tx.write(_SWEEP_TOKENS, now, SWEEP_ROWS)
    tx.write(_SWEEP_CODES, now - KEPT, SWEEP_ROWS)
    tx.write(_SWEEP_GRANTS, now - KEPT, SWEEP_ROWS)


async def held(reader: Reader, token_hash: bytes) -> Held | None:
    """The token with this SHA-256, whatever became of it."""
    row = await reader.fetch_one(_HELD, token_hash)
    if row is None:
        return None
    of_token, of_grant = len(_TOKEN_COLUMNS), len(_TOKEN_COLUMNS) + len(_GRANT_COLUMNS)
    token, grant = Token(*row[:of_token]), Grant(*row[of_token:of_grant])
    return Held(token, grant, Application(*row[of_grant:-4]), bool(row[-4]), *row[-3:])


def end_token(tx: Tx, token_hash: bytes, at: int) -> None:
    """End one token."""
    tx.write(_END_TOKEN, at, token_hash)


def extend_token(tx: Tx, token_hash: bytes, expires_at: int) -> None:
    """Let one token live until then."""
    tx.write(_EXTEND_TOKEN, expires_at, token_hash)


def revoke(tx: Tx, grant_id: bytes, at: int) -> None:
    """End a grant, and with it all its tokens."""
    tx.write(_REVOKE, at, grant_id)


def revoke_users(tx: Tx, user_id: bytes, at: int) -> None:
    """End all that a user has granted, codes that nobody has exchanged yet among it."""
    tx.write(_REVOKE_USERS, at, user_id)
    tx.write(_END_CODES, user_id, at)


def add_code(tx: Tx, code: Code) -> None:
    """Add a code."""
    tx.write(_ADD_CODE, *astuple(code))


async def get_code(reader: Reader, code_hash: bytes) -> Code | None:
    """The code with this SHA-256, used or not."""
    row = await reader.fetch_one(_CODE, code_hash)
    return None if row is None else Code(*row)


def use_code(tx: Tx, code_hash: bytes, grant_id: bytes) -> None:
    """Note what a code was exchanged for."""
    tx.write(_USE_CODE, grant_id, code_hash)
