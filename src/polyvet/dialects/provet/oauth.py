# SPDX-License-Identifier: Apache-2.0
"""Provet Cloud's OAuth 2.0, an authorization server for each installation: `/<provet_id>/oauth2/…`.

Nothing here is loaded before the first such request. What tokens are, and when they end, stands in
`identity/grants.py`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError, InvalidScopeError, UnsupportedGrantTypeError
from starlette.responses import Response

from polyvet.core.clinics import Clinics
from polyvet.dialects.provet.consent import Authorize
from polyvet.dialects.provet.wire import (
    API_SCOPE,
    NAME,
    OPENID,
    SCOPES,
    USUAL_LIMIT,
    Detail,
    Options,
    encode,
    installation,
)
from polyvet.identity import applications, asking, grants, signing
from polyvet.identity.keys import access_token
from polyvet.model.access import Application, Code
from polyvet.model.entities import Clinic, User
from polyvet.model.errors import PolyvetError, WrongMediaType
from polyvet.model.values import MICROSECONDS, hashed
from polyvet.storage.store import Store
from polyvet.web.forms import FORM_BYTES, Fields, of_form
from polyvet.web.message import Receive, Request, Scope, Send
from polyvet.web.oauth import answer, failed, needed, refused
from polyvet.web.rolling import Rolling
from polyvet.web.slots import digest

LIFETIMES = grants.Lifetimes(access=36_000, refresh=30 * 86_400)  # [docs]
_PATH = re.compile(r"/(\d{1,9})/oauth2/(.+?)(/?)", re.ASCII | re.DOTALL)
_READS = ("GET", "HEAD")
_FIRST_ERROR = 400
_log = structlog.get_logger()

Answering = Callable[[Request, Clinic], Awaitable[Response]]


class OAuth:
    """The endpoints of all installations as an ASGI application."""

    def __init__(self, store: Store, options: Options, rolling: Rolling | None, attempts: Rolling) -> None:
        """`rolling` counts requests for tokens, None for not at all; `attempts` counts attempts to sign in."""
        self._store = store
        self._options = options
        self._rolling = rolling
        self._clinics = Clinics()
        authorize = Authorize(store, self.issuer, attempts)
        self._endpoints: dict[str, dict[str, Answering]] = {
            "authorize": {"GET": authorize.asked, "POST": authorize.answered},  # [docs]
            "token": {"POST": self._token},  # [docs]
            "revoke_token": {"POST": self._revoke},  # [docs]
            "userinfo": {"GET": self._userinfo, "POST": self._userinfo},  # [docs]
            ".well-known/openid-configuration": {"GET": self._configuration},  # [inferred]
            ".well-known/jwks.json": {"GET": self._keys},  # [inferred]
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request. Answers are small and hold secrets, so they are not compressed."""
        request = Request(scope, receive, {}, FORM_BYTES)
        try:
            response = await self._answer(request)
        except ConnectionResetError:
            return
        except OAuth2Error as error:
            response = refused(error, request)
        except PolyvetError as error:
            response = failed(error, NAME, request)
        except Exception:
            _log.exception("defect", dialect=NAME, path=scope["path"])
            response = answer(500, {"error": "server_error"})
        if response.status_code >= _FIRST_ERROR:
            await request.drain()
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        found = _PATH.fullmatch(request.scope["path"])
        methods = None if found is None else self._endpoints.get(found[2])
        if found is None or methods is None:
            return _missing()
        method: str = request.scope["method"]
        handler = methods.get("GET" if method == "HEAD" else method)
        if handler is None:
            allowed = ", ".join(sorted({*methods, *(("HEAD",) if "GET" in methods else ())}))
            return answer(405, {"error": "invalid_request", "error_description": "Method not allowed."}, allow=allowed)
        if method in _READS and not found[3] and not found[2].startswith("."):
            return _moved(request)  # as everywhere in this API [client]
        try:
            clinic = await self._clinics.get(self._store.reader, int(found[1]))
        except LookupError:
            return _missing()
        return await handler(request, clinic)

    def issuer(self, request: Request, clinic: Clinic) -> str:
        """What this authorization server is called in tokens and answers [inferred]."""
        return f"{installation(request, self._options, clinic.id)}/oauth2"

    async def _token(self, request: Request, clinic: Clinic) -> Response:
        """Tokens [docs]. Fields that are not known are ignored [client]."""
        form = await _form(request)
        application = await self._client(request, clinic, form)
        if self._rolling is not None:
            limit = USUAL_LIMIT if application.per_minute is None else application.per_minute
            self._rolling.take(digest(application.id, b"oauth2/token"), limit)
        grant_type = needed(form, "grant_type")
        by_type = {
            applications.CLIENT_CREDENTIALS: self._for_itself,
            applications.CODE: self._for_code,
            applications.REFRESH: self._for_refresh,
        }
        if grant_type not in by_type:
            raise UnsupportedGrantTypeError(grant_type)
        grants.check_grant_type(application, grant_type)
        issued = await by_type[grant_type](application, form)
        shown: dict[str, Any] = {
            "access_token": issued.access_token,
            "expires_in": LIFETIMES.access,
            "token_type": "Bearer",
            "scope": issued.scope,
        }
        if issued.refresh_token is not None:
            shown["refresh_token"] = issued.refresh_token
        if issued.code is not None and OPENID in issued.scope.split():
            shown["id_token"] = await self._id_token(self.issuer(request, clinic), application, issued.code)
        return answer(200, shown)

    async def _for_itself(self, application: Application, form: Fields) -> grants.Issued:
        """`openid` is about a user, and here is none [docs]: it is left out [inferred]."""
        scope = grants.granted_scope(application, form.get("scope"), API_SCOPE)
        own = " ".join(one for one in scope.split() if one != OPENID)
        if not own:
            raise InvalidScopeError(description="openid is granted by users only.")
        return await grants.for_itself(self._store, application, own, LIFETIMES)

    async def _for_code(self, application: Application, form: Fields) -> grants.Issued:
        code, redirect_uri = needed(form, "code"), needed(form, "redirect_uri")
        verifier = form.get("code_verifier")
        return await grants.exchange(self._store, application, code, redirect_uri, verifier, LIFETIMES)

    async def _for_refresh(self, application: Application, form: Fields) -> grants.Issued:
        """The scope stays what it was, and the answer says so; one that was not granted is refused."""
        if form.get("scope") is not None:
            grants.granted_scope(application, form.get("scope"), API_SCOPE)
        return await grants.refresh(self._store, application, needed(form, "refresh_token"), LIFETIMES)

    async def _id_token(self, issuer: str, application: Application, code: Code) -> str:
        """Who consented, signed with RS256 [client]."""
        user = await grants.user(self._store, code.user_id)
        claims = {
            "iss": issuer,
            "aud": application.client_id,
            "auth_time": code.created_at // MICROSECONDS,
            **_who(user),
        }
        if code.nonce is not None:
            claims["nonce"] = code.nonce
        return await signing.sign(self._store, claims, LIFETIMES.access)

    async def _revoke(self, request: Request, clinic: Clinic) -> Response:
        """End a token [docs]. One that is unknown, or another application's, is answered alike (RFC 7009)."""
        form = await _form(request)
        application = await self._client(request, clinic, form)
        await grants.end(self._store, application, needed(form, "token"))
        return Response(b"", 200, {"cache-control": "no-store"})

    async def _userinfo(self, request: Request, clinic: Clinic) -> Response:
        """Who consented [docs]; the keys are OpenID Connect's [inferred]."""
        scheme, _, secret = (request.header(b"authorization") or b"").partition(b" ")
        if scheme.lower() != b"bearer":
            return answer(401, {"error": "invalid_token"}, **{"www-authenticate": "Bearer"})
        held = await access_token(self._store, NAME, hashed(secret.strip().decode("latin-1")))
        if held is None or held.application.clinic_id != clinic.id:
            return _bearer(401, "invalid_token")
        if held.grant.user_id is None or OPENID not in held.grant.scope.split():
            return _bearer(403, "insufficient_scope")
        user = await grants.user(self._store, held.grant.user_id)
        return answer(200, {**_who(user), "provet_id": clinic.id})

    async def _configuration(self, request: Request, clinic: Clinic) -> Response:
        """What is offered here (RFC 8414, OpenID Connect Discovery)."""
        issuer = self.issuer(request, clinic)
        found = {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize/",
            "token_endpoint": f"{issuer}/token/",
            "revocation_endpoint": f"{issuer}/revoke_token/",
            "userinfo_endpoint": f"{issuer}/userinfo/",
            "jwks_uri": f"{issuer}/.well-known/jwks.json",
            "scopes_supported": SCOPES,
            "response_types_supported": ("code",),
            "response_modes_supported": ("query",),
            "grant_types_supported": (applications.CODE, applications.CLIENT_CREDENTIALS, applications.REFRESH),
            "token_endpoint_auth_methods_supported": ("client_secret_basic", "client_secret_post", "none"),
            "code_challenge_methods_supported": (grants.S256,),
            "subject_types_supported": ("public",),
            "id_token_signing_alg_values_supported": (signing.ALGORITHM,),
            "claims_supported": ("iss", "sub", "aud", "iat", "exp", "auth_time", "nonce", "name", "email"),
            "authorization_response_iss_parameter_supported": True,
            "request_uri_parameter_supported": False,
        }
        return Response(encode(found), media_type="application/json")

    async def _keys(self, _: Request, __: Clinic) -> Response:
        """What signed tokens are verified with; all installations sign with the same keys, each in its own name."""
        return Response(encode(await signing.published(self._store)), media_type="application/json")

    async def _client(self, request: Request, clinic: Clinic, form: Fields) -> Application:
        """The application that asks, by HTTP Basic or by fields [docs]."""
        return await asking.client(self._store.reader, NAME, clinic.id, request, form)


async def _form(request: Request) -> Fields:
    try:
        form = await of_form(request)
    except WrongMediaType as error:
        raise InvalidRequestError(description=f"Send a form: {error}.") from error
    if form.repeated:
        raise InvalidRequestError(description="A field came more than once.")
    return form


def _who(user: User) -> dict[str, Any]:
    return {"sub": str(user.number), "name": user.name, "email": user.email}


def _bearer(status: int, error: str) -> Response:
    return answer(status, {"error": error}, **{"www-authenticate": f'Bearer error="{error}"'})


def _missing() -> Response:
    return Response(encode(Detail("Not found.")), 404, media_type="application/json")


def _moved(request: Request) -> Response:
    scope = request.scope
    query = scope["query_string"].decode("latin-1")
    location = f"{scope.get('root_path', '')}{scope['path']}/{'?' + query if query else ''}"
    return Response(b"", 301, {"location": location, "cache-control": "no-store"})
