# SPDX-License-Identifier: Apache-2.0
"""Second factors: codes of six digits that a user's own device makes of the time and a secret (RFC 6238).

Each code is taken once, and one that is a step early or late, too, since clocks differ.
"""

from __future__ import annotations

import hmac

from polyvet.core import audit
from polyvet.model import values
from polyvet.model.audit import Action
from polyvet.model.entities import User
from polyvet.storage import second_factors as stored
from polyvet.storage.store import Reader, Store
from polyvet.storage.writing import Touching, Tx

STEP_S = 30
_EARLY_AND_LATE = (0, -1, 1)  # steps: the present one is tried first
ISSUER = "polyvet"


async def prepared(reader: Reader, user: User) -> str | None:
    """The secret that a user is about to set up; None for who is not, or has done so."""
    found = await stored.get(reader, user.id)
    return None if found is None or found.since is not None else found.secret


async def prepare(store: Store, user: User) -> None:
    """Make a secret for a user, of which no code is asked for before one was confirmed. Whoever has a second factor
    keeps it."""
    import pyotp  # not before somebody sets one up: a start has no use for it

    secret = pyotp.random_base32()

    async def job(tx: Tx) -> None:
        await stored.prepare(tx, user.id, secret)

    await store.write(Touching(), job)


def uri(user: User, clinic: str, secret: str) -> str:
    """What a device reads to make codes."""
    import pyotp

    account = f"{user.email or user.name} ({clinic})"
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=ISSUER)


def picture(text: str) -> str:
    """A QR code as the URL of an image that holds all of it."""
    import segno

    # One of eight patterns, instead of the best of all: a reader takes each, and the search takes most of the time.
    return segno.make(text, error="m", mask=2, boost_error=False).svg_data_uri(scale=4, border=4, light="white")


async def confirm(tx: Tx, user: User, code: str) -> bool:
    """Ask the user for codes from now on, if this one shows that they have the secret that was prepared."""
    found = await stored.get(tx, user.id)
    if found is None or found.since is not None:
        return False
    now = values.now()
    step = step_of(found.secret, code, now)
    if step is None or not await stored.begin(tx, user.id, found.secret, now, step):
        return False
    audit.note_of(tx, user, Action.MADE, "second factor")
    return True


async def take(tx: Tx, user: User, code: str) -> bool:
    """Take a code of a user who has a second factor; False if it is wrong, or came before."""
    found = await stored.get(tx, user.id)
    if found is None or found.since is None:
        return False
    step = step_of(found.secret, code, values.now())
    return step is not None and await stored.take(tx, user.id, step)


def end(tx: Tx, user: User) -> None:
    """Ask the user for no code any more."""
    stored.end(tx, user.id)
    audit.note_of(tx, user, Action.ENDED, "second factor")


def step_of(secret: str, code: str, now: int) -> int | None:
    """The step, counted since 1970, of which a code is; None for a wrong one. It may be typed with blanks."""
    import pyotp

    given = "".join(code.split()).encode("utf-8", "surrogateescape")
    totp, step = pyotp.TOTP(secret, interval=STEP_S), now // values.MICROSECONDS // STEP_S
    for one in (step + by for by in _EARLY_AND_LATE):
        if hmac.compare_digest(totp.generate_otp(one).encode(), given):
            return one
    return None
