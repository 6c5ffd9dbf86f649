# SPDX-License-Identifier: Apache-2.0
"""`/console/sign-in` and `/console/sign-out`: a session in the console begins and ends."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from polyvet.console.rows import ANYBODY, ROOT, SIGNED_IN, Row
from polyvet.console.visit import Visit
from polyvet.core.clinics import list_clinics
from polyvet.identity import entering, sessions
from polyvet.identity.entering import Entry
from polyvet.identity.passwords import Verified
from polyvet.model.errors import LimitReached
from polyvet.web.cookies import cookie, local

_NOT_LET_IN = "You are not let into the console. Ask an owner of your clinic for a role."


async def asked(visit: Visit) -> Response:
    """The page to sign in on, also for somebody who is signed in and wants to be somebody else."""
    empty = visit.shared.set_up is not None and not await list_clinics(visit.shared.store)
    return page(visit, empty=empty)


async def signing_in(visit: Visit) -> Response:
    """The form of that page, or of the one on which a clinic is chosen."""
    doors = visit.shared.entering
    chosen = visit.fields.get("chosen")
    if chosen is not None:
        return _entered(visit, await doors.chosen(chosen, _before(visit)), entering.TOO_LATE)
    email, password = visit.fields.get("email") or "", visit.fields.get("password") or ""
    try:
        found = await doors.by_password(ROOT.encode(), visit.request, email, password)
    except LimitReached as error:
        response = page(visit, 429, entering.too_many(error), email)
        response.headers["retry-after"] = str(error.retry_after)
        return response
    let_in = [one for one in found if one.user.console_role]
    if not let_in:
        return page(visit, 401, _NOT_LET_IN if found else entering.WRONG, email)
    if len(let_in) == 1:
        return await begun(visit, let_in[0])
    choices = await doors.choices(let_in)
    if not choices:
        return page(visit, 401, entering.CHANGED, email)
    return visit.page("choose_clinic.html", choices=choices)


async def begun(visit: Visit, verified: Verified) -> Response:
    """A new session, whatever cookie came, and on to where the user wanted to go, or to where a code is asked for."""
    return _entered(visit, await visit.shared.entering.begin(verified, _before(visit)), entering.CHANGED)


def _before(visit: Visit) -> str | None:
    """The session that the browser had."""
    return cookie(visit.request, sessions.COOKIE)


def _entered(visit: Visit, entry: Entry | None, problem: str) -> Response:
    return page(visit, 401, problem) if entry is None else kept(visit, entry)


def kept(visit: Visit, entry: Entry) -> Response:
    """On with a session that has just begun."""
    wanted = local(visit.query().get("next")) or f"/{ROOT}"
    visit.keep_session(entry.secret, entry.seconds)
    return visit.moved(wanted if entry.whole else f"/{ROOT}/code{query(visit)}")


async def leaving(visit: Visit) -> Response:
    """End the session."""
    await visit.shared.entering.leave(visit.user, _before(visit) or "")
    visit.keep_session("", 0)
    return visit.moved(f"/{ROOT}/sign-in", "signed-out")


def page(
    visit: Visit, status: int = 200, problem: str | None = None, email: str = "", *, empty: bool = False
) -> Response:
    """The page to sign in on; `empty` says that there is nobody yet who could."""
    return visit.page("sign_in.html", status, problem=problem, email=email, empty=empty, query=query(visit))


def query(visit: Visit) -> str:
    """What tells the next page where the user wanted to go."""
    next_ = local(visit.query().get("next"))
    return "" if next_ is None else f"?next={quote(next_, safe='/')}"


ROWS = (
    Row("GET", "sign-in", ANYBODY, asked),
    Row("POST", "sign-in", ANYBODY, signing_in),
    Row("POST", "sign-out", SIGNED_IN, leaving),
)
