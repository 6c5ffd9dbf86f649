# SPDX-License-Identifier: Apache-2.0
"""Sessions of people who signed in with a browser: an opaque cookie, kept as SHA-256.

A session ends after twelve hours, when its user signs out, gets another password or leaves. Each time somebody signs in
a new one begins, so that a cookie which was there before stands for nobody (session fixation).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

import msgspec

from polyvet.model import values
from polyvet.model.access import BrowserSession
from polyvet.model.entities import User
from polyvet.model.errors import Invalid
from polyvet.storage import sessions
from polyvet.storage.store import Reader
from polyvet.storage.writing import Tx
from polyvet.web.forms import Fields

COOKIE = "polyvet_session"
CSRF = "csrf"  # the field of each form
BOTH = 2  # factors: a password and a code
LIFETIME_S = 12 * 3600
_BYTES = 32


class Session(msgspec.Struct, frozen=True):
    """Who is signed in; `csrf` goes into each form, and comes back with it from our own pages only. The lifetime
    is in microseconds."""

    user: User
    csrf: str
    lifetime: int  # in all, not what is left of it
    factors: int = 1

    @property
    def whole(self) -> bool:
        """Whether nothing more is asked for: a code, where the user has set one up."""
        return self.user.totp_since is None or self.factors >= BOTH


def new_secret() -> str:
    """What a browser keeps in a cookie: nobody guesses it."""
    return secrets.token_urlsafe(_BYTES)


def csrf_of(secret: str) -> str:
    """What a form carries to show that the cookie's holder has loaded it; it does not tell the cookie."""
    return hmac.new(
        secret.encode("utf-8", "surrogateescape"), b"a form of who is signed in", hashlib.sha256
    ).hexdigest()


def check_csrf(csrf: str | None, fields: Fields) -> None:
    """Invalid unless the form carries this; None: the browser has no cookie that a form could go with."""
    given = (fields.get(CSRF) or "").encode("utf-8", "surrogateescape")
    if csrf is None or not hmac.compare_digest(csrf.encode(), given):
        raise Invalid({"form": "is out of date, or does not come from this site; go back and load the page again"})


def begin_within(
    tx: Tx, user: User, instead_of: str | None = None, lifetime_s: int = LIFETIME_S, factors: int = 1
) -> str:
    """A new session of the user; gives its secret. The one that the browser had before ends. The transaction holds the
    user's clinic and knows that they are still let in: what ends all sessions ends those that it finds."""
    secret, now = new_secret(), values.now()
    if instead_of is not None:
        sessions.end(tx, values.hashed(instead_of))
    sessions.add(
        tx, BrowserSession(values.hashed(secret), user.id, now, now + lifetime_s * values.MICROSECONDS, factors)
    )
    return secret


async def find(reader: Reader, secret: str | None, *, half: bool = False) -> Session | None:
    """The living session with this secret, whose user still works at the clinic; `half`: also one that still lacks a
    code."""
    found = None if not secret else await sessions.get(reader, values.hashed(secret))
    if found is None or secret is None:
        return None
    session, user = found
    if session.expires_at <= values.now() or not user.active:
        return None
    whole = Session(user, csrf_of(secret), session.expires_at - session.created_at, session.factors)
    return whole if half or whole.whole else None


def end_within(tx: Tx, secret: str) -> None:
    """End a session, if there is one."""
    sessions.end(tx, values.hashed(secret))


def end_others(tx: Tx, user: User, secret: str) -> None:
    """End all sessions of the user but the one with this secret."""
    sessions.end_others(tx, user.id, values.hashed(secret))
