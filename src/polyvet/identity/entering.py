# SPDX-License-Identifier: Apache-2.0
"""Signing in with a browser: by a password, a choice among clinics, and a code where the user has set one up.

Which pages ask for these is their own business; what they have in common stands here. Who comes in, fails to or leaves
is noted. A password alone makes half a session, which lives for a few minutes and lets nobody in before the code.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from polyvet.core import audit, clinics
from polyvet.identity import attempts, passwords, second_factor, sessions
from polyvet.identity.passwords import CANDIDATES, SignIn, Verified
from polyvet.model import values
from polyvet.model.audit import Action
from polyvet.model.entities import User
from polyvet.model.errors import LimitReached
from polyvet.storage import staff
from polyvet.storage.store import Reader, Store
from polyvet.storage.writing import Touching, Tx
from polyvet.web.message import Request
from polyvet.web.rolling import Rolling
from polyvet.web.slots import digest

HALF_S = 300  # to choose one of several clinics, or to type a code
WRONG = "This e-mail and password are not right. Check both and try again."
WRONG_CODE = "This code is not right, or was used before. Type the one that your device shows now."
NEEDS_CODE = "Your account asks for a code, too. It is missing, not right, or was used before. Type all three again."
TOO_LATE = "That took too long. Sign in again."
CHANGED = "Your account was changed just now: its password, its role, or whether it asks for a code. Sign in again."
_MOST_OF_NOBODYS = 60  # a minute
_CODES_AN_HOUR = 20  # of one user


def too_many(error: LimitReached) -> str:
    """What somebody is told who tries too often."""
    return f"Too many attempts. Wait {error.retry_after} seconds."


class Entry(msgspec.Struct, frozen=True):
    """A session that began, for the browser to keep; one that is not `whole` still lacks a code."""

    secret: str
    seconds: int
    whole: bool


class Entering:
    """The doors of one process."""

    def __init__(self, store: Store, counted: Rolling) -> None:
        """`counted` counts attempts."""
        self._store = store
        self._attempts = counted
        self._sign_in = SignIn()

    async def by_password(self, where: bytes, request: Request, email: str, password: str) -> list[Verified]:
        """The users of all clinics with this e-mail and password; none if something is wrong. LimitReached for who
        guesses."""
        attempts.count(self._attempts, where, request, email)
        reader = self._store.reader
        found = await self._sign_in.users(reader, email, password) if password else []
        if not found:
            known = await staff.signing_in_anywhere(reader, email.strip(), CANDIDATES)
            await self._failed([user for user, _ in known])
        return found

    async def at_clinic(self, clinic_id: int, request: Request, email: str, password: str) -> Verified | None:
        """The same at one clinic."""
        attempts.count(self._attempts, b"sign-in of %d" % clinic_id, request, email)
        reader = self._store.reader
        found = await self._sign_in.user(reader, clinic_id, email, password)
        if found is None:
            known = await staff.by_email(reader, clinic_id, email.strip())
            await self._failed([] if known is None else [known.user])
        return found

    async def verified(self, request: Request, user: User, password: str) -> Verified | None:
        """Somebody who is signed in, if they know the password, too. LimitReached for who guesses."""
        attempts.count(self._attempts, b"password", request, user.id.hex())
        return await self._sign_in.fits(self._store.reader, user, password)

    async def allow(
        self, request: Request, verified: Verified, code: str, shown: str, work: Callable[[Tx], None]
    ) -> str | None:
        """Do `work`, which `shown` names, if a user who gave a password gives all that is needed; noted. Gives what is
        wrong. LimitReached for who guesses."""
        user = verified.user
        if user.totp_since is not None:
            self._count_code(request, user)

        async def job(tx: Tx) -> str | None:
            if not await passwords.stands(tx, verified):
                return CHANGED
            if user.totp_since is not None and not await second_factor.take(tx, user, code):
                audit.note_failure(tx, user, "wrong code")
                return NEEDS_CODE
            audit.note_of(tx, user, Action.SIGNED_IN, shown)
            work(tx)
            return None

        return await self._store.write(_holding(user), job)

    async def choices(self, found: list[Verified]) -> list[tuple[str, str]]:
        """A secret and the clinic's name for each of several users, so that nobody types a password twice."""

        async def job(tx: Tx) -> list[tuple[str, int]]:
            standing = [one.user for one in found if await passwords.stands(tx, one)]
            return [(sessions.begin_within(tx, user, lifetime_s=HALF_S), user.clinic_id) for user in standing]

        begun = await self._store.write(_holding(*(one.user for one in found)), job)
        return [(secret, (await clinics.get(self._store.reader, clinic_id)).name) for secret, clinic_id in begun]

    async def chosen(self, secret: str, instead_of: str | None) -> Entry | None:
        """A new session of whom the secret of a choice stands for, which is over with it; None if it was over."""
        user = await self.half(secret)
        if user is None:
            return None

        async def job(tx: Tx) -> Entry | None:
            now = await _half(tx, secret)
            if now is None:
                return None
            sessions.end_within(tx, secret)
            return _begun(tx, now, instead_of)

        return await self._store.write(_holding(user), job)

    async def half(self, secret: str | None) -> User | None:
        """Who gave a password a few minutes ago; None also for a session that somebody has signed in with: it would
        never end."""
        return await _half(self._store.reader, secret)

    async def begin(self, verified: Verified, instead_of: str | None) -> Entry | None:
        """A new session of who gave a password: half of one for who has a second factor. None if what was verified does
        not stand any more."""

        async def job(tx: Tx) -> Entry | None:
            return _begun(tx, verified.user, instead_of) if await passwords.stands(tx, verified) else None

        return await self._store.write(_holding(verified.user), job)

    async def complete(self, request: Request, user: User, half: str, code: str) -> Entry | str:
        """A whole session instead of the half one, or what is wrong. LimitReached for who guesses."""
        self._count_code(request, user)

        async def job(tx: Tx) -> Entry | str:
            now = await _half(tx, half)
            if now is None:
                return TOO_LATE
            if not await second_factor.take(tx, now, code):
                audit.note_failure(tx, now, "wrong code")
                return WRONG_CODE
            audit.note_of(tx, now, Action.SIGNED_IN, "with a code")
            secret = sessions.begin_within(tx, now, half, factors=sessions.BOTH)
            return Entry(secret, sessions.LIFETIME_S, True)

        return await self._store.write(_holding(user), job)

    async def leave(self, user: User, secret: str) -> None:
        """End a session."""

        async def job(tx: Tx) -> None:
            sessions.end_within(tx, secret)
            audit.note_of(tx, user, Action.SIGNED_OUT)

        await self._store.write(Touching(), job)

    def _count_code(self, request: Request, user: User) -> None:
        """All pages that ask for codes count together. Who knows the password guesses one of a million, three of which
        are right at any time: five a minute, all day long, would find one within weeks."""
        attempts.count(self._attempts, b"code", request, user.id.hex())
        self._attempts.take(digest(b"codes of an hour", user.id), _CODES_AN_HOUR, each_s=60)

    async def _failed(self, users: list[User]) -> None:
        """Note a failure at the clinics that know the address. What was typed is kept nowhere where nobody has it: it
        may be a password. It is noted nevertheless, so that the time it takes tells nothing, as often as bears it."""
        if not users:
            try:
                self._attempts.take(digest(b"failures of nobody"), _MOST_OF_NOBODYS)
            except LimitReached:
                return

        async def job(tx: Tx) -> None:
            for user in users:
                audit.note_failure(tx, user, "wrong password")
            if not users:
                audit.note_failure(tx, None, "unknown e-mail")

        await self._store.write(Touching(), job)


def _holding(*users: User) -> Touching:
    """Whoever changes what lets these users in holds their clinics, too."""
    return Touching(clinics=tuple(user.clinic_id for user in users))


async def _half(reader: Reader, secret: str | None) -> User | None:
    found = await sessions.find(reader, secret, half=True)
    return None if found is None or found.lifetime > HALF_S * values.MICROSECONDS else found.user


def _begun(tx: Tx, user: User, instead_of: str | None) -> Entry:
    whole = user.totp_since is None
    if whole:
        audit.note_of(tx, user, Action.SIGNED_IN)
    seconds = sessions.LIFETIME_S if whole else HALF_S
    return Entry(sessions.begin_within(tx, user, instead_of, seconds), seconds, whole)
