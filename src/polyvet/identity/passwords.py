# SPDX-License-Identifier: Apache-2.0
"""Users' passwords: kept as argon2id, verified in a thread, at the same cost whether there is such a user or not."""

from __future__ import annotations

import asyncio
import secrets
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from polyvet.core.staff import changed
from polyvet.model import values
from polyvet.model.entities import User
from polyvet.storage import grants, password_links, sessions, staff
from polyvet.storage.store import Reader, Store
from polyvet.storage.writing import Touching, Tx

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 10, 1_000
# OWASP's figures for argon2id: some 30 ms and 19 MiB a password.
_MEMORY_KIB, _ROUNDS, _LANES = 19 * 1024, 2, 1
CANDIDATES = 4  # users of one e-mail, each at another clinic, whose passwords are tried: the first that there were
_AT_ONCE = 2  # verifications of one process, so that guesses take neither its memory nor all its threads


class PasswordError(Exception):
    """A password or an e-mail that cannot be set; the message says why."""


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher  # not before somebody signs in: a start has no use for it

    return PasswordHasher(time_cost=_ROUNDS, memory_cost=_MEMORY_KIB, parallelism=_LANES)


@cache
def _nobodys() -> str:
    """The hash that is verified where there is no other."""
    return _hasher().hash(secrets.token_urlsafe())


def _normal(password: str) -> str:
    """The same characters however a keyboard composes them."""
    return unicodedata.normalize("NFKC", password)


def _verified(stored: str | None, password: str) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    instead = _nobodys()
    try:
        return _hasher().verify(stored or instead, _normal(password)) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


class Verified(msgspec.Struct, frozen=True):
    """Who has shown that a password is theirs: the user as they were then, and what was kept of the password."""

    user: User
    password_hash: str


class SignIn:
    """Finds users by e-mail and password."""

    def __init__(self) -> None:
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def user(self, reader: Reader, clinic_id: int, email: str, password: str) -> Verified | None:
        """The active user of the clinic with this e-mail and password. Nothing tells which of them was wrong."""
        user, stored = await staff.signing_in(reader, clinic_id, email.strip()) or (None, None)
        async with self._room:
            right = await asyncio.to_thread(_verified, stored, password)
        if not right or user is None or stored is None:
            return None
        return Verified(user, stored) if user.active else None

    async def users(self, reader: Reader, email: str, password: str) -> list[Verified]:
        """The active users of all clinics with this e-mail and password. As many passwords are verified for an e-mail
        that nobody has as for one that some have, so that the time it takes tells nothing."""
        found = await staff.signing_in_anywhere(reader, email.strip(), CANDIDATES)
        hashes = [stored for _, stored in found]
        async with self._room:
            right = await asyncio.to_thread(_each_verified, [*hashes, *[None] * (CANDIDATES - len(hashes))], password)
        return [Verified(*one) for one, fits in zip(found, right, strict=False) if fits and one[0].active]

    async def fits(self, reader: Reader, user: User, password: str) -> Verified | None:
        """A user who is signed in, if it is their password."""
        _, stored = await staff.with_password(reader, user.id) or (None, None)
        async with self._room:
            right = await asyncio.to_thread(_verified, stored, password)
        return Verified(user, stored) if right and stored is not None else None


async def stands(tx: Tx, verified: Verified) -> bool:
    """Whether nothing that let the user in was changed since: the password, the role, the second factor, and that they
    work here. A password is verified before the transaction, since that takes its time; who changes one of these holds
    the user's clinic, and so must the transaction."""
    found = await staff.with_password(tx, verified.user.id)
    if found is None:
        return False
    user, stored = found
    return stored == verified.password_hash and _lets_in(user) == _lets_in(verified.user)


def _lets_in(user: User) -> tuple[bool, str | None, bool, int | None]:
    return user.active, user.console_role, user.operator, user.totp_since


def _each_verified(stored: list[str | None], password: str) -> list[bool]:
    return [_verified(one, password) for one in stored]


async def hashed(password: str) -> str:
    """What is stored of a password."""
    return await asyncio.to_thread(_hasher().hash, _normal(password))


def password_problem(password: str) -> str | None:
    """What keeps a text from being a password; None if nothing does."""
    return None if SHORTEST <= len(password) <= LONGEST else f"a password has {SHORTEST} to {LONGEST:,} characters"


def email_problem(email: str) -> str | None:
    """What keeps a text without blanks around it from being an e-mail address; None if nothing does."""
    return None if values.is_email(email) else f"{email} is no e-mail address"


async def set_password(store: Store, clinic_id: int, email: str, password: str, number: int | None = None) -> User:
    """Give the clinic's user with this e-mail a password; `number` names a user who gets the e-mail with it. What the
    user had granted ends, and wherever the user is signed in. PasswordError says what does not hold."""
    email = email.strip()
    problem = password_problem(password) or email_problem(email)
    if problem is not None:
        raise PasswordError(problem)
    stored = await hashed(password)

    async def job(tx: Tx) -> User | str:
        file = await staff.by_email(tx, clinic_id, email)
        if number is not None:
            named = await staff.by_numbers(tx, clinic_id, [number])
            if not named:
                return f"clinic {clinic_id} has no user {number}"
            if file is not None and file.user.id != named[0].user.id:
                return f"another user of clinic {clinic_id} has the e-mail {email}"
            file = file or changed(tx, named[0], email=email)
        if file is None:
            return f"clinic {clinic_id} has no user with the e-mail {email}; --user NUMBER names who gets it"
        await put(tx, file.user, stored)
        return file.user

    outcome = await store.write(Touching(clinics=(clinic_id,)), job)
    if isinstance(outcome, str):
        raise PasswordError(outcome)
    return outcome


async def put(tx: Tx, user: User, stored: str, session: str | None = None) -> None:
    """Give a user the password that this was made of. What the user had granted ends, links to choose another one, and
    all sessions but the one with this secret. The transaction holds the user's clinic."""
    await password_links.end_users(tx, user.id)
    staff.set_password(tx, user.id, stored)
    grants.revoke_users(tx, user.id, values.now())
    sessions.end_others(tx, user.id, values.hashed(session or ""))
