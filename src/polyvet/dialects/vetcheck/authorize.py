# SPDX-License-Identifier: Apache-2.0
"""`/code`: a user who is signed in reads which application asks for what, and allows it or cancels.

Consent is always asked for: a session alone grants nothing, whatever was allowed before.
"""

from __future__ import annotations

from urllib.parse import quote, urlencode

import msgspec
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AccessDeniedError, InvalidRequestError
from starlette.responses import Response

from polyvet.core.clinics import Clinics
from polyvet.dialects.vetcheck.people import Shared, SignInNeeded, Table, told
from polyvet.dialects.vetcheck.signed import check, current
from polyvet.dialects.vetcheck.wire import AUDIENCE, NAME
from polyvet.identity import asking, grants, roles, sessions
from polyvet.identity.asking import Shown
from polyvet.identity.sessions import Session
from polyvet.model.access import Application
from polyvet.model.errors import Invalid
from polyvet.storage.writing import Touching, Tx
from polyvet.web import oauth, pages
from polyvet.web.cookies import cookie
from polyvet.web.forms import Fields, of_form, of_query
from polyvet.web.message import Request
from polyvet.web.oauth import sent_back
from polyvet.web.people import moved

_AGAIN = frozenset(("login", "select_account"))  # prompts for which a session is not enough
_API = "see the library, change your clinic's own content in it, and share it with owners"
_WORDS = {
    "profile": "know your name",
    "email": "know your e-mail",
    "offline_access": "do so when you are not there, until you or the clinic end it",
}


class Asked(msgspec.Struct, frozen=True):
    """A request that holds, and who is to answer it."""

    application: Application
    redirect_uri: str
    scope: str
    fields: Fields
    session: Session


def table(shared: Shared) -> Table:
    """The paths."""
    page = Authorize(shared)
    return {"code": {"GET": page.asked, "POST": page.answered}}


def issuer(shared: Shared, request: Request) -> str:
    """What this authorization server is called in tokens and answers [inferred]."""
    return shared.origin(request) + "/"


class Authorize:
    """The page of consent."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._clinics = Clinics()

    async def asked(self, request: Request) -> Response:
        """GET [seed]: the page."""
        return await self._answer(request, None)

    async def answered(self, request: Request) -> Response:
        """POST: the page's form; or, without a decision, a request for the page (OpenID Connect)."""
        form = await of_form(request)
        if form.repeated:
            raise Invalid({"body": "holds a field more than once"})
        if form.get("decision") is None:
            return moved(request, f"/code?{urlencode(form.values)}")
        return await self._answer(request, form)

    async def _answer(self, request: Request, form: Fields | None) -> Response:
        fields = of_query(request.scope["query_string"])
        try:
            application, redirect_uri = await asking.target(
                self._shared.store.reader, NAME, None, fields, "This server"
            )
        except Shown as error:
            problem = f"{error} Nothing was allowed. Tell whoever runs the application that sent you here."
            return told(400, problem, "This cannot go on")
        name = issuer(self._shared, request)
        try:
            scope = _checked(application, fields, name)
            asked = Asked(application, redirect_uri, scope, fields, await self._session(request, fields))
            if form is None:
                return await self._page(asked)
            check(asked.session, form)
            if form.get("decision") != "allow":
                raise AccessDeniedError
            answer = {"code": await self._allowed(request, asked)}
        except OAuth2Error as error:
            answer = {"error": error.error, "error_description": error.description}
        return sent_back(redirect_uri, answer, fields.get("state"), name)

    async def _session(self, request: Request, fields: Fields) -> Session:
        """Who is to consent. SignInNeeded, or the error for who must not be asked."""
        session = await current(self._shared, request)
        prompts = (fields.get("prompt") or "").split()
        if "none" in prompts:
            raise _not_asked(session)
        if session is None or _AGAIN & set(prompts):
            raise SignInNeeded(_without_prompt(fields))
        return session

    async def _allowed(self, request: Request, asked: Asked) -> str:
        """The code for what the user allowed. SignInNeeded if their session ended meanwhile: then so has all that it
        could have allowed."""
        store, user = self._shared.store, asked.session.user
        promo = asked.fields.get("promo_code")
        if promo is not None:
            await roles.redeem(store, user, promo)  # one that is no good was told on the page
        consent = grants.Consent(
            user_id=user.id,
            redirect_uri=asked.redirect_uri,
            scope=asked.scope,
            challenge=asked.fields.get("code_challenge"),
            nonce=asked.fields.get("nonce"),
        )
        code, adding = grants.new_code(asked.application, consent)

        async def job(tx: Tx) -> bool:
            stands = await sessions.find(tx, cookie(request, sessions.COOKIE)) is not None
            if stands:
                adding(tx)
            return stands

        if not await store.write(Touching(clinics=(user.clinic_id,)), job):
            raise SignInNeeded(_without_prompt(asked.fields))
        return code

    async def _page(self, asked: Asked) -> Response:
        reader, user, promo = self._shared.store.reader, asked.session.user, asked.fields.get("promo_code")
        shown, leads_to = oauth.target(asked.redirect_uri)
        return pages.page(
            "consent.html",
            form_action=leads_to,
            application=asked.application.name,
            registered_by=(await self._clinics.get(reader, asked.application.clinic_id)).name,
            clinic=(await self._clinics.get(reader, user.clinic_id)).name,
            user=user,
            may=_may(asked.scope),
            code=promo,
            promo=None if promo is None else (await roles.outlook(reader, user, promo)).value,
            other=f"login?next={quote(_without_prompt(asked.fields), safe='/')}",
            csrf=asked.session.csrf,
            target=shown,
        )


def _checked(application: Application, fields: Fields, here: str) -> str:
    """The scope that is asked for; the OAuth2Error that the application is told unless the request holds."""
    asking.check(application, fields)
    for name in ("state", "audience", "scope"):  # [seed]
        if fields.get(name) is None:
            raise InvalidRequestError(description=f"The parameter {name} is missing.")
    if fields.get("audience") not in (AUDIENCE, here):
        raise InvalidRequestError(description=f"The audience must be {AUDIENCE}, with the slash.")
    if fields.get("response_mode") not in (None, "query"):
        raise InvalidRequestError(description="The response_mode must be query.")
    return grants.known_scope(application, fields.get("scope"))


def _not_asked(session: Session | None) -> OAuth2Error:
    if session is None:
        return OAuth2Error(error="login_required", description="The user must sign in.")
    return OAuth2Error(error="consent_required", description="The user must allow it each time.")


def _without_prompt(fields: Fields) -> str:
    """The same request for somebody who has just signed in."""
    left = [one for one in (fields.get("prompt") or "").split() if one not in _AGAIN]
    values = {name: value for name, value in fields.values.items() if name != "prompt"}
    return f"/code?{urlencode({**values, **({'prompt': ' '.join(left)} if left else {})})}"


def _may(scope: str) -> list[str]:
    """What the application may do, in words. The API asks for no scope [inferred], so each token opens it."""
    return [_API, *(words for one, words in _WORDS.items() if one in scope.split())]
