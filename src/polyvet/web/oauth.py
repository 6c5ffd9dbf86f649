# SPDX-License-Identifier: Apache-2.0
"""OAuth 2.0 over HTTP: how an application proves itself, what it is told, and how a user is sent back to it.

Loaded with the first request for it, since its libraries are large.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec
import structlog
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidClientError, InvalidRequestError
from authlib.oauth2.rfc6749.util import extract_basic_authorization
from starlette.responses import RedirectResponse, Response

from polyvet.model.errors import Busy, Invalid, LimitReached, PolyvetError, TooLarge
from polyvet.web.forms import Fields
from polyvet.web.message import Request
from polyvet.web.reasons import reason
from polyvet.web.requests import seen

_log = structlog.get_logger()
_encode = msgspec.json.Encoder().encode


def needed(form: Fields, name: str) -> str:
    """A field's text; InvalidRequestError without it."""
    value = form.get(name)
    if value is None:
        raise InvalidRequestError(description=f"The field {name} is missing.")
    return value


def credentials(request: Request, form: Fields) -> tuple[str | None, str | None]:
    """Client id and secret, by HTTP Basic or by fields, not by both: InvalidRequestError. What stands in the URL is not
    read."""
    client_id, secret = form.get("client_id"), form.get("client_secret")
    basic = _basic(request)
    if basic is None:
        return client_id, secret
    if secret is not None or client_id not in (None, basic[0]):
        raise InvalidRequestError(description="Authenticate by HTTP Basic or by fields, not by both.")
    return basic


def _basic(request: Request) -> tuple[str, str | None] | None:
    """The credentials of HTTP Basic; a pair that is nobody's where they cannot be read."""
    authorization = (request.header(b"authorization") or b"").decode("latin-1")
    if not authorization.lower().startswith("basic"):
        return None
    try:
        client_id, secret = extract_basic_authorization({"Authorization": authorization})
    except ValueError:  # no base64 of UTF-8
        return "", None
    return ("", None) if client_id is None or "\0" in client_id else (client_id, secret or None)


def answer(status: int, content: Any, **headers: str) -> Response:
    """JSON that nobody keeps."""
    return Response(_encode(content), status, {"cache-control": "no-store", **headers}, "application/json")


def refused(error: OAuth2Error, request: Request) -> Response:
    """OAuth's own errors; 401 with a challenge for who did not prove itself, else 400 [client]."""
    seen(request.scope).reason = error.error
    content = {"error": error.error, "error_description": error.description or ""}
    if isinstance(error, InvalidClientError):
        return answer(401, content, **{"www-authenticate": 'Basic realm="oauth2", charset="UTF-8"'})
    return answer(400, content)


def failed(error: PolyvetError, dialect: str, request: Request) -> Response:
    """What is no error of OAuth's, in its form."""
    seen(request.scope).reason = reason(error)
    match error:
        case Invalid():
            return answer(400, {"error": "invalid_request", "error_description": str(error)})
        case TooLarge():
            return answer(413, {"error": "invalid_request", "error_description": "The form is too large."})
        case LimitReached():
            content = {"error": "temporarily_unavailable", "error_description": "Too many requests for tokens."}
            return answer(429, content, **{"retry-after": str(error.retry_after)})
        case Busy():
            _log.warning("busy", dialect=dialect, reason=str(error))
            return answer(503, {"error": "temporarily_unavailable"}, **{"retry-after": "1"})
    raise error  # there is no other fact here


def sent_back(redirect_uri: str, told: dict[str, str], state: str | None, issuer: str) -> Response:
    """Back to the application by 303, which no browser follows with the credentials that it posted (RFC 9700); `iss`
    says who answers (RFC 9207)."""
    query = urlencode({**told, **({} if state is None else {"state": state}), "iss": issuer})
    headers = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
    return RedirectResponse(f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{query}", 303, headers)


def target(redirect_uri: str) -> tuple[str, str]:
    """What a user reads of where they are sent back to, and what a page's policy says so that its form may lead
    there: browsers hold a form's redirects against it, too, and it cannot name an address of IPv6."""
    parts = urlsplit(redirect_uri)
    shown = f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"
    return shown, f"'self' {parts.scheme + ':' if '[' in shown else shown}"
