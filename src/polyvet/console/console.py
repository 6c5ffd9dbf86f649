# SPDX-License-Identifier: Apache-2.0
"""The console as an ASGI application: finds the page, who is signed in, checks role and form, and answers.

Nothing of a page runs before its row's permission is there and, of a POST, before its form is known to be ours.
"""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from polyvet.console import (
    account,
    apis,
    applications,
    audit,
    deliveries,
    entry,
    fields,
    home,
    join,
    keys,
    lists,
    offers,
    practice,
    privacy,
    requests,
    second_factor,
    server,
    set_up,
    staff,
    webhooks,
)
from polyvet.console.rows import ANYBODY, ROOT, SIGNED_IN, Row
from polyvet.console.visit import STATIC, Shared, Visit, safe, static
from polyvet.core import clinics, roles
from polyvet.identity import sessions
from polyvet.identity.sessions import COOKIE
from polyvet.model.errors import Forbidden
from polyvet.model.requests import Known
from polyvet.web.cookies import cookie
from polyvet.web.forms import FORM_BYTES, of_form
from polyvet.web.kept import ASK_AGAIN
from polyvet.web.message import Receive, Request, Scope, Send
from polyvet.web.people import Paths, allowed, failure, here, moved
from polyvet.web.reasons import reason
from polyvet.web.requests import seen

NAME = "console"  # in logs
VISIT = "polyvet_console"  # the cookie of a browser that has no session yet
_FILES = (
    home, entry, set_up, join, second_factor, account,
    apis, keys, applications, webhooks, deliveries, requests,
    practice, staff, offers, lists, fields, audit, privacy, server,
)  # fmt: skip
ROWS: tuple[Row, ...] = tuple(row for file in _FILES for row in file.ROWS)  # in the menu's order
OF_OPERATORS = "This is for who looks after the server."  # no owner could give it
_FIRST_ERROR = 400
_READING = ("GET", "HEAD")
_FOR_EVER = "public, max-age=31536000, immutable"


class Console:
    """All pages below /console."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        table: dict[str, dict[str, Row]] = {}
        for row in shared.rows:
            table.setdefault(row.path, {})[row.method] = row
        self._paths = Paths(table)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        request = Request(scope, receive, {}, FORM_BYTES)
        try:
            response = await self._answer(request)
        except ConnectionResetError:
            return
        if response.status_code >= _FIRST_ERROR:
            await request.drain()
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path = request.scope["path"].removeprefix(f"/{ROOT}").removeprefix("/")
        method: str = request.scope["method"]
        if path.startswith("static/"):
            return _static(method, request, path.removeprefix("static/"))
        nothing = Visit(self._shared, request, Row("GET", path, ANYBODY, home.missing))
        found = self._paths.find(path)
        if found is None:
            return await self._guarded(nothing)
        rows, request.parameters = found
        row = rows.get("GET" if method == "HEAD" else method)
        if row is None:
            response = nothing.told(405, f"This page takes {allowed(rows)} only.")
            response.headers["allow"] = allowed(rows)
            return response
        return await self._guarded(Visit(self._shared, request, row))

    async def _guarded(self, visit: Visit) -> Response:
        """The page, or what stands in its way."""
        try:
            response = await self._let_in(visit)
        except Exception as error:
            found = failure(error, NAME, visit.request.scope["path"])
            seen(visit.request.scope).reason = reason(error)
            operators = isinstance(error, Forbidden) and visit.row.permission in roles.SERVER
            response = found.on(visit.told(found.status, OF_OPERATORS if operators else found.problem))
        for kept in visit.cookies:
            kept(response)
        return response

    async def _let_in(self, visit: Visit) -> Response:
        """Who is it, may they, and did our own page send this?"""
        row, request = visit.row, visit.request
        reader = self._shared.store.reader
        session = await sessions.find(reader, cookie(request, COOKIE))
        if session is not None and session.user.console_role:  # else the clinic has not let them in here
            user = session.user
            seen(request.scope).who = Known(user.clinic_id, user.id, user.name)
            visit.signed_in(session, await clinics.get(reader, user.clinic_id))
        elif row.permission != ANYBODY:
            return _to_sign_in(request)
        else:
            _before_a_session(visit)
        if row.permission not in (ANYBODY, SIGNED_IN) and not visit.may(row.permission):
            raise Forbidden(row.permission)
        if row.method == "POST":
            visit.fields = await of_form(request)
            sessions.check_csrf(visit.csrf, visit.fields)
        return await row.answering(visit)


def _before_a_session(visit: Visit) -> None:
    """Forms of somebody who is not signed in are guarded by a cookie of their own, so that nobody is signed in,
    unknowingly, as somebody else."""
    secret = cookie(visit.request, VISIT)
    if secret is None:
        secret = sessions.new_secret()
        visit.keep(VISIT, secret, sessions.LIFETIME_S)
    visit.csrf = sessions.csrf_of(secret)


def _to_sign_in(request: Request) -> Response:
    """To the page where people sign in, and from there back: to where they were if that was to be read."""
    read = request.scope["method"] in _READING
    next_ = f"?next={quote(here(request), safe='/')}" if read and request.scope["path"] != f"/{ROOT}" else ""
    return moved(request, f"/{ROOT}/sign-in{next_}")


def _static(method: str, request: Request, name: str) -> Response:
    """A file of the folder `static`; a name that is none of them is missing, wherever it may point."""
    if name not in {one.name for one in STATIC.iterdir()}:
        return Response("There is no such file here.", 404, safe(), "text/plain")
    if method not in _READING:
        return Response("This file is only read.", 405, {**safe(), "allow": ", ".join(_READING)}, "text/plain")
    found = static(name)
    current = request.scope["query_string"] == f"v={found.version}".encode()
    kept = _FOR_EVER if current else ASK_AGAIN
    return found.answer(request.scope, cache_control=kept, x_content_type_options="nosniff")
