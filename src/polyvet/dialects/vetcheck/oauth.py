# SPDX-License-Identifier: Apache-2.0
"""`/oauth/token` [seed], and what clients read of this authorization server.

Each token is the user's signed one: the same text stands under three keys, and any of them works as bearer. It is
stored as its SHA-256 like every token, so that it can be ended before its time.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import (
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    UnsupportedGrantTypeError,
)
from starlette.responses import Response

from polyvet.dialects.vetcheck.authorize import issuer
from polyvet.dialects.vetcheck.people import Answering, Shared, Table
from polyvet.dialects.vetcheck.scopes import SCOPES
from polyvet.dialects.vetcheck.wire import AUDIENCE, NAME, encode, subject
from polyvet.identity import applications, asking, grants, signing
from polyvet.model.access import Application
from polyvet.model.errors import Invalid, PolyvetError, WrongMediaType
from polyvet.web.forms import Fields, of_form
from polyvet.web.message import Request
from polyvet.web.oauth import answer, failed, needed, refused
from polyvet.web.params import read_json, text_problem

# A day [seed]. A refresh token serves again and again [seed], until nobody has used it for 90 days [inferred].
LIFETIMES = grants.Lifetimes(access=86_400, refresh=90 * 86_400, rotates=False, refreshed_with="offline_access")
_READ = ("grant_type", "client_id", "client_secret", "code", "redirect_uri", "code_verifier", "refresh_token", "scope",
         "token", "token_type_hint")  # fmt: skip

Work = Callable[[Shared, Request], Awaitable[Response]]


def table(shared: Shared) -> Table:
    """The paths."""
    return {
        "oauth/token": {"POST": _told(partial(_token, shared))},  # [seed]
        "oauth/revoke": {"POST": _told(partial(_revoke, shared))},  # [inferred]
        ".well-known/openid-configuration": {"GET": partial(_configuration, shared)},  # [inferred]
        ".well-known/jwks.json": {"GET": partial(_keys, shared)},  # [inferred]
    }


def _told(answering: Answering) -> Answering:
    """Errors as OAuth's clients read them, and not on a page."""

    async def answered(request: Request) -> Response:
        try:
            return await answering(request)
        except OAuth2Error as error:
            return refused(error, request)
        except PolyvetError as error:
            return failed(error, NAME, request)

    return answered


async def _token(shared: Shared, request: Request) -> Response:
    """Tokens [seed]. Fields that are not known are ignored."""
    form = await _form(request)
    application = await asking.client(shared.store.reader, NAME, None, request, form)
    grant_type = needed(form, "grant_type")
    by_type = {applications.CODE: _for_code, applications.REFRESH: _for_refresh}
    if grant_type not in by_type:
        known = f"The grant_type must be {' or '.join(by_type)}."
        raise OAuth2Error(known, error=UnsupportedGrantTypeError.error)
    grants.check_grant_type(application, grant_type)
    mint = partial(_minted, shared, issuer(shared, request), application)
    issued = await by_type[grant_type](shared, application, form, mint)
    shown: dict[str, Any] = {"ID_TOKEN": issued.access_token, "access_token": issued.access_token}
    if issued.refresh_token is not None:
        shown["refresh_token"] = issued.refresh_token
    shown |= {
        "id_token": issued.access_token, "token_type": "Bearer", "expires_in": LIFETIMES.access, "scope": issued.scope,
    }  # fmt: skip
    return answer(200, shown)


async def _for_code(shared: Shared, application: Application, form: Fields, mint: grants.Mint) -> grants.Issued:
    code, redirect_uri, verifier = needed(form, "code"), needed(form, "redirect_uri"), form.get("code_verifier")
    return await grants.exchange(shared.store, application, code, redirect_uri, verifier, LIFETIMES, mint)


async def _for_refresh(shared: Shared, application: Application, form: Fields, mint: grants.Mint) -> grants.Issued:
    """The scope stays what it was, and the answer says so; one that the application may not have is refused."""
    asked = form.get("scope")
    if asked is not None and not set(asked.split()) <= set(application.scopes.split()):
        raise InvalidScopeError(description="A scope is unknown, or this application may not have it.")
    return await grants.refresh(shared.store, application, needed(form, "refresh_token"), LIFETIMES, mint)


async def _minted(shared: Shared, iss: str, application: Application, whose: grants.Subject) -> str:
    """A token that says who has it and for what, signed with RS256; its claims are [inferred]."""
    user, scopes = whose.user, whose.scope.split()
    if not user.active:
        raise InvalidGrantError(description="The user has left.")
    claims: dict[str, Any] = {
        "iss": iss,
        "sub": subject(user.id),
        "aud": [AUDIENCE, application.client_id],
        "azp": application.client_id,
        "jti": secrets.token_urlsafe(16),
        "scope": whose.scope,
        "role": user.library_role,
    }
    if whose.nonce is not None:
        claims["nonce"] = whose.nonce
    if "profile" in scopes:
        claims["name"] = user.name
    if "email" in scopes:
        claims["email"] = user.email
    return await signing.sign(shared.store, claims, LIFETIMES.access)


async def _revoke(shared: Shared, request: Request) -> Response:
    """End a token. One that is unknown, or another application's, is answered alike (RFC 7009)."""
    form = await _form(request)
    application = await asking.client(shared.store.reader, NAME, None, request, form)
    await grants.end(shared.store, application, needed(form, "token"))
    return Response(b"", 200, {"cache-control": "no-store"})


async def _configuration(shared: Shared, request: Request) -> Response:
    """What is offered here (RFC 8414, OpenID Connect Discovery)."""
    name = issuer(shared, request)
    found = {
        "issuer": name,
        "authorization_endpoint": f"{name}code",
        "token_endpoint": f"{name}oauth/token",
        "revocation_endpoint": f"{name}oauth/revoke",
        "jwks_uri": f"{name}.well-known/jwks.json",
        "scopes_supported": SCOPES,
        "response_types_supported": ("code",),
        "response_modes_supported": ("query",),
        "grant_types_supported": (applications.CODE, applications.REFRESH),
        "token_endpoint_auth_methods_supported": ("client_secret_post", "client_secret_basic", "none"),
        "code_challenge_methods_supported": (grants.S256,),
        "prompt_values_supported": ("none", "login", "consent", "select_account"),
        "subject_types_supported": ("public",),
        "id_token_signing_alg_values_supported": (signing.ALGORITHM,),
        "claims_supported": (
            "iss", "sub", "aud", "azp", "iat", "exp", "jti", "scope", "role", "nonce", "name", "email"
        ),
        "authorization_response_iss_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }  # fmt: skip
    return Response(encode(found), media_type="application/json")


async def _keys(shared: Shared, _: Request) -> Response:
    """What signed tokens are verified with."""
    return Response(encode(await signing.published(shared.store)), media_type="application/json")


async def _form(request: Request) -> Fields:
    """JSON whatever it is called, since the page's own request calls it a form [seed]; or a real form."""
    body = await request.body()
    if body.lstrip()[:1] == b"{":
        return _of_json(body)
    try:
        form = await of_form(request, body)
    except WrongMediaType as error:
        raise InvalidRequestError(description="Send JSON, or a form.") from error
    if form.repeated:
        raise InvalidRequestError(description="A field came more than once.")
    return form


def _of_json(body: bytes) -> Fields:
    document = read_json(body)
    found = {name: document[name] for name in _READ if document.get(name) not in (None, "")}
    if wrong := [name for name, value in found.items() if not isinstance(value, str) or text_problem(value)]:
        raise Invalid(dict.fromkeys(wrong, "must be a string of characters that there are"))
    return Fields(found, frozenset())
