# SPDX-License-Identifier: Apache-2.0
"""`/console/account`: what people see and change of themselves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from starlette.responses import Response

from polyvet.console.rows import SIGNED_IN, Row
from polyvet.console.visit import Visit
from polyvet.core import audit
from polyvet.identity import entering, passwords, sessions
from polyvet.identity.passwords import Verified
from polyvet.model import values
from polyvet.model.audit import Action
from polyvet.model.errors import Invalid
from polyvet.storage.writing import Touching, Tx

_WRONG = "This is not your password."
T = TypeVar("T")


async def shown(visit: Visit) -> Response:
    """Who is signed in, with which role, and what they can change."""
    return _page(visit)


async def changing_password(visit: Visit) -> Response:
    """Another password. Wherever else the user is signed in ends, and so does what they had allowed applications."""
    try:
        visit.keep_session(await _changed_password(visit))
    except Invalid as error:
        return _page(visit, 400, error.problems)
    return visit.moved("/console/account", "password")


async def right_password(visit: Visit) -> Verified:
    """Who is signed in. Invalid unless the form holds their password; LimitReached for who guesses."""
    password = visit.fields.get("password") or ""
    found = await visit.shared.entering.verified(visit.request, visit.user, password) if password else None
    if found is None:
        raise Invalid({"password": _WRONG})
    return found


async def as_verified(visit: Visit, verified: Verified, work: Callable[[Tx], Awaitable[T]]) -> T:
    """Work in a transaction of who gave their password. Invalid if what was verified does not stand any more."""

    async def job(tx: Tx) -> T:
        if not await passwords.stands(tx, verified):
            raise Invalid({"password": entering.CHANGED})
        return await work(tx)

    return await visit.shared.store.write(Touching(clinics=(verified.user.clinic_id,)), job)


async def _changed_password(visit: Visit) -> str:
    """The secret of the session with the new password. Invalid unless it can be one, and the old one came with it."""
    new = visit.fields.get("new_password") or ""
    problem = passwords.password_problem(new)
    if problem is not None:
        raise Invalid({"new_password": values.sentence(problem)})
    verified = await right_password(visit)
    stored = await passwords.hashed(new)
    user, factors = visit.user, 1 if visit.session is None else visit.session.factors

    async def job(tx: Tx) -> str:
        secret = sessions.begin_within(tx, user, factors=factors)
        await passwords.put(tx, user, stored, secret)
        audit.note_of(tx, user, Action.CHANGED, "password")
        return secret

    return await as_verified(visit, verified, job)


def _page(visit: Visit, status: int = 200, problems: dict[str, str] | None = None) -> Response:
    return visit.page("account.html", status, problems=problems or {})


ROWS = (
    Row("GET", "account", SIGNED_IN, shown),
    Row("POST", "account/password", SIGNED_IN, changing_password),
)
