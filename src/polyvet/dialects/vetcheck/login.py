# SPDX-License-Identifier: Apache-2.0
"""`/login` with the page for a code, `/register` and `/logout`: a user's session begins and ends.

Their forms are guarded by a cookie of their own before there is a session: nobody is signed in, unknowingly, as
somebody else.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from polyvet.dialects.vetcheck.people import Shared, Table, told
from polyvet.dialects.vetcheck.signed import HOME, check, current
from polyvet.dialects.vetcheck.wire import NAME
from polyvet.identity import attempts, entering, registration, sessions
from polyvet.identity.entering import Entering, Entry
from polyvet.identity.passwords import Verified
from polyvet.identity.registration import NewAccount
from polyvet.model.errors import Invalid, LimitReached
from polyvet.web import pages
from polyvet.web.cookies import cookie, keep, local
from polyvet.web.forms import Fields, of_form, of_query
from polyvet.web.message import Request
from polyvet.web.people import moved

VISIT = "polyvet_visit"  # the cookie of a browser that has no session yet
_NOBODY = "New accounts are not made here. Ask whoever runs this server for one."


def table(shared: Shared) -> Table:
    """The paths."""
    login = Login(shared)
    return {
        "login": {"GET": login.asked, "POST": login.signing_in},
        "login/code": {"GET": login.asked_for_code, "POST": login.completing},
        "register": {"GET": login.asked_to_register, "POST": login.registering},
        "logout": {"GET": login.asked_to_leave, "POST": login.leaving},
    }


class Login:
    """The pages on which sessions begin and end."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._entering = Entering(shared.store, shared.attempts)

    async def asked(self, request: Request) -> Response:
        """The page to sign in on, also for somebody who is signed in and wants to be somebody else."""
        return self._login_page(request)

    async def signing_in(self, request: Request) -> Response:
        """The form of that page, or of the one on which a clinic is chosen."""
        form = await self._form(request)
        chosen = form.get("chosen")
        if chosen is not None:
            entry = await self._entering.chosen(chosen, cookie(request, sessions.COOKIE))
            return self._entered(request, entry, entering.TOO_LATE)
        email, password = form.get("email") or "", form.get("password") or ""
        try:
            found = await self._entering.by_password(NAME.encode(), request, email, password)
        except LimitReached as error:
            return _too_many(self._login_page(request, 429, entering.too_many(error), email), error)
        if not found:
            return self._login_page(request, 401, entering.WRONG, email)
        if len(found) == 1:
            return await self._begun(request, found[0])
        choices = await self._entering.choices(found)
        if not choices:
            return self._login_page(request, 401, entering.CHANGED, email)
        return self._page(request, "choose_clinic.html", 200, choices=choices)

    async def asked_for_code(self, request: Request) -> Response:
        """The page for the code of a second factor."""
        if await self._entering.half(cookie(request, sessions.COOKIE)) is None:
            return moved(request, f"/login{_onward(request)}")
        return self._page(request, "code.html", 200)

    async def completing(self, request: Request) -> Response:
        """The form of that page."""
        form = await self._form(request)
        half = cookie(request, sessions.COOKIE) or ""
        user = await self._entering.half(half)
        if user is None:
            return moved(request, f"/login{_onward(request)}")
        try:
            entry = await self._entering.complete(request, user, half, form.text("code"))
        except LimitReached as error:
            return _too_many(self._page(request, "code.html", 429, problem=entering.too_many(error)), error)
        if isinstance(entry, str):
            return self._page(request, "code.html", 401, problem=entry)
        return self._kept(request, entry)

    async def asked_to_register(self, request: Request) -> Response:
        """The page to register on."""
        return self._register_page(request) if self._shared.options.registration else told(403, _NOBODY)

    async def registering(self, request: Request) -> Response:
        """The form of that page."""
        if not self._shared.options.registration:
            return told(403, _NOBODY)
        form = await self._form(request)
        new = NewAccount(*(form.get(name) or "" for name in NewAccount.__struct_fields__))
        try:
            attempts.count(self._shared.attempts, b"registering", request, new.email)
            registered = await registration.register(self._shared.store, new)
        except LimitReached as error:
            return _too_many(self._register_page(request, 429, new, problem=entering.too_many(error)), error)
        except Invalid as error:
            return self._register_page(request, 400, new, problems=error.problems)
        return await self._begun(request, registered)

    async def asked_to_leave(self, request: Request) -> Response:
        """A page with the button, for links; the session ends by the button only."""
        session = await current(self._shared, request)
        if session is None:
            return moved(request, "/login")
        return pages.page("logout.html", user=session.user, csrf=session.csrf)

    async def leaving(self, request: Request) -> Response:
        """End the session."""
        session = await current(self._shared, request)
        response = moved(request, "/login")
        if session is not None:
            check(session, await of_form(request))
            await self._entering.leave(session.user, cookie(request, sessions.COOKIE) or "")
            self._keep(request, response, sessions.COOKIE, "", 0)
        return response

    async def _form(self, request: Request) -> Fields:
        form = await of_form(request)
        visit = cookie(request, VISIT)
        sessions.check_csrf(None if visit is None else sessions.csrf_of(visit), form)
        return form

    async def _begun(self, request: Request, verified: Verified) -> Response:
        """A new session, whatever cookie came, and on to where the user wanted to go, or to where a code is asked
        for."""
        entry = await self._entering.begin(verified, cookie(request, sessions.COOKIE))
        return self._entered(request, entry, entering.CHANGED)

    def _entered(self, request: Request, entry: Entry | None, problem: str) -> Response:
        return self._login_page(request, 401, problem) if entry is None else self._kept(request, entry)

    def _kept(self, request: Request, entry: Entry) -> Response:
        wanted = local(_next(request)) or HOME
        response = moved(request, wanted if entry.whole else f"/login/code{_onward(request)}")
        self._keep(request, response, sessions.COOKIE, entry.secret, entry.seconds)
        return response

    def _keep(self, request: Request, response: Response, name: str, secret: str, seconds: int) -> None:
        keep(request, response, name, secret, seconds, self._shared.options.public_url)

    def _login_page(self, request: Request, status: int = 200, problem: str | None = None, email: str = "") -> Response:
        registration = self._shared.options.registration
        return self._page(request, "login.html", status, problem=problem, email=email, registration=registration)

    def _register_page(
        self,
        request: Request,
        status: int = 200,
        given: NewAccount | None = None,
        *,
        problem: str | None = None,
        problems: dict[str, str] | None = None,
    ) -> Response:
        given = given or NewAccount("", "", "", "")
        return self._page(request, "register.html", status, problem=problem, problems=problems or {}, given=given)

    def _page(self, request: Request, name: str, status: int, **shown: Any) -> Response:
        visit = cookie(request, VISIT)
        secret = visit or sessions.new_secret()
        response = pages.page(name, status, csrf=sessions.csrf_of(secret), query=_onward(request), **shown)
        self._keep(request, response, VISIT, secret, sessions.LIFETIME_S)
        return response


def _next(request: Request) -> str | None:
    return of_query(request.scope["query_string"]).get("next")


def _onward(request: Request) -> str:
    """What tells the next page where the user wanted to go."""
    next_ = local(_next(request))
    return "" if next_ is None else f"?next={quote(next_, safe='/')}"


def _too_many(response: Response, error: LimitReached) -> Response:
    response.headers["retry-after"] = str(error.retry_after)
    return response
