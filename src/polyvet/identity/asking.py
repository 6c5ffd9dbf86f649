# SPDX-License-Identifier: Apache-2.0
"""What an application asks a user for, before anybody is asked: who it is, where the answer goes, and whether the
request holds. No vendor's parameters.

Where the answer goes is settled first: to a redirect URI that the application has registered, letter by letter, or to
nobody; what is wrong with either is told on a page.
"""

from __future__ import annotations

from authlib.oauth2.rfc6749 import InvalidClientError, InvalidRequestError, UnsupportedResponseTypeError

from polyvet.identity import applications, grants
from polyvet.identity.keys import shown
from polyvet.model.access import Application
from polyvet.model.requests import Known
from polyvet.storage.store import Reader
from polyvet.web.forms import Fields
from polyvet.web.message import Request
from polyvet.web.oauth import credentials
from polyvet.web.requests import seen

_FIELD_CHARACTERS = 2_000
ASKED = ("response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method",
         "nonce", "prompt")  # fmt: skip


class Shown(Exception):
    """What is told on a page, since nobody may be sent anywhere."""


async def target(
    reader: Reader, dialect: str, clinic_id: int | None, fields: Fields, here: str
) -> tuple[Application, str]:
    """Who asks, and where the answer goes. Shown says what is wrong; `here` is who knows applications."""
    client_id, redirect_uri = fields.get("client_id"), fields.get("redirect_uri")
    if {"client_id", "redirect_uri"} & fields.repeated:
        raise Shown("The request names its application or its redirect_uri more than once.")
    if client_id is None:
        raise Shown("The request does not name its application: client_id is missing.")
    application = await applications.find(reader, dialect, clinic_id, client_id)
    if application is None:
        raise Shown(f"{here} knows no application of this client_id.")
    if redirect_uri is None or redirect_uri not in application.redirect_uris.split():
        raise Shown("The redirect_uri is missing, or not one that the application has registered.")
    return application, redirect_uri


def check(application: Application, fields: Fields) -> None:
    """The OAuth2Error that the application is told, unless the request holds as far as all vendors agree."""
    if fields.repeated:
        raise InvalidRequestError(description="A parameter came more than once.")
    if any(len(fields.get(name) or "") > _FIELD_CHARACTERS for name in ASKED):
        raise InvalidRequestError(description=f"A parameter has more than {_FIELD_CHARACTERS} characters.")
    response_type = fields.get("response_type")
    if response_type is None:
        raise InvalidRequestError(description="The parameter response_type is missing.")
    if response_type != "code":  # the implicit grant is not offered (RFC 9700)
        raise UnsupportedResponseTypeError(None, description="The only response_type here is code.")
    grants.check_grant_type(application, applications.CODE)
    grants.check_challenge(application, fields.get("code_challenge"), fields.get("code_challenge_method"))


async def client(reader: Reader, dialect: str, clinic_id: int | None, request: Request, form: Fields) -> Application:
    """The application that asks for tokens; InvalidClientError unless it proves itself."""
    client_id, secret = credentials(request, form)
    found = None
    if client_id:
        found = await applications.authenticated(reader, dialect, clinic_id, client_id, secret)
    # The request log names the application also where it did not prove itself.
    named = found or (await applications.find(reader, dialect, clinic_id, client_id) if client_id else None)
    if named is not None:
        seen(request.scope).who = Known(named.clinic_id, named.id, shown(named))
    if found is None:
        raise InvalidClientError(description="The application is unknown, or did not prove itself.")
    return found
