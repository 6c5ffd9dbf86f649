# SPDX-License-Identifier: Apache-2.0
"""`/console/sign-in` and `/console/sign-out`: a session in the console begins and ends."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from polyvet.console.rows import ANYBODY, ROOT, SIGNED_IN, Row
from polyvet.console.visit import Visit
from polyvet.core import clinics
from polyvet.identity import attempts, sessions
from polyvet.identity.passwords import SignIn
from polyvet.model import values
from polyvet.model.entities import User
from polyvet.model.errors import LimitReached
from polyvet.web.cookies import cookie, keep, local

CHOOSING_S = 300  # to choose one of several clinics
_WRONG = "This e-mail and password are not right. Check both and try again."
_NOT_LET_IN = "You are not let into the console. Ask an owner of your clinic for a role."
_SIGN_IN = SignIn()


async def asked(visit: Visit) -> Response:
    """The page to sign in on, also for somebody who is signed in and wants to be somebody else."""
    return _page(visit)


async def signing_in(visit: Visit) -> Response:
    """The form of that page, or of the one on which a clinic is chosen."""
    chosen = visit.fields.get("chosen")
    store = visit.shared.store
    if chosen is not None:
        found = await sessions.find(store.reader, chosen, half=True)
        if found is None or found.lifetime > CHOOSING_S * values.MICROSECONDS:
            return _page(visit, 401, "That took too long. Sign in again.")
        await sessions.end(store, chosen)
        return await begun(visit, found.user)
    email, password = visit.fields.get("email") or "", visit.fields.get("password") or ""
    try:
        attempts.count(visit.shared.attempts, ROOT.encode(), visit.request, email)
    except LimitReached as error:
        response = _page(visit, 429, f"Too many attempts. Wait {error.retry_after} seconds.", email)
        response.headers["retry-after"] = str(error.retry_after)
        return response
    users = await _SIGN_IN.users(store.reader, email, password) if password else []
    let_in = [user for user in users if user.console_role is not None]
    if not let_in:
        return _page(visit, 401, _NOT_LET_IN if users else _WRONG, email)
    return await begun(visit, let_in[0]) if len(let_in) == 1 else await _choice(visit, let_in)


async def begun(visit: Visit, user: User) -> Response:
    """A new session, whatever cookie came, and on to where the user wanted to go."""
    secret = await sessions.begin(visit.shared.store, user, cookie(visit.request, sessions.COOKIE))
    response = visit.moved(local(visit.query().get("next")) or f"/{ROOT}")
    keep(visit.request, response, sessions.COOKIE, secret, sessions.LIFETIME_S, visit.shared.public_url)
    return response


async def leaving(visit: Visit) -> Response:
    """End the session."""
    await sessions.end(visit.shared.store, cookie(visit.request, sessions.COOKIE) or "")
    response = visit.moved(f"/{ROOT}/sign-in", "signed-out")
    keep(visit.request, response, sessions.COOKIE, "", 0, visit.shared.public_url)
    return response


async def _choice(visit: Visit, users: list[User]) -> Response:
    """Of several clinics, one: each button carries a session of a few minutes, so nobody types a password twice."""
    store, choices = visit.shared.store, []
    for user in users:
        secret = await sessions.begin(store, user, lifetime_s=CHOOSING_S)
        choices.append((secret, (await clinics.get(store.reader, user.clinic_id)).name))
    return visit.page("choose_clinic_here.html", choices=choices)


def _page(visit: Visit, status: int = 200, problem: str | None = None, email: str = "") -> Response:
    next_ = local(visit.query().get("next"))
    query = "" if next_ is None else f"?next={quote(next_, safe='/')}"
    return visit.page("sign_in_here.html", status, problem=problem, email=email, query=query)


ROWS = (
    Row("GET", "sign-in", ANYBODY, asked),
    Row("POST", "sign-in", ANYBODY, signing_in),
    Row("POST", "sign-out", SIGNED_IN, leaving),
)
