# SPDX-License-Identifier: Apache-2.0
"""Signing in with a browser: by a password, a choice among clinics, and a code where the user has set one up.

Which pages ask for these is their own business; what they have in common stands here. Who comes in, fails to or leaves
is noted. A password alone makes half a session, which lives for a few minutes and lets nobody in before the code.
"""

from __future__ import annotations

import msgspec

from polyvet.core import audit, clinics
from polyvet.identity import attempts, second_factor, sessions
from polyvet.identity.passwords import CANDIDATES, SignIn
from polyvet.model import values
from polyvet.model.audit import Action
from polyvet.model.entities import User
from polyvet.model.errors import LimitReached
from polyvet.storage import staff
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching, Tx
from polyvet.web.message import Request
from polyvet.web.rolling import Rolling
from polyvet.web.slots import digest

HALF_S = 300  # to choose one of several clinics, or to type a code
WRONG = "This e-mail and password are not right. Check both and try again."
WRONG_CODE = "This code is not right, or was used before. Type the one that your device shows now."
TOO_LATE = "That took too long. Sign in again."
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

    async def by_password(self, where: bytes, request: Request, email: str, password: str) -> list[User]:
        """The users of all clinics with this e-mail and password; none if something is wrong. LimitReached for who
        guesses."""
        attempts.count(self._attempts, where, request, email)
        reader = self._store.reader
        users = await self._sign_in.users(reader, email, password) if password else []
        if not users:
            known = await staff.signing_in_anywhere(reader, email.strip(), CANDIDATES)
            await self._failed([user for user, _ in known])
        return users

    async def at_clinic(self, clinic_id: int, request: Request, email: str, password: str) -> User | None:
        """The same at one clinic."""
        attempts.count(self._attempts, b"sign-in of %d" % clinic_id, request, email)
        reader = self._store.reader
        user = await self._sign_in.user(reader, clinic_id, email, password)
        if user is None:
            known = await staff.by_email(reader, clinic_id, email.strip())
            await self._failed([] if known is None else [known.user])
        return user

    async def is_password(self, request: Request, user: User, password: str) -> bool:
        """Whether somebody who is signed in knows the password, too. LimitReached for who guesses."""
        attempts.count(self._attempts, b"password", request, user.id.hex())
        return await self._sign_in.fits(self._store.reader, user, password)

    async def with_code(self, request: Request, user: User, code: str, shown: str) -> bool:
        """Whether a user who gave a password gives all that is needed for what `shown` names; noted. LimitReached."""
        if user.totp_since is not None:
            self._count_code(request, user)

        async def job(tx: Tx) -> bool:
            if user.totp_since is not None and not await second_factor.take(tx, user, code):
                audit.note_failure(tx, user, "wrong code")
                return False
            audit.note_of(tx, user, Action.SIGNED_IN, shown)
            return True

        return await self._store.write(Touching(), job)

    async def choices(self, users: list[User]) -> list[tuple[str, str]]:
        """A secret and the clinic's name for each of several users, so that nobody types a password twice."""
        store, found = self._store, []
        for user in users:
            secret = await sessions.begin(store, user, lifetime_s=HALF_S)
            found.append((secret, (await clinics.get(store.reader, user.clinic_id)).name))
        return found

    async def chosen(self, secret: str) -> User | None:
        """Whom the secret of a choice stands for, which is over with it."""
        user = await self.half(secret)
        if user is not None:
            await sessions.end(self._store, secret)
        return user

    async def half(self, secret: str | None) -> User | None:
        """Who gave a password a few minutes ago; None also for a session that somebody has signed in with: it would
        never end."""
        found = await sessions.find(self._store.reader, secret, half=True)
        return None if found is None or found.lifetime > HALF_S * values.MICROSECONDS else found.user

    async def begin(self, user: User, instead_of: str | None) -> Entry:
        """A new session of who gave a password: half of one for who has a second factor."""
        whole = user.totp_since is None
        seconds = sessions.LIFETIME_S if whole else HALF_S

        async def job(tx: Tx) -> str:
            if whole:
                audit.note_of(tx, user, Action.SIGNED_IN)
            return sessions.begin_within(tx, user, instead_of, seconds)

        return Entry(await self._store.write(Touching(), job), seconds, whole)

    async def complete(self, request: Request, user: User, half: str, code: str) -> Entry | None:
        """A whole session instead of the half one; None for a wrong code. LimitReached for who guesses."""
        self._count_code(request, user)

        async def job(tx: Tx) -> str | None:
            if not await second_factor.take(tx, user, code):
                audit.note_failure(tx, user, "wrong code")
                return None
            audit.note_of(tx, user, Action.SIGNED_IN, "with a code")
            return sessions.begin_within(tx, user, half, factors=sessions.BOTH)

        secret = await self._store.write(Touching(), job)
        return None if secret is None else Entry(secret, sessions.LIFETIME_S, True)

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
