# SPDX-License-Identifier: Apache-2.0
"""`authorize/`: a user reads which application asks for what, signs in and allows it, or cancels.

Credentials come with each answer. There is no session, so there is nothing that a request forged on another site could
ride on, and the page needs no token against that. Where the answer goes is settled first: to a redirect URI that the
application has registered, letter by letter, or to nobody; what is wrong with either is told on a page.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlencode, urlsplit

import msgspec
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AccessDeniedError, InvalidRequestError, UnsupportedResponseTypeError
from starlette.responses import HTMLResponse, RedirectResponse, Response

from polyvet.dialects.provet.wire import API_SCOPE, NAME, OPENID
from polyvet.identity import applications, grants
from polyvet.identity.passwords import SignIn
from polyvet.model.access import Application
from polyvet.model.entities import Clinic, User
from polyvet.model.errors import Invalid, LimitReached, TooLarge, WrongMediaType
from polyvet.storage.store import Store
from polyvet.web import pages
from polyvet.web.forms import Fields, of_form, of_query
from polyvet.web.message import Request
from polyvet.web.rolling import Rolling
from polyvet.web.slots import digest

# Attempts to sign in a minute. One address may be that of many users: of a clinic's, or of a proxy's.
ATTEMPTS_AS_ONE, ATTEMPTS_FROM_ONE_ADDRESS = 5, 60
_ASKED = ("response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method",
          "nonce", "prompt")  # fmt: skip
_WRONG = "This e-mail and password are not right. Check both and try again."
_FIELD_CHARACTERS = 2_000


class Shown(Exception):
    """What is told on a page, since nobody may be sent anywhere."""


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
        self._attempts = attempts
        self._sign_in = SignIn()

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
        application, redirect_uri = await self._target(clinic, fields)
        issuer = self._issuer(request, clinic)
        decision = fields.get("decision") if request.scope["method"] == "POST" else None
        try:
            asked = _checked(application, redirect_uri, fields)
            if decision == "cancel":
                raise AccessDeniedError
        except OAuth2Error as error:
            told = {"error": error.error, "error_description": error.description}
            return _sent(redirect_uri, told, fields, issuer)
        if decision != "allow":
            return _page(clinic, asked)
        try:
            user = await self._signed_in(request, clinic, fields)
        except LimitReached as error:
            return _page(clinic, asked, 429, f"Too many attempts. Wait {error.retry_after} seconds.", error.retry_after)
        if user is None:
            return _page(clinic, asked, 401, _WRONG)
        consent = grants.Consent(
            user_id=user.id,
            redirect_uri=redirect_uri,
            scope=asked.scope,
            challenge=fields.get("code_challenge"),
            nonce=fields.get("nonce"),
        )
        code = await grants.add_code(self._store, application, consent)
        return _sent(redirect_uri, {"code": code}, fields, issuer)

    async def _target(self, clinic: Clinic, fields: Fields) -> tuple[Application, str]:
        """Who asks, and where the answer goes."""
        client_id, redirect_uri = fields.get("client_id"), fields.get("redirect_uri")
        if {"client_id", "redirect_uri"} & fields.repeated:
            raise Shown("The request names its application or its redirect_uri more than once.")
        if client_id is None:
            raise Shown("The request does not name its application: client_id is missing.")
        application = await applications.find(self._store.reader, NAME, clinic.id, client_id)
        if application is None:
            raise Shown(f"{clinic.name} knows no application of this client_id.")
        if redirect_uri is None or redirect_uri not in application.redirect_uris.split():
            raise Shown("The redirect_uri is missing, or not one that the application has registered.")
        return application, redirect_uri

    async def _signed_in(self, request: Request, clinic: Clinic, fields: Fields) -> User | None:
        """Who signed in. LimitReached for who guesses."""
        email, password = fields.get("email"), fields.get("password")
        if email is None or password is None:
            return None
        where, who = b"sign-in of %d" % clinic.id, email.strip().lower().encode()
        address = (request.scope.get("client") or ("",))[0]
        self._attempts.take(digest(b"address", where, sender(address)), ATTEMPTS_FROM_ONE_ADDRESS)
        self._attempts.take(digest(b"e-mail", where, who), ATTEMPTS_AS_ONE)
        return await self._sign_in.user(self._store.reader, clinic.id, email, password)


def sender(address: str) -> bytes:
    """Whose attempts are counted together: those of an address; of IPv6 those of its network, the address's first
    half, since the other half is the sender's to choose."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address.encode()
    return found.packed[:8] if isinstance(found, IPv6Address) and not found.ipv4_mapped else found.packed


def _checked(application: Application, redirect_uri: str, fields: Fields) -> Asked:
    """The request, if it holds; else the OAuth2Error that the application is told."""
    if fields.repeated:
        raise InvalidRequestError(description="A parameter came more than once.")
    if any(len(fields.get(name) or "") > _FIELD_CHARACTERS for name in _ASKED):
        raise InvalidRequestError(description=f"A parameter has more than {_FIELD_CHARACTERS} characters.")
    response_type = fields.get("response_type")
    if response_type is None:
        raise InvalidRequestError(description="The parameter response_type is missing.")
    if response_type != "code":  # [docs]; the implicit grant is not offered (RFC 9700)
        raise UnsupportedResponseTypeError(None)
    grants.check_grant_type(application, applications.CODE)
    grants.check_challenge(application, fields.get("code_challenge"), fields.get("code_challenge_method"))
    scope = grants.granted_scope(application, fields.get("scope"), API_SCOPE)
    if "none" in (fields.get("prompt") or "").split():  # there is no session to go by
        raise OAuth2Error(error="login_required", description="The user must sign in.")
    return Asked(application, fields, redirect_uri, scope)


def _sent(redirect_uri: str, told: dict[str, str], fields: Fields, issuer: str) -> Response:
    """Back to the application by 303, which no browser follows with the credentials that it posted (RFC 9700); `iss`
    says who answers (RFC 9207)."""
    state = fields.get("state")
    query = urlencode({**told, **({} if state is None else {"state": state}), "iss": issuer})
    headers = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
    return RedirectResponse(f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{query}", 303, headers)


def _page(
    clinic: Clinic, asked: Asked, status: int = 200, problem: str | None = None, retry_after: int | None = None
) -> Response:
    values = asked.fields.values
    parts = urlsplit(asked.redirect_uri)
    target = f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"
    page = pages.template("sign_in.html").render(
        style=pages.style()[0],
        application=asked.application.name,
        clinic=clinic.name,
        may=_may(asked),
        hidden=[(name, values[name]) for name in _ASKED if name in values],
        email=values.get("email", ""),
        problem=problem,
        target=target,
    )
    # Browsers hold a form's redirects against the policy, too, which cannot name an address of IPv6.
    headers = pages.private(f"'self' {parts.scheme + ':' if '[' in target else target}")
    if retry_after is not None:
        headers["retry-after"] = str(retry_after)
    return HTMLResponse(page, status, headers)


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
    page = pages.template("sign_in_refused.html").render(style=pages.style()[0], problem=problem)
    return HTMLResponse(page, status, pages.private("'none'"))
