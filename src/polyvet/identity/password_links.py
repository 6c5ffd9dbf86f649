# SPDX-License-Identifier: Apache-2.0
"""Links by which somebody chooses a password: who was invited, or has forgotten theirs.

Each works once and for some days, and a new one ends the one before. A link is as good as the password that is chosen
with it, and no better: who has a second factor is asked for its code afterwards.
"""

from __future__ import annotations

import secrets

from polyvet.core import audit, staff_access
from polyvet.core.staff_access import LINK_DAYS, Invitation, Link, Linking
from polyvet.identity import passwords
from polyvet.identity.passwords import Verified
from polyvet.model import values
from polyvet.model.access import PasswordLink
from polyvet.model.audit import Action
from polyvet.model.entities import User
from polyvet.model.errors import Invalid
from polyvet.storage import password_links as stored
from polyvet.storage import staff
from polyvet.storage.store import Reader, Store
from polyvet.storage.writing import Touching, Tx

_BYTES = 32
_TOO_MANY = "This e-mail signs in at as many clinics as one can choose from. Ask to be invited with another one."


async def make(tx: Tx, user_id: bytes) -> str:
    """The secret of a new link; the user's older ones end."""
    return (await _made(tx, user_id))[0]


async def _made(tx: Tx, user_id: bytes) -> tuple[str, PasswordLink]:
    secret, now = secrets.token_urlsafe(_BYTES), values.now()
    link = PasswordLink(values.hashed(secret), user_id, now, now + LINK_DAYS * values.DAY)
    await stored.end_users(tx, user_id)
    stored.add(tx, link)
    return secret, link


def linking(origin: str) -> Linking:
    """What makes links to the console that stands at an origin."""

    async def made(tx: Tx, user_id: bytes) -> Link:
        secret, link = await _made(tx, user_id)
        return Link(url(origin, secret), link.expires_at)

    return made


def url(origin: str, secret: str) -> str:
    """Where a password is chosen."""
    return f"{origin}/console/join/{secret}"


async def find(reader: Reader, secret: str) -> User | None:
    """Whose link this is; None if it is over, or they have left."""
    found = await stored.get(reader, values.hashed(secret))
    if found is None:
        return None
    link, user = found
    return user if user.active and link.expires_at > values.now() else None


async def use(store: Store, secret: str, password: str) -> Verified | None:
    """Give the link's user the password; None if the link is over. Invalid says why it cannot be the password."""
    before = await find(store.reader, secret)
    if before is None:
        return None
    problem = passwords.password_problem(password)
    if problem is not None:
        raise Invalid({"password": values.sentence(problem)})
    password_hash = await passwords.hashed(password)

    async def job(tx: Tx) -> Verified | None:
        user = await find(tx, secret)  # as it is now: somebody else may have used the link meanwhile
        if user is None:
            return None
        await _check_room(tx, user)
        if not await stored.take(tx, values.hashed(secret), values.now()):
            return None
        await passwords.put(tx, user, password_hash)
        audit.note_of(tx, user, Action.CHANGED, "password, by a link")
        return Verified(user, password_hash)

    return await store.write(Touching(clinics=(before.clinic_id,)), job)


async def _check_room(tx: Tx, user: User) -> None:
    """Invalid if the user could never sign in: of one e-mail only so many are tried."""
    known = await staff.signing_in_anywhere(tx, user.email or "", passwords.CANDIDATES)
    if len(known) == passwords.CANDIDATES and user.id not in {one.id for one, _ in known}:
        raise Invalid({"password": _TOO_MANY})


async def invite_by_hand(store: Store, clinic_id: int, new: Invitation) -> str:
    """Let somebody in at the command line; gives their link's secret. Invalid."""

    async def job(tx: Tx) -> str:
        user = await staff_access.placed(tx, clinic_id, new)
        audit.note_by_hand(tx, user, Action.MADE, f"{user.name}: {user.console_role}")
        return await make(tx, user.id)

    return await store.write(Touching(clinics=(clinic_id,)), job)
