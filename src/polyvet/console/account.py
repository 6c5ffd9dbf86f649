# SPDX-License-Identifier: Apache-2.0
"""`/console/account`: what people see and change of themselves."""

from __future__ import annotations

from starlette.responses import Response

from polyvet.console.rows import SIGNED_IN, Row
from polyvet.console.visit import Visit
from polyvet.core import audit
from polyvet.identity import passwords, sessions
from polyvet.model import values
from polyvet.model.audit import Action
from polyvet.model.errors import Invalid
from polyvet.storage.writing import Touching, Tx

_WRONG = "This is not your password."


async def shown(visit: Visit) -> Response:
    """Who is signed in, with which role, and what they can change."""
    return _page(visit)


async def changing_password(visit: Visit) -> Response:
    """Another password. Wherever else the user is signed in ends, and so does what they had allowed applications."""
    try:
        new = await _new_password(visit)
    except Invalid as error:
        return _page(visit, 400, error.problems)
    user, factors = visit.user, 1 if visit.session is None else visit.session.factors

    async def job(tx: Tx) -> str:
        secret = sessions.begin_within(tx, user, factors=factors)
        await passwords.put(tx, user, new, secret)
        audit.note_of(tx, user, Action.CHANGED, "password")
        return secret

    visit.keep_session(await visit.shared.store.write(Touching(), job))
    return visit.moved("/console/account", "password")


async def right_password(visit: Visit) -> None:
    """Invalid unless the form holds the password of who is signed in. LimitReached for who guesses."""
    password = visit.fields.get("password") or ""
    if not password or not await visit.shared.entering.is_password(visit.request, visit.user, password):
        raise Invalid({"password": _WRONG})


async def _new_password(visit: Visit) -> str:
    """What is stored of the new password. Invalid unless it can be one, and the old one came with it."""
    new = visit.fields.get("new_password") or ""
    problem = passwords.password_problem(new)
    if problem is not None:
        raise Invalid({"new_password": values.sentence(problem)})
    await right_password(visit)
    return await passwords.hashed(new)


def _page(visit: Visit, status: int = 200, problems: dict[str, str] | None = None) -> Response:
    return visit.page("account.html", status, problems=problems or {})


ROWS = (
    Row("GET", "account", SIGNED_IN, shown),
    Row("POST", "account/password", SIGNED_IN, changing_password),
)
