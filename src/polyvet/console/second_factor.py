# SPDX-License-Identifier: Apache-2.0
"""`/console/code`: the code that is asked for beside the password; `/console/account/second-factor`: setting it up."""

from __future__ import annotations

from starlette.responses import Response

from polyvet.console import entry
from polyvet.console.account import as_verified, right_password
from polyvet.console.rows import ANYBODY, SIGNED_IN, Row
from polyvet.console.visit import Visit
from polyvet.identity import entering, second_factor, sessions
from polyvet.model.errors import Invalid, LimitReached
from polyvet.storage.writing import Tx
from polyvet.web.cookies import cookie

_HERE = "/console/account/second-factor"
_FIRST = "Sign in with your password first."


async def asked(visit: Visit) -> Response:
    """The page for the code."""
    if await visit.shared.entering.half(cookie(visit.request, sessions.COOKIE)) is None:
        return entry.page(visit, 400, _FIRST)
    return _code_page(visit)


async def completing(visit: Visit) -> Response:
    """The code."""
    half = cookie(visit.request, sessions.COOKIE) or ""
    user = await visit.shared.entering.half(half)
    if user is None:
        return entry.page(visit, 401, entering.TOO_LATE)
    try:
        found = await visit.shared.entering.complete(visit.request, user, half, visit.fields.text("code"))
    except LimitReached as error:
        response = _code_page(visit, 429, entering.too_many(error))
        response.headers["retry-after"] = str(error.retry_after)
        return response
    return _code_page(visit, 401, found) if isinstance(found, str) else entry.kept(visit, found)


def _code_page(visit: Visit, status: int = 200, problem: str | None = None) -> Response:
    return visit.page("code.html", status, problem=problem, query=entry.query(visit))


async def shown(visit: Visit) -> Response:
    """Whether a code is asked for, and what to do to have it so, or not."""
    return await _page(visit)


async def changing(visit: Visit) -> Response:
    """One of the page's forms."""
    do = {"prepare": _preparing, "confirm": _confirming, "end": _ending}.get(visit.fields.get("do") or "")
    if do is None:
        return await _page(visit, 400, {"do": "Say what is to be done: use one of the buttons."})
    try:
        return await do(visit)
    except Invalid as error:
        return await _page(visit, 400, error.problems)


async def _preparing(visit: Visit) -> Response:
    await second_factor.prepare(visit.shared.store, visit.user)
    return visit.moved(_HERE)


async def _confirming(visit: Visit) -> Response:
    """With a password, since whoever finds an open browser could lock its user out; and then with a session that knows
    of the code, the only one that is left."""
    verified = await right_password(visit)
    user, code = visit.user, visit.fields.text("code")

    async def job(tx: Tx) -> str | None:
        if not await second_factor.confirm(tx, user, code):
            return None
        renewed = sessions.begin_within(tx, user, factors=sessions.BOTH)
        sessions.end_others(tx, user, renewed)
        return renewed

    secret = await as_verified(visit, verified, job)
    if secret is None:
        raise Invalid({"code": entering.WRONG_CODE})
    visit.keep_session(secret)
    return visit.moved(_HERE, "on")


async def _ending(visit: Visit) -> Response:
    verified = await right_password(visit)

    async def job(tx: Tx) -> None:
        second_factor.end(tx, visit.user)

    await as_verified(visit, verified, job)
    return visit.moved(_HERE, "off")


async def _page(visit: Visit, status: int = 200, problems: dict[str, str] | None = None) -> Response:
    user = visit.user
    secret = await second_factor.prepared(visit.shared.store.reader, user)
    picture = "" if secret is None else second_factor.picture(second_factor.uri(user, visit.clinic.name, secret))
    return visit.page("second_factor.html", status, secret=secret, picture=picture, problems=problems or {})


ROWS = (
    Row("GET", "code", ANYBODY, asked),
    Row("POST", "code", ANYBODY, completing),
    Row("GET", "account/second-factor", SIGNED_IN, shown),
    Row("POST", "account/second-factor", SIGNED_IN, changing),
)
