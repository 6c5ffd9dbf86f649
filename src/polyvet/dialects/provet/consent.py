# SPDX-License-Identifier: Apache-2.0
"""`authorize/`: a user reads which application asks for what, signs in and allows it, or cancels.

Credentials come with each answer. There is no session, so there is nothing that a request forged on another site could
ride on, and the page needs no token against that.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AccessDeniedError
from starlette.responses import Response

from polyvet.dialects.provet.wire import API_SCOPE, NAME, OPENID
from polyvet.identity import asking, entering, grants
from polyvet.identity.asking import ASKED, Shown
from polyvet.identity.entering import Entering
from polyvet.identity.passwords import Verified
from polyvet.model.access import Application
from polyvet.model.entities import Clinic
from polyvet.model.errors import Invalid, LimitReached, TooLarge, WrongMediaType
from polyvet.storage.store import Store
from polyvet.web import oauth, pages
from polyvet.web.forms import Fields, of_form, of_query
from polyvet.web.message import Request
from polyvet.web.oauth import sent_back
from polyvet.web.rolling import Rolling


class Asked(msgspec.Struct, frozen=True):
    """A request that holds."""

    application: Application
    fields: Fields
    redirect_uri: str
    scope: str


class Authorize:
    """The page of all installations."""

    def __init__(self, store: Store, issuer: Callable[[Request, Clinic], str], attempts: Rolling) -> None:
        self._store = store
        self._issuer = issuer
        self._entering = Entering(store, attempts)

    async def asked(self, request: Request, clinic: Clinic) -> Response:
        """GET: the page."""
        try:
            return await self._answer(request, clinic, of_query(request.scope["query_string"]))
        except (Shown, Invalid) as error:
            return _refused(400, str(error))

    async def answered(self, request: Request, clinic: Clinic) -> Response:
        """POST: the page's form; or, without a decision, a request for the page (OpenID Connect)."""
        try:
            return await self._answer(request, clinic, await of_form(request))
        except (Shown, Invalid, WrongMediaType, TooLarge) as error:
            return _refused(400, str(error))

    async def _answer(self, request: Request, clinic: Clinic, fields: Fields) -> Response:
        application, redirect_uri = await asking.target(self._store.reader, NAME, clinic.id, fields, clinic.name)
        issuer = self._issuer(request, clinic)
        decision = fields.get("decision") if request.scope["method"] == "POST" else None
        try:
            asked = _checked(application, redirect_uri, fields)
            if decision == "cancel":
                raise AccessDeniedError
        except OAuth2Error as error:
            told = {"error": error.error, "error_description": error.description}
            return sent_back(redirect_uri, told, fields.get("state"), issuer)
        if decision != "allow":
            return _page(clinic, asked)
        try:
            verified = await self._verified(request, clinic, fields)
            if verified is None:
                return _page(clinic, asked, 401, entering.WRONG)
            code, adding = grants.new_code(application, _consent(asked, verified))
            shown = f"to allow {application.name}"
            problem = await self._entering.allow(request, verified, fields.text("code"), shown, adding)
        except LimitReached as error:
            return _page(clinic, asked, 429, entering.too_many(error), error.retry_after)
        if problem is not None:
            return _page(clinic, asked, 401, problem)
        return sent_back(redirect_uri, {"code": code}, fields.get("state"), issuer)

    async def _verified(self, request: Request, clinic: Clinic, fields: Fields) -> Verified | None:
        """Who gave a password that is theirs. LimitReached for who guesses."""
        email, password = fields.get("email"), fields.get("password")
        if email is None or password is None:
            return None
        return await self._entering.at_clinic(clinic.id, request, email, password)


def _consent(asked: Asked, verified: Verified) -> grants.Consent:
    return grants.Consent(
        user_id=verified.user.id,
        redirect_uri=asked.redirect_uri,
        scope=asked.scope,
        challenge=asked.fields.get("code_challenge"),
        nonce=asked.fields.get("nonce"),
    )


def _checked(application: Application, redirect_uri: str, fields: Fields) -> Asked:
    """The request, if it holds; else the OAuth2Error that the application is told."""
    asking.check(application, fields)
    scope = grants.granted_scope(application, fields.get("scope"), API_SCOPE)
    if "none" in (fields.get("prompt") or "").split():  # there is no session to go by
        raise OAuth2Error(error="login_required", description="The user must sign in.")
    return Asked(application, fields, redirect_uri, scope)


def _page(
    clinic: Clinic, asked: Asked, status: int = 200, problem: str | None = None, retry_after: int | None = None
) -> Response:
    values = asked.fields.values
    target, leads_to = oauth.target(asked.redirect_uri)
    page = pages.page(
        "sign_in.html",
        status,
        leads_to,
        application=asked.application.name,
        clinic=clinic.name,
        may=_may(asked),
        hidden=[(name, values[name]) for name in ASKED if name in values],
        email=values.get("email", ""),
        problem=problem,
        target=target,
    )
    if retry_after is not None:
        page.headers["retry-after"] = str(retry_after)
    return page


def _may(asked: Asked) -> list[str]:
    """What the application may do, in words."""
    scopes = asked.scope.split()
    lines = ["know your name and e-mail"] if OPENID in scopes else []
    if API_SCOPE in scopes:
        for verb, words in (("read", "see"), ("write", "add and change")):
            granted = [one.partition(":") for one in asked.application.permissions.split()]
            areas = [area for area, _, what in granted if what == verb]
            lines += [f"{words}: {', '.join(areas)}"] if areas else []
    return lines


def _refused(status: int, problem: str) -> Response:
    return pages.page("sign_in_refused.html", status, "'none'", problem=problem)
